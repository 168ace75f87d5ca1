//! Snapshots of the living accounts in the data folder: written in the background, switched by a mark in the store, read at a start.
//!
//! ```text
//! snapshots/<position>-<instant>/manifest.json    what belongs to it; written last
//!                               /000000.part …    the engine's header, then parts, each with its length and its hash
//! ```
//!
//! A snapshot counts only where the store's mark names its position and instant. A crash before the mark leaves the one before in force, with
//! all the journal's rows after it; one after the mark, the new one. Nothing else decides.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tenure_engine::Engine;
use tenure_engine::snapshot::{SnapshotError, read_header};
use tenure_ingest::Resolver;
use tenure_live::{Keys, Live, Part, Restoring, SNAPSHOT_FORMAT};
use tenure_model::Instant;
use tenure_model::definition::Revision;
use tenure_store::{Mark, transact};

use crate::memory::{prepare, relieve};
use crate::phase::Phase;
use crate::service::Inner;
use crate::{Error, Limits, Result, unsaved};

/// A snapshot is due when this many times as many items came in as make the archive due.
const TAIL_ARCHIVES: u64 = 2;
/// Bytes of accounts that are taken under one lock.
const PART_BYTES: usize = 256 << 10;
/// Bytes of a file, or a little more.
const FILE_BYTES: usize = 16 << 20;
/// Between two locks the engine's loop has its turn.
const PAUSE: Duration = Duration::from_micros(500);
const MANIFEST: &str = "manifest.json";
const HASH_BYTES: usize = 32;

/// Why a snapshot is not used: the accounts are told from their history instead.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// A file cannot be read.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is damaged, or of another model.
    #[error("{0}")]
    Snapshot(#[from] SnapshotError),
    /// No file can be made for accounts that are packed away.
    #[error("{0}")]
    Memory(String),
    /// It is of another version.
    #[error("its accounts are kept in format {found}, this version reads {SNAPSHOT_FORMAT}")]
    Format {
        /// Its format.
        found: u32,
    },
}

/// A snapshot whose every byte is as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// The model by which its accounts stand.
    pub revision: Revision,
    /// Its format.
    pub format: u32,
    /// Bytes of its files.
    pub bytes: u64,
}

/// What a snapshot consists of.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    position: i64,
    taken_at: Instant,
    /// Names and bytes.
    files: Vec<(String, u64)>,
}

fn folder(data: &Path) -> PathBuf {
    data.join("snapshots")
}

/// The folder of one snapshot.
fn named(data: &Path, position: i64, taken_at: Instant) -> PathBuf {
    folder(data).join(format!("{position}-{}", taken_at.0))
}

/// Would a start have much to take in after the snapshot in force? A snapshot writes all accounts, the archive only what is new: it is taken less often.
pub(crate) fn is_due(inner: &Inner) -> bool {
    let status = &inner.status;
    // One that is being taken elsewhere may have counted later.
    let items = status.accepted.load(Ordering::Relaxed).saturating_sub(status.snapshot_accepted.load(Ordering::Relaxed));
    let age = (inner.clock)().0.saturating_sub(status.snapshot_at.load(Ordering::Relaxed));
    items >= TAIL_ARCHIVES * inner.limits.archive_items || age >= inner.limits.archive_age
}

/// Takes a snapshot of what is now, puts it in force and removes those before it.
pub(crate) async fn save(inner: &Inner) -> Result<()> {
    let _still = inner.archiving.lock().await;
    save_still(inner).await
}

/// As `save`, by whoever holds `archiving`.
pub(crate) async fn save_still(inner: &Inner) -> Result<()> {
    let _phase = Phase::begin("snapshot");
    let (position, taken_at) = {
        // Between two steps: everything up to the position is taken and committed, and nothing after it.
        let _boundary = inner.stepping.lock().await;
        inner.live().begin_saving();
        inner.status.snapshot_accepted.store(inner.status.accepted.load(Ordering::Relaxed), Ordering::Relaxed);
        (inner.status.engine_position.load(Ordering::Relaxed), (inner.clock)())
    };
    let bytes = tokio::task::block_in_place(|| write(inner, position, taken_at))?;
    let lease = inner.lease.lock().await.clone();
    let through = position.min(inner.status.archive_position.load(Ordering::Relaxed));
    // Steps write down the same.
    let boundary = inner.stepping.lock().await;
    let (unsaved, was_unsaved) = (inner.live().unsaved_then(), inner.unsaved().clone());
    transact!(inner.store, "snapshot", |write| {
        write.fenced(&lease).await?;
        write.set_mark(Mark::Snapshot, position, taken_at).await?;
        unsaved::write(write, &was_unsaved, &unsaved).await?;
        write.trim_journal(through).await
    })?;
    inner.live().saved();
    *inner.unsaved() = unsaved;
    drop(boundary);
    inner.status.snapshot_position.store(position, Ordering::Relaxed);
    inner.status.snapshot_bytes.store(bytes, Ordering::Relaxed);
    inner.status.snapshot_at.store(taken_at.0, Ordering::Relaxed);
    remove_others(&inner.data, Some((position, taken_at)));
    tracing::debug!(position, bytes, "a snapshot was taken");
    Ok(())
}

/// Writes all parts and the manifest, durably. Gives the bytes.
#[expect(clippy::disallowed_methods, reason = "the pause is not waited for: it lets the engine have the lock")]
fn write(inner: &Inner, position: i64, taken_at: Instant) -> Result<u64> {
    let folder = named(&inner.data, position, taken_at);
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| Error::Snapshot { path, error }
    };
    std::fs::create_dir_all(&folder).map_err(io(&folder))?;
    let mut header = Vec::new();
    inner.live().engine().save_header(&mut header);
    header.extend_from_slice(&SNAPSHOT_FORMAT.to_le_bytes());
    let mut manifest = Manifest { format: SNAPSHOT_FORMAT, position, taken_at, files: vec![] };
    let mut through = false;
    while !through {
        let mut bytes = header.clone();
        while bytes.len() < FILE_BYTES {
            let Some(part) = inner.live().save_some(PART_BYTES) else {
                through = true;
                break;
            };
            bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
            bytes.extend_from_slice(blake3::hash(&part).as_bytes());
            bytes.extend_from_slice(&part);
            std::thread::sleep(PAUSE);
        }
        let name = format!("{:06}.part", manifest.files.len());
        durable(&folder.join(&name), &bytes).map_err(io(&folder))?;
        manifest.files.push((name, bytes.len() as u64));
    }
    let text = serde_json::to_vec(&manifest).map_err(|error| io(&folder)(error.into()))?;
    durable(&folder.join(MANIFEST), &text).map_err(io(&folder))?;
    for folder in [folder.as_path(), &self::folder(&inner.data), &inner.data] {
        File::open(folder).and_then(|f| f.sync_all()).map_err(io(folder))?;
    }
    Ok(manifest.files.iter().map(|f| f.1).sum())
}

fn durable(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Reads the snapshot that is in force, on all cores.
///
/// # Errors
/// `Unusable` where it is not there, damaged, of another format or of another model.
pub(crate) fn read(
    data: &Path,
    engine: &std::sync::Arc<Engine>,
    position: i64,
    taken_at: Instant,
    limits: &Limits,
) -> Result<Live, Unusable> {
    let folder = named(data, position, taken_at);
    let manifest = manifest(&folder)?;
    let mut live = Live::new(engine.clone(), Resolver::default(), Keys::default());
    prepare(&mut live, data, limits).map_err(|error| Unusable::Memory(error.to_string()))?;
    let restoring = Mutex::new(Restoring::new(live));
    let files = Mutex::new(manifest.files.iter());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| -> Result<(), Unusable> {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| -> Result<(), Unusable> {
                    loop {
                        let next = files.lock().unwrap_or_else(PoisonError::into_inner).next();
                        let Some((name, bytes)) = next else { return Ok(()) };
                        let parts = read_file(&folder.join(name), *bytes, engine)?;
                        let mut restoring = restoring.lock().unwrap_or_else(PoisonError::into_inner);
                        for part in parts {
                            restoring.take(part);
                            relieve(&mut restoring.live, limits);
                        }
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().map_err(|_| SnapshotError::Damaged("reading it panicked"))??;
        }
        Ok(())
    })?;
    Ok(restoring.into_inner().unwrap_or_else(PoisonError::into_inner).finish())
}

/// Looks whether the snapshot in force can be read back: every part of it is compared with its hash.
///
/// # Errors
/// `Unusable` where it is not there, damaged or of another format.
pub fn examine(data: &Path, position: i64, taken_at: Instant) -> Result<Whole, Unusable> {
    let folder = named(data, position, taken_at);
    let manifest = manifest(&folder)?;
    let mut whole = Whole { revision: Revision(String::new()), format: manifest.format, bytes: 0 };
    for (name, length) in &manifest.files {
        let bytes = contents(&folder.join(name), *length)?;
        whole.bytes += length;
        whole.revision = Revision(read_header(&mut bytes.as_slice())?);
        parts_of(&bytes)?;
    }
    Ok(whole)
}

fn manifest(folder: &Path) -> Result<Manifest, Unusable> {
    let path = folder.join(MANIFEST);
    let text = std::fs::read(&path).map_err(|error| Unusable::Io { path: path.clone(), error })?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| Unusable::Io { path, error: error.into() })?;
    match manifest.format {
        SNAPSHOT_FORMAT => Ok(manifest),
        found => Err(Unusable::Format { found }),
    }
}

fn contents(path: &Path, length: u64) -> Result<Vec<u8>, Unusable> {
    let bytes = std::fs::read(path).map_err(|error| Unusable::Io { path: path.to_owned(), error })?;
    if bytes.len() as u64 != length {
        return Err(SnapshotError::Damaged("a file has another length").into());
    }
    Ok(bytes)
}

fn read_file(path: &Path, length: u64, engine: &Engine) -> Result<Vec<Part>, Unusable> {
    let bytes = contents(path, length)?;
    engine.restore_header(&mut bytes.as_slice())?;
    let parts = parts_of(&bytes)?.into_iter().map(|part| Part::read(engine, part));
    Ok(parts.collect::<Result<_, _>>()?)
}

/// The parts of a file, each as its hash says.
fn parts_of(mut bytes: &[u8]) -> Result<Vec<&[u8]>, Unusable> {
    let ends = SnapshotError::Damaged("a file ends too early");
    read_header(&mut bytes)?;
    let (format, mut bytes) = bytes.split_first_chunk().ok_or(ends.clone())?;
    let found = u32::from_le_bytes(*format);
    if found != SNAPSHOT_FORMAT {
        return Err(Unusable::Format { found });
    }
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk().ok_or(ends.clone())?;
        let (hash, rest) = rest.split_first_chunk::<HASH_BYTES>().ok_or(ends.clone())?;
        let (part, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(ends.clone())?;
        if blake3::hash(part).as_bytes() != hash {
            return Err(SnapshotError::Damaged("a part's hash is another").into());
        }
        parts.push(part);
        bytes = rest;
    }
    Ok(parts)
}

/// Removes all snapshots but one: older ones, and what crashes left behind.
pub(crate) fn remove_others(data: &Path, in_force: Option<(i64, Instant)>) {
    let keep = in_force.map(|(position, taken_at)| named(data, position, taken_at));
    let Ok(entries) = std::fs::read_dir(folder(data)) else { return };
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| Some(path) != keep.as_ref()) {
        if let Err(error) = std::fs::remove_dir_all(&path) {
            tracing::warn!(%error, path = %path.display(), "a snapshot that is not needed any more could not be removed");
        }
    }
}
