//! Making a backup, also beside a running service: the archive is held while the database's snapshot begins, so that both are of one moment.

use std::fs;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tenure_history::{Archive, Pinned};
use tenure_store::Snapshot;

use super::container::Writer;
use super::{CHUNK, Manifest, Table, VERSION, progress};
use crate::clock;
use crate::failure::failure;
use crate::folder::Folder;

/// How hard rows are compressed: fast.
const LEVEL: i32 = 3;
/// How often, and how long, it waits for a process that writes to the archive.
const TRIES: u32 = 300;
const PAUSE: Duration = Duration::from_millis(200);

/// Makes one and checks it.
pub async fn make(folder: &Folder, target: &Path) -> Result<Manifest> {
    let store = folder.store_as_is().await?;
    let format = store.format().await?;
    match (format.found, format.known) {
        (0, _) => return Err(failure(format!("there is nothing in {}", folder.database()), "say where the data folder is: --data DIR")),
        (found, known) if found > known => return Err(tenure_store::Error::Newer { found, known }.into()),
        _ => {}
    }
    let mut writer = Writer::create(target)?;
    // Keeps imports out while the moment is fixed; a running service keeps them out already.
    let lock = folder.lock().ok();
    let mut pinned = pin(folder).await?;
    let mut snapshot = store.snapshot().await?;
    let made_at = clock::now();
    pinned.release();
    drop(lock);

    let tables = rows(&mut snapshot, &mut writer, target).await?;
    drop(snapshot);
    files(folder, &mut writer, &mut pinned)?;
    let manifest = |files| Manifest {
        backup: VERSION,
        tenure: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: made_at.to_string(),
        database: folder.database().to_string(),
        format: format.found,
        events: pinned.rows,
        tables,
        files,
    };
    tokio::task::block_in_place(|| writer.finish(manifest))
}

/// The archive of this moment, as soon as nobody writes to it.
async fn pin(folder: &Folder) -> Result<Pinned> {
    for _ in 0..TRIES {
        match tokio::task::block_in_place(|| Archive::pin(folder.root())) {
            Err(tenure_history::Error::Busy(_)) => tokio::time::sleep(PAUSE).await,
            other => return Ok(other?),
        }
    }
    Err(failure("another process has been writing to the archive for a minute", "try again when its import is done"))
}

/// All rows, a file a table. A file's length stands before it in a tar file: rows are written aside first.
async fn rows(snapshot: &mut Snapshot, writer: &mut Writer, target: &Path) -> Result<Vec<Table>> {
    let beside = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut tables = Vec::new();
    for table in snapshot.tables().await? {
        let aside = tempfile::tempfile_in(beside).with_context(|| format!("cannot write to {}", beside.display()))?;
        let mut encoder = zstd::Encoder::new(BufWriter::with_capacity(CHUNK, aside), LEVEL)?;
        let rows = snapshot
            .rows(&table, |line| -> Result<()> { Ok(encoder.write_all(line.as_bytes()).and_then(|()| encoder.write_all(b"\n"))?) })
            .await
            .with_context(|| format!("cannot copy the table {}", table.name))?;
        let mut file = encoder.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        let bytes = file.stream_position()?;
        file.rewind()?;
        let path = format!("tables/{}.ndjson.zst", table.name);
        let bar = progress("rows", bytes);
        tokio::task::block_in_place(|| writer.add(&path, file, bytes, &bar))?;
        bar.finish_and_clear();
        tables.push(Table { name: table.name, columns: table.columns, rows, path });
    }
    Ok(tables)
}

/// The archive, and the rows that could not be read.
fn files(folder: &Folder, writer: &mut Writer, pinned: &mut Pinned) -> Result<()> {
    let mut files = Vec::new();
    for (path, file) in pinned.files.drain(..) {
        files.push((path, file.metadata()?.len(), file));
    }
    for entry in fs::read_dir(folder.rejects()).into_iter().flatten() {
        let entry = entry?;
        let file = fs::File::open(entry.path()).with_context(|| format!("cannot read {}", entry.path().display()))?;
        let found = file.metadata()?;
        if found.is_file() {
            files.push((format!("rejects/{}", entry.file_name().to_string_lossy()), found.len(), file));
        }
    }
    let bar = progress("files", files.iter().map(|(_, bytes, _)| bytes).sum());
    for (path, bytes, file) in files {
        tokio::task::block_in_place(|| writer.add(&path, file, bytes, &bar))?;
    }
    bar.finish_and_clear();
    match &pinned.catalog {
        Some(catalog) => writer.add("events/catalog.json", catalog.as_slice(), catalog.len() as u64, &indicatif::ProgressBar::hidden()),
        None => Ok(()),
    }
}
