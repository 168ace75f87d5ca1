//! What can go wrong in the store.

use crate::dialect::is_passing;

/// A failure of the store, with what to do about it where the caller can do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused or could not be reached.
    #[error("{}", plain(.0))]
    Database(#[from] sqlx::Error),
    /// The tables were written by a newer version.
    #[error("the database has format {found}, this version of tenure reads up to {known}: use a newer tenure")]
    Newer {
        /// The format found.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// The tables are of an older version, and cannot be written.
    #[error(
        "the database has format {found}, this version of tenure needs {known}, and it cannot be written: run any command where it can, such as tenure status"
    )]
    Older {
        /// The format found.
        found: i64,
        /// The one needed.
        known: i64,
    },
    /// A setting cannot be used.
    #[error("{setting}: {why}")]
    Setting {
        /// Which one.
        setting: String,
        /// What is wrong, and what to write instead.
        why: String,
    },
    /// Text that is no id of this kind.
    #[error("{found:?} is no id here: one begins with {prefix}, then letters, digits, - or _")]
    Id {
        /// What it must begin with.
        prefix: &'static str,
        /// The text.
        found: String,
    },
    /// Another process has taken over.
    #[error("the lease {name} was taken over by another process (fence {fence} is no longer the newest): nothing was written")]
    Fenced {
        /// The lease.
        name: String,
        /// The fence that was ours.
        fence: i64,
    },
    /// What must be the only one is there already.
    #[error("there is already a {what} {name:?}")]
    Taken {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A row does not hold what this version wrote.
    #[error("{table}: a row cannot be read ({why})")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What is wrong.
        why: String,
    },
    /// A merge that contradicts another one.
    #[error("{from} cannot be merged into {into}: {why}")]
    Merge {
        /// The id that should go.
        from: String,
        /// The id that should stay.
        into: String,
        /// The contradiction.
        why: String,
    },
    /// There is no such row.
    #[error("there is no {what} {name:?}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        name: String,
    },
}

impl Error {
    /// May it succeed later, though nobody changes anything here: is the disk full, the database busy, restarted or out of reach?
    pub fn is_passing(&self) -> bool {
        matches!(self, Error::Database(error) if is_passing(error))
    }
}

/// One line without the database library's own prefixes.
fn plain(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(e) if e.message().contains("locked") || e.code().as_deref() == Some("55P03") => {
            "the database is in use by another process".to_owned()
        }
        sqlx::Error::PoolTimedOut => "the database is busy: no connection became free in time".to_owned(),
        sqlx::Error::Database(e) => e.message().to_owned(),
        other => other.to_string(),
    }
}
