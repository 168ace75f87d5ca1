//! Brings the tables forward to this version, each step in a transaction of its own.
//!
//! A step is one text for every database, with `{int}`, `{text}`, `{bytes}`, `{float}` and `{bool}` for column types, `{rows}` and `{clustered}` after
//! a table. Steps are never edited, only added to; format n is after the first n of them.

use sqlx::AssertSqlSafe;

use crate::dialect::{On, Pool, Transaction, query};
use crate::{Error, Result};

/// The steps from an empty database to the newest tables, in order.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_tables.sql"),
    include_str!("migrations/0002_live.sql"),
    include_str!("migrations/0003_api.sql"),
    include_str!("migrations/0004_imports.sql"),
    include_str!("migrations/0005_unsettled.sql"),
    include_str!("migrations/0006_reasons.sql"),
];

/// The newest format this version knows.
pub(crate) const KNOWN: i64 = MIGRATIONS.len() as i64;

/// The table that says which steps were done.
const FORMAT: &str = "CREATE TABLE IF NOT EXISTS format (version BIGINT NOT NULL PRIMARY KEY)";

/// Runs the steps that are missing.
pub(crate) async fn forward(pool: &Pool) -> Result<()> {
    let tables: i64 = query(pool.dialect().count_tables).bind("format").fetch_one(pool).await?.get(0)?;
    if tables > 0 && version(pool).await? == KNOWN {
        return Ok(());
    }
    let mut tx = pool.begin().await?; // another process may have been faster: look again under the lock
    tx.script(FORMAT).await?;
    let found = version(&mut tx).await?;
    if found > KNOWN {
        return Err(Error::Newer { found, known: KNOWN });
    }
    steps(&mut tx, found, KNOWN).await?;
    Ok(tx.commit().await?)
}

/// Makes the tables of a format in an empty database.
pub(crate) async fn make(tx: &mut Transaction, format: i64) -> Result<()> {
    tx.script(FORMAT).await?;
    steps(tx, 0, format).await
}

/// The steps from one format to another.
async fn steps(tx: &mut Transaction, from: i64, to: i64) -> Result<()> {
    for (number, step) in (1i64..=to).zip(MIGRATIONS).skip(from as usize) {
        tx.script(AssertSqlSafe(tx.dialect().fill(step))).await?;
        query("INSERT INTO format (version) VALUES ($1)").bind(number).execute(&mut *tx).await?;
    }
    Ok(())
}

/// The names of all tables that the steps make, also of those that a later one drops, in their order: a table comes after those that it refers to.
pub(crate) fn tables() -> impl Iterator<Item = &'static str> {
    let made = MIGRATIONS.iter().flat_map(|step| step.lines()).filter_map(|line| line.strip_prefix("CREATE TABLE "));
    std::iter::once("format").chain(made.filter_map(|rest| rest.split_whitespace().next()))
}

/// The format found; 0 before the first step.
pub(crate) async fn version<'c>(on: impl Into<On<'c>>) -> Result<i64> {
    Ok(query("SELECT COALESCE(MAX(version), 0) FROM format").fetch_one(on).await?.get(0)?)
}
