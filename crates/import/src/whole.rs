//! The import of one file into a workspace where nothing else writes: all of its steps, one after the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tenure_history::{Archive, Resolver, Summary};
use tenure_model::Instant;
use tenure_store::{Import, ImportCounts, ImportKey, ImportStatus, Store};

use crate::{FUTURE_TOLERANCE, Phase, Progress, Read, Reading, Rejects, Result, Source, Stated, Transactions, read, rejects_path, state};

/// What became of a file.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What it held.
    pub read: Read,
    /// What of its statements was new.
    pub stated: Stated,
    /// What became of its events.
    pub events: Summary,
    /// Events of earlier imports whose account became another one by it.
    pub found: u64,
    /// What is written down of it.
    pub counts: ImportCounts,
    /// Its rejected rows, where there were any.
    pub rejects: Option<PathBuf>,
}

/// How an import ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The file was imported before, in the same way: it was not read again.
    Known(Box<Import>),
    /// It is in.
    Done(Box<Imported>),
}

impl Imported {
    /// What an import gave, from its steps.
    pub fn new(read: Read, stated: Stated, events: Summary, found: u64, conflicts: u64, rejects: Rejects) -> Result<Imported> {
        let counts = ImportCounts {
            rows: read.rows,
            accepted: stated.values.new + stated.memberships.new + stated.merges + events.added,
            duplicates: stated.values.known + stated.memberships.known + events.duplicates,
            rejected: rejects.count(),
            conflicts,
        };
        Ok(Imported { read, stated, found: found + events.found, events, counts, rejects: rejects.finish()? })
    }
}

/// Imports a file. One that was imported before, in the same way, is not read again unless `again` says so. Rejected rows go to `rejects`, or where
/// `rejects_path` says.
///
/// # Errors
/// Where file, database or archive fail: it is as if it had not begun, or doing it again finishes it.
pub async fn import(
    data: &Path,
    store: &Store,
    source: &Source,
    reading: &Reading,
    (again, rejects): (bool, Option<PathBuf>),
    now: fn() -> Instant,
    progress: &Arc<Progress>,
) -> Result<(ImportKey, Outcome)> {
    let key = reading.key(source.hash()?);
    if let Some(done @ Import { status: ImportStatus::Done, .. }) = store.import(&key).await?
        && !again
    {
        return Ok((key, Outcome::Known(Box::new(done))));
    }
    let mut write = store.write().await?;
    let id = write.begin_import(&key, source.name(), now()).await?;
    write.commit().await?;

    let mut archive = Archive::open(data)?;
    let mut rejects = Rejects::to(rejects.unwrap_or_else(|| rejects_path(data, &key, source.name())));
    let mut events = archive.import(&reading.source, now(), FUTURE_TOLERANCE)?;
    let read = read(source, reading, Some(&mut events), &mut rejects, progress).await?;
    progress.keep()?;
    let stated = if read.states() { state(source, reading, store, id, &Transactions::One, progress).await? } else { Stated::default() };
    let resolver = resolver(store).await?;
    let summary = if events.rows() > 0 {
        progress.begin(Phase::Settling, 0);
        events.finish(&resolver, &mut |done, total| progress.set(done as u64, total as u64))?
    } else {
        drop(events);
        Summary::default()
    };
    let found = if read.concerned.relates() { settle(&mut archive, &resolver)? } else { 0 };

    let imported = Imported::new(read, stated, summary, found, store.count_conflicts(id).await?, rejects)?;
    let mut write = store.write().await?;
    write.finish_import(id, imported.counts, now()).await?;
    write.commit().await?;
    Ok((key, Outcome::Done(Box::new(imported))))
}

/// Reads a file to its end and counts what it would give, without keeping anything of it but rejected rows, where `rejects` says.
///
/// # Errors
/// Where the file cannot be read.
pub async fn try_out(source: &Source, reading: &Reading, rejects: Option<PathBuf>, progress: &Arc<Progress>) -> Result<Imported> {
    let mut rejects = rejects.map_or_else(Rejects::counted, Rejects::to);
    let read = read(source, reading, None, &mut rejects, progress).await?;
    let would = |new| tenure_store::Added { new, known: 0 };
    let stated = Stated { values: would(read.values), memberships: would(read.memberships), merges: read.merges };
    let events = Summary { rows: read.events, added: read.events, ..Summary::default() };
    Imported::new(read, stated, events, 0, 0, rejects)
}

/// Decides anew whose the archive's events are, after memberships or merges have come in. Returns how many events that changed.
///
/// # Errors
/// The archive's.
pub fn settle(archive: &mut Archive, resolver: &Resolver) -> Result<u64> {
    let resolved = archive.resolve(resolver)?;
    Ok(resolved.found + resolved.lost + resolved.moved)
}

async fn resolver(store: &Store) -> Result<Resolver> {
    Ok(Resolver::new(&store.memberships().await?, &store.merge_list().await?))
}
