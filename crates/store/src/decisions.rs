//! What teammates decided: overrides, stages by hand, waivers. Append-only, in order of arrival.

use tenure_model::Instant;
use tenure_model::input::Decision;

use crate::dialect::{Row, query};
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
        let query = query("INSERT INTO decisions (position, account, at, author, reason, action) VALUES ($1, $2, $3, $4, $5, $6)");
        let query = query.bind(position).bind(decision.account.as_str()).bind(decision.at.0);
        query.bind(decision.author.as_str()).bind(decision.reason.as_str()).bind(action).execute(&mut self.tx).await?;
        Ok(position)
    }
}

impl Store {
    /// All decisions, by position, under the ids they were made with.
    pub async fn decisions(&self) -> Result<Vec<Decided>> {
        let rows =
            query("SELECT position, account, at, author, reason, action FROM decisions ORDER BY position").fetch_all(&self.pool).await?;
        rows.iter().map(read).collect()
    }
}

/// A decision from a row of (position, account, at, author, reason, action).
pub(crate) fn read(row: &Row) -> Result<Decided> {
    let action = serde_json::from_str(row.get(5)?).map_err(|e| Error::Corrupt { table: "decisions", why: e.to_string() })?;
    let decision = Decision { account: row.get(1)?, at: Instant(row.get(2)?), author: row.get(3)?, reason: row.get(4)?, action };
    Ok(Decided { position: row.get(0)?, decision })
}
