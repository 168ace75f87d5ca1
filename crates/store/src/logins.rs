//! Failed attempts to sign in: who tried too often waits. How often and how long is the caller's to say.

use tenure_model::Instant;

use crate::dialect::query;
use crate::{Result, Store, Write};

/// Failures in a row of one e-mail or address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginFailures {
    /// How many.
    pub failures: i64,
    /// When the last one was.
    pub failed_at: Option<Instant>,
    /// No attempt before then.
    pub blocked_until: Option<Instant>,
}

impl Store {
    /// The failures of a key; none where it is not known.
    pub async fn login_failures(&self, key: &str) -> Result<LoginFailures> {
        let sql = "SELECT failures, failed_at, blocked_until FROM login_failures WHERE key = $1";
        let Some(row) = query(sql).bind(key).fetch_optional(&self.pool).await? else { return Ok(LoginFailures::default()) };
        Ok(LoginFailures { failures: row.get(0)?, failed_at: row.maybe_at(1)?, blocked_until: row.maybe_at(2)? })
    }
}

impl Write {
    /// Counts a failure; returns how many there are now. Those before `forget_before` do not count.
    pub async fn login_failed(&mut self, key: &str, now: Instant, forget_before: Instant) -> Result<i64> {
        let sql = "INSERT INTO login_failures (key, failures, failed_at) VALUES ($1, 1, $2) ON CONFLICT (key) DO UPDATE \
            SET failures = CASE WHEN login_failures.failed_at < $3 THEN 1 ELSE login_failures.failures + 1 END, failed_at = excluded.failed_at \
            RETURNING failures";
        Ok(query(sql).bind(key).bind(now).bind(forget_before).fetch_one(&mut self.tx).await?.get(0)?)
    }

    /// Blocks a key that has failed.
    pub async fn block_login(&mut self, key: &str, until: Instant) -> Result<()> {
        query("UPDATE login_failures SET blocked_until = $2 WHERE key = $1").bind(key).bind(until).execute(&mut self.tx).await?;
        Ok(())
    }

    /// Forgets the failures of a key: it signed in.
    pub async fn login_succeeded(&mut self, key: &str) -> Result<()> {
        query("DELETE FROM login_failures WHERE key = $1").bind(key).execute(&mut self.tx).await?;
        Ok(())
    }

    /// Forgets all failures before an instant whose block is over; returns how many keys.
    pub async fn forget_login_failures(&mut self, before: Instant) -> Result<u64> {
        let sql = "DELETE FROM login_failures WHERE failed_at < $1 AND COALESCE(blocked_until, failed_at) < $1";
        Ok(query(sql).bind(before).execute(&mut self.tx).await?)
    }
}
