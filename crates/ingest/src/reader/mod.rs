//! The readers: one per format, each an iterator of chunks of inputs.

use std::io::{BufRead, Read};

use datafusion::parquet::file::reader::ChunkReader;

use crate::{Inputs, Lookups, Mapping};

/// Why a file cannot be read any further. What single rows have wrong is in `Inputs::rejects` instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file's columns do not fit the mapping.
    #[error("{0}")]
    Columns(String),
    /// Reading failed.
    #[error("cannot read: {0}")]
    Read(#[from] std::io::Error),
    /// Not a Parquet file, or a broken one.
    #[error("cannot read Parquet: {0}")]
    Parquet(#[from] datafusion::parquet::errors::ParquetError),
    /// Arrow could not convert a column.
    #[error("cannot convert: {0}")]
    Arrow(#[from] datafusion::arrow::error::ArrowError),
}

/// The chunks of a file's inputs.
pub type Chunks<'a> = Box<dyn Iterator<Item = Result<Inputs, Error>> + Send + 'a>;

/// Reads CSV with a header line.
pub fn csv<'a, R: Read + Send + 'a>(_reader: R, _mapping: &'a Mapping, _lookups: &'a Lookups) -> Result<Chunks<'a>, Error> {
    todo!()
}

/// Reads one JSON object per line. Segment's objects (`type: track | identify | group | page | screen | alias`) are understood in any file,
/// whatever the mapping's kind; other objects through the mapping.
pub fn ndjson<'a, R: BufRead + Send + 'a>(_reader: R, _mapping: &'a Mapping, _lookups: &'a Lookups) -> Result<Chunks<'a>, Error> {
    todo!()
}

/// Reads Parquet from a file or bytes.
pub fn parquet<'a, R: ChunkReader + 'static>(_reader: R, _mapping: &'a Mapping, _lookups: &'a Lookups) -> Result<Chunks<'a>, Error> {
    todo!()
}
