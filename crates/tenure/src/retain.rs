//! Removing what has been kept long enough: rows of the database once an hour while the service runs, and by hand; months of events by hand alone.

use std::time::Duration;

use tenure_model::Instant;
use tenure_store::{Kept, Store, transact};

use crate::clock;
use crate::config::{Keep, Retention};

/// How often the service looks.
const EVERY: Duration = Duration::from_secs(3_600);
/// Rows removed in one transaction: others wait no longer than for these.
const ROWS_AT_ONCE: u32 = 2_000;

/// Rows that may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// Which.
    pub kept: Kept,
    /// Those before then.
    pub before: Instant,
    /// How many.
    pub rows: u64,
}

fn keep(retention: &Retention, kept: Kept) -> Keep {
    match kept {
        Kept::AuditLog => retention.audit_log,
        Kept::Quarantine => retention.quarantine,
        Kept::Outbox => retention.outbox,
        Kept::Sessions => retention.sessions,
    }
}

/// What may go, by table; tables that are kept for ever are left out.
pub async fn expired(store: &Store, retention: &Retention, now: Instant) -> tenure_store::Result<Vec<Expired>> {
    let mut expired = Vec::new();
    for kept in Kept::ALL {
        if let Some(before) = keep(retention, kept).before(now) {
            expired.push(Expired { kept, before, rows: store.count_older(kept, before).await? });
        }
    }
    Ok(expired)
}

/// Removes it, a few rows at a time. Returns how many there were.
pub async fn remove(store: &Store, expired: &Expired) -> tenure_store::Result<u64> {
    let mut removed = 0;
    loop {
        let rows = transact!(store, "retention", |write| write.forget_older(expired.kept, expired.before, ROWS_AT_ONCE).await)?;
        removed += rows;
        if rows < u64::from(ROWS_AT_ONCE) {
            return Ok(removed);
        }
    }
}

/// Removes what may go, now and once an hour, for as long as it is polled.
pub async fn run(store: Store, retention: Retention) {
    loop {
        if let Err(error) = once(&store, &retention).await {
            tracing::warn!(%error, "what was kept long enough could not be removed; it is tried again in an hour");
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn once(store: &Store, retention: &Retention) -> tenure_store::Result<()> {
    for expired in expired(store, retention, clock::now()).await? {
        if expired.rows > 0 {
            let rows = remove(store, &expired).await?;
            tracing::info!(table = expired.kept.table(), rows, before = %expired.before, "removed what was kept long enough");
        }
    }
    Ok(())
}
