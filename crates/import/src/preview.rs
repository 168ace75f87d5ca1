//! The first rows of a file, read through its mapping: what they would become, and what would be rejected.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use serde_json::{Value, json};
use tenure_ingest::{Inputs, Reject, batch};
use tenure_model::Instant;
use tenure_model::input::Entity;

use crate::columns::columns;
use crate::{Format, Reading, Result, Source};

/// Rows that are looked at, or as many as the file's first chunk has.
const ROWS: u64 = 1_000;
/// Statements and events that are shown.
const SHOWN: usize = 20;
/// Rejected rows that are shown.
const REJECTS: usize = 100;

/// What the first rows of a file hold.
#[derive(Clone, Debug)]
pub struct Preview {
    /// What the file is.
    pub format: Format,
    /// Its columns.
    pub columns: Vec<String>,
    /// Rows that were read.
    pub rows: u64,
    /// Rows that the mapping left out.
    pub skipped: u64,
    /// Values of fields in them.
    pub values: u64,
    /// Memberships in them.
    pub memberships: u64,
    /// Events in them.
    pub events: u64,
    /// The first of what they say, as JSON.
    pub sample: Vec<Value>,
    /// Rows that would be rejected …
    pub rejected: u64,
    /// … the first of them.
    pub rejects: Vec<Reject>,
    /// Were these all rows of the file?
    pub whole: bool,
}

/// Reads the first rows. It may block.
///
/// # Errors
/// Where the file cannot be read through the mapping.
pub fn preview(source: &Source, reading: &Reading) -> Result<Preview> {
    let mut preview = Preview {
        format: source.format(),
        columns: columns(source, reading)?,
        rows: 0,
        skipped: 0,
        values: 0,
        memberships: 0,
        events: 0,
        sample: vec![],
        rejected: 0,
        rejects: vec![],
        whole: false,
    };
    for chunk in source.read(reading, &Arc::default())? {
        if preview.rows >= ROWS {
            return Ok(preview);
        }
        preview.add(chunk?);
    }
    Ok(Preview { whole: true, ..preview })
}

impl Preview {
    fn add(&mut self, chunk: Inputs) {
        self.rows += chunk.rows;
        self.skipped += chunk.skipped;
        self.values += chunk.versions.len() as u64;
        self.memberships += chunk.memberships.len() as u64;
        self.events += chunk.event_count() as u64;
        self.rejected += chunk.rejects.len() as u64;
        let memberships = chunk.memberships.iter().map(|m| {
            let at = |t: Option<Instant>| t.map(|t| t.to_string());
            json!({ "person": m.person, "belongs_to": m.account, "from": at(m.from), "until": at(m.until) })
        });
        let versions = chunk.versions.iter().map(|v| {
            let (kind, id) = match &v.entity {
                Entity::Account(id) => ("account", id),
                Entity::Person(id) => ("person", id),
                Entity::Subscription(_, id) => ("subscription", id),
            };
            json!({ kind: id, "field": v.field, "value": v.value, "valid_from": v.valid_from.map(|t| t.to_string()) })
        });
        let left = SHOWN.saturating_sub(self.sample.len());
        let events = chunk.events.iter().flat_map(|events| (0..events.num_rows()).map(move |row| event(events, row)));
        let shown: Vec<Value> = events.chain(memberships).chain(versions).take(left).collect();
        self.sample.extend(shown);
        let left = REJECTS.saturating_sub(self.rejects.len());
        self.rejects.extend(chunk.rejects.into_iter().take(left));
    }
}

/// An event of a batch.
fn event(events: &RecordBatch, row: usize) -> Value {
    let text = |column: usize| {
        let column = events.column(column).as_dictionary::<Int32Type>();
        column.is_valid(row).then(|| column.values().as_string::<i32>().value(column.keys().value(row) as usize))
    };
    let time = events.column(batch::TIME).as_primitive::<TimestampMicrosecondType>().value(row);
    let properties = events.column(batch::PROPERTIES).as_string::<i32>();
    let properties = properties.is_valid(row).then(|| serde_json::from_str::<Value>(properties.value(row)).ok()).flatten();
    json!({
        "event": text(batch::NAME), "account": text(batch::ACCOUNT), "person": text(batch::PERSON),
        "time": Instant(time).to_string(), "properties": properties,
    })
}
