//! What can go wrong with a file. What single rows have wrong is no error: they are rejected.

use std::path::PathBuf;

use tenure_model::Diagnostic;

/// Why a file was not imported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was asked makes no sense.
    #[error("{cause}")]
    Asked {
        /// What is wrong.
        cause: String,
        /// What to do.
        help: String,
    },
    /// The mapping is wrong: everything that is.
    #[error("the mapping cannot be used: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Mapping(Vec<Diagnostic>),
    /// The file is larger than allowed.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// The file's content cannot be read.
    #[error(transparent)]
    Unreadable(#[from] tenure_ingest::Error),
    /// A file cannot be opened, read or written.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// `read` or `write`.
        doing: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// Operational data.
    #[error(transparent)]
    Store(#[from] tenure_store::Error),
    /// The archive of events.
    #[error(transparent)]
    History(#[from] tenure_history::Error),
    /// Somebody gave it up; nothing of it was kept.
    #[error("it was cancelled")]
    Cancelled,
    /// The process is to end: it is taken up again by the next one.
    #[error("it was interrupted")]
    Stopped,
}

/// An error with advice.
pub(crate) fn asked(cause: impl Into<String>, help: impl Into<String>) -> Error {
    Error::Asked { cause: cause.into(), help: help.into() }
}

/// Says which file could not be read or written.
pub(crate) fn io(doing: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |error| Error::Io { doing, path, error }
}
