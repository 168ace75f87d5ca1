//! The archive at one moment, held: its files are open, so that they can be read to their end though a writer replaces them meanwhile.

use std::fs::File;
use std::io::{ErrorKind, Seek};
use std::path::Path;

use crate::archive::{Archive, catalog_path};
use crate::check::rows;
use crate::error::Error;

/// Catalog and files of one moment.
pub struct Pinned {
    /// The bytes of the catalog; None where nothing was ever imported.
    pub catalog: Option<Vec<u8>>,
    /// Each file: its path below the data folder, open.
    pub files: Vec<(String, File)>,
    /// Events in them, without quarantine.
    pub rows: u64,
    lock: Option<File>,
}

impl Archive {
    /// Holds the archive as it is, and keeps writers away until `release`: for what must be of the same moment.
    ///
    /// # Errors
    /// `Error::Busy` while another process writes; where a file is missing, or has not the rows that the catalog says.
    pub fn pin(data: &Path) -> Result<Pinned, Error> {
        let mut archive = Archive::open(data)?;
        let lock = match archive.lock() {
            Ok(lock) => Some(lock),
            // Nobody can write there.
            Err(Error::Io { error, .. }) if error.kind() == ErrorKind::ReadOnlyFilesystem => None,
            Err(error) => return Err(error),
        };
        let path = catalog_path(data);
        let catalog = match std::fs::read(&path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io(&path)(error)),
        };
        let mut files = Vec::new();
        for entry in archive.catalog().events.values().chain(archive.catalog().quarantine.values()) {
            let path = data.join(&entry.path);
            let mut file = File::open(&path).map_err(Error::io(&path))?;
            let found = rows(&path, file.try_clone().map_err(Error::io(&path))?, false)?;
            // The clone shares the place up to which it was read.
            file.rewind().map_err(Error::io(&path))?;
            if found != entry.rows {
                let why = format!("{} has {found} rows, not {}", entry.path, entry.rows);
                return Err(Error::Catalog { path: catalog_path(data), error: why });
            }
            files.push((entry.path.clone(), file));
        }
        Ok(Pinned { catalog, files, rows: archive.rows(), lock })
    }
}

impl Pinned {
    /// Others may write again; the files can still be read.
    pub fn release(&mut self) {
        self.lock = None;
    }
}
