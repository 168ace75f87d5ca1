//! What can go wrong with tables: what was asked makes no sense, or a file cannot be read or written.

use std::error::Error as StdError;

/// Why a table could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The question makes no sense.
    #[error("{cause}")]
    Asked {
        /// What is wrong.
        cause: String,
        /// What to do.
        help: String,
    },
    /// Something failed on the way.
    #[error("{doing}")]
    While {
        /// What was being done, such as `cannot read a.parquet`.
        doing: String,
        /// Why it failed.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A file has not the shape it should have.
    #[error("{0}")]
    Shape(String),
    /// Operational data could not be read.
    #[error(transparent)]
    Store(#[from] tenure_store::Error),
    /// The archive could not be read.
    #[error(transparent)]
    History(#[from] tenure_history::Error),
    /// Arrow.
    #[error(transparent)]
    Arrow(#[from] datafusion::arrow::error::ArrowError),
    /// Parquet.
    #[error(transparent)]
    Parquet(#[from] datafusion::parquet::errors::ParquetError),
    /// A query failed.
    #[error(transparent)]
    Query(#[from] datafusion::error::DataFusionError),
    /// JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A file.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// An error with advice.
pub(crate) fn asked(cause: impl Into<String>, help: impl Into<String>) -> Error {
    Error::Asked { cause: cause.into(), help: help.into() }
}

/// Says what was being done where something failed.
pub(crate) trait Doing<T> {
    fn doing(self, doing: impl FnOnce() -> String) -> crate::Result<T>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> Doing<T> for Result<T, E> {
    fn doing(self, doing: impl FnOnce() -> String) -> crate::Result<T> {
        self.map_err(|source| Error::While { doing: doing(), source: source.into() })
    }
}

impl From<Error> for tenure_replay::Error {
    fn from(error: Error) -> tenure_replay::Error {
        tenure_replay::Error::Visitor(error.into())
    }
}
