//! The table `state`: the portfolio as of the end of an evaluation, written once and read instead of a replay.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use crate::error::Doing;
use crate::{Error, Result};
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Date32Type, Float64Type, TimestampMicrosecondType};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tenure_model::definition::{Column, Source};
use tenure_model::{Day, Instant, Kind, Model, Value};

use tenure_replay::portfolio::{Line, Status};

const HEALTH_CHANGE: &str = "health_change_30d";

/// The columns that no model has: what lists show beside its row.
pub const OWN: &[(&str, Kind)] = &[
    ("status", Kind::Text),
    ("ended_at", Kind::Time),
    ("stage_due", Kind::Time),
    (HEALTH_CHANGE, Kind::Number),
    ("next_milestone", Kind::Text),
    ("next_milestone_due", Kind::Time),
    ("alerts", Kind::Text),
];

/// Names and types: `account_id`, the list's own, the model's. A column of the model that is named like one of the list's is `model_…`.
pub fn columns(model: &Model) -> Vec<(String, Kind)> {
    let own = [("account_id", Kind::Text)].into_iter().chain(OWN.iter().copied()).map(|(name, kind)| (name.to_owned(), kind));
    own.chain(model.account.iter().skip(1).map(|c| (named(c), c.kind))).collect()
}

fn named(column: &Column) -> String {
    let clashes = column.name == "account_id" || OWN.iter().any(|(name, _)| *name == column.name);
    if clashes { format!("model_{}", column.name) } else { column.name.clone() }
}

/// What lists show of an account beside its row, in the order of `OWN`. Alerts are a JSON list.
pub fn own(line: &Line) -> Vec<Value> {
    let time = |t: Option<Instant>| t.map_or(Value::Null, Value::Time);
    let (milestone, due) = line.next_milestone.clone().map_or((Value::Null, None), |(name, due)| (Value::text(name), due));
    vec![
        Value::text(line.status.name()),
        time(line.ended_at),
        time(line.stage_due),
        line.health_change_30d.map_or(Value::Null, Value::Number),
        milestone,
        time(due),
        Value::text(serde_json::Value::from(line.alerts.clone()).to_string()),
    ]
}

/// A line as a row of the table.
pub fn row(line: &Line) -> Vec<Value> {
    [Value::Text(line.id.clone())].into_iter().chain(own(line)).chain(line.row.iter().skip(1).cloned()).collect()
}

/// Reads the lines back, their values in the order of `wanted`, which may have columns of its own: those of `OWN` and unknown alerts.
/// None where there is no such table, or a column is asked for that was not written, or whose type a file does not keep.
pub fn lines(folder: &Path, model: &Model, wanted: &Model) -> Result<Option<Vec<Line>>> {
    let mut sources = Vec::with_capacity(wanted.account.len());
    for column in &wanted.account {
        let written = model.account.iter().find(|c| c.name == column.name);
        sources.push(match (written, column.source) {
            (Some(c), _) if c.kind != column.kind || matches!(c.kind, Kind::Any | Kind::Interval) => return Ok(None),
            (Some(c), _) => Some((named(c), c.kind)),
            (None, Source::Alert(_)) => None,
            (None, Source::HealthChange(30)) => Some((HEALTH_CHANGE.to_owned(), Kind::Number)),
            (None, Source::Trait) if OWN.iter().any(|(name, _)| *name == column.name) => None,
            (None, _) => return Ok(None),
        });
    }
    let mut lines = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(None) };
    let mut parts = entries.map(|e| Ok(e?.path())).collect::<std::io::Result<Vec<_>>>()?;
    parts.sort();
    for part in parts {
        let failed = || format!("cannot read {}; it may be deleted: tenure evaluate writes it again", part.display());
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&part).doing(failed)?).doing(failed)?;
        for batch in reader.build().doing(failed)? {
            batch_lines(&batch.doing(failed)?, &sources, &mut lines).doing(failed)?;
        }
    }
    lines.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Some(lines))
}

fn batch_lines(batch: &RecordBatch, sources: &[Option<(String, Kind)>], lines: &mut Vec<Line>) -> Result<()> {
    let column = |name: &str, kind: Kind| -> Result<Vec<Value>> {
        let array = batch.column_by_name(name).ok_or_else(|| Error::Shape(format!("there is no column {name}")))?;
        Ok((0..array.len()).map(|i| if array.is_null(i) { Value::Null } else { value(array.as_ref(), kind, i) }).collect())
    };
    let own = OWN.iter().map(|(name, kind)| column(name, *kind)).collect::<Result<Vec<_>>>()?;
    let ids = column("account_id", Kind::Text)?;
    // Slot 0 is the id.
    let columns = sources.iter().enumerate().map(|(slot, source)| match source {
        _ if slot == 0 => Ok(ids.clone()),
        Some((name, kind)) => column(name, *kind),
        None => Ok(vec![Value::Null; ids.len()]),
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    for (i, id) in ids.iter().enumerate() {
        let text = |c: usize| own[c][i].as_text();
        let time = |c: usize| if let Value::Time(t) = own[c][i] { Some(t) } else { None };
        let status =
            Status::ALL.into_iter().find(|s| Some(s.name()) == text(0)).ok_or_else(|| Error::Shape("a row without a status".to_owned()))?;
        lines.push(Line {
            id: id.as_text().map(Arc::from).ok_or_else(|| Error::Shape("a row without an account".to_owned()))?,
            status,
            ended_at: time(1),
            stage_due: time(2),
            health_change_30d: own[3][i].as_number(),
            next_milestone: text(4).map(|name| (name.to_owned(), time(5))),
            alerts: text(6).map(serde_json::from_str).transpose()?.unwrap_or_default(),
            row: columns.iter().map(|c| c[i].clone()).collect(),
        });
    }
    Ok(())
}

/// A value that is not NULL.
fn value(array: &dyn Array, kind: Kind, i: usize) -> Value {
    match kind {
        Kind::Number => Value::Number(array.as_primitive::<Float64Type>().value(i)),
        Kind::Bool => Value::Bool(array.as_boolean().value(i)),
        Kind::Time => Value::Time(Instant(array.as_primitive::<TimestampMicrosecondType>().value(i))),
        Kind::Date => Value::Date(Day(array.as_primitive::<Date32Type>().value(i))),
        Kind::Text | Kind::Any | Kind::Interval => Value::text(array.as_string::<i32>().value(i)),
    }
}
