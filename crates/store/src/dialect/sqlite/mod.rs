//! SQLite: one file in WAL mode, readers beside one writer.

use std::path::Path;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Sqlite, SqliteConnection, SqlitePool};

use super::{Dialect, Value};

/// SQLite's words. Strict tables; those read by their key alone are clustered by it.
pub(super) const DIALECT: Dialect = Dialect {
    types: &[
        ("int", "INTEGER"),
        ("float", "REAL"),
        ("bool", "INTEGER"),
        ("text", "TEXT"),
        ("bytes", "BLOB"),
        ("rows", "STRICT"),
        ("clustered", "STRICT, WITHOUT ROWID"),
        ("plain_journal", ""),
    ],
    count_tables: "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1",
    list_columns: "SELECT m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.cid",
    clock: None,
    check: Some("PRAGMA quick_check(20)"),
    pack: "json_group_array(?)",
    unpack_names: "SELECT value FROM json_each(?)",
};

/// Most placeholders in one statement (SQLITE_MAX_VARIABLE_NUMBER).
const BIND_LIMIT: usize = 32_766;
/// Rows of one statement: beyond some hundred more rows gain nothing.
const ROWS_MAX: usize = 250;
/// How long a writer waits for another one.
const BUSY_WAIT: Duration = Duration::from_secs(10);
/// Connections that read.
const READERS_MAX: u32 = 4;
/// Bytes of the file that readers map instead of copying them, each for itself.
const MAPPED: &str = "1073741824";
/// Rows that wait for their reader at most: with few, the thread that reads and the one that takes them wake each other at every turn.
const ROWS_AHEAD: usize = 1_024;

/// Result codes that may pass by themselves: busy, locked, a failed read or write, a full disk, a file that cannot be opened.
const PASSING: [i32; 5] = [5, 6, 10, 13, 14];

/// Connections to the file. Writers of this process queue for their one connection, so they never take those of readers while they wait.
#[derive(Clone, Debug)]
pub(crate) struct Pools {
    pub(super) readers: SqlitePool,
    pub(super) writer: SqlitePool,
}

impl Pools {
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A full disk lets SQLite end a transaction by itself; sqlx still takes it for open then, and would refuse every further one. Such a connection is
/// closed, and another one opened in its place.
fn pool_options() -> SqlitePoolOptions {
    SqlitePoolOptions::new().before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
}

/// Opens the file, makes it where there is none.
pub(super) async fn open(path: &Path) -> sqlx::Result<Pools> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .page_size(8192)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_WAIT)
        .foreign_keys(true)
        .row_buffer_size(ROWS_AHEAD)
        .pragma("cache_size", "-65536")
        .pragma("temp_store", "memory");
    let writer = pool_options().max_connections(1).acquire_timeout(BUSY_WAIT).connect_with(options.clone()).await?;
    let readers = pool_options().max_connections(READERS_MAX).connect_with(options.pragma("mmap_size", MAPPED)).await?;
    Ok(Pools { readers, writer })
}

/// Opens a file that is there for reading only. Where its folder cannot be written, it is taken as it is: nobody can change it there.
pub(super) async fn look(path: &Path, is_frozen: bool) -> sqlx::Result<Pools> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_WAIT);
    // With a write-ahead log beside it, what was committed lies in there too.
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let is_whole = !Path::new(&log).exists();
    let options = if is_frozen && is_whole { options.immutable(true) } else { options };
    let readers = pool_options().max_connections(READERS_MAX).connect_with(options.pragma("mmap_size", MAPPED)).await?;
    Ok(Pools { writer: readers.clone(), readers })
}

/// Begins a transaction that holds the write lock from its start: two writers wait for each other instead of failing midway.
pub(super) async fn begin(pools: &Pools) -> sqlx::Result<sqlx::Transaction<'static, Sqlite>> {
    pools.writer.begin_with("BEGIN IMMEDIATE").await
}

/// May what failed succeed later, though nobody changes anything?
pub(super) fn is_passing(error: &dyn DatabaseError) -> bool {
    // The low byte is the kind, what is above it tells more.
    error.code().and_then(|code| code.parse::<i32>().ok()).is_some_and(|code| PASSING.contains(&(code & 0xff)))
}

/// Inserts rows by statements of several hundred placeholders. Without a word on conflicts, one is an error.
pub(super) async fn insert<'v>(
    connection: &mut SqliteConnection,
    table: &str,
    columns: &[&str],
    conflict: &str,
    rows: &[impl AsRef<[Value<'v>]>],
) -> sqlx::Result<u64> {
    let mut written = 0;
    for chunk in rows.chunks(ROWS_MAX.min(BIND_LIMIT / columns.len().max(1))) {
        let mut sql = sqlx::QueryBuilder::<Sqlite>::new(format!("INSERT INTO {table} ({}) ", columns.join(", ")));
        sql.push_values(chunk, |mut row, values| {
            for value in values.as_ref() {
                match value {
                    Value::Int(value) => row.push_bind(*value),
                    Value::Float(value) => row.push_bind(*value),
                    Value::Bool(value) => row.push_bind(*value),
                    Value::Text(value) => row.push_bind(value.as_deref()),
                    Value::Bytes(value) => row.push_bind(value.as_deref()),
                };
            }
        });
        if !conflict.is_empty() {
            sql.push(" ON CONFLICT ").push(conflict);
        }
        written += sql.build().execute(&mut *connection).await?.rows_affected();
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As much as fits; the page that does not fit ends the transaction, as it does on a full disk.
    #[tokio::test]
    async fn goes_on_when_there_is_room_again() {
        let folder = tempfile::tempdir().unwrap();
        let pools = open(&folder.path().join("full.db")).await.unwrap();
        let mut tx = begin(&pools).await.unwrap();
        for sql in ["CREATE TABLE rows (bytes BLOB)", "PRAGMA max_page_count = 8"] {
            sqlx::query(sql).execute(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut tx = begin(&pools).await.unwrap();
        let full = sqlx::query("INSERT INTO rows VALUES (zeroblob(1000000))").execute(&mut *tx).await.unwrap_err();
        assert!(is_passing(full.as_database_error().unwrap()), "{full}");
        let _ = tx.rollback().await;
        let mut tx = begin(&pools).await.unwrap();
        sqlx::query("INSERT INTO rows VALUES (zeroblob(1000000))").execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }
}
