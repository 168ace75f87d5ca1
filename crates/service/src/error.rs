//! What can go wrong in the service.

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too much waits already: try again later.
    #[error("the service is behind: {0}; try again in some seconds")]
    Full(&'static str),
    /// Somebody gave it up.
    #[error("it was cancelled")]
    Cancelled,
    /// It is being stopped, or could not commit.
    #[error("the service cannot write: {0}")]
    Unavailable(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] tenure_store::Error),
    /// The archive of events.
    #[error(transparent)]
    History(#[from] tenure_history::Error),
    /// A file could not be imported.
    #[error(transparent)]
    Import(#[from] tenure_import::Error),
    /// A snapshot cannot be written.
    #[error("{}: {error}", path.display())]
    Snapshot {
        /// Where.
        path: std::path::PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// No file can be made for accounts that are packed away.
    #[error("{}: no file can be made there for accounts that are packed away: {error}", path.display())]
    Pages {
        /// In which folder.
        path: std::path::PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A row of the journal cannot be read.
    #[error("the journal's row {position} cannot be read: {why}; restore a backup, or delete the row to lose its items")]
    Journal {
        /// Which.
        position: i64,
        /// Why.
        why: String,
    },
}
