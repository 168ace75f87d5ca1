//! Uploaded files, kept in the data folder until they are imported: an end of the process loses none.
//!
//! ```text
//! uploads/incoming/<name>           being written
//!        /<key>/upload.<format>     whole, with its import written down as queued or running
//!              /mapping.yaml        its mapping, where it has one
//! ```

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use tenure_ingest::Import as Kind;
use tenure_store::{Import, ImportKey};
use tokio::io::AsyncWriteExt;

use crate::error::io;
use crate::reading::{hash_texts, kind_name};
use crate::{Error, Format, Reading, Result, Source};

/// The mapping's file.
const MAPPING: &str = "mapping.yaml";
/// The upload's, without its ending.
const UPLOAD: &str = "upload";

fn uploads(data: &Path) -> PathBuf {
    data.join("uploads")
}

/// A file that is being received. Dropped before it is kept, it leaves nothing.
pub struct Incoming {
    path: PathBuf,
    file: tokio::fs::File,
    hasher: blake3::Hasher,
    bytes: u64,
    bytes_max: u64,
}

impl Incoming {
    /// Begins one, under a name that no other one has, of so many bytes at most.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub async fn create(data: &Path, name: &str, bytes_max: u64) -> Result<Incoming> {
        let folder = uploads(data).join("incoming");
        std::fs::create_dir_all(&folder).map_err(io("write", &folder))?;
        let path = folder.join(name);
        let file = tokio::fs::File::create(&path).await.map_err(io("write", &path))?;
        Ok(Incoming { path, file, hasher: blake3::Hasher::new(), bytes: 0, bytes_max })
    }

    /// Takes some more of it.
    ///
    /// # Errors
    /// `Error::TooLarge`; where it cannot be written.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.bytes_max {
            return Err(Error::TooLarge(self.bytes_max));
        }
        self.hasher.update(bytes);
        self.file.write_all(bytes).await.map_err(io("write", &self.path))
    }

    /// It is whole: durable, and ready to be read.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub async fn finish(&mut self) -> Result<()> {
        self.file.flush().await.map_err(io("write", &self.path))?;
        self.file.sync_all().await.map_err(io("write", &self.path))
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Hash of its bytes.
    pub fn hash(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }

    /// As a file to be looked at.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn source(&self, name: &str, format: Option<Format>) -> Result<Source> {
        Source::named(&self.path, name, format)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // Where it was kept it is not there any more.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// An upload in its place.
pub struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// Where the upload of an import lies, or would.
    pub fn of(data: &Path, key: &ImportKey) -> Kept {
        let dated = key.dated.map(|t| t.0.to_string()).unwrap_or_default();
        let all = [&key.kind, &key.content_hash, &key.mapping_hash, &key.source, &dated];
        Kept { folder: uploads(data).join(&hash_texts(all.map(|text| text.as_bytes()))[..32]) }
    }

    /// Puts a received file into its place, durably, with the text of its mapping.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn keep(&self, incoming: &Incoming, format: Format, mapping: Option<&str>) -> Result<()> {
        self.remove()?;
        std::fs::create_dir_all(&self.folder).map_err(io("write", &self.folder))?;
        if let Some(yaml) = mapping {
            let path = self.folder.join(MAPPING);
            std::fs::write(&path, yaml).and_then(|()| File::open(&path)?.sync_all()).map_err(io("write", &path))?;
        }
        let path = self.folder.join(UPLOAD).with_extension(format.name());
        std::fs::rename(&incoming.path, &path).map_err(io("write", &path))?;
        let parent = self.folder.parent().unwrap_or(Path::new("."));
        [&*self.folder, parent].into_iter().try_for_each(|folder| File::open(folder)?.sync_all()).map_err(io("write", &self.folder))
    }

    /// The file and how it is to be read; None where it is not there.
    ///
    /// # Errors
    /// Where the mapping cannot be used.
    pub fn open(&self, import: &Import) -> Result<Option<(Source, Reading)>> {
        let kinds = [Kind::Accounts, Kind::People, Kind::Subscriptions, Kind::Events];
        let Some(kind) = kinds.into_iter().find(|kind| kind_name(*kind) == import.key.kind) else { return Ok(None) };
        let formats = [Format::Csv, Format::Ndjson, Format::Parquet];
        let path = |format: Format| self.folder.join(UPLOAD).with_extension(format.name());
        let Some(format) = formats.into_iter().find(|format| path(*format).is_file()) else { return Ok(None) };
        let mapping = match std::fs::read_to_string(self.folder.join(MAPPING)) {
            Ok(yaml) => Some(yaml),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(io("read", &self.folder)(error)),
        };
        let reading = Reading::of(kind, mapping.as_deref(), Some(import.key.source.clone()), import.key.dated)?;
        Ok(Some((Source::named(&path(format), &import.file, Some(format))?, reading)))
    }

    /// Removes it, where it is there.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub fn remove(&self) -> Result<()> {
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io("write", &self.folder)(error)),
            _ => Ok(()),
        }
    }

    /// Removes what an end of the process left behind: uploads that were not whole, and those of none of these imports.
    ///
    /// # Errors
    /// Where the folder cannot be read or written.
    pub fn sweep<'k>(data: &Path, open: impl IntoIterator<Item = &'k ImportKey>) -> Result<()> {
        let known: BTreeSet<PathBuf> = open.into_iter().map(|key| Kept::of(data, key).folder).collect();
        let Ok(entries) = std::fs::read_dir(uploads(data)) else { return Ok(()) };
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| !known.contains(path)) {
            std::fs::remove_dir_all(&path).map_err(io("write", &path))?;
        }
        Ok(())
    }
}
