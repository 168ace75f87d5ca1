//! The audit log: who changed what, from where. Append-only.

use tenure_model::Instant;

use crate::dialect::{Row, query};
use crate::{AuditId, Page, Result, Store, Write};

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Instant,
    /// Who: a teammate's or API key's id, or `tenure` itself.
    pub actor: String,
    /// What was done: `source.disable`, `alert.close` …
    pub action: String,
    /// To what: an id.
    pub target: String,
    /// What it was, as JSON.
    pub before: Option<String>,
    /// What it is, as JSON.
    pub after: Option<String>,
    /// The network address it came from.
    pub address: Option<String>,
}

/// Which entries; each condition that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By whom.
    pub actor: Option<String>,
    /// To what.
    pub target: Option<String>,
}

impl Write {
    /// Appends an entry, in the transaction of what it tells of.
    pub async fn audit(&mut self, entry: &AuditEntry) -> Result<()> {
        let sql = "INSERT INTO audit_log (id, at, actor, action, target, before, after, address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let query = query(sql).bind(&entry.id).bind(entry.at).bind(&entry.actor).bind(&entry.action).bind(&entry.target);
        let query = query.bind(entry.before.as_deref()).bind(entry.after.as_deref()).bind(entry.address.as_deref());
        query.execute(&mut self.tx).await?;
        Ok(())
    }
}

impl Store {
    /// A page of entries, newest first.
    pub async fn audit_log(&self, filter: &AuditFilter, page: &Page<AuditId>) -> Result<Vec<AuditEntry>> {
        let (before, id) = page.bound(AuditId::as_str);
        let sql = "SELECT id, at, actor, action, target, before, after, address FROM audit_log WHERE (at, id) < ($1, $2) \
            AND actor = COALESCE($3, actor) AND target = COALESCE($4, target) ORDER BY at DESC, id DESC LIMIT $5";
        let query = query(sql).bind(before).bind(id).bind(filter.actor.as_deref()).bind(filter.target.as_deref());
        query.bind(page.rows()).fetch_all(&self.pool).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<AuditEntry> {
    Ok(AuditEntry {
        id: AuditId::stored(row.get(0)?),
        at: row.at(1)?,
        actor: row.get(2)?,
        action: row.get(3)?,
        target: row.get(4)?,
        before: row.get(5)?,
        after: row.get(6)?,
        address: row.get(7)?,
    })
}
