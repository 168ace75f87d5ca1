//! The import of one file: batches in, one atomic change of the archive out.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use tenure_ingest::Resolver;
use tenure_model::Instant;

use crate::archive::{Archive, Job};
use crate::catalog::Month;
use crate::error::Error;
use crate::incoming::Incoming;
use crate::spill;

/// When new rows take more memory than this, they are put aside in files.
const MEMORY_BYTES_MAX: usize = 512 << 20;

/// An import under way. Nothing has happened until `finish`; dropping it leaves no trace.
pub struct Import<'a> {
    archive: &'a mut Archive,
    /// Held locked while the import lives.
    _lock: File,
    now: Instant,
    horizon: Instant,
    incoming: Incoming,
    spilled: BTreeMap<Month, Vec<PathBuf>>,
    rows: u64,
    memory_max: usize,
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

impl<'a> Import<'a> {
    pub(crate) fn new(archive: &'a mut Archive, lock: File, source: &str, now: Instant, tolerance: i64) -> Import<'a> {
        Import {
            archive,
            _lock: lock,
            now,
            horizon: now.plus(tolerance),
            incoming: Incoming::new(source, now),
            spilled: BTreeMap::new(),
            rows: 0,
            memory_max: MEMORY_BYTES_MAX,
        }
    }

    /// Puts new rows aside in files beyond this much memory (default 512 MiB).
    pub fn memory_max(mut self, bytes: usize) -> Import<'a> {
        self.memory_max = bytes;
        self
    }

    /// Adds a batch with the columns of `tenure_ingest::batch::schema()`, or of `exported_schema()`: then each event says itself where it came from.
    pub fn append(&mut self, events: &RecordBatch) -> Result<(), Error> {
        let first_position = self.archive.catalog().next_position + self.rows as i64;
        self.incoming.append(events, first_position)?;
        self.rows += events.num_rows() as u64;
        if self.incoming.memory() > self.memory_max { self.spill() } else { Ok(()) }
    }

    /// Puts the new rows aside in files.
    fn spill(&mut self) -> Result<(), Error> {
        let folder = self.archive.spill_folder();
        std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        for (month, rows) in self.incoming.take() {
            let files = self.spilled.entry(month).or_default();
            let path = folder.join(format!("{month}-{}.arrow", files.len()));
            spill::write(&path, &rows)?;
            files.push(path);
        }
        Ok(())
    }

    /// Events appended so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Makes it happen: months are merged (`progress(done, total)` after each), each event with the account that `resolver` knows of, then the catalog
    /// is swapped.
    pub fn finish(mut self, resolver: &Resolver, progress: &mut (dyn FnMut(usize, usize) + Send)) -> Result<Summary, Error> {
        let mut jobs: BTreeMap<Month, Job> = BTreeMap::new();
        for (month, paths) in std::mem::take(&mut self.spilled) {
            jobs.entry(month).or_default().spilled = paths;
        }
        for (month, rows) in self.incoming.take() {
            jobs.entry(month).or_default().rows = Some(rows);
        }
        let symbols = Arc::new(std::mem::take(&mut self.incoming.symbols));
        let now = Some(self.now).filter(|_| self.incoming.is_stamped);
        let change = self.archive.rewrite(jobs, &symbols, resolver, (now, self.horizon), progress)?;
        Ok(Summary {
            rows: self.rows,
            added: change.added,
            duplicates: self.rows - change.added,
            quarantined: change.quarantined,
            future: change.future,
            span: change.span,
            found: change.found,
        })
    }
}

impl Drop for Import<'_> {
    fn drop(&mut self) {
        // What stays behind is removed by the next writer.
        let _ = std::fs::remove_dir_all(self.archive.spill_folder());
    }
}
