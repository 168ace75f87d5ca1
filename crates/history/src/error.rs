//! What can go wrong with the archive.

use std::path::{Path, PathBuf};

/// Why the archive could not do it. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("{path}: {error}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
    /// Another process is writing to this archive.
    #[error("another process is writing to {0}")]
    Busy(PathBuf),
    /// The catalog is not one, or of a later version.
    #[error("{path}: not a catalog this version can read: {error}")]
    Catalog {
        /// Where.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// A Parquet file is broken.
    #[error("{path}: {error}")]
    Parquet {
        /// Where.
        path: PathBuf,
        /// Why.
        error: datafusion::parquet::errors::ParquetError,
    },
    /// An export could not be written.
    #[error("cannot write: {0}")]
    Export(#[source] std::io::Error),
    /// Arrow refused a column.
    #[error("{0}")]
    Arrow(#[from] datafusion::arrow::error::ArrowError),
    /// A batch does not have the columns of `tenure_ingest::batch`.
    #[error("not an event batch: {0}")]
    Batch(String),
}

impl Error {
    /// For `map_err`: an error of the file system at a path.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_owned();
        move |error| Error::Io { path, error }
    }

    /// For `map_err`: an error of Parquet at a path.
    pub(crate) fn parquet(path: &Path) -> impl FnOnce(datafusion::parquet::errors::ParquetError) -> Error {
        let path = path.to_owned();
        move |error| Error::Parquet { path, error }
    }
}
