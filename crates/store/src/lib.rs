//! Operational data of one workspace: what was said of accounts, what teammates decided, what was sent; the only crate that knows SQL.
//!
//! `Store` reads; `Write` is one transaction that writes. Each noun has its file; what differs between databases lies in `dialect`.

mod alerts;
mod bulk;
mod counters;
mod decisions;
mod dialect;
mod error;
mod evaluated;
mod imports;
mod inputs;
mod memberships;
mod merges;
mod migrate;
mod people;
mod revisions;
mod versions;
mod workspace;

use std::path::Path;

pub use alerts::{Alert, AlertState, Closing};
pub use decisions::Decided;
pub use error::Error;
pub use evaluated::Evaluated;
pub use imports::{Import, ImportCounts, ImportKey, ImportStatus};
pub use inputs::{AccountInputs, InputPages};
pub use merges::Merges;
pub use people::PersonInputs;
pub use revisions::AppliedModel;
pub use versions::Added;
pub use workspace::Workspace;

use dialect::{Pool, Transaction};

/// What store functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An open database: its functions read, each in a snapshot of its own.
#[derive(Clone, Debug)]
pub struct Store {
    pool: Pool,
}

impl Store {
    /// Opens the database file, makes it where there is none, and brings its tables up to this version.
    ///
    /// # Errors
    /// `Error::Newer` where a newer Tenure has written it; `Error::Database` where it cannot be read.
    pub async fn open(path: &Path) -> Result<Store> {
        let store = Store { pool: dialect::open(path).await? };
        migrate::forward(&store.pool).await?;
        Ok(store)
    }

    /// Begins a transaction. What it wrote is gone unless it is committed.
    pub async fn write(&self) -> Result<Write> {
        Ok(Write { tx: dialect::begin(&self.pool).await? })
    }

    /// Finishes what is open and closes the file.
    pub async fn close(self) {
        self.pool.close().await;
    }
}

/// A transaction that writes. Dropped without `commit`, it leaves nothing behind.
pub struct Write {
    tx: Transaction,
}

impl Write {
    /// Makes everything written durable, at once.
    pub async fn commit(self) -> Result<()> {
        Ok(self.tx.commit().await?)
    }
}
