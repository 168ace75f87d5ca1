//! How far each reader of the journal has come, written in the transaction of what it did with it.

use serde::Serialize;
use tenure_model::Instant;

use crate::dialect::query;
use crate::word::word;
use crate::{Result, Store, Write};

/// A reader of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The engine: its outcomes up to here are committed.
    Engine,
    /// The archive: events up to here lie in Parquet.
    Archive,
    /// The snapshot: the engine's memory up to here can be read back.
    Snapshot,
}

impl Store {
    /// The position up to which a reader has come; 0 where it has not begun.
    pub async fn mark(&self, mark: Mark) -> Result<i64> {
        let sql = "SELECT COALESCE(MAX(position), 0) FROM marks WHERE name = $1";
        Ok(query(sql).bind(word(&mark)).fetch_one(&self.pool).await?.get(0)?)
    }
}

impl Write {
    /// Writes down how far a reader has come.
    pub async fn set_mark(&mut self, mark: Mark, position: i64, now: Instant) -> Result<()> {
        let sql = "INSERT INTO marks (name, position, updated_at) VALUES ($1, $2, $3) \
            ON CONFLICT (name) DO UPDATE SET position = excluded.position, updated_at = excluded.updated_at";
        query(sql).bind(word(&mark)).bind(position).bind(now).execute(&mut self.tx).await?;
        Ok(())
    }
}
