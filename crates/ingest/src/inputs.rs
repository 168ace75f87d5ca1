//! A chunk of what a file says, normalised; and what could not be read of it.

use datafusion::arrow::array::RecordBatch;
use serde::Serialize;
use tenure_model::input::{Membership, Merge, Version};

/// What some consecutive rows of a file say.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Events, in batches of `batch::schema()`, in the order of the file.
    pub events: Vec<RecordBatch>,
    /// Versions of fields of accounts, people and subscriptions.
    pub versions: Vec<Version>,
    /// Who belongs where.
    pub memberships: Vec<Membership>,
    /// Ids that mean the same.
    pub merges: Vec<Merge>,
    /// Rows that could not be read. Nothing of them is in the other fields.
    pub rejects: Vec<Reject>,
    /// How many rows of the file were read for this chunk.
    pub rows: u64,
    /// How many of them the mapping's `where:` left out.
    pub skipped: u64,
}

impl Inputs {
    /// How many events there are.
    pub fn event_count(&self) -> usize {
        self.events.iter().map(RecordBatch::num_rows).sum()
    }
}

/// A row that could not be read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Reject {
    /// From 1, not counting the header of a CSV file; for NDJSON the line.
    pub row: u64,
    /// What is wrong.
    pub reason: String,
    /// The row as it stands in the file (Parquet: as JSON).
    pub raw: String,
}
