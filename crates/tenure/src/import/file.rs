//! A file to be imported: what it is, its hash, and its chunks, read in a thread of their own.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use datafusion::parquet::file::reader::{FileReader, SerializedFileReader};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tenure_ingest::Inputs;
use tokio::sync::mpsc;

use super::Reading;
use crate::failure::failure;

/// Bytes read at a time.
const BUFFER: usize = 1 << 20;

/// What a file is.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, with a header line
    Csv,
    /// One JSON object a line; Segment's objects too
    Ndjson,
    /// Parquet
    Parquet,
}

impl Format {
    /// What the file's name says.
    fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Format::Csv),
            "ndjson" | "jsonl" | "json" => Some(Format::Ndjson),
            "parquet" | "pq" => Some(Format::Parquet),
            _ => None,
        }
    }
}

/// A file to be imported.
pub(super) struct Source {
    path: PathBuf,
    format: Format,
}

impl Source {
    /// The file at a path.
    pub fn open(path: &Path, format: Option<Format>) -> Result<Source> {
        if path == Path::new("-") || (path.exists() && !path.is_file() && !path.is_dir()) {
            return Err(failure(
                format!(
                    "{} is no file: a pipe can be read only once, and files are read twice, first to know whether they were imported before",
                    path.display()
                ),
                "write it to a file first: … > rows.csv",
            ));
        }
        if !path.is_file() {
            return Err(failure(format!("there is no file {}", path.display()), "give the path of a CSV, NDJSON or Parquet file"));
        }
        let Some(format) = format.or_else(|| Format::of(path)) else {
            return Err(failure(
                format!("{}: its name does not say what it is", path.display()),
                "say so: --format csv, ndjson or parquet",
            ));
        };
        Ok(Source { path: path.to_owned(), format })
    }

    /// Its name without the folder.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Its name without folder and ending.
    pub fn stem(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Hash of its bytes.
    pub fn hash(&self) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(self.file()?).with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// A progress bar, hidden where standard error is no terminal: over bytes, or over rows for Parquet.
    pub fn progress(&self) -> ProgressBar {
        let (length, unit) = match self.format {
            Format::Parquet => (self.parquet_rows().unwrap_or(0), "{human_pos}/{human_len} rows"),
            _ => (self.path.metadata().map_or(0, |m| m.len()), "{binary_bytes}/{binary_total_bytes}"),
        };
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        let template = format!("{{msg}} {{wide_bar}} {unit} {{eta}}");
        bar.set_style(ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(self.name());
        bar
    }

    /// Reads it in a thread of its own, some chunks ahead.
    pub fn chunks(self, reading: &Reading, bar: ProgressBar, ahead: usize) -> Chunks {
        let (sender, receiver) = mpsc::channel(ahead);
        let reading = reading.clone();
        tokio::task::spawn_blocking(move || {
            let chunks = match self.read(&reading, &bar) {
                Ok(chunks) => chunks,
                Err(error) => return drop(sender.blocking_send(Err(error))),
            };
            for chunk in chunks {
                if let (Format::Parquet, Ok(chunk)) = (self.format, &chunk) {
                    bar.inc(chunk.rows);
                }
                let last = chunk.is_err();
                if sender.blocking_send(chunk.map_err(anyhow::Error::from)).is_err() || last {
                    return;
                }
            }
        });
        Chunks(receiver)
    }

    #[allow(clippy::type_complexity, reason = "an iterator of chunks")]
    fn read<'a>(
        &self,
        reading: &'a Reading,
        bar: &ProgressBar,
    ) -> Result<Box<dyn Iterator<Item = Result<Inputs, tenure_ingest::Error>> + Send + 'a>> {
        let file = self.file()?;
        Ok(match self.format {
            Format::Csv => tenure_ingest::csv(bar.wrap_read(file), &reading.mapping, &reading.lookups)?,
            Format::Ndjson => {
                tenure_ingest::ndjson(BufReader::with_capacity(BUFFER, bar.wrap_read(file)), &reading.mapping, &reading.lookups)?
            }
            Format::Parquet => tenure_ingest::parquet(file, &reading.mapping, &reading.lookups)?,
        })
    }

    fn file(&self) -> Result<File> {
        File::open(&self.path).with_context(|| format!("cannot read {}", self.path.display()))
    }

    fn parquet_rows(&self) -> Option<u64> {
        let reader = SerializedFileReader::new(self.file().ok()?).ok()?;
        u64::try_from(reader.metadata().file_metadata().num_rows()).ok()
    }
}

/// The chunks of a file, as they are read.
pub(super) struct Chunks(mpsc::Receiver<Result<Inputs>>);

impl Chunks {
    /// The next one; None after the last.
    pub async fn next(&mut self) -> Option<Result<Inputs>> {
        self.0.recv().await
    }
}

/// Hash of several texts, such as a mapping and the files it looks things up in.
pub fn hash_texts<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text);
    }
    hasher.finalize().to_hex().to_string()
}

/// A whole file.
pub fn bytes(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    file.read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(bytes)
}
