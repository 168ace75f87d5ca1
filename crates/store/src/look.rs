//! Looking at a database as it is: nothing is made or brought forward, and a file may lie where nothing can be written.

use tenure_model::Instant;

use crate::dialect::{look, query};
use crate::migrate::{self, KNOWN};
use crate::{Database, Error, Result, Store};

/// The tables of a database, and what this version expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// What was found; 0: there are no tables of Tenure.
    pub found: i64,
    /// The newest that this version knows, to which a command that writes brings it.
    pub known: i64,
}

/// The newest format that this version knows.
pub const fn newest_format() -> i64 {
    KNOWN
}

impl Store {
    /// Opens a database that is there, to look at it, whatever its format.
    pub async fn look(database: &Database) -> Result<Store> {
        Ok(Store { pool: look(database).await?, counts: Default::default(), watcher: Default::default() })
    }

    /// Opens a database to read it: brought to this version where it can be written; where it cannot (a read-only file system), as it is.
    ///
    /// # Errors
    /// `Error::Older` where it would have to be brought to this version and cannot be.
    pub async fn open_to_read(database: &Database) -> Result<Store> {
        if database.can_be_written() {
            return Store::open(database).await;
        }
        let store = Store::look(database).await?;
        let format = store.format().await?;
        match format.found {
            found if found > KNOWN => Err(Error::Newer { found, known: KNOWN }),
            found if found < KNOWN => Err(Error::Older { found, known: KNOWN }),
            _ => Ok(store),
        }
    }

    /// The format of the tables.
    pub async fn format(&self) -> Result<Format> {
        let tables: i64 = query(self.pool.dialect().count_tables).bind("format").fetch_one(&self.pool).await?.get(0)?;
        let found = if tables == 0 { 0 } else { migrate::version(&self.pool).await? };
        Ok(Format { found, known: KNOWN })
    }

    /// What time it is for a database on a server; None for a file, whose clock is ours.
    pub async fn clock(&self) -> Result<Option<Instant>> {
        let Some(sql) = self.pool.dialect().clock else { return Ok(None) };
        Ok(Some(query(sql).fetch_one(&self.pool).await?.at(0)?))
    }

    /// Reads every page of the database and says what is wrong with it, where the database can check itself.
    pub async fn check(&self) -> Result<Vec<String>> {
        let Some(sql) = self.pool.dialect().check else { return Ok(Vec::new()) };
        let said: Vec<String> = query(sql).fetch_all(&self.pool).await?.iter().map(|row| row.get(0)).collect::<sqlx::Result<_>>()?;
        Ok(said.into_iter().filter(|line| line != "ok").collect())
    }
}
