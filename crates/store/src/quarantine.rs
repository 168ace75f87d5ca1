//! Quarantine: items that could not be taken, as they came and with the reason, until somebody replays or discards them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tenure_model::Instant;

use crate::dialect::{Row, Value, query};
use crate::word::{parse, word};
use crate::{Page, QuarantineId, Result, SourceId, Store, Write};

/// An item in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Its id.
    pub id: QuarantineId,
    /// Where it came from.
    pub source: SourceId,
    /// When.
    pub received_at: Instant,
    /// Why it was not taken: a code to count by.
    pub reason: String,
    /// Why, in words.
    pub message: String,
    /// The item as it came; it need not be valid text.
    pub raw: Vec<u8>,
    /// The endpoint that reads it again.
    pub endpoint: String,
    /// What became of it.
    pub status: QuarantineStatus,
}

/// What became of an item in quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineStatus {
    /// Nothing yet.
    Waiting,
    /// It was taken after all.
    Replayed,
    /// It will not be taken.
    Discarded,
}

impl Write {
    /// Adds items; those whose id is there already change nothing. Returns how many were new.
    pub async fn quarantine(&mut self, items: &[Quarantined]) -> Result<u64> {
        let rows: Vec<_> = items.iter().map(values).collect();
        let columns = ["id", "source", "received_at", "reason", "message", "raw", "status", "endpoint"];
        Ok(self.tx.insert("quarantine", columns, "DO NOTHING", &rows).await?)
    }

    /// Writes a waiting item anew: mended, or with what is wrong now. False where it does not wait.
    pub async fn mend_quarantined(&mut self, id: &QuarantineId, reason: &str, message: &str, raw: &[u8]) -> Result<bool> {
        let sql = "UPDATE quarantine SET reason = $2, message = $3, raw = $4 WHERE id = $1 AND status = 'waiting'";
        Ok(query(sql).bind(id).bind(reason).bind(message).bind(raw).execute(&mut self.tx).await? > 0)
    }

    /// Says what became of waiting items; returns how many were waiting.
    pub async fn mark_quarantined(&mut self, ids: &[QuarantineId], status: QuarantineStatus) -> Result<u64> {
        let mut marked = 0;
        for id in ids {
            let sql = "UPDATE quarantine SET status = $2 WHERE id = $1 AND status = 'waiting'";
            marked += query(sql).bind(id).bind(word(&status)).execute(&mut self.tx).await?;
        }
        Ok(marked)
    }
}

impl Store {
    /// A page of items of one status, newest first.
    pub async fn quarantined(&self, status: QuarantineStatus, page: &Page<QuarantineId>) -> Result<Vec<Quarantined>> {
        let (before, id) = page.bound(QuarantineId::as_str);
        let sql = "SELECT id, source, received_at, reason, message, raw, status, endpoint FROM quarantine \
            WHERE status = $1 AND (received_at, id) < ($2, $3) ORDER BY received_at DESC, id DESC LIMIT $4";
        let query = query(sql).bind(word(&status)).bind(before).bind(id).bind(page.rows());
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// Waiting items by id, in the order asked for; those that do not wait are left out.
    pub async fn waiting(&self, ids: &[QuarantineId]) -> Result<Vec<Quarantined>> {
        let mut found = Vec::new();
        for id in ids {
            let sql = "SELECT id, source, received_at, reason, message, raw, status, endpoint FROM quarantine WHERE id = $1 AND status = 'waiting'";
            found.extend(query(sql).bind(id).fetch_optional(&self.pool).await?.as_ref().map(read).transpose()?);
        }
        Ok(found)
    }

    /// How many items wait, by reason.
    pub async fn quarantine_counts(&self) -> Result<BTreeMap<String, u64>> {
        let rows = query("SELECT reason, COUNT(*) FROM quarantine WHERE status = 'waiting' GROUP BY reason").fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get::<i64>(1)? as u64))).collect()
    }
}

fn values(item: &Quarantined) -> [Value<'_>; 8] {
    [
        Value::from(&item.id),
        Value::from(&item.source),
        Value::from(item.received_at),
        Value::from(&item.reason),
        Value::from(&item.message),
        Value::from(&item.raw),
        Value::from(word(&item.status)),
        Value::from(&item.endpoint),
    ]
}

fn read(row: &Row) -> Result<Quarantined> {
    Ok(Quarantined {
        id: QuarantineId::stored(row.get(0)?),
        source: SourceId::stored(row.get(1)?),
        received_at: row.at(2)?,
        reason: row.get(3)?,
        message: row.get(4)?,
        raw: row.get(5)?,
        status: parse("quarantine", row.get(6)?)?,
        endpoint: row.get(7)?,
    })
}
