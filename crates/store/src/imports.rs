//! Files that were imported: what each gave, and whether it was read to its end.

use serde::{Deserialize, Serialize};
use tenure_model::Instant;

use crate::dialect::{Row, query};
use crate::word::{parse, word};
use crate::{Page, Result, Store, Write};

/// What makes two imports the same: the content, and everything that decides how it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportKey {
    /// `accounts`, `people`, `subscriptions` or `events`.
    pub kind: String,
    /// Hash of the file's bytes.
    pub content_hash: String,
    /// Hash of the mapping's text; empty without one.
    pub mapping_hash: String,
    /// Where it comes from: part of every event's duplicate key.
    pub source: String,
    /// The date given to rows without one.
    pub dated: Option<Instant>,
}

/// How far an import got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// Its file is kept, and waits for its turn.
    Queued,
    /// Begun: if nobody is at it, it was interrupted, and doing it again finishes it.
    Running,
    /// Read to its end.
    Done,
    /// It ended before that, for a reason.
    Failed,
    /// Somebody gave it up; nothing of it was kept.
    Cancelled,
}

impl ImportStatus {
    /// Does it wait for its turn, or is it under way?
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, ImportStatus::Queued | ImportStatus::Running)
    }
}

/// What an import gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Rows read.
    pub rows: u64,
    /// Rows that said something new.
    pub accepted: u64,
    /// Rows that said nothing new.
    pub duplicates: u64,
    /// Rows that could not be read.
    pub rejected: u64,
    /// Values that contradict another one of the same date.
    pub conflicts: u64,
}

/// One import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its number.
    pub id: i64,
    /// Its place among all inputs.
    pub position: i64,
    /// What makes it this one.
    pub key: ImportKey,
    /// Name of the file.
    pub file: String,
    /// What it gave.
    pub counts: ImportCounts,
    /// When it began.
    pub started_at: Instant,
    /// When it was done.
    pub finished_at: Option<Instant>,
    /// How far it got.
    pub status: ImportStatus,
    /// Who asked for it; empty: the command line.
    pub author: String,
    /// Why it failed.
    pub error: Option<String>,
}

/// What `read` expects.
const COLUMNS: &str = "id, position, kind, content_hash, mapping_hash, source, dated, file, row_count, accepted, duplicates, rejected, conflicts, started_at, finished_at, status, author, error";

impl Store {
    /// The import with this key, finished or not.
    pub async fn import(&self, key: &ImportKey) -> Result<Option<Import>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM imports WHERE kind = $1 AND content_hash = $2 AND mapping_hash = $3 AND source = $4 AND dated = $5"
        );
        let query = query(sqlx::AssertSqlSafe(sql)).bind(key.kind.as_str()).bind(key.content_hash.as_str()).bind(key.mapping_hash.as_str());
        let row = query.bind(key.source.as_str()).bind(dated(key)).fetch_optional(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// An import by its number.
    pub async fn import_numbered(&self, id: i64) -> Result<Option<Import>> {
        let query = query(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM imports WHERE id = $1"))).bind(id);
        query.fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }

    /// A page of imports, newest first.
    pub async fn imports_page(&self, page: &Page<i64>) -> Result<Vec<Import>> {
        let (before, id) = page.before.unwrap_or((Instant::NEVER, i64::MAX));
        let sql = format!("SELECT {COLUMNS} FROM imports WHERE (started_at, id) < ($1, $2) ORDER BY started_at DESC, id DESC LIMIT $3");
        let query = query(sqlx::AssertSqlSafe(sql)).bind(before).bind(id).bind(i64::from(page.limit));
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// Imports that wait or were begun, in the order in which they were asked for.
    pub async fn open_imports(&self) -> Result<Vec<Import>> {
        let sql = format!("SELECT {COLUMNS} FROM imports WHERE status IN ('queued', 'running') ORDER BY started_at, id");
        query(sqlx::AssertSqlSafe(sql)).fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// All imports, in order of arrival.
    pub async fn imports(&self) -> Result<Vec<Import>> {
        let rows = query(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM imports ORDER BY id"))).fetch_all(&self.pool).await?;
        rows.iter().map(read).collect()
    }
}

impl Write {
    /// Begins an import, or takes up an interrupted one again under its old number; returns the number.
    pub async fn begin_import(&mut self, key: &ImportKey, file: &str, now: Instant) -> Result<i64> {
        self.put_import(key, file, "", ImportStatus::Running, now).await
    }

    /// Writes down that somebody asked for an import, whose file is kept; one with the same key keeps its number, which is returned.
    pub async fn queue_import(&mut self, key: &ImportKey, file: &str, author: &str, now: Instant) -> Result<i64> {
        self.put_import(key, file, author, ImportStatus::Queued, now).await
    }

    async fn put_import(&mut self, key: &ImportKey, file: &str, author: &str, status: ImportStatus, now: Instant) -> Result<i64> {
        let id = self.next("import").await?;
        let position = self.next_position().await?;
        let sql = "INSERT INTO imports (id, position, kind, content_hash, mapping_hash, source, dated, file, row_count, accepted, duplicates, rejected, conflicts, started_at, author, status) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, 0, 0, $9, $10, $11) \
            ON CONFLICT (kind, content_hash, mapping_hash, source, dated) DO UPDATE SET position = excluded.position, file = excluded.file, \
            started_at = excluded.started_at, finished_at = NULL, author = excluded.author, error = NULL, status = excluded.status \
            RETURNING id";
        let query =
            query(sql).bind(id).bind(position).bind(key.kind.as_str()).bind(key.content_hash.as_str()).bind(key.mapping_hash.as_str());
        let query = query.bind(key.source.as_str()).bind(dated(key)).bind(file).bind(now.0).bind(author).bind(word(&status));
        Ok(query.fetch_one(&mut self.tx).await?.get(0)?)
    }

    /// Writes down that an import whose file was kept has begun.
    pub async fn run_import(&mut self, id: i64, now: Instant) -> Result<()> {
        let query = query("UPDATE imports SET status = 'running', started_at = $2 WHERE id = $1").bind(id).bind(now);
        query.execute(&mut self.tx).await.map(drop)?;
        Ok(())
    }

    /// Writes down that an import has ended before it was done: it failed, for a reason, or was cancelled. False where it was not open.
    pub async fn end_import(&mut self, id: i64, error: Option<&str>, now: Instant) -> Result<bool> {
        let status = if error.is_some() { ImportStatus::Failed } else { ImportStatus::Cancelled };
        let sql = "UPDATE imports SET status = $2, error = $3, finished_at = $4 WHERE id = $1 AND status IN ('queued', 'running')";
        Ok(query(sql).bind(id).bind(word(&status)).bind(error).bind(now).execute(&mut self.tx).await? > 0)
    }

    /// Writes down that an import is done, and what it gave.
    pub async fn finish_import(&mut self, id: i64, counts: ImportCounts, now: Instant) -> Result<()> {
        let sql = "UPDATE imports SET row_count = $2, accepted = $3, duplicates = $4, rejected = $5, conflicts = $6, finished_at = $7, status = 'done' WHERE id = $1";
        let query = query(sql).bind(id).bind(counts.rows as i64).bind(counts.accepted as i64).bind(counts.duplicates as i64);
        query.bind(counts.rejected as i64).bind(counts.conflicts as i64).bind(now.0).execute(&mut self.tx).await?;
        Ok(())
    }
}

fn dated(key: &ImportKey) -> i64 {
    key.dated.unwrap_or(Instant::MIN).0
}

fn read(row: &Row) -> Result<Import> {
    let count = |i: usize| -> Result<u64> { Ok(row.get::<i64>(i)? as u64) };
    let dated: i64 = row.get(6)?;
    let key = ImportKey {
        kind: row.get(2)?,
        content_hash: row.get(3)?,
        mapping_hash: row.get(4)?,
        source: row.get(5)?,
        dated: (dated != Instant::MIN.0).then_some(Instant(dated)),
    };
    Ok(Import {
        id: row.get(0)?,
        position: row.get(1)?,
        key,
        file: row.get(7)?,
        counts: ImportCounts { rows: count(8)?, accepted: count(9)?, duplicates: count(10)?, rejected: count(11)?, conflicts: count(12)? },
        started_at: Instant(row.get(13)?),
        finished_at: row.get::<Option<i64>>(14)?.map(Instant),
        status: parse("imports", row.get(15)?)?,
        author: row.get(16)?,
        error: row.get(17)?,
    })
}
