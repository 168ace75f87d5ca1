//! The archive as a whole: opening it, importing into it, resolving it again, its files.

use std::path::{Path, PathBuf};

use tenure_model::Instant;

use crate::catalog::Catalog;
use crate::error::Error;
use crate::event::Event;
use crate::import::Import;
use crate::partition::Partition;
use crate::resolver::Resolver;

/// The archive of events in a data folder.
///
/// One process writes at a time (`Error::Busy` for a second one); any number read. A reader that was opened before a write keeps seeing the files
/// of its catalog, as long as it has them open; open again to see what is new.
pub struct Archive {
    _data: PathBuf,
    catalog: Catalog,
}

/// What resolving again has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Resolved {
    /// Events that left quarantine for an account.
    pub found: u64,
    /// Events that were of an account and are now of none or several: in quarantine.
    pub lost: u64,
    /// Events that moved from one account to another.
    pub moved: u64,
}

impl Archive {
    /// Opens the archive in a data folder; it begins empty. Creates nothing until something is imported.
    pub fn open(_data: &Path) -> Result<Archive, Error> {
        todo!()
    }

    /// Which files there are.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// How many events are in the archive, without quarantine.
    pub fn rows(&self) -> u64 {
        self.catalog.events.values().map(|f| f.rows).sum()
    }

    /// How many events wait in quarantine.
    pub fn quarantined(&self) -> u64 {
        self.catalog.quarantine.values().map(|f| f.rows).sum()
    }

    /// The earliest and the latest event time; None without events.
    pub fn span(&self) -> Option<(Instant, Instant)> {
        todo!()
    }

    /// Paths of all files of events, in order of time: for SQL.
    pub fn files(&self) -> Vec<PathBuf> {
        todo!()
    }

    /// Paths of all files of quarantined events, in order of time.
    pub fn quarantine_files(&self) -> Vec<PathBuf> {
        todo!()
    }

    /// Begins the import of one file (rows without message ids are told apart by their ordinal among equal rows of one import).
    ///
    /// `source` is part of the duplicate key: a copy of the file under another source is other events.
    /// `now` becomes `received_at`; events later than `now` plus `tolerance` microseconds are counted as future.
    pub fn import(&mut self, _source: &str, _resolver: &Resolver, _now: Instant, _tolerance: i64) -> Result<Import<'_>, Error> {
        todo!()
    }

    /// Decides anew whose all events are, after memberships or merges have changed. Only months where something changes are rewritten.
    pub fn resolve(&mut self, _resolver: &Resolver) -> Result<Resolved, Error> {
        todo!()
    }

    /// Removes files that no catalog mentions (left by crashes). True to its name it also merges small files, of which there are none today:
    /// a month is always one file.
    pub fn compact(&mut self) -> Result<(), Error> {
        todo!()
    }

    /// At most `n` disjoint ranges of account ids that together are the archive, balanced by events. For scans: a thread each.
    pub fn partitions(&self, _n: usize) -> Vec<Partition> {
        todo!()
    }

    /// All events of an account up to `until` (inclusive), by (time, content).
    pub fn account(&self, _id: &str, _until: Option<Instant>) -> Result<Vec<Event>, Error> {
        todo!()
    }
}
