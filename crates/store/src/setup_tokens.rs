//! Setup tokens: links that set a password, once.

use tenure_model::Instant;

use crate::dialect::query;
use crate::{Hash, Result, TeammateId, Write};

/// A token, known by its hash only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupToken {
    /// Hash of the token.
    pub hash: Hash,
    /// Whose password it sets; None: it makes the first teammate of all.
    pub teammate: Option<TeammateId>,
    /// When it was made.
    pub created_at: Instant,
    /// From then on it is worth nothing.
    pub expires_at: Instant,
}

impl Write {
    /// Adds a token.
    pub async fn add_setup_token(&mut self, token: &SetupToken) -> Result<()> {
        let sql = "INSERT INTO setup_tokens (hash, teammate, created_at, expires_at) VALUES ($1, $2, $3, $4)";
        let query = query(sql).bind(&token.hash).bind(token.teammate.as_ref()).bind(token.created_at).bind(token.expires_at);
        query.execute(&mut self.tx).await?;
        Ok(())
    }

    /// Uses a token up. None where there is none, or it was used before, or it has expired: of two who try at once one gets it.
    pub async fn use_setup_token(&mut self, hash: &Hash, now: Instant) -> Result<Option<SetupToken>> {
        let sql = "UPDATE setup_tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2 \
            RETURNING teammate, created_at, expires_at";
        let Some(row) = query(sql).bind(hash).bind(now).fetch_optional(&mut self.tx).await? else { return Ok(None) };
        let teammate = row.get::<Option<String>>(0)?.map(TeammateId::stored);
        Ok(Some(SetupToken { hash: *hash, teammate, created_at: row.at(1)?, expires_at: row.at(2)? }))
    }
}
