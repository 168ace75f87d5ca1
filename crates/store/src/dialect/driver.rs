//! The driver: pool, transaction, row and query over either database. Here alone is asked which one it is.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;
use sqlx::query::Query as Bound;
use sqlx::{Decode, Encode, PgPool, Postgres, SqlSafeStr, SqlStr, Sqlite, Type};

use tenure_model::Instant;

use super::{Dialect, Value, postgres, sqlite};
use crate::{Database, Result};

/// Connections to one database.
#[derive(Clone, Debug)]
pub(crate) enum Pool {
    Sqlite(sqlite::Pools),
    Postgres(PgPool),
}

/// An open transaction; rolled back when dropped.
pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// A row of a result.
pub(crate) enum Row {
    Sqlite(sqlx::sqlite::SqliteRow),
    Postgres(sqlx::postgres::PgRow),
}

/// Where a query runs.
pub(crate) enum On<'c> {
    Pool(&'c Pool),
    Transaction(&'c mut Transaction),
}

impl<'c> From<&'c Pool> for On<'c> {
    fn from(pool: &'c Pool) -> On<'c> {
        On::Pool(pool)
    }
}

impl<'c> From<&'c mut Transaction> for On<'c> {
    fn from(tx: &'c mut Transaction) -> On<'c> {
        On::Transaction(tx)
    }
}

/// Opens a database, makes it where it is a file that is not there.
pub(crate) async fn open(database: &Database) -> Result<Pool> {
    Ok(match database {
        Database::Sqlite(path) => Pool::Sqlite(sqlite::open(path).await?),
        Database::Postgres(server) => Pool::Postgres(postgres::open(server.url()).await?),
    })
}

/// Opens a database that is there, to look at it: nothing is made.
pub(crate) async fn look(database: &Database) -> Result<Pool> {
    Ok(match database {
        Database::Sqlite(path) => Pool::Sqlite(sqlite::look(path, !database.can_be_written()).await?),
        Database::Postgres(server) => Pool::Postgres(postgres::open(server.url()).await?),
    })
}

/// May what failed succeed later, though nobody changes anything?
pub(crate) fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) if error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() => {
            postgres::is_passing(error.as_ref())
        }
        sqlx::Error::Database(error) => sqlite::is_passing(error.as_ref()),
        _ => false,
    }
}

impl Pool {
    /// The same database through connections of their own, whose statements are cut after so long, where the database is a server.
    pub(crate) fn beside(&self, statement_max: Duration) -> Pool {
        match self {
            Pool::Sqlite(pools) => Pool::Sqlite(pools.clone()),
            Pool::Postgres(pool) => Pool::Postgres(postgres::beside(pool, statement_max)),
        }
    }

    /// Begins a transaction that only reads, and reads everything as of its first statement.
    pub(crate) async fn begin_snapshot(&self) -> sqlx::Result<Transaction> {
        Ok(match self {
            Pool::Sqlite(pools) => Transaction::Sqlite(pools.readers.begin().await?),
            Pool::Postgres(pool) => Transaction::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?),
        })
    }

    /// Begins the transaction of the one writer: two of them wait for each other at their start instead of failing midway.
    pub(crate) async fn begin(&self) -> sqlx::Result<Transaction> {
        Ok(match self {
            Pool::Sqlite(pools) => Transaction::Sqlite(sqlite::begin(pools).await?),
            Pool::Postgres(pool) => Transaction::Postgres(postgres::begin(pool).await?),
        })
    }

    /// Begins a transaction beside the writer, where the database has such.
    pub(crate) async fn begin_beside(&self) -> sqlx::Result<Transaction> {
        Ok(match self {
            Pool::Sqlite(pools) => Transaction::Sqlite(sqlite::begin(pools).await?),
            Pool::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
        })
    }

    /// What this database says in its own words.
    pub(crate) fn dialect(&self) -> &'static Dialect {
        match self {
            Pool::Sqlite(_) => &sqlite::DIALECT,
            Pool::Postgres(_) => &postgres::DIALECT,
        }
    }

    /// Is it worth trying the whole transaction again?
    pub(crate) fn is_conflict(&self, error: &sqlx::Error) -> bool {
        match self {
            Pool::Sqlite(_) => false, // a writer has the lock from its start
            Pool::Postgres(_) => postgres::is_conflict(error),
        }
    }

    /// Closes all connections.
    pub(crate) async fn close(&self) {
        match self {
            Pool::Sqlite(pools) => pools.close().await,
            Pool::Postgres(pool) => pool.close().await,
        }
    }
}

impl Transaction {
    /// Makes it durable.
    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        match self {
            Transaction::Sqlite(tx) => tx.commit().await,
            Transaction::Postgres(tx) => tx.commit().await,
        }
    }

    /// Undoes it, now.
    pub(crate) async fn rollback(self) -> sqlx::Result<()> {
        match self {
            Transaction::Sqlite(tx) => tx.rollback().await,
            Transaction::Postgres(tx) => tx.rollback().await,
        }
    }

    /// Runs several statements without values.
    pub(crate) async fn script(&mut self, sql: impl SqlSafeStr) -> sqlx::Result<()> {
        match self {
            Transaction::Sqlite(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(drop),
            Transaction::Postgres(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(drop),
        }
    }

    /// `INSERT INTO table (columns) … ON CONFLICT conflict` for many rows; returns how many rows were written.
    pub(crate) async fn insert<const N: usize>(
        &mut self,
        table: &'static str,
        columns: [&'static str; N],
        conflict: &'static str,
        rows: &[[Value<'_>; N]],
    ) -> sqlx::Result<u64> {
        match self {
            Transaction::Sqlite(tx) => sqlite::insert(tx.as_mut(), table, &columns, conflict, rows).await,
            Transaction::Postgres(tx) => postgres::insert(tx.as_mut(), table, &columns, conflict, rows).await,
        }
    }

    /// As `insert`, of columns that are known only now; a row that is there already is an error.
    pub(crate) async fn insert_rows(&mut self, table: &str, columns: &[String], rows: &[Vec<Value<'_>>]) -> sqlx::Result<u64> {
        let quoted: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
        let columns: Vec<&str> = quoted.iter().map(String::as_str).collect();
        match self {
            Transaction::Sqlite(tx) => sqlite::insert(tx.as_mut(), table, &columns, "", rows).await,
            Transaction::Postgres(tx) => postgres::insert(tx.as_mut(), table, &columns, "", rows).await,
        }
    }

    /// What this database says in its own words.
    pub(crate) fn dialect(&self) -> &'static Dialect {
        match self {
            Transaction::Sqlite(_) => &sqlite::DIALECT,
            Transaction::Postgres(_) => &postgres::DIALECT,
        }
    }
}

/// Rows that are still to be read.
pub(crate) enum Rows<'t> {
    Sqlite(BoxStream<'t, sqlx::Result<sqlx::sqlite::SqliteRow>>),
    Postgres(BoxStream<'t, sqlx::Result<sqlx::postgres::PgRow>>),
}

impl Rows<'_> {
    /// The next one.
    pub(crate) async fn next(&mut self) -> sqlx::Result<Option<Row>> {
        Ok(match self {
            Rows::Sqlite(rows) => rows.try_next().await?.map(Row::Sqlite),
            Rows::Postgres(rows) => rows.try_next().await?.map(Row::Postgres),
        })
    }
}

/// A type that every database can give: `i64`, `f64`, `bool`, text and bytes, and their options.
pub(crate) trait Column<'r>: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres> {}
impl<'r, T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>> Column<'r> for T {}

impl Row {
    /// The value of a column, by its place.
    pub(crate) fn get<'r, T: Column<'r>>(&'r self, column: usize) -> sqlx::Result<T> {
        match self {
            Row::Sqlite(row) => sqlx::Row::try_get(row, column),
            Row::Postgres(row) => sqlx::Row::try_get(row, column),
        }
    }

    /// An instant.
    pub(crate) fn at(&self, column: usize) -> sqlx::Result<Instant> {
        self.get(column).map(Instant)
    }

    /// An instant that may be missing.
    pub(crate) fn maybe_at(&self, column: usize) -> sqlx::Result<Option<Instant>> {
        Ok(self.get::<Option<i64>>(column)?.map(Instant))
    }
}

/// A statement and its values.
pub(crate) struct Query<'v> {
    sql: SqlStr,
    values: Vec<Value<'v>>,
}

/// A statement whose values are still to be bound.
pub(crate) fn query<'v>(sql: impl SqlSafeStr) -> Query<'v> {
    Query { sql: sql.into_sql_str(), values: Vec::new() }
}

/// Runs a query on what it runs on: the one place where statements meet databases.
macro_rules! run {
    ($query:expr, $on:expr, $method:ident, $sqlite:expr, $postgres:expr) => {
        match $on.into() {
            On::Pool(Pool::Sqlite(pools)) => $query.bound().$method(&pools.readers).await.map($sqlite),
            On::Pool(Pool::Postgres(pool)) => $query.bound().$method(pool).await.map($postgres),
            On::Transaction(Transaction::Sqlite(tx)) => $query.bound().$method(&mut **tx).await.map($sqlite),
            On::Transaction(Transaction::Postgres(tx)) => $query.bound().$method(&mut **tx).await.map($postgres),
        }
    };
}

impl<'v> Query<'v> {
    /// The next placeholder's value.
    pub(crate) fn bind(mut self, value: impl Into<Value<'v>>) -> Query<'v> {
        self.values.push(value.into());
        self
    }

    /// All rows.
    pub(crate) async fn fetch_all<'c>(self, on: impl Into<On<'c>>) -> sqlx::Result<Vec<Row>> {
        run!(self, on, fetch_all, |rows| rows.into_iter().map(Row::Sqlite).collect(), |rows| rows.into_iter().map(Row::Postgres).collect())
    }

    /// The only row.
    pub(crate) async fn fetch_one<'c>(self, on: impl Into<On<'c>>) -> sqlx::Result<Row> {
        run!(self, on, fetch_one, Row::Sqlite, Row::Postgres)
    }

    /// The row, where there is one.
    pub(crate) async fn fetch_optional<'c>(self, on: impl Into<On<'c>>) -> sqlx::Result<Option<Row>> {
        run!(self, on, fetch_optional, |row| row.map(Row::Sqlite), |row| row.map(Row::Postgres))
    }

    /// The rows one after the other, however many there are.
    pub(crate) fn fetch<'t>(self, tx: &'t mut Transaction) -> Rows<'t>
    where
        'v: 't,
    {
        match tx {
            Transaction::Sqlite(tx) => Rows::Sqlite(self.bound().fetch(&mut **tx)),
            Transaction::Postgres(tx) => Rows::Postgres(self.bound().fetch(&mut **tx)),
        }
    }

    /// How many rows were changed.
    pub(crate) async fn execute<'c>(self, on: impl Into<On<'c>>) -> sqlx::Result<u64> {
        run!(self, on, execute, |done| done.rows_affected(), |done| done.rows_affected())
    }

    fn bound<DB: sqlx::Database>(self) -> Bound<'static, DB, DB::Arguments>
    where
        Option<i64>: Encode<'v, DB> + Type<DB>,
        Option<f64>: Encode<'v, DB> + Type<DB>,
        Option<bool>: Encode<'v, DB> + Type<DB>,
        Option<String>: Encode<'v, DB> + Type<DB>,
        Option<Vec<u8>>: Encode<'v, DB> + Type<DB>,
        for<'t> &'t str: Encode<'t, DB> + Type<DB>,
        for<'t> &'t [u8]: Encode<'t, DB> + Type<DB>,
    {
        self.values.into_iter().fold(sqlx::query(self.sql), |query, value| match value {
            Value::Int(value) => query.bind(value),
            Value::Float(value) => query.bind(value),
            Value::Bool(value) => query.bind(value),
            Value::Text(Some(text)) => query.bind(&*text),
            Value::Text(None) => query.bind(None::<String>),
            Value::Bytes(Some(bytes)) => query.bind(&*bytes),
            Value::Bytes(None) => query.bind(None::<Vec<u8>>),
        })
    }
}
