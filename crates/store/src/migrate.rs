//! Brings the tables forward to this version, each step in a transaction of its own.
//!
//! A step is one text for every database, with `{int}`, `{text}`, `{bytes}`, `{float}` and `{bool}` for column types, `{rows}` and `{clustered}` after
//! a table. Steps are never edited, only added to; format n is after the first n of them.

use sqlx::AssertSqlSafe;

use crate::dialect::{On, Pool, query};
use crate::{Error, Result};

/// The steps from an empty database to the newest tables, in order.
const MIGRATIONS: &[&str] =
    &[include_str!("migrations/0001_tables.sql"), include_str!("migrations/0002_live.sql"), include_str!("migrations/0003_api.sql")];

/// The newest format this version knows.
const KNOWN: i64 = MIGRATIONS.len() as i64;

/// Runs the steps that are missing.
pub(crate) async fn forward(pool: &Pool) -> Result<()> {
    let tables: i64 = query(pool.dialect().count_tables).bind("format").fetch_one(pool).await?.get(0)?;
    if tables > 0 && version(pool).await? == KNOWN {
        return Ok(());
    }
    let mut tx = pool.begin().await?; // another process may have been faster: look again under the lock
    tx.script("CREATE TABLE IF NOT EXISTS format (version BIGINT NOT NULL PRIMARY KEY)").await?;
    let found = version(&mut tx).await?;
    if found > KNOWN {
        return Err(Error::Newer { found, known: KNOWN });
    }
    for (number, step) in (1i64..).zip(MIGRATIONS).skip(found as usize) {
        tx.script(AssertSqlSafe(pool.dialect().fill(step))).await?;
        query("INSERT INTO format (version) VALUES ($1)").bind(number).execute(&mut tx).await?;
    }
    Ok(tx.commit().await?)
}

/// The format found; 0 before the first step.
async fn version<'c>(on: impl Into<On<'c>>) -> Result<i64> {
    Ok(query("SELECT COALESCE(MAX(version), 0) FROM format").fetch_one(on).await?.get(0)?)
}
