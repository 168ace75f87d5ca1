//! Rows that have been kept long enough: how many there are, and removing them in steps that hold up nobody.

use sqlx::AssertSqlSafe;
use tenure_model::Instant;

use crate::dialect::query;
use crate::{Result, Store, Write};

/// What is kept for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Who changed what.
    AuditLog,
    /// Items that could not be taken.
    Quarantine,
    /// Messages that were delivered or given up; those that wait are never removed.
    Outbox,
    /// Sessions, by when they expired.
    Sessions,
}

impl Kept {
    /// All there is.
    pub const ALL: [Kept; 4] = [Kept::AuditLog, Kept::Quarantine, Kept::Outbox, Kept::Sessions];

    /// Its table, key, and which rows are older than the first value.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Kept::AuditLog => ("audit_log", "id", "at < $1"),
            Kept::Quarantine => ("quarantine", "id", "received_at < $1"),
            Kept::Outbox => ("outbox", "id", "state IN ('sent', 'failed') AND finished_at < $1"),
            Kept::Sessions => ("sessions", "hash", "expires_at < $1"),
        }
    }

    /// The table's name.
    pub fn table(self) -> &'static str {
        self.words().0
    }
}

impl Store {
    /// How many rows are older.
    pub async fn count_older(&self, kept: Kept, than: Instant) -> Result<u64> {
        let (table, _, older) = kept.words();
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE {older}");
        Ok(query(AssertSqlSafe(sql)).bind(than).fetch_one(&self.pool).await?.get::<i64>(0)? as u64)
    }
}

impl Write {
    /// Removes up to `limit` rows that are older; returns how many.
    pub async fn forget_older(&mut self, kept: Kept, than: Instant, limit: u32) -> Result<u64> {
        let (table, key, older) = kept.words();
        let sql = format!("DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {older} LIMIT $2)");
        Ok(query(AssertSqlSafe(sql)).bind(than).bind(i64::from(limit)).execute(&mut self.tx).await?)
    }
}
