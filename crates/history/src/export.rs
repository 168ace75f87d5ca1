//! Giving everything back: all events as NDJSON, CSV or Parquet.

use std::io::Write;

use crate::archive::Archive;
use crate::error::Error;

/// What an export is written as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// One JSON object per line. `tenure import events` reads it again.
    Ndjson,
    /// With a header line.
    Csv,
    /// One file with the archive's columns.
    Parquet,
}

impl Archive {
    /// Writes all events, then those in quarantine, in order of month and account. Returns how many.
    pub fn export<W: Write + Send>(&self, _out: W, _format: Format) -> Result<u64, Error> {
        todo!()
    }
}
