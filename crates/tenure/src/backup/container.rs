//! Where a backup lies: a folder, or a tar file. Written under another name and renamed at the end, so that half a backup looks like none.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};
use indicatif::ProgressBar;

use super::{CHUNK, File, MANIFEST, Manifest, VERSION};
use crate::failure::failure;

/// Backups hold what customers do: nobody else may read them.
const FILE_MODE: u32 = 0o600;
/// As `FILE_MODE`, of folders.
const FOLDER_MODE: u32 = 0o700;
/// Bytes of a manifest that are read.
const MANIFEST_BYTES_MAX: u64 = 256 << 20;

/// A backup that is being written.
pub struct Writer {
    target: PathBuf,
    partial: PathBuf,
    kind: Kind,
    files: Vec<File>,
}

enum Kind {
    Folder,
    Tar(Box<tar::Builder<BufWriter<fs::File>>>),
}

impl Writer {
    /// Begins one: a tar file where the name ends in `.tar`, else a folder. What an interrupted one left under the same name goes.
    pub fn create(target: &Path) -> Result<Writer> {
        let is_taken = fs::symlink_metadata(target)
            .is_ok_and(|found| !found.is_dir() || fs::read_dir(target).is_ok_and(|mut all| all.next().is_some()));
        if is_taken {
            return Err(failure(format!("{} is there already", target.display()), "choose another name: backups never replace anything"));
        }
        let mut partial = target.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let cannot = || format!("cannot write {}", partial.display());
        remove(&partial).with_context(cannot)?;
        let kind = if target.extension().is_some_and(|e| e == "tar") {
            let file = create(&partial).with_context(cannot)?;
            Kind::Tar(Box::new(tar::Builder::new(BufWriter::with_capacity(CHUNK, file))))
        } else {
            fs::DirBuilder::new().mode(FOLDER_MODE).create(&partial).with_context(cannot)?;
            Kind::Folder
        };
        Ok(Writer { target: target.to_owned(), partial, kind, files: Vec::new() })
    }

    /// Adds a file of so many bytes.
    pub fn add(&mut self, path: &str, from: impl Read, bytes: u64, bar: &ProgressBar) -> Result<()> {
        let mut from = Hashing { from: bar.wrap_read(from.take(bytes)), hasher: blake3::Hasher::new(), bytes: 0 };
        let written = match &mut self.kind {
            Kind::Folder => write(&self.partial.join(path), &mut from),
            Kind::Tar(tar) => {
                let mut header = tar::Header::new_ustar();
                header.set_size(bytes);
                header.set_mode(FILE_MODE);
                tar.append_data(&mut header, path, &mut from)
            }
        };
        written.with_context(|| format!("cannot write {path} into {}", self.partial.display()))?;
        anyhow::ensure!(from.bytes == bytes, "{path} became shorter while it was read: {} bytes of {bytes}", from.bytes);
        self.files.push(File { path: path.to_owned(), bytes, blake3: from.hasher.finalize().to_hex().to_string() });
        Ok(())
    }

    /// Writes the manifest, of which `manifest` makes all but the files; then reads everything back, and only then gives the backup its name.
    pub fn finish(mut self, manifest: impl FnOnce(Vec<File>) -> Manifest) -> Result<Manifest> {
        let manifest = manifest(std::mem::take(&mut self.files));
        let text = serde_json::to_vec_pretty(&manifest)?;
        self.add(MANIFEST, text.as_slice(), text.len() as u64, &ProgressBar::hidden())?;
        if let Kind::Tar(tar) = self.kind {
            let file = tar.into_inner().and_then(|buffer| buffer.into_inner().map_err(io::IntoInnerError::into_error));
            file.and_then(|file| file.sync_all()).with_context(|| format!("cannot write {}", self.partial.display()))?;
        }
        Reader::open(&self.partial)?.verify("checking")?;
        fs::rename(&self.partial, &self.target).with_context(|| format!("cannot rename {}", self.partial.display()))?;
        let folder = self.target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(folder).and_then(|folder| folder.sync_all()).with_context(|| format!("cannot sync {}", folder.display()))?;
        Ok(manifest)
    }
}

/// A backup that is there.
pub struct Reader {
    path: PathBuf,
    /// Where in the tar file each file begins, and its length; None for a folder.
    index: Option<BTreeMap<String, (u64, u64)>>,
    /// What it holds.
    pub manifest: Manifest,
}

impl Reader {
    /// Opens one and reads its manifest.
    ///
    /// # Errors
    /// Where it is none, not whole, or of a later version.
    pub fn open(path: &Path) -> Result<Reader> {
        let found = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
        let none = |why: String| {
            failure(
                format!("{} is no backup: {why}", path.display()),
                "tenure backup --to FILE makes one; an interrupted one cannot be used",
            )
        };
        let index = if found.is_dir() { None } else { Some(index(path).map_err(|error| none(format!("it is no tar file ({error})")))?) };
        let empty = Manifest {
            backup: VERSION,
            tenure: String::new(),
            made_at: String::new(),
            database: String::new(),
            format: 0,
            events: 0,
            tables: vec![],
            files: vec![],
        };
        let reader = Reader { path: path.to_owned(), index, manifest: empty };
        let mut text = Vec::new();
        let manifest = reader.entry(MANIFEST).map_err(|_| none(format!("it has no {MANIFEST}")))?;
        manifest.take(MANIFEST_BYTES_MAX).read_to_end(&mut text).with_context(|| format!("cannot read {}", path.display()))?;
        let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| none(format!("its {MANIFEST} cannot be read ({error})")))?;
        if manifest.backup > VERSION {
            return Err(failure(format!("{} was made by tenure {}", path.display(), manifest.tenure), "use that version, or a newer one"));
        }
        if let Some(file) = manifest.files.iter().find(|file| !is_inside(&file.path)) {
            return Err(none(format!("it names {}", file.path)));
        }
        Ok(Reader { manifest, ..reader })
    }

    /// A file of it.
    pub fn entry(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        let Some(index) = &self.index else { return Ok(Box::new(fs::File::open(self.path.join(path))?)) };
        let (start, bytes) = index.get(path).ok_or(io::ErrorKind::NotFound)?;
        let mut file = fs::File::open(&self.path)?;
        file.seek(SeekFrom::Start(*start))?;
        Ok(Box::new(file.take(*bytes)))
    }

    /// Reads every file and compares it with its checksum.
    ///
    /// # Errors
    /// The first file that is missing or otherwise.
    pub fn verify(&self, what: &'static str) -> Result<()> {
        let bar = super::progress(what, self.manifest.bytes());
        for file in &self.manifest.files {
            let wrong = |why: String| {
                failure(format!("{}: {} {why}", self.path.display(), file.path), "this backup cannot be used: take another one")
            };
            let found = self.entry(&file.path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
            let mut found = Hashing { from: bar.wrap_read(found), hasher: blake3::Hasher::new(), bytes: 0 };
            copy(&mut found, &mut io::sink()).map_err(|error| wrong(format!("cannot be read: {error}")))?;
            if found.bytes != file.bytes {
                return Err(wrong(format!("has {} bytes, not {}", found.bytes, file.bytes)));
            }
            if found.hasher.finalize().to_hex().as_str() != file.blake3 {
                return Err(wrong("has another checksum than when it was written".to_owned()));
            }
        }
        bar.finish_and_clear();
        Ok(())
    }
}

/// Reads, and hashes what it reads.
struct Hashing<R> {
    from: R,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Writes a file and its folders, durably.
pub fn write(path: &Path, from: &mut dyn Read) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
    }
    let mut file = create(path)?;
    copy(from, &mut file)?;
    file.sync_all()
}

fn create(path: &Path) -> io::Result<fs::File> {
    fs::File::options().write(true).create_new(true).mode(FILE_MODE).open(path)
}

fn copy(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<u64> {
    io::copy(&mut BufReader::with_capacity(CHUNK, from), to)
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        _ => fs::remove_file(path),
    };
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn index(path: &Path) -> io::Result<BTreeMap<String, (u64, u64)>> {
    let mut archive = tar::Archive::new(BufReader::new(fs::File::open(path)?));
    let mut index = BTreeMap::new();
    for entry in archive.entries_with_seek()? {
        let entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        index.insert(name, (entry.raw_file_position(), entry.size()));
    }
    Ok(index)
}

/// Is this a plain path below a folder? Others could lead anywhere.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}
