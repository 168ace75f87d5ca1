//! Leases: which process alone may do something, such as run the engine, and the fence that stops one that lost its lease without noticing.
//!
//! Expiry is by the callers' clocks, so it decides only who may take over. What keeps two holders from writing is the fence: every commit checks
//! it in its own transaction.

use tenure_model::Instant;

use crate::dialect::{Row, query};
use crate::{Error, Result, Store, Write};

/// A lease that somebody holds, or held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Who holds it: a name that no other process has.
    pub holder: String,
    /// Greater than that of every holder before.
    pub fence: i64,
    /// From then on others may take it.
    pub expires_at: Instant,
}

const COLUMNS: &str = "name, holder, fence, expires_at";

impl Store {
    /// The newest holder of a lease.
    pub async fn lease(&self, name: &str) -> Result<Option<Lease>> {
        let sql = "SELECT name, holder, fence, expires_at FROM leases WHERE name = $1";
        query(sql).bind(name).fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }
}

impl Write {
    /// Takes a lease that nobody holds, or that has expired, or that is the holder's own; each time with a new fence. None: another holds it.
    pub async fn acquire_lease(&mut self, name: &str, holder: &str, now: Instant, until: Instant) -> Result<Option<Lease>> {
        let sql = format!(
            "INSERT INTO leases ({COLUMNS}) VALUES ($1, $2, 1, $3) ON CONFLICT (name) DO UPDATE \
            SET holder = excluded.holder, fence = leases.fence + 1, expires_at = excluded.expires_at \
            WHERE leases.expires_at <= $4 OR leases.holder = excluded.holder RETURNING {COLUMNS}"
        );
        let query = query(sqlx::AssertSqlSafe(sql)).bind(name).bind(holder).bind(until).bind(now);
        query.fetch_optional(&mut self.tx).await?.as_ref().map(read).transpose()
    }

    /// Keeps a lease for longer, also where it has expired and nobody took it.
    ///
    /// # Errors
    /// `Error::Fenced` where another holder took over.
    pub async fn renew_lease(&mut self, lease: &Lease, until: Instant) -> Result<Lease> {
        let sql = "UPDATE leases SET expires_at = $3 WHERE name = $1 AND fence = $2";
        match query(sql).bind(&lease.name).bind(lease.fence).bind(until).execute(&mut self.tx).await? {
            0 => Err(fenced(lease)),
            _ => Ok(Lease { expires_at: until, ..lease.clone() }),
        }
    }

    /// Gives a lease back, so that others need not wait for its expiry. Changes nothing where another holder took over.
    pub async fn release_lease(&mut self, lease: &Lease) -> Result<()> {
        let sql = "UPDATE leases SET expires_at = $3 WHERE name = $1 AND fence = $2";
        query(sql).bind(&lease.name).bind(lease.fence).bind(Instant::MIN).execute(&mut self.tx).await?;
        Ok(())
    }

    /// Makes sure that nobody took over, and that nobody can until this transaction ends. Every commit of a holder begins with it.
    ///
    /// # Errors
    /// `Error::Fenced` where another holder took over: nothing of this transaction must be committed.
    pub async fn fenced(&mut self, lease: &Lease) -> Result<()> {
        // A write, not a read: it locks the row, so that taking over waits for this transaction.
        let sql = "UPDATE leases SET fence = fence WHERE name = $1 AND fence = $2";
        match query(sql).bind(&lease.name).bind(lease.fence).execute(&mut self.tx).await? {
            0 => Err(fenced(lease)),
            _ => Ok(()),
        }
    }
}

fn fenced(lease: &Lease) -> Error {
    Error::Fenced { name: lease.name.clone(), fence: lease.fence }
}

fn read(row: &Row) -> Result<Lease> {
    Ok(Lease { name: row.get(0)?, holder: row.get(1)?, fence: row.get(2)?, expires_at: row.at(3)? })
}
