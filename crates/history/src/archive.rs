//! The archive as a whole: opening it, importing into it, resolving it again, its files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};

use tenure_model::Instant;

use crate::catalog::{Catalog, Month};
use crate::error::Error;
use crate::import::Import;
use crate::intern::Interner;
use crate::month::{Draft, Files, Outcome, Target};
use crate::resolution::concerned;
use crate::rows::Rows;
use tenure_ingest::Resolver;

/// The archive of events in a data folder.
///
/// One process writes at a time (`Error::Busy` for a second one); any number read. A reader sees the catalog of when it was opened; a write
/// removes the files it replaces, so a long-lived reader opens again where a file is gone.
pub struct Archive {
    pub(crate) data: PathBuf,
    pub(crate) catalog: Catalog,
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

/// What is new in a month.
#[derive(Default)]
pub(crate) struct Job {
    pub rows: Option<Rows>,
    pub spilled: Vec<PathBuf>,
}

impl Archive {
    /// Opens the archive in a data folder; it begins empty. Creates nothing until something is imported.
    pub fn open(data: &Path) -> Result<Archive, Error> {
        let catalog = Catalog::load(&catalog_path(data))?;
        Ok(Archive { data: data.to_owned(), catalog })
    }

    /// Which files there are.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The data folder, to which the paths in the catalog are relative.
    pub fn data(&self) -> &Path {
        &self.data
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
        let files = || self.catalog.events.values();
        Some((files().map(|f| f.min_time).min()?, files().map(|f| f.max_time).max()?))
    }

    /// Paths of all files of events, in order of time: for SQL.
    pub fn files(&self) -> Vec<PathBuf> {
        self.catalog.events.values().map(|f| self.data.join(&f.path)).collect()
    }

    /// Paths of all files of quarantined events, in order of time.
    pub fn quarantine_files(&self) -> Vec<PathBuf> {
        self.catalog.quarantine.values().map(|f| self.data.join(&f.path)).collect()
    }

    /// Begins the import of one file (rows without message ids are told apart by their ordinal among equal rows of one import).
    ///
    /// `source` is part of the duplicate key: a copy of the file under another source is other events.
    /// `now` becomes `received_at`; events later than `now` plus `tolerance` microseconds are counted as future.
    pub fn import<'a>(&'a mut self, source: &str, now: Instant, tolerance: i64) -> Result<Import<'a>, Error> {
        let lock = self.lock()?;
        Ok(Import::new(self, lock, source, now, tolerance))
    }

    /// Decides anew whose all events are, after memberships or merges have changed. Only months where something changes are rewritten.
    pub fn resolve(&mut self, resolver: &Resolver) -> Result<Resolved, Error> {
        let _lock = self.lock()?;
        let jobs = self.unresolved(resolver)?.into_iter().map(|(month, _)| (month, Job::default())).collect();
        let change = self.rewrite(jobs, &Arc::default(), resolver, (None, Instant::NEVER), &mut |_, _| {})?;
        Ok(Resolved { found: change.found, lost: change.lost, moved: change.moved })
    }

    /// The accounts whose events `resolve` would change: those that would get or lose some, and those in which a person would get another id.
    pub fn concerned(&self, resolver: &Resolver) -> Result<BTreeSet<String>, Error> {
        Ok(self.unresolved(resolver)?.into_iter().flat_map(|(_, accounts)| accounts).collect())
    }

    /// The months that resolving would change, with the accounts.
    fn unresolved(&self, resolver: &Resolver) -> Result<Vec<(Month, BTreeSet<String>)>, Error> {
        let months: BTreeSet<Month> = self.catalog.events.keys().chain(self.catalog.quarantine.keys()).copied().collect();
        let look = |month: &Month| Ok(concerned(&self.data, &self.month(*month), resolver)?.map(|accounts| (*month, accounts)));
        Ok(in_parallel(months, look, &mut |_, _| {})?.into_iter().flatten().collect())
    }

    /// Removes what crashes have left behind. Small files need no merging: a month is always one sorted file.
    pub fn compact(&mut self) -> Result<(), Error> {
        self.lock().map(drop)
    }

    /// Where an import puts rows aside.
    pub(crate) fn spill_folder(&self) -> PathBuf {
        self.data.join("events").join(".import")
    }

    pub(crate) fn month(&self, month: Month) -> Files {
        Files { events: self.catalog.events.get(&month).cloned(), quarantine: self.catalog.quarantine.get(&month).cloned() }
    }

    /// Becomes the only writer: takes the lock, reads the newest catalog and removes what crashes have left behind.
    pub(crate) fn lock(&mut self) -> Result<File, Error> {
        let folder = self.data.join("events");
        std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        let path = folder.join(".lock");
        let lock = File::create(&path).map_err(Error::io(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Busy(self.data.clone())),
            Err(TryLockError::Error(error)) => return Err(Error::io(&path)(error)),
        }
        self.catalog = Catalog::load(&catalog_path(&self.data))?;
        let _ = std::fs::remove_dir_all(self.spill_folder());
        self.sweep()?;
        Ok(lock)
    }

    /// Removes files of months that the catalog does not mention.
    fn sweep(&self) -> Result<(), Error> {
        self.orphans()?.iter().try_for_each(|file| std::fs::remove_file(file).map_err(Error::io(file)))
    }

    /// Files of months that the catalog does not mention: left behind by a crash, or being written.
    pub(crate) fn orphans(&self) -> Result<Vec<PathBuf>, Error> {
        let known: BTreeSet<PathBuf> = self.files().into_iter().chain(self.quarantine_files()).collect();
        let mut orphans = Vec::new();
        for folder in ["events", "quarantine"].map(|kind| self.data.join(kind)) {
            let Ok(months) = std::fs::read_dir(&folder) else { continue };
            for month in months.flatten().filter(|entry| entry.path().is_dir()) {
                let files = std::fs::read_dir(month.path()).map_err(Error::io(&month.path()))?;
                let is_ours = |file: &PathBuf| file.extension().is_some_and(|e| e == "parquet" || e == "tmp");
                orphans.extend(files.flatten().map(|entry| entry.path()).filter(|file| is_ours(file) && !known.contains(file)));
            }
        }
        Ok(orphans)
    }

    /// Rewrites months, swaps the catalog, removes the files that were replaced. `imported_at`: the arrival that new events were given.
    pub(crate) fn rewrite(
        &mut self,
        jobs: BTreeMap<Month, Job>,
        symbols: &Arc<Interner>,
        resolver: &Resolver,
        (imported_at, horizon): (Option<Instant>, Instant),
        progress: &mut (dyn FnMut(usize, usize) + Send),
    ) -> Result<Outcome, Error> {
        let next_file = self.catalog.next_file;
        let numbered: Vec<(u64, (Month, Mutex<Job>))> = (0..).zip(jobs.into_iter().map(|(month, job)| (month, Mutex::new(job)))).collect();
        let outcomes = in_parallel(
            numbered,
            |(i, (month, job))| {
                let job = std::mem::take(&mut *job.lock().unwrap_or_else(|e| e.into_inner()));
                let mut draft = Draft::load(&self.data, &self.month(*month), symbols)?;
                for path in &job.spilled {
                    draft.add_spilled(path)?;
                }
                if let Some(rows) = job.rows {
                    draft.add(rows);
                }
                let number = next_file + 2 * i;
                let target = Target { data: &self.data, month: *month, numbers: [number, number + 1], horizon };
                Ok((*month, draft.finish(resolver, &target)?))
            },
            progress,
        )?;
        self.swap(outcomes, imported_at)
    }

    fn swap(&mut self, outcomes: Vec<(Month, Outcome)>, imported_at: Option<Instant>) -> Result<Outcome, Error> {
        let mut total = Outcome::default();
        let mut catalog = self.catalog.clone();
        catalog.next_file += 2 * outcomes.len() as u64;
        let mut replaced = Vec::new();
        for (month, outcome) in outcomes {
            total.add(&outcome);
            let Some(files) = outcome.files else { continue };
            for (map, file) in [(&mut catalog.events, files.events), (&mut catalog.quarantine, files.quarantine)] {
                let old = match file {
                    Some(file) => map.insert(month, file),
                    None => map.remove(&month),
                };
                replaced.extend(old.map(|f| f.path));
            }
            total.files = Some(Files::default());
        }
        if total.files.is_none() {
            return Ok(total);
        }
        catalog.imported_at.extend(imported_at);
        catalog.next_position = catalog.next_position.max(total.last_position.map_or(0, |p| p + 1));
        catalog.save(&catalog_path(&self.data))?;
        self.catalog = catalog;
        for path in replaced {
            // A file that cannot be removed now is removed by the next writer.
            let _ = std::fs::remove_file(self.data.join(path));
        }
        Ok(total)
    }
}

pub(crate) fn catalog_path(data: &Path) -> PathBuf {
    data.join("events").join("catalog.json")
}

/// Does every job, on all cores; results in no particular order. `progress(done, total)` after each.
pub(crate) fn in_parallel<J: Send + Sync, T: Send>(
    jobs: impl IntoIterator<Item = J>,
    work: impl Fn(&J) -> Result<T, Error> + Sync,
    progress: &mut (dyn FnMut(usize, usize) + Send),
) -> Result<Vec<T>, Error> {
    let jobs: Vec<J> = jobs.into_iter().collect();
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get()).min(jobs.len());
    let next = std::sync::atomic::AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, next, jobs, work) = (sender.clone(), &next, &jobs, &work);
            scope.spawn(move || {
                while let Some(job) = jobs.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    if sender.send(work(job)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut results = Vec::with_capacity(jobs.len());
        for result in receiver {
            results.push(result?);
            progress(results.len(), jobs.len());
        }
        Ok(results)
    })
}
