//! The rejects file: rows that could not be read, each with its number and the reason. It is made with the first of them.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context, Result};
use tenure_ingest::Reject;

/// Where rejected rows go.
pub(super) struct Rejects {
    path: Option<PathBuf>,
    writer: Option<csv::Writer<File>>,
    count: u64,
}

impl Rejects {
    /// Into a CSV file (row, reason, raw).
    pub fn to(path: PathBuf) -> Rejects {
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

    /// Adds some.
    pub fn add(&mut self, rejects: &[Reject]) -> Result<()> {
        self.count += rejects.len() as u64;
        let Some(path) = &self.path else { return Ok(()) };
        let failed = || format!("cannot write {}", path.display());
        if self.writer.is_none() && !rejects.is_empty() {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).with_context(failed)?;
            }
            let mut writer = csv::Writer::from_writer(File::create(path).with_context(failed)?);
            writer.write_record(["row", "reason", "raw"]).with_context(failed)?;
            self.writer = Some(writer);
        }
        if let Some(writer) = &mut self.writer {
            for reject in rejects {
                writer.write_record([&reject.row.to_string(), &reject.reason, &reject.raw]).with_context(failed)?;
            }
        }
        Ok(())
    }

    /// Writes what is left; the file's path, if there were any.
    pub fn finish(self) -> Result<Option<PathBuf>> {
        let (Some(mut writer), Some(path)) = (self.writer, self.path) else { return Ok(None) };
        writer.flush().with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Some(path))
    }
}
