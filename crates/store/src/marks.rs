//! How far each reader of the journal has come, written in the transaction of what it did with it.

use serde::Serialize;
use tenure_model::Instant;

use crate::counters::INPUT;
use crate::dialect::query;
use crate::word::word;
use crate::{Result, Store, Write};

/// A reader of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The engine: its outcomes up to here are committed.
    Engine,
    /// The engine, when nothing was due any more: of what came of inputs and timers after it, some may not be committed.
    Whole,
    /// The archive: events up to here lie in Parquet.
    Archive,
    /// The snapshot: the engine's memory up to here can be read back.
    Snapshot,
    /// All inputs: those up to here came through the engine, or it has read them from archive and store. What else was said since is in the
    /// journal, or was written beside the engine (an import): then its memory is not to be relied on.
    Inputs,
}

impl Store {
    /// The position up to which a reader has come; 0 where it has not begun.
    pub async fn mark(&self, mark: Mark) -> Result<i64> {
        let sql = "SELECT COALESCE(MAX(position), 0) FROM marks WHERE name = $1";
        Ok(query(sql).bind(word(&mark)).fetch_one(&self.pool).await?.get(0)?)
    }

    /// As `mark`, with the instant at which it was set: the two name one state of the reader.
    pub async fn marked(&self, mark: Mark) -> Result<Option<(i64, Instant)>> {
        let query = query("SELECT position, updated_at FROM marks WHERE name = $1").bind(word(&mark));
        query.fetch_optional(&self.pool).await?.map(|row| Ok((row.get(0)?, row.at(1)?))).transpose()
    }

    /// How many inputs were written beside the engine since it last knew of all: neither through it nor into the journal.
    pub async fn unknown_inputs(&self) -> Result<i64> {
        let sql = "SELECT (SELECT COALESCE(MAX(value), 0) FROM counters WHERE name = $2) - COALESCE(MAX(position), 0) \
            - (SELECT COUNT(*) FROM journal WHERE position > (SELECT COALESCE(MAX(position), 0) FROM marks WHERE name = $1)) \
            FROM marks WHERE name = $1";
        Ok(query(sql).bind(word(&Mark::Inputs)).bind(INPUT).fetch_one(&self.pool).await?.get(0)?)
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

    /// A reader has to begin anew.
    pub async fn unset_mark(&mut self, mark: Mark) -> Result<()> {
        query("DELETE FROM marks WHERE name = $1").bind(word(&mark)).execute(&mut self.tx).await?;
        Ok(())
    }

    /// Writes down that the engine knows of all inputs that there are.
    pub async fn mark_inputs(&mut self, now: Instant) -> Result<()> {
        let sql = "SELECT COALESCE(MAX(value), 0) FROM counters WHERE name = $1";
        let position = query(sql).bind(INPUT).fetch_one(&mut self.tx).await?.get(0)?;
        self.set_mark(Mark::Inputs, position, now).await
    }
}
