//! PostgreSQL, 13 or newer: for several processes on one workspace.

mod bulk;

use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgPool, Postgres};

pub(super) use bulk::insert;

use super::Dialect;
use crate::{Error, Result};

/// PostgreSQL's words. Text compares by bytes whatever the database's locale.
pub(super) const DIALECT: Dialect = Dialect {
    types: &[
        ("int", "BIGINT"),
        ("float", "DOUBLE PRECISION"),
        ("bool", "BOOLEAN"),
        ("text", "TEXT COLLATE \"C\""),
        ("bytes", "BYTEA"),
        ("rows", ""),
        ("clustered", ""),
        ("plain_journal", "ALTER TABLE journal ALTER COLUMN payload SET STORAGE EXTERNAL;"), // it does not get smaller
    ],
    count_tables: "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1",
    list_columns: "SELECT CAST(table_name AS text), CAST(column_name AS text), CAST(data_type AS text) FROM information_schema.columns \
        WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position",
    clock: Some("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS bigint)"),
    check: None,
    pack: "CAST(COALESCE(json_agg(?), '[]') AS text)",
    unpack_names: "SELECT json_array_elements_text(CAST(? AS json))",
};

/// The one writer of a database holds this advisory lock until its transaction ends ("tenure" in ASCII).
const WRITER: &str = "SELECT pg_advisory_xact_lock(127978993709669)";
/// How long a transaction waits for a lock, the writer's included.
const LOCK_WAIT: &str = "10s";
/// Connections of one process.
const CONNECTIONS_MAX: u32 = 16;
/// How long a caller waits for a free connection.
const CONNECTION_WAIT: Duration = Duration::from_secs(10);
/// A connection used less long ago is taken without asking whether it still works: asking is a round trip.
const TRUSTED: Duration = Duration::from_secs(5);
/// A transaction that lost against another one and may be run again: serialization failure, deadlock.
const CONFLICTS: [&str; 2] = ["40001", "40P01"];

/// Classes of errors that may pass by themselves: a lost connection, no room or memory, an operator who stops it or a statement that took too long.
const PASSING: [&str; 3] = ["08", "53", "57"];
/// As well: a lock that was not got in time.
const LOCKED: &str = "55P03";

/// Connects. A peer that is gone is noticed within a minute, so that its locks do not stay.
pub(super) async fn open(options: &PgConnectOptions) -> Result<PgPool> {
    let options = options.clone().application_name("tenure").options([
        ("lock_timeout", LOCK_WAIT),
        ("default_transaction_isolation", "read committed"),
        ("tcp_keepalives_idle", "15"),
        ("tcp_keepalives_interval", "10"),
        ("tcp_keepalives_count", "3"),
    ]);
    let pool = pool_options().connect_with(options).await?;
    let encoding: String = sqlx::query_scalar("SHOW server_encoding").fetch_one(&pool).await?;
    if encoding != "UTF8" {
        return Err(Error::Setting { setting: "the database's encoding".into(), why: format!("it is {encoding} and must be UTF8") });
    }
    Ok(pool)
}

fn pool_options() -> PgPoolOptions {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS_MAX).acquire_timeout(CONNECTION_WAIT).test_before_acquire(false);
    pool.before_acquire(|connection, meta| {
        Box::pin(async move { if meta.idle_for > TRUSTED { connection.ping().await.map(|()| true) } else { Ok(true) } })
    })
}

/// Connections beside those of a pool, whose statements the server cuts after so long.
pub(super) fn beside(pool: &PgPool, statement_max: Duration) -> PgPool {
    let options = (*pool.connect_options()).clone().options([("statement_timeout", format!("{}ms", statement_max.as_millis()))]);
    pool_options().connect_lazy_with(options)
}

/// Begins the writer's transaction: read committed, so that every statement sees what was committed before the lock was got.
pub(super) async fn begin(pool: &PgPool) -> sqlx::Result<sqlx::Transaction<'static, Postgres>> {
    let mut tx = pool.begin().await?;
    sqlx::query(WRITER).execute(&mut *tx).await?;
    Ok(tx)
}

/// May what failed succeed later, though nobody changes anything?
pub(super) fn is_passing(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code == LOCKED || code.get(..2).is_some_and(|class| PASSING.contains(&class)))
}

/// Did the transaction lose against another one?
pub(super) fn is_conflict(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|e| e.code()).is_some_and(|code| CONFLICTS.contains(&&*code))
}
