//! The rejects file: rows that could not be read, each with its number and the reason. It is made with the first of them.

use std::fs::File;
use std::path::{Path, PathBuf};

use tenure_ingest::Reject;
use tenure_store::ImportKey;

use crate::Result;
use crate::error::io;

/// Where rejected rows go.
pub struct Rejects {
    path: Option<PathBuf>,
    writer: Option<csv::Writer<File>>,
    count: u64,
}

/// Characters of a file's name that stand in the name of its rejects.
const STEM_CHARS_MAX: usize = 80;

/// Where the rejected rows of an import lie unless somebody said otherwise.
pub fn path(data: &Path, key: &ImportKey, file: &str) -> PathBuf {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ') { c } else { '_' };
    let stem: String = stem.chars().take(STEM_CHARS_MAX).map(plain).collect();
    let short = |hash: &str| hash.chars().take(8).collect::<String>();
    let mapping = if key.mapping_hash.is_empty() { String::new() } else { format!("-{}", short(&key.mapping_hash)) };
    data.join("rejects").join(format!("{stem}-{}{mapping}.csv", short(&key.content_hash)))
}

impl Rejects {
    /// Into a CSV file (row, reason, raw). One that is there from an earlier attempt goes.
    pub fn to(path: PathBuf) -> Rejects {
        // Where it cannot be removed it is written over, or that fails with its reason.
        let _ = std::fs::remove_file(&path);
        Rejects { path: Some(path), writer: None, count: 0 }
    }

    /// Nowhere: they are only counted.
    pub fn counted() -> Rejects {
        Rejects { path: None, writer: None, count: 0 }
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn add(&mut self, rejects: &[Reject]) -> Result<()> {
        self.count += rejects.len() as u64;
        let Some(path) = &self.path else { return Ok(()) };
        if self.writer.is_none() && !rejects.is_empty() {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(io("write", path))?;
            }
            let mut writer = csv::Writer::from_writer(File::create(path).map_err(io("write", path))?);
            writer.write_record(["row", "reason", "raw"]).map_err(std::io::Error::from).map_err(io("write", path))?;
            self.writer = Some(writer);
        }
        if let Some(writer) = &mut self.writer {
            for reject in rejects {
                let record = [&reject.row.to_string(), &reject.reason, &reject.raw];
                writer.write_record(record).map_err(std::io::Error::from).map_err(io("write", path))?;
            }
        }
        Ok(())
    }

    /// Writes what is left; the file's path, if there were any.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn finish(self) -> Result<Option<PathBuf>> {
        let (Some(mut writer), Some(path)) = (self.writer, self.path) else { return Ok(None) };
        writer.flush().map_err(io("write", &path))?;
        Ok(Some(path))
    }
}

/// Some rows of a rejects file after the first `skip`; None where there is no such file.
///
/// # Errors
/// Where it cannot be read.
pub fn rows(path: &Path, skip: usize, limit: usize) -> Result<Option<Vec<Reject>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io("read", path)(error)),
    };
    let reject = |record: csv::StringRecord| {
        let field = |n: usize| record.get(n).unwrap_or_default();
        Reject { row: field(0).parse().unwrap_or_default(), reason: field(1).to_owned(), raw: field(2).to_owned() }
    };
    let records = csv::Reader::from_reader(std::io::BufReader::new(file)).into_records().skip(skip).take(limit);
    let rows: Result<Vec<Reject>, csv::Error> = records.map(|record| record.map(reject)).collect();
    rows.map(Some).map_err(std::io::Error::from).map_err(io("read", path))
}
