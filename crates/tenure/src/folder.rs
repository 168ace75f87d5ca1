//! The data folder: what lies where in it, and the lock that keeps two writers apart.

use std::fs::{File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tenure_history::Archive;
use tenure_model::Instant;
use tenure_model::definition::Revision;
use tenure_store::{Database, Store};

use crate::failure::failure;

/// Lies in a folder while a backup is restored into it.
pub const RESTORING: &str = "restoring";

/// A data folder that exists. One folder is one workspace.
///
/// ```text
/// tenure.db            operational data (SQLite), unless it lies in PostgreSQL
/// events/, quarantine/ the archive of events (Parquet)
/// derived/<revision>/  what evaluations of a model gave (Parquet); may be deleted
/// rejects/             rows of imported files that could not be read
/// uploads/             files that were sent to be imported, until they are
/// tenure.yaml          the configuration, if there is one
/// lock                 held by the process that writes
/// ```
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
    database: Database,
}

/// Makes a data folder, where there is none: what customers do is nobody else's business.
pub fn make(root: &Path) -> Result<()> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(root);
    made.with_context(|| format!("cannot make the data folder {}", root.display()))
}

/// Held while writing; freed when dropped, also by the end of the process.
pub struct Lock {
    _file: File,
}

impl Folder {
    /// The folder at a path; its operational data lies in a file of it, unless `database` says where else.
    ///
    /// # Errors
    /// Where nothing has been imported there.
    pub fn open(root: &Path, database: Option<&Database>) -> Result<Folder> {
        let folder = Folder::at(root, database);
        let made = match &folder.database {
            Database::Sqlite(path) => path.is_file(),
            Database::Postgres(_) => root.is_dir(),
        };
        if made {
            return folder.whole();
        }
        let help = "import something first (tenure import accounts FILE), or say where the data folder is: --data DIR, or TENURE_DATA";
        Err(failure(format!("there is no data folder at {}", root.display()), help))
    }

    /// The folder at a path, made where there is none.
    pub async fn create(root: &Path, database: Option<&Database>, now: Instant) -> Result<Folder> {
        make(root)?;
        let folder = Folder::at(root, database).whole()?;
        let store = folder.store().await?;
        if store.workspace().await?.is_none() {
            let mut write = store.write().await?;
            write.create_workspace(now).await?;
            write.commit().await?;
        }
        store.close().await;
        Ok(folder)
    }

    /// This folder, unless a restore into it was interrupted.
    fn whole(self) -> Result<Folder> {
        match self.root.join(RESTORING).exists() {
            false => Ok(self),
            true => Err(failure(
                format!("a restore into {} was interrupted: what lies there is not whole", self.root.display()),
                "empty the folder, then run tenure restore again",
            )),
        }
    }

    /// What a folder at a path would be, whether or not it is there.
    pub fn at(root: &Path, database: Option<&Database>) -> Folder {
        let database = database.cloned().unwrap_or_else(|| Database::Sqlite(root.join("tenure.db")));
        Folder { root: root.to_owned(), database }
    }

    /// Do the operational data lie on a server, which other processes may use?
    pub fn is_served(&self) -> bool {
        matches!(self.database, Database::Postgres(_))
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A name that is this folder's own. The folder's lock lets one process at a time use it: who comes back after a crash need not wait until its lease
    /// expires. Drawn once, so that other folders on the same database have other names.
    pub fn instance(&self) -> Result<String> {
        let path = self.root.join("instance");
        match std::fs::read_to_string(&path) {
            Ok(name) if !name.trim().is_empty() => Ok(name.trim().to_owned()),
            _ => {
                let name = format!("folder-{}", crate::random::text(8));
                std::fs::write(&path, &name).with_context(|| format!("cannot write {}", path.display()))?;
                Ok(name)
            }
        }
    }

    /// What evaluations of a model gave.
    pub fn derived(&self, revision: &Revision) -> PathBuf {
        self.root.join("derived").join(&revision.0)
    }

    /// Where rows go that could not be read.
    pub fn rejects(&self) -> PathBuf {
        self.root.join("rejects")
    }

    /// Opens the operational data to read them; that works on a read-only file system too.
    pub async fn store_to_read(&self) -> Result<Store> {
        Store::open_to_read(&self.database).await.with_context(|| format!("cannot open {}", self.database))
    }

    /// Opens the operational data as they are, to look at them: nothing is brought to this version.
    pub async fn store_as_is(&self) -> Result<Store> {
        Store::look(&self.database).await.with_context(|| format!("cannot open {}", self.database))
    }

    /// Where the operational data lie.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Opens the operational data.
    pub async fn store(&self) -> Result<Store> {
        if !self.database.can_be_written() {
            return Err(failure(
                format!("{} can only be read, and this command writes", self.database),
                "make it writable, or work on a copy",
            ));
        }
        Store::open(&self.database).await.with_context(|| format!("cannot open {}", self.database))
    }

    /// Opens the archive of events.
    pub fn archive(&self) -> Result<Archive> {
        Archive::open(&self.root).with_context(|| format!("cannot open the events in {}", self.root.display()))
    }

    /// Becomes the one writer.
    ///
    /// # Errors
    /// Where another process is.
    pub fn lock(&self) -> Result<Lock> {
        let path = self.root.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(failure(format!("another tenure is writing to {}", self.root.display()), "wait until it is done, then run this again"))
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
        }
    }
}
