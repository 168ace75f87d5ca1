//! Importing files: each is read once, in the background, and becomes visible in one step.
//!
//! The steps, and why stopping between any two of them is harmless: (1) the import is written down as running; (2) what it says of accounts,
//! people and subscriptions is committed; (3) its events are swapped in; (4) events whose account is known now leave quarantine; (5) it is written
//! down as done. Doing it again adds nothing twice: statements are their own keys, events have theirs.

mod file;
mod rejects;
mod report;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use tenure_history::{Archive, Resolver, Summary};
use tenure_ingest::{Inputs, Lookups, Mapping};
use tenure_model::Instant;
use tenure_model::time::HOUR;
use tenure_store::{Added, Import, ImportCounts, ImportKey, ImportStatus, Store, Write};

pub use file::{Format, bytes, hash_texts};
pub use report::Report;

use crate::clock::{self, Stopwatch};
use crate::folder::Folder;
use file::Source;
use rejects::Rejects;

/// Events later than now by more than this wait for their time.
const FUTURE_TOLERANCE: i64 = HOUR;
/// Chunks that are read ahead of what is written.
const CHUNKS_AHEAD: usize = 4;

/// How files are to be read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Which column is what.
    pub mapping: Arc<Mapping>,
    /// What the mapping looks things up in.
    pub lookups: Arc<Lookups>,
    /// Hash of the mapping and its lookups; empty for the default mapping.
    pub mapping_hash: String,
    /// Part of every event's duplicate key.
    pub source: String,
    /// The date of statements without one.
    pub dated: Option<Instant>,
    /// What the file is; None: what its name says.
    pub format: Option<Format>,
    /// Where rejected rows go; None: into the data folder.
    pub rejects: Option<PathBuf>,
    /// Read a file again that was imported before.
    pub again: bool,
}

/// What a file said.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Rows of the file.
    pub rows: u64,
    /// Rows that the mapping left out.
    pub skipped: u64,
    /// Values of fields.
    pub values: Added,
    /// Memberships.
    pub memberships: Added,
    /// Merges that were new.
    pub merges: u64,
    /// Events.
    pub events: Summary,
}

impl Said {
    fn count(&mut self, chunk: &Inputs) {
        self.rows += chunk.rows;
        self.skipped += chunk.skipped;
    }
}

/// Is it a file that can be imported, as far as its name and place say?
pub fn check(reading: &Reading, path: &Path) -> Result<()> {
    Source::open(path, reading.format).map(|_| ())
}

/// Imports a file. A file that was imported before, in the same way, is not read again.
pub async fn import(folder: &Folder, store: &Store, reading: &Reading, path: &Path) -> Result<Report> {
    let watch = Stopwatch::start();
    let source = Source::open(path, reading.format)?;
    let key = ImportKey { content_hash: source.hash()?, ..key(reading) };
    if let Some(done @ Import { status: ImportStatus::Done, .. }) = store.import(&key).await?
        && !reading.again
    {
        return Ok(Report::known(path, &key, &done));
    }
    let mut write = store.write().await?;
    let id = write.begin_import(&key, &source.name(), clock::now()).await?;
    write.commit().await?;

    let mut archive = folder.archive()?;
    let default_rejects = folder.rejects().join(format!("{}-{}.csv", source.stem(), &key.content_hash[..8]));
    let mut rejects = Rejects::to(reading.rejects.clone().unwrap_or(default_rejects));
    let bar = source.progress();
    let said = read(store, &mut archive, reading, source, id, &mut rejects, &bar)
        .await
        .with_context(|| format!("cannot import {}", path.display()))?;
    let changes_accounts = said.memberships.new + said.merges > 0;
    let found = if changes_accounts { settle(&mut archive, store).await? } else { 0 };

    let mut write = store.write().await?;
    let counts = ImportCounts {
        rows: said.rows,
        accepted: said.values.new + said.memberships.new + said.merges + said.events.added,
        duplicates: said.values.known + said.memberships.known + said.events.duplicates,
        rejected: rejects.count(),
        conflicts: write.count_conflicts(id).await?,
    };
    write.finish_import(id, counts, clock::now()).await?;
    write.commit().await?;
    bar.finish_and_clear();
    Ok(Report::done(path, &key, counts, said, found, rejects.finish()?, watch.seconds()))
}

/// Reads a file to its end and counts what it would give, without keeping anything of it.
pub async fn try_out(reading: &Reading, path: &Path) -> Result<Report> {
    let watch = Stopwatch::start();
    let source = Source::open(path, reading.format)?;
    let mut rejects = reading.rejects.clone().map_or_else(Rejects::counted, Rejects::to);
    let bar = source.progress();
    let mut said = Said::default();
    let mut chunks = source.chunks(reading, bar.clone(), CHUNKS_AHEAD);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.with_context(|| format!("cannot import {}", path.display()))?;
        said.count(&chunk);
        said.values.new += chunk.versions.len() as u64;
        said.memberships.new += chunk.memberships.len() as u64;
        said.merges += chunk.merges.len() as u64;
        said.events.added += chunk.event_count() as u64;
        rejects.add(&chunk.rejects)?;
    }
    bar.finish_and_clear();
    let counts = ImportCounts { rows: said.rows, rejected: rejects.count(), ..ImportCounts::default() };
    Ok(Report::tried(path, &key(reading), counts, said, rejects.finish()?, watch.seconds()))
}

/// Decides anew whose events are, after memberships or merges have come in. Returns how many events that changed.
pub async fn settle_events(folder: &Folder, store: &Store) -> Result<u64> {
    settle(&mut folder.archive()?, store).await
}

/// Steps 2 and 3: everything the file says, committed.
async fn read(
    store: &Store,
    archive: &mut Archive,
    reading: &Reading,
    source: Source,
    id: i64,
    rejects: &mut Rejects,
    bar: &ProgressBar,
) -> Result<Said> {
    let mut said = Said::default();
    let resolver = resolver(store).await?;
    let mut events = archive.import(&reading.source, &resolver, clock::now(), FUTURE_TOLERANCE)?;
    let mut write = store.write().await?;
    let mut chunks = source.chunks(reading, bar.clone(), CHUNKS_AHEAD);
    while let Some(chunk) = chunks.next().await {
        let mut chunk = chunk?;
        said.count(&chunk);
        rejects.add(&chunk.rejects)?;
        for batch in &chunk.events {
            events.append(batch)?;
        }
        if let Some(dated) = reading.dated {
            chunk.versions.iter_mut().filter(|v| v.valid_from.is_none()).for_each(|v| v.valid_from = Some(dated));
        }
        add(&mut write, id, &chunk, &mut said).await?;
    }
    write.commit().await?;
    if events.rows() > 0 {
        let mut merging = |done: usize, total: usize| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        };
        said.events = events.finish(&mut merging)?;
    }
    Ok(said)
}

/// Writes what a chunk says of accounts, people and subscriptions.
async fn add(write: &mut Write, id: i64, chunk: &Inputs, said: &mut Said) -> Result<()> {
    said.values += write.add_versions(id, &chunk.versions).await?;
    said.memberships += write.add_memberships(id, &chunk.memberships).await?;
    for merge in &chunk.merges {
        said.merges += u64::from(write.add_merge(merge, "import").await?);
    }
    Ok(())
}

async fn resolver(store: &Store) -> Result<Resolver> {
    Ok(Resolver::new(&store.memberships().await?, &store.merge_list().await?))
}

async fn settle(archive: &mut Archive, store: &Store) -> Result<u64> {
    let resolved = archive.resolve(&resolver(store).await?)?;
    Ok(resolved.found + resolved.lost + resolved.moved)
}

/// What makes imports the same, but for the content.
fn key(reading: &Reading) -> ImportKey {
    use tenure_ingest::Import::*;
    let kind = match reading.mapping.import {
        Accounts => "accounts",
        People => "people",
        Subscriptions => "subscriptions",
        Events => "events",
    };
    ImportKey {
        kind: kind.to_owned(),
        content_hash: String::new(),
        mapping_hash: reading.mapping_hash.clone(),
        source: reading.source.clone(),
        dated: reading.dated,
    }
}
