//! Sources: who may send, by write key, and how long silence is usual for each.

use tenure_model::Instant;

use crate::dialect::{Row, query};
use crate::{Error, Hash, Result, SourceId, Store, Write};

/// A source of inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its id.
    pub id: SourceId,
    /// For people; part of every event's duplicate key.
    pub name: String,
    /// Hash of its write key.
    pub key_hash: Hash,
    /// When it was made.
    pub created_at: Instant,
    /// Since when nothing is taken from it.
    pub disabled_at: Option<Instant>,
    /// The longest silence, in seconds, that is no defect; None: what was usual so far.
    pub max_gap_seconds: Option<i64>,
    /// When something came last.
    pub last_seen_at: Option<Instant>,
}

const COLUMNS: &str = "id, name, key_hash, created_at, disabled_at, max_gap_seconds, last_seen_at";

impl Store {
    /// All sources, by name.
    pub async fn sources(&self) -> Result<Vec<Source>> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM sources ORDER BY name"));
        query(sql).fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// The source with a write key, disabled or not.
    pub async fn source_by_key(&self, key_hash: &Hash) -> Result<Option<Source>> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM sources WHERE key_hash = $1"));
        query(sql).bind(key_hash).fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }
}

impl Write {
    /// Adds a source.
    ///
    /// # Errors
    /// `Error::Taken` where its id, name or key is another one's.
    pub async fn add_source(&mut self, source: &Source) -> Result<()> {
        let sql = "INSERT INTO sources (id, name, key_hash, created_at, disabled_at, max_gap_seconds, last_seen_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
        let query = query(sql).bind(&source.id).bind(&source.name).bind(&source.key_hash).bind(source.created_at);
        let query = query.bind(source.disabled_at).bind(source.max_gap_seconds).bind(source.last_seen_at);
        match query.execute(&mut self.tx).await? {
            0 => Err(Error::Taken { what: "source", name: source.name.clone() }),
            _ => Ok(()),
        }
    }

    /// Changes what people may change of a source: its key, whether it is disabled, its longest silence.
    ///
    /// # Errors
    /// `Error::NotFound` where there is no such source.
    pub async fn update_source(&mut self, source: &Source) -> Result<()> {
        let sql = "UPDATE sources SET key_hash = $2, disabled_at = $3, max_gap_seconds = $4 WHERE id = $1";
        let query = query(sql).bind(&source.id).bind(&source.key_hash).bind(source.disabled_at).bind(source.max_gap_seconds);
        match query.execute(&mut self.tx).await? {
            0 => Err(Error::NotFound { what: "source", name: source.id.to_string() }),
            _ => Ok(()),
        }
    }

    /// Writes down that something came from a source; an earlier time changes nothing.
    pub async fn seen_source(&mut self, id: &SourceId, at: Instant) -> Result<()> {
        let sql = "UPDATE sources SET last_seen_at = $2 WHERE id = $1 AND COALESCE(last_seen_at, $2 - 1) < $2";
        query(sql).bind(id).bind(at).execute(&mut self.tx).await?;
        Ok(())
    }
}

fn read(row: &Row) -> Result<Source> {
    Ok(Source {
        id: SourceId::stored(row.get(0)?),
        name: row.get(1)?,
        key_hash: Hash::read(row, 2, "sources")?,
        created_at: row.at(3)?,
        disabled_at: row.maybe_at(4)?,
        max_gap_seconds: row.get(5)?,
        last_seen_at: row.maybe_at(6)?,
    })
}
