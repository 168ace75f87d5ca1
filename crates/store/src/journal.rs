//! The journal: durable inputs in order of arrival, one row a group commit.
//!
//! Positions come from the counter of inputs, whose row an appender holds until it commits. So a row is visible only when every row before it
//! is visible or was given up: a reader that goes on from the last position it saw misses nothing, however many processes append. Positions
//! have gaps (decisions and imports take some too).

use tenure_model::Instant;

use crate::counters::INPUT;
use crate::dialect::{Row, Value, query};
use crate::{Result, Store, Write};

/// Rows looked at for one answer at most.
const ROWS_MAX: i64 = 1_024;

/// A row to append.
#[derive(Clone, Copy, Debug)]
pub struct NewRow<'r> {
    /// When its items came in.
    pub received_at: Instant,
    /// How many items the payload holds.
    pub items: u64,
    /// How the payload is encoded and compressed; the caller's number.
    pub codec: u16,
    /// The items, encoded and compressed.
    pub payload: &'r [u8],
}

/// A row of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    /// Its place among all inputs.
    pub position: i64,
    /// When its items came in.
    pub received_at: Instant,
    /// How many items the payload holds.
    pub items: u64,
    /// How the payload is encoded and compressed.
    pub codec: u16,
    /// The items.
    pub payload: Vec<u8>,
}

/// What lies in the journal after a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalDepth {
    /// Rows.
    pub rows: u64,
    /// Items in them.
    pub items: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
}

impl Write {
    /// Appends rows; returns their positions, ascending. Holds back all other appenders until this transaction ends: append last, then commit.
    pub async fn append(&mut self, rows: &[NewRow<'_>]) -> Result<Vec<i64>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let positions: Vec<i64> = self.next_many(INPUT, rows.len()).await?.collect();
        match rows {
            // The usual case: one row, and no copy of its payload into an array.
            [row] => {
                let sql = "INSERT INTO journal (position, received_at, items, codec, bytes, payload) VALUES ($1, $2, $3, $4, $5, $6)";
                let values = insert(positions[0], row);
                values.into_iter().fold(query(sql), |query, value| query.bind(value)).execute(&mut self.tx).await?;
            }
            _ => {
                let rows: Vec<_> = positions.iter().zip(rows).map(|(position, row)| insert(*position, row)).collect();
                let columns = ["position", "received_at", "items", "codec", "bytes", "payload"];
                self.tx.insert("journal", columns, "DO NOTHING", &rows).await?;
            }
        }
        Ok(positions)
    }

    /// The position of the row before one that was appended; 0 where there is none any more.
    pub async fn journal_before(&mut self, position: i64) -> Result<i64> {
        let sql = "SELECT COALESCE(MAX(position), 0) FROM journal WHERE position < $1";
        Ok(query(sql).bind(position).fetch_one(&mut self.tx).await?.get(0)?)
    }

    /// Deletes the rows up to a position; returns how many there were. Snapshot and archive must cover them.
    pub async fn trim_journal(&mut self, through: i64) -> Result<u64> {
        Ok(query("DELETE FROM journal WHERE position <= $1").bind(through).execute(&mut self.tx).await?)
    }
}

impl Store {
    /// The rows after a position, in order: as many as fit into `max_bytes` of payload, and at least one where there is one.
    pub async fn journal_after(&self, position: i64, max_bytes: u64) -> Result<Vec<JournalRow>> {
        let sizes = query("SELECT position, bytes FROM journal WHERE position > $1 ORDER BY position LIMIT $2");
        let mut through = None;
        let mut sum = 0;
        for row in sizes.bind(position).bind(ROWS_MAX).fetch_all(&self.pool).await? {
            sum += row.get::<i64>(1)? as u64;
            if through.is_some() && sum > max_bytes {
                break;
            }
            through = Some(row.get::<i64>(0)?);
        }
        let Some(through) = through else { return Ok(Vec::new()) };
        let rows = query(
            "SELECT position, received_at, items, codec, payload FROM journal WHERE position > $1 AND position <= $2 ORDER BY position",
        );
        rows.bind(position).bind(through).fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// The position of the newest row that is still there; None where the journal is empty.
    pub async fn journal_head(&self) -> Result<Option<i64>> {
        Ok(query("SELECT MAX(position) FROM journal").fetch_one(&self.pool).await?.get(0)?)
    }

    /// What lies after a position: a reader's backlog.
    pub async fn journal_depth(&self, position: i64) -> Result<JournalDepth> {
        let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(items), 0) AS BIGINT), CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM journal WHERE position > $1";
        let row = query(sql).bind(position).fetch_one(&self.pool).await?;
        let count = |column| -> Result<u64> { Ok(row.get::<i64>(column)? as u64) };
        Ok(JournalDepth { rows: count(0)?, items: count(1)?, bytes: count(2)? })
    }
}

fn insert<'r>(position: i64, row: &NewRow<'r>) -> [Value<'r>; 6] {
    [
        Value::from(position),
        Value::from(row.received_at),
        Value::from(row.items as i64),
        Value::from(i64::from(row.codec)),
        Value::from(row.payload.len() as i64),
        Value::from(row.payload),
    ]
}

fn read(row: &Row) -> Result<JournalRow> {
    Ok(JournalRow {
        position: row.get(0)?,
        received_at: row.at(1)?,
        items: row.get::<i64>(2)? as u64,
        codec: row.get::<i64>(3)? as u16,
        payload: row.get(4)?,
    })
}
