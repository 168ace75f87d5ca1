//! Is the archive whole: every file of the catalog there and readable, with as many rows as it should have, and none too many?

use std::fs::File;
use std::path::{Path, PathBuf};

use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::archive::Archive;
use crate::catalog;
use crate::error::Error;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// Files that the catalog names.
    pub files: usize,
    /// Rows in those that are fine.
    pub rows: u64,
    /// What is wrong, by file.
    pub broken: Vec<String>,
    /// Files that the catalog does not name; the next write removes them.
    pub orphans: Vec<PathBuf>,
}

impl Archive {
    /// Checks every file: that it is there and says it has the rows it should; `deep`: reads all of them.
    ///
    /// # Errors
    /// Where folders cannot be listed.
    pub fn check(&self, deep: bool) -> Result<Condition, Error> {
        let mut condition = Condition { orphans: self.orphans()?, ..Condition::default() };
        for entry in self.catalog.events.values().chain(self.catalog.quarantine.values()) {
            condition.files += 1;
            match check(&self.data, entry, deep) {
                Ok(()) => condition.rows += entry.rows,
                Err(why) => condition.broken.push(why),
            }
        }
        Ok(condition)
    }
}

fn check(data: &Path, entry: &catalog::File, deep: bool) -> Result<(), String> {
    let path = data.join(&entry.path);
    let found = File::open(&path).map_err(Error::io(&path)).and_then(|file| rows(&path, file, deep)).map_err(|error| error.to_string())?;
    if found == entry.rows {
        return Ok(());
    }
    Err(format!("{}: has {found} rows, the catalog says {}", path.display(), entry.rows))
}

/// How many rows a file says it has; `deep`: has, all of them read.
pub(crate) fn rows(path: &Path, file: File, deep: bool) -> Result<u64, Error> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(Error::parquet(path))?;
    if !deep {
        return Ok(reader.metadata().file_metadata().num_rows().max(0) as u64);
    }
    let mut rows = 0;
    for batch in reader.build().map_err(Error::parquet(path))? {
        rows += batch?.num_rows() as u64;
    }
    Ok(rows)
}
