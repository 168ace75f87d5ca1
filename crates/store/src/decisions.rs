//! What teammates decided: overrides, stages by hand, waivers. Append-only, in order of arrival.

use sqlx::Row as _;
use tenure_model::Instant;
use tenure_model::input::Decision;

use crate::dialect::Row;
use crate::{Error, Result, Store, Write};

/// A decision and its place among all inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// Its position.
    pub position: i64,
    /// The decision.
    pub decision: Decision,
}

impl Write {
    /// Writes a decision down; returns its position.
    pub async fn add_decision(&mut self, decision: &Decision) -> Result<i64> {
        let position = self.next_position().await?;
        let action = serde_json::to_string(&decision.action).map_err(|e| Error::Corrupt { table: "decisions", why: e.to_string() })?;
        let query = sqlx::query("INSERT INTO decisions (position, account, at, author, reason, action) VALUES ($1, $2, $3, $4, $5, $6)");
        let query = query.bind(position).bind(decision.account.as_str()).bind(decision.at.0);
        query.bind(decision.author.as_str()).bind(decision.reason.as_str()).bind(action).execute(&mut *self.tx).await?;
        Ok(position)
    }
}

impl Store {
    /// All decisions, by position, under the ids they were made with.
    pub async fn decisions(&self) -> Result<Vec<Decided>> {
        let rows = sqlx::query("SELECT position, account, at, author, reason, action FROM decisions ORDER BY position")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(read).collect()
    }
}

/// A decision from a row of (position, account, at, author, reason, action).
pub(crate) fn read(row: &Row) -> Result<Decided> {
    let action = serde_json::from_str(row.try_get(5)?).map_err(|e| Error::Corrupt { table: "decisions", why: e.to_string() })?;
    let decision =
        Decision { account: row.try_get(1)?, at: Instant(row.try_get(2)?), author: row.try_get(3)?, reason: row.try_get(4)?, action };
    Ok(Decided { position: row.try_get(0)?, decision })
}
