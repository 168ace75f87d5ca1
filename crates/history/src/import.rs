//! The import of one file: batches in, one atomic change of the archive out.

use std::marker::PhantomData;

use datafusion::arrow::array::RecordBatch;
use tenure_model::Instant;

use crate::error::Error;

/// An import under way. Nothing has happened until `finish`; dropping it leaves no trace.
pub struct Import<'a> {
    _archive: PhantomData<&'a ()>,
}

/// What an import did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// Events read.
    pub rows: u64,
    /// New ones, including those in quarantine.
    pub added: u64,
    /// Already there.
    pub duplicates: u64,
    /// Of the new ones, those whose account is not known.
    pub quarantined: u64,
    /// Of the new ones, those that wait for their time.
    pub future: u64,
    /// Earliest and latest time of the new ones.
    pub span: Option<(Instant, Instant)>,
    /// Events of earlier imports that left quarantine, because the resolver knows more now.
    pub found: u64,
}

impl Import<'_> {
    /// Adds a batch with the columns of `tenure_ingest::batch::schema()`.
    pub fn append(&mut self, _batch: &RecordBatch) -> Result<(), Error> {
        todo!()
    }

    /// Events appended so far.
    pub fn rows(&self) -> u64 {
        todo!()
    }

    /// Makes it happen: months are merged (`progress(done, total)` after each), then the catalog is swapped.
    pub fn finish(self, _progress: &mut (dyn FnMut(usize, usize) + Send)) -> Result<Summary, Error> {
        todo!()
    }
}
