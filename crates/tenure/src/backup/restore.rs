//! Restoring a backup into an empty folder and an empty database, of the same kind or the other one.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use tenure_store::{Database, Restore};

use super::container::{Reader, write};
use super::progress;
use crate::failure::failure;
use crate::folder::{self, Folder, RESTORING};

/// What an empty folder may hold all the same: what the operator put there, and what file systems do.
const HARMLESS: &[&str] = &[crate::config::FILE, "lost+found"];

/// Restores. Everything is checked before anything is written; the database's rows come last, in one transaction.
pub async fn restore(reader: &Reader, target: &Folder) -> Result<()> {
    tokio::task::block_in_place(|| reader.verify("checking"))?;
    let format = reader.manifest.format;
    if format > tenure_store::newest_format() {
        return Err(tenure_store::Error::Newer { found: format, known: tenure_store::newest_format() }.into());
    }
    is_empty(target).await?;
    let root = target.root();
    folder::make(root)?;
    let marker = root.join(RESTORING);
    fs::write(&marker, "tenure restore is at work here, or was interrupted: then empty this folder and run it again\n")
        .with_context(|| format!("cannot write {}", marker.display()))?;
    // Others that would begin with this folder wait until it is whole.
    let _lock = target.lock()?;
    tokio::task::block_in_place(|| files(reader, root))?;
    rows(reader, target.database()).await?;
    fs::remove_file(&marker).with_context(|| format!("cannot remove {}", marker.display()))?;
    Ok(())
}

async fn is_empty(folder: &Folder) -> Result<()> {
    let help = "restore into an empty one: --data DIR, --database URL";
    if let Ok(entries) = fs::read_dir(folder.root()) {
        let other = entries.flatten().map(|entry| entry.file_name()).find(|name| !HARMLESS.iter().any(|harmless| name == harmless));
        if let Some(other) = other {
            return Err(failure(format!("the data folder {} is not empty: it has {}", folder.root().display(), other.display()), help));
        }
    }
    let is_empty = match folder.database() {
        Database::Sqlite(path) => !path.exists(),
        Database::Postgres(_) => {
            let store = folder.store_as_is().await?;
            let found = store.format().await?.found;
            store.close().await;
            found == 0
        }
    };
    if is_empty { Ok(()) } else { Err(failure(format!("the database {} is not empty", folder.database()), help)) }
}

/// Everything but the tables.
fn files(reader: &Reader, root: &Path) -> Result<()> {
    let is_table = |path: &str| reader.manifest.tables.iter().any(|table| table.path == path);
    let files = || reader.manifest.files.iter().filter(|file| !is_table(&file.path));
    let bar = progress("files", files().map(|file| file.bytes).sum());
    for file in files() {
        let entry = reader.entry(&file.path).with_context(|| format!("cannot read {}", file.path))?;
        write(&root.join(&file.path), &mut bar.wrap_read(entry)).with_context(|| format!("cannot write {}", file.path))?;
    }
    bar.finish_and_clear();
    Ok(())
}

async fn rows(reader: &Reader, database: &Database) -> Result<()> {
    let mut restore = Restore::begin(database, reader.manifest.format).await.with_context(|| format!("cannot fill {database}"))?;
    let bar = progress("rows", reader.manifest.files.iter().filter(|file| file.path.starts_with("tables/")).map(|file| file.bytes).sum());
    for table in &reader.manifest.tables {
        let entry = reader.entry(&table.path).with_context(|| format!("cannot read {}", table.path))?;
        let decoder = zstd::Decoder::new(bar.wrap_read(entry)).with_context(|| format!("cannot read {}", table.path))?;
        let mut lines = BufReader::new(decoder).lines().map(|line| line.map_err(anyhow::Error::from));
        let filled = restore.rows(&table.name, &table.columns, &mut lines).await.with_context(|| format!("cannot fill {}", table.name))?;
        anyhow::ensure!(filled == table.rows, "{}: {filled} rows, the manifest says {}", table.path, table.rows);
    }
    restore.commit().await.with_context(|| format!("cannot fill {database}"))?;
    bar.finish_and_clear();
    Ok(())
}
