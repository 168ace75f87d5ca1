//! Building Arrow columns from JSON values and from rows of the store.

use std::sync::Arc;

use crate::Result;
use datafusion::arrow::array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use serde_json::Value as Json;
use tenure_model::{Calendar, Instant, Kind, Value};

use crate::Grid;

/// Names and columns of a batch to be.
#[derive(Default)]
pub(super) struct Columns(Vec<(String, ArrayRef)>);

impl Columns {
    /// Adds texts.
    pub fn text<T: AsRef<str>>(&mut self, name: &str, values: impl IntoIterator<Item = Option<T>>) {
        self.push(name, Arc::new(values.into_iter().collect::<StringArray>()));
    }

    /// Adds instants; those without bound in either direction are NULL.
    pub fn time(&mut self, name: &str, values: impl IntoIterator<Item = Option<Instant>>) {
        let micros = values.into_iter().map(|t| t.filter(|t| *t != Instant::MIN && *t != Instant::NEVER).map(|t| t.0));
        self.push(name, Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC")));
    }

    /// Adds whole numbers.
    pub fn integer(&mut self, name: &str, values: impl IntoIterator<Item = i64>) {
        self.push(name, Arc::new(Int64Array::from_iter_values(values)));
    }

    /// Adds values of a kind; what cannot be read as it is NULL. Of kind `Any`: the kind that all of them have in JSON, else text.
    pub fn json(&mut self, name: &str, values: &[Option<&Json>], kind: Kind, calendar: &Calendar) {
        let kind = if kind == Kind::Any { common(values) } else { kind };
        let read = values.iter().map(|json| json.and_then(|json| Value::from_json(json, kind, calendar)).unwrap_or_default());
        let array: ArrayRef = match kind {
            Kind::Number => Arc::new(read.map(|v| v.as_number()).collect::<Float64Array>()),
            Kind::Bool => Arc::new(read.map(|v| v.as_bool()).collect::<BooleanArray>()),
            Kind::Time => return self.time(name, read.map(|v| v.as_instant(calendar)).collect::<Vec<_>>()),
            Kind::Date => Arc::new(read.map(|v| v.as_day(calendar).map(|d| d.0)).collect::<Date32Array>()),
            Kind::Text | Kind::Interval | Kind::Any => {
                return self.text(name, read.map(|v| v.as_text().map(str::to_owned)).collect::<Vec<_>>());
            }
        };
        self.push(name, array);
    }

    /// The batch.
    pub fn batch(self) -> Result<RecordBatch> {
        let fields: Vec<Field> = self.0.iter().map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), self.0.into_iter().map(|(_, array)| array).collect())?)
    }

    fn push(&mut self, name: &str, array: ArrayRef) {
        self.0.push((name.to_owned(), array));
    }
}

/// A grid as a batch: each column of the kind that all its values have in JSON, else text.
pub fn batch(grid: &Grid) -> Result<RecordBatch> {
    let mut columns = Columns::default();
    for (i, name) in grid.columns.iter().enumerate() {
        let values: Vec<Option<&Json>> = grid.rows.iter().map(|row| Some(&row[i])).collect();
        columns.json(name, &values, Kind::Any, &Calendar::utc());
    }
    columns.batch()
}

/// The kind that all values have in JSON; text where they differ.
fn common(values: &[Option<&Json>]) -> Kind {
    let mut kinds = values.iter().flatten().filter(|v| !v.is_null()).map(|v| match v {
        Json::Number(_) => Kind::Number,
        Json::Bool(_) => Kind::Bool,
        _ => Kind::Text,
    });
    match kinds.next() {
        Some(first) if kinds.all(|kind| kind == first) => first,
        _ => Kind::Text,
    }
}
