//! Sessions: browsers that are signed in.

use tenure_model::Instant;

use crate::dialect::query;
use crate::{Hash, Result, Store, TeammateId, Write};

/// A session, known by the hash of what its cookie holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Hash of the cookie's secret.
    pub hash: Hash,
    /// Who is signed in.
    pub teammate: TeammateId,
    /// What forms and scripts must send along.
    pub csrf: String,
    /// When it began.
    pub created_at: Instant,
    /// When it was used last; see `session_used`.
    pub last_used_at: Instant,
    /// From then on it is worth nothing.
    pub expires_at: Instant,
}

impl Store {
    /// A session that has not expired, of a teammate who is not disabled.
    pub async fn session(&self, hash: &Hash, now: Instant) -> Result<Option<Session>> {
        let sql = "SELECT s.teammate, s.csrf, s.created_at, s.last_used_at, s.expires_at FROM sessions s JOIN teammates t ON t.id = s.teammate \
            WHERE s.hash = $1 AND s.expires_at > $2 AND t.disabled_at IS NULL";
        let Some(row) = query(sql).bind(hash).bind(now).fetch_optional(&self.pool).await? else { return Ok(None) };
        Ok(Some(Session {
            hash: *hash,
            teammate: TeammateId::stored(row.get(0)?),
            csrf: row.get(1)?,
            created_at: row.at(2)?,
            last_used_at: row.at(3)?,
            expires_at: row.at(4)?,
        }))
    }
}

impl Write {
    /// Begins a session.
    pub async fn add_session(&mut self, session: &Session) -> Result<()> {
        let sql = "INSERT INTO sessions (hash, teammate, csrf, created_at, last_used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
        let query = query(sql).bind(&session.hash).bind(&session.teammate).bind(&session.csrf);
        query.bind(session.created_at).bind(session.last_used_at).bind(session.expires_at).execute(&mut self.tx).await?;
        Ok(())
    }

    /// Writes down that a session is in use, and for how long it holds now. Once a minute is enough: it is a write.
    pub async fn session_used(&mut self, hash: &Hash, now: Instant, expires_at: Instant) -> Result<()> {
        let sql = "UPDATE sessions SET last_used_at = $2, expires_at = $3 WHERE hash = $1";
        query(sql).bind(hash).bind(now).bind(expires_at).execute(&mut self.tx).await?;
        Ok(())
    }

    /// Ends a session.
    pub async fn end_session(&mut self, hash: &Hash) -> Result<()> {
        query("DELETE FROM sessions WHERE hash = $1").bind(hash).execute(&mut self.tx).await?;
        Ok(())
    }

    /// Ends all sessions of a teammate, but for the one that asks; returns how many.
    pub async fn end_sessions(&mut self, teammate: &TeammateId, but: Option<&Hash>) -> Result<u64> {
        let none = Hash([0; 32]);
        let sql = "DELETE FROM sessions WHERE teammate = $1 AND hash <> $2";
        Ok(query(sql).bind(teammate).bind(but.unwrap_or(&none)).execute(&mut self.tx).await?)
    }

    /// Forgets sessions that have expired; returns how many.
    pub async fn forget_sessions(&mut self, now: Instant) -> Result<u64> {
        Ok(query("DELETE FROM sessions WHERE expires_at <= $1").bind(now).execute(&mut self.tx).await?)
    }
}
