//! API keys: programs that use the API in a teammate's name.

use sqlx::AssertSqlSafe;
use tenure_model::Instant;

use crate::dialect::{Query, Row, query};
use crate::word::json;
use crate::{ApiKeyId, Error, Hash, Result, Store, TeammateId, Write};

/// An API key, known by its hash only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// For people.
    pub name: String,
    /// Hash of the key.
    pub hash: Hash,
    /// What it may do, in the API's words.
    pub scopes: Vec<String>,
    /// In whose name: it may do nothing that they may not.
    pub teammate: TeammateId,
    /// When it was made.
    pub created_at: Instant,
    /// When it was used last; see `api_key_used`.
    pub last_used_at: Option<Instant>,
    /// Since when it is worth nothing.
    pub revoked_at: Option<Instant>,
}

const COLUMNS: &str = "k.id, k.name, k.hash, k.scopes, k.teammate, k.created_at, k.last_used_at, k.revoked_at";

impl Store {
    /// All keys, oldest first, those that were revoked among them.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>> {
        select("ORDER BY k.created_at, k.id").fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// The key with a hash, where it is not revoked and its teammate not disabled.
    pub async fn api_key_by_hash(&self, hash: &Hash) -> Result<Option<ApiKey>> {
        let query = select("JOIN teammates t ON t.id = k.teammate WHERE k.hash = $1 AND k.revoked_at IS NULL AND t.disabled_at IS NULL");
        query.bind(hash).fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }
}

impl Write {
    /// Adds a key.
    pub async fn add_api_key(&mut self, key: &ApiKey) -> Result<()> {
        let scopes = serde_json::Value::from(key.scopes.as_slice()).to_string();
        let sql = "INSERT INTO api_keys (id, name, hash, scopes, teammate, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
        let query = query(sql).bind(&key.id).bind(&key.name).bind(&key.hash).bind(scopes).bind(&key.teammate);
        query.bind(key.created_at).execute(&mut self.tx).await?;
        Ok(())
    }

    /// Writes down that a key was used. Once a minute is enough: it is a write.
    pub async fn api_key_used(&mut self, id: &ApiKeyId, now: Instant) -> Result<()> {
        query("UPDATE api_keys SET last_used_at = $2 WHERE id = $1").bind(id).bind(now).execute(&mut self.tx).await?;
        Ok(())
    }

    /// Revokes a key; the first time stands.
    ///
    /// # Errors
    /// `Error::NotFound` where there is no such key.
    pub async fn revoke_api_key(&mut self, id: &ApiKeyId, now: Instant) -> Result<()> {
        let sql = "UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1";
        match query(sql).bind(id).bind(now).execute(&mut self.tx).await? {
            0 => Err(Error::NotFound { what: "API key", name: id.to_string() }),
            _ => Ok(()),
        }
    }
}

fn select<'v>(rest: &str) -> Query<'v> {
    query(AssertSqlSafe(format!("SELECT {COLUMNS} FROM api_keys k {rest}")))
}

fn read(row: &Row) -> Result<ApiKey> {
    Ok(ApiKey {
        id: ApiKeyId::stored(row.get(0)?),
        name: row.get(1)?,
        hash: Hash::read(row, 2, "api_keys")?,
        scopes: json("api_keys", row.get(3)?)?,
        teammate: TeammateId::stored(row.get(4)?),
        created_at: row.at(5)?,
        last_used_at: row.maybe_at(6)?,
        revoked_at: row.maybe_at(7)?,
    })
}
