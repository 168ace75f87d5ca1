//! Brings the tables forward to this version, each step in a transaction of its own.

use sqlx::Row as _;

use crate::dialect::{self, MIGRATIONS, Pool};
use crate::{Error, Result};

/// The newest format this version knows.
const KNOWN: i64 = MIGRATIONS.len() as i64;

/// Runs the steps that are missing.
pub(crate) async fn forward(pool: &Pool) -> Result<()> {
    sqlx::query("CREATE TABLE IF NOT EXISTS format (version BIGINT NOT NULL PRIMARY KEY)").execute(pool).await?;
    if version(&mut *pool.acquire().await?).await? == KNOWN {
        return Ok(());
    }
    let mut tx = dialect::begin(pool).await?; // another process may have been faster: look again under the lock
    let found = version(&mut tx).await?;
    if found > KNOWN {
        return Err(Error::Newer { found, known: KNOWN });
    }
    for (number, step) in (1i64..).zip(MIGRATIONS).skip(found as usize) {
        sqlx::raw_sql(*step).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO format (version) VALUES ($1)").bind(number).execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

async fn version(connection: &mut <dialect::Db as sqlx::Database>::Connection) -> Result<i64> {
    Ok(sqlx::query("SELECT COALESCE(MAX(version), 0) FROM format").fetch_one(connection).await?.try_get(0)?)
}
