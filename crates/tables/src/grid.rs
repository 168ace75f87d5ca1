//! Results of a query as a grid of values.

use crate::Result;
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType, UInt64Type};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::DataFrame;
use serde_json::Value;
use tenure_model::Instant;

/// Rows and columns of values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// Names, each once.
    pub columns: Vec<String>,
    /// Each as long as `columns`.
    pub rows: Vec<Vec<Value>>,
}

impl Grid {
    /// An empty one with these columns.
    pub fn new<T: Into<String>>(columns: impl IntoIterator<Item = T>) -> Grid {
        Grid { columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }
}

/// Runs a query and collects at most `limit` rows (0: all). The flag says whether there were more.
pub async fn collect(frame: DataFrame, limit: usize) -> Result<(Grid, bool)> {
    // A plan that is explained stands alone.
    let is_explained = matches!(frame.logical_plan(), LogicalPlan::Explain(_) | LogicalPlan::Analyze(_));
    let frame = if limit > 0 && !is_explained { frame.limit(0, Some(limit + 1))? } else { frame };
    let names: Vec<String> = frame.schema().fields().iter().map(|f| f.name().clone()).collect();
    let mut grid = Grid::new(names);
    for batch in frame.collect().await? {
        let columns = batch.columns().iter().map(values).collect::<Result<Vec<_>>>()?;
        grid.rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|column| column[row].clone()).collect()));
    }
    let more = limit > 0 && grid.rows.len() > limit;
    if more {
        grid.rows.truncate(limit);
    }
    Ok((grid, more))
}

/// A column as JSON values: numbers and truth values as such, times as RFC 3339, everything else as Arrow writes it.
fn values(array: &ArrayRef) -> Result<Vec<Value>> {
    let rows = 0..array.len();
    let unless_null = |array: &dyn Array, i: usize, value: Value| if array.is_null(i) { Value::Null } else { value };
    Ok(match array.data_type() {
        DataType::Boolean => rows.map(|i| unless_null(array, i, array.as_boolean().value(i).into())).collect(),
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => {
            let array = cast(array, &DataType::Int64)?;
            let numbers = array.as_primitive::<Int64Type>();
            rows.map(|i| unless_null(numbers, i, numbers.value(i).into())).collect()
        }
        DataType::UInt64 => {
            let numbers = array.as_primitive::<UInt64Type>();
            rows.map(|i| unless_null(numbers, i, numbers.value(i).into())).collect()
        }
        DataType::Float16 | DataType::Float32 | DataType::Float64 | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            let array = cast(array, &DataType::Float64)?;
            let numbers = array.as_primitive::<Float64Type>();
            rows.map(|i| unless_null(numbers, i, tenure_model::Value::number(numbers.value(i)).to_json())).collect()
        }
        DataType::Timestamp(_, zone) => {
            let array = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
            let times = array.as_primitive::<TimestampMicrosecondType>();
            rows.map(|i| unless_null(times, i, Instant(times.value(i)).to_string().into())).collect()
        }
        DataType::Dictionary(_, plain) => return values(&cast(array, plain)?),
        _ => {
            let options = FormatOptions::default();
            let texts = ArrayFormatter::try_new(array, &options)?;
            rows.map(|i| unless_null(array, i, texts.value(i).to_string().into())).collect()
        }
    })
}
