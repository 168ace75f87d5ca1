//! SQLite: one file in WAL mode, readers beside one writer.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// The database type of this dialect.
pub(crate) type Db = sqlx::Sqlite;
/// Its pool.
pub(crate) type Pool = sqlx::SqlitePool;
/// Its transaction.
pub(crate) type Transaction = sqlx::Transaction<'static, Db>;
/// Its row.
pub(crate) type Row = sqlx::sqlite::SqliteRow;

/// Most placeholders in one statement (SQLITE_MAX_VARIABLE_NUMBER).
pub(crate) const BIND_LIMIT: usize = 32_766;

/// The steps from an empty database to the newest tables, in order; format n is after the first n of them. Never edited, only added to.
pub(crate) const MIGRATIONS: &[&str] = &[include_str!("0001_tables.sql")];

/// Packs the versions of a group into one JSON text: a row fetched costs several microseconds, however short, and accounts have dozens of versions.
pub(crate) const PACK_VERSIONS: &str = "json_group_array(json_array(v.item, v.field, v.valid_from, v.known_from, json(v.value)))";

/// Is a version's field one of those named in the third value, each between line ends?
pub(crate) const FIELD_WANTED: &str = "instr($3, char(10) || v.field || char(10)) > 0";

/// How long a writer waits for another one.
const BUSY_WAIT: Duration = Duration::from_secs(10);
/// Connections: readers beside the writer.
const CONNECTIONS_MAX: u32 = 4;

/// Opens the file, makes it where there is none.
pub(crate) async fn open(path: &Path) -> sqlx::Result<Pool> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .page_size(8192)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_WAIT)
        .foreign_keys(true)
        .pragma("cache_size", "-65536")
        .pragma("temp_store", "memory");
    SqlitePoolOptions::new().max_connections(CONNECTIONS_MAX).connect_with(options).await
}

/// Begins a transaction that holds the write lock from its start: two writers wait for each other instead of failing midway.
pub(crate) async fn begin(pool: &Pool) -> sqlx::Result<Transaction> {
    pool.begin_with("BEGIN IMMEDIATE").await
}
