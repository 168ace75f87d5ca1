//! Backups: everything of a workspace in one folder or file, as of one moment, the same whichever database it came from.
//!
//! ```text
//! tables/<table>.ndjson.zst   the rows of the database, an array a line
//! events/, quarantine/        the archive: its catalog and Parquet files
//! rejects/                    rows of imported files that could not be read
//! manifest.json               written last: what there is, with checksums
//! ```

mod container;
mod make;
mod restore;

use serde::{Deserialize, Serialize};

pub use container::Reader;
pub use make::make;
pub use restore::restore;

/// The version of this layout.
pub const VERSION: u32 = 1;
/// The file that makes a backup one.
pub const MANIFEST: &str = "manifest.json";
/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// What a backup holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the layout.
    pub backup: u32,
    /// The version of Tenure that made it.
    pub tenure: String,
    /// As of when everything in it is.
    pub made_at: String,
    /// Where it came from, for people.
    pub database: String,
    /// The format of the tables.
    pub format: i64,
    /// Events in the archive.
    pub events: u64,
    /// The tables, in the order in which they are filled.
    pub tables: Vec<Table>,
    /// All files but this one.
    pub files: Vec<File>,
}

/// A table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The names of its columns, in the order of the values in a row.
    pub columns: Vec<String>,
    /// How many rows.
    pub rows: u64,
    /// The file they are in.
    pub path: String,
}

/// A file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct File {
    /// Its path in the backup.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its checksum.
    pub blake3: String,
}

impl Manifest {
    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// A progress bar over bytes, hidden where standard error is no terminal.
fn progress(what: &'static str, bytes: u64) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::with_draw_target(Some(bytes), indicatif::ProgressDrawTarget::stderr());
    let style = indicatif::ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta}");
    bar.set_style(style.unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()));
    bar.set_message(what);
    bar
}
