//! The catalog: which files the archive consists of. Saved in one atomic step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tenure_model::Instant;

use crate::error::Error;

/// The version of the catalog's format and of the files' columns. Files of the first one have neither `sent_at` nor `original_time`.
const VERSION: u32 = 2;

/// A month of UTC, by year and month; orders by time and is written `2025-06`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Month(pub i16, pub i8);

impl Month {
    /// The month an instant is in; instants outside of the years 0 to 9999 are in the first or last of them.
    pub fn of(t: Instant) -> Month {
        match t.timestamp() {
            Some(t) => {
                let date = t.to_zoned(jiff::tz::TimeZone::UTC).date();
                if date.year() < 0 { Month(0, 1) } else { Month(date.year(), date.month()) }
            }
            None if t.0 < 0 => Month(0, 1),
            None => Month(9999, 12),
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0, self.1)
    }
}

impl From<Month> for String {
    fn from(month: Month) -> String {
        month.to_string()
    }
}

impl TryFrom<String> for Month {
    type Error = String;
    fn try_from(text: String) -> Result<Month, String> {
        let parsed = text.split_once('-').and_then(|(year, month)| Some(Month(year.parse().ok()?, month.parse().ok()?)));
        parsed.ok_or_else(|| format!("`{text}` is not a month"))
    }
}

/// One file of events. It holds one month whole, sorted by (account, time, content).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct File {
    /// Path below the data folder.
    pub path: String,
    /// How many events.
    pub rows: u64,
    /// Least account id; of a quarantine file, empty.
    pub min_account: String,
    /// Greatest account id.
    pub max_account: String,
    /// Earliest event.
    pub min_time: Instant,
    /// Latest event.
    pub max_time: Instant,
    /// Greatest position in it.
    pub max_position: i64,
    /// The file's row groups: first account and number of rows of each, in order.
    pub groups: Vec<(String, u64)>,
}

/// All files of the archive.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Catalog {
    /// Of the format.
    pub version: u32,
    /// The number of the next file.
    pub next_file: u64,
    /// The position of the next event to arrive.
    pub next_position: i64,
    /// The archive, a file a month.
    pub events: BTreeMap<Month, File>,
    /// Events of which it is not known whose they are, a file a month.
    pub quarantine: BTreeMap<Month, File>,
    /// The arrival that events of imported files were given, which say themselves of none.
    #[serde(default)]
    pub imported_at: BTreeSet<Instant>,
}

impl Default for Catalog {
    fn default() -> Self {
        Catalog {
            version: VERSION,
            next_file: 1,
            next_position: 0,
            events: BTreeMap::new(),
            quarantine: BTreeMap::new(),
            imported_at: BTreeSet::new(),
        }
    }
}

impl Catalog {
    /// Reads it; a missing file is an empty catalog.
    pub fn load(path: &Path) -> Result<Catalog, Error> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Catalog::default()),
            Err(error) => return Err(Error::io(path)(error)),
        };
        let broken = |error: String| Error::Catalog { path: path.to_owned(), error };
        let mut catalog: Catalog = serde_json::from_slice(&text).map_err(|e| broken(e.to_string()))?;
        if !(1..=VERSION).contains(&catalog.version) {
            return Err(broken(format!("it is of version {}, this program reads up to {VERSION}", catalog.version)));
        }
        // What is saved is of this version.
        catalog.version = VERSION;
        Ok(catalog)
    }

    /// Replaces the file at `path` in one step that survives a crash: temporary file, fsync, rename, fsync of the folder.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let temporary = path.with_extension("json.tmp");
        let text = serde_json::to_vec(self).map_err(|e| Error::Catalog { path: path.to_owned(), error: e.to_string() })?;
        let mut file = std::fs::File::create(&temporary).map_err(Error::io(&temporary))?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(Error::io(&temporary))?;
        std::fs::rename(&temporary, path).map_err(Error::io(path))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::File::open(folder).and_then(|f| f.sync_all()).map_err(Error::io(folder))
    }
}
