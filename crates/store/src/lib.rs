//! Operational data of one workspace: what was said of accounts, what teammates decided, what was sent; the only crate that knows SQL.
//!
//! `Store` reads; `Write` is one transaction that writes. Each noun has its file; what differs between databases lies in `dialect`.

pub mod alerts;
mod api_keys;
mod audit;
mod counters;
mod database;
mod decisions;
mod dialect;
mod error;
mod evaluated;
mod hash;
mod id;
mod imports;
mod inputs;
mod journal;
mod leases;
mod logins;
mod look;
mod marks;
mod memberships;
mod merges;
mod migrate;
mod notes;
mod outbox;
mod outcomes;
mod page;
mod people;
mod quarantine;
mod restore;
mod retention;
mod revisions;
mod rule_history;
mod sessions;
mod setup_tokens;
mod snapshot;
mod sources;
mod teammates;
mod transactions;
mod unsettled;
mod versions;
mod views;
mod word;
mod workspace;

pub use alerts::{Alert, AlertFilter, AlertState, Closing, RuleCount};
pub use api_keys::ApiKey;
pub use audit::{AuditEntry, AuditFilter};
pub use database::{Database, Server};
pub use decisions::Decided;
pub use error::Error;
pub use evaluated::Evaluated;
pub use hash::Hash;
pub use id::{ApiKeyId, AuditId, MessageId, NoteId, QuarantineId, SourceId, TeammateId, ViewId};
pub use imports::{Import, ImportCounts, ImportKey, ImportStatus};
pub use inputs::{AccountInputs, InputPage, InputPages, PAGE_ROWS};
pub use journal::{JournalDepth, JournalRow, NewRow};
pub use leases::Lease;
pub use logins::LoginFailures;
pub use look::{Format, newest_format};
pub use marks::Mark;
pub use merges::Merges;
pub use notes::Note;
pub use outbox::{Message, MessageState, NewMessage};
pub use outcomes::{NewOutcome, Outcome, Replaced, Restatement};
pub use page::{Page, ROWS_MAX};
pub use people::PersonInputs;
pub use quarantine::{QuarantineStatus, Quarantined};
pub use restore::Restore;
pub use retention::Kept;
pub use revisions::AppliedModel;
pub use rule_history::RuleHistory;
pub use sessions::Session;
pub use setup_tokens::SetupToken;
pub use snapshot::{Snapshot, Table};
pub use sources::Source;
pub use teammates::{Role, Teammate};
pub use transactions::{Attempts, Moment, TransactionCounts};
pub use versions::Added;
pub use views::SavedView;
pub use workspace::Workspace;

use std::time::Duration;

use dialect::{Pool, Transaction};

/// What store functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An open database: its functions read, each in a snapshot of its own.
#[derive(Clone, Debug)]
pub struct Store {
    pool: Pool,
    counts: transactions::Counts,
    watcher: transactions::Watcher,
}

impl Store {
    /// Opens the database, makes it where it is a file that is not there, and brings its tables up to this version.
    ///
    /// # Errors
    /// `Error::Newer` where a newer Tenure has written it; `Error::Database` where it cannot be read.
    pub async fn open(database: &Database) -> Result<Store> {
        let store = Store { pool: dialect::open(database).await?, counts: Default::default(), watcher: Default::default() };
        migrate::forward(&store.pool).await?;
        Ok(store)
    }

    /// The same database for callers from outside: where it is a server, through connections of their own, so that they never take those of the
    /// engine, and their statements are cut after so long.
    pub fn for_callers(&self, statement_max: Duration) -> Store {
        Store { pool: self.pool.beside(statement_max), counts: self.counts.clone(), watcher: self.watcher.clone() }
    }

    /// Begins the transaction of the one writer: others that want to write wait, so what it reads stays true until it commits.
    /// What it wrote is gone unless it is committed.
    pub async fn write(&self) -> Result<Write> {
        Ok(Write { tx: self.pool.begin().await? })
    }

    /// Begins a transaction beside the writer; see `transact_beside!`, which also deals with conflicts.
    pub async fn write_beside(&self) -> Result<Write> {
        Ok(Write { tx: self.pool.begin_beside().await? })
    }

    /// Finishes what is open and closes the connections.
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
