//! A file to be imported: what it is, its hash, and its chunks, read in a thread of their own.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::parquet::file::reader::{FileReader, SerializedFileReader};
use tenure_ingest::Inputs;
use tokio::sync::mpsc;

use crate::error::{asked, io};
use crate::{CHUNKS_AHEAD, Error, Progress, Reading, Result};

/// Bytes read at a time.
const BUFFER: usize = 1 << 20;
/// Bytes at the beginning of a file that tell what it is.
const HEAD: usize = 4 << 10;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, with a header line.
    Csv,
    /// One JSON object a line; Segment's objects too.
    Ndjson,
    /// Parquet.
    Parquet,
}

impl Format {
    /// What the file's name says.
    pub fn of_name(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Format::Csv),
            "ndjson" | "jsonl" | "json" => Some(Format::Ndjson),
            "parquet" | "pq" => Some(Format::Parquet),
            _ => None,
        }
    }

    /// What the first bytes say: Parquet's own mark, an object (or array) of JSON; everything else is CSV.
    pub fn of_content(head: &[u8]) -> Format {
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            _ if head.starts_with(b"PAR1") => Format::Parquet,
            Some(b'{' | b'[') => Format::Ndjson,
            _ => Format::Csv,
        }
    }

    /// Its name, which is the usual ending of such files too.
    pub fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::Parquet => "parquet",
        }
    }
}

/// A file to be imported.
#[derive(Clone, Debug)]
pub struct Source {
    path: PathBuf,
    name: String,
    format: Format,
}

impl Source {
    /// The file at a path. `format`: None: what its name says.
    ///
    /// # Errors
    /// Where there is none, or its name does not say what it is.
    pub fn open(path: &Path, format: Option<Format>) -> Result<Source> {
        if path == Path::new("-") || (path.exists() && !path.is_file() && !path.is_dir()) {
            return Err(asked(
                format!(
                    "{} is no file: a pipe can be read only once, and files are read twice, first to know whether they were imported before",
                    path.display()
                ),
                "write it to a file first: … > rows.csv",
            ));
        }
        if !path.is_file() {
            return Err(asked(format!("there is no file {}", path.display()), "give the path of a CSV, NDJSON or Parquet file"));
        }
        let Some(format) = format.or_else(|| Format::of_name(path)) else {
            let cause = format!("{}: its name does not say what it is", path.display());
            return Err(asked(cause, "say so: --format csv, ndjson or parquet"));
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Source { path: path.to_owned(), name, format })
    }

    /// A file under the name that somebody gave it. `format`: None: what its content says.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn named(path: &Path, name: &str, format: Option<Format>) -> Result<Source> {
        let format = match format {
            Some(format) => format,
            None => {
                let mut head = Vec::with_capacity(HEAD);
                let file = File::open(path).map_err(io("read", path))?;
                file.take(HEAD as u64).read_to_end(&mut head).map_err(io("read", path))?;
                Format::of_content(&head)
            }
        };
        Ok(Source { path: path.to_owned(), name: name.to_owned(), format })
    }

    /// Its name without the folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Hash of its bytes.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn hash(&self) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(self.file()?).map_err(io("read", &self.path))?;
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// How long it is: bytes, of Parquet rows.
    pub fn length(&self) -> u64 {
        match self.format {
            Format::Parquet => self.parquet_rows().unwrap_or(0),
            _ => self.path.metadata().map_or(0, |m| m.len()),
        }
    }

    /// Reads it in a thread of its own, some chunks ahead; how far it is goes to `progress`.
    pub(crate) fn chunks(&self, reading: &Reading, progress: &Arc<Progress>) -> Chunks {
        let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
        let (source, reading, progress) = (self.clone(), reading.clone(), progress.clone());
        tokio::task::spawn_blocking(move || {
            let chunks = match source.read(&reading, &progress) {
                Ok(chunks) => chunks,
                Err(error) => return drop(sender.blocking_send(Err(error))),
            };
            for chunk in chunks {
                if let (Format::Parquet, Ok(chunk)) = (source.format, &chunk) {
                    progress.add(chunk.rows);
                }
                let last = chunk.is_err();
                if sender.blocking_send(chunk.map_err(Error::from)).is_err() || last {
                    return;
                }
            }
        });
        Chunks(receiver)
    }

    #[allow(clippy::type_complexity, reason = "an iterator of chunks")]
    pub(crate) fn read<'a>(
        &self,
        reading: &'a Reading,
        progress: &Arc<Progress>,
    ) -> Result<Box<dyn Iterator<Item = Result<Inputs, tenure_ingest::Error>> + Send + 'a>> {
        let file = self.file()?;
        let counted = Counted { file, progress: progress.clone() };
        Ok(match self.format {
            Format::Csv => tenure_ingest::csv(counted, &reading.mapping, &reading.lookups)?,
            Format::Ndjson => tenure_ingest::ndjson(BufReader::with_capacity(BUFFER, counted), &reading.mapping, &reading.lookups)?,
            Format::Parquet => tenure_ingest::parquet(counted.file, &reading.mapping, &reading.lookups)?,
        })
    }

    pub(crate) fn file(&self) -> Result<File> {
        File::open(&self.path).map_err(io("read", &self.path))
    }

    fn parquet_rows(&self) -> Option<u64> {
        let reader = SerializedFileReader::new(self.file().ok()?).ok()?;
        u64::try_from(reader.metadata().file_metadata().num_rows()).ok()
    }
}

/// A file whose bytes are counted as they are read.
struct Counted {
    file: File,
    progress: Arc<Progress>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.progress.add(read as u64);
        Ok(read)
    }
}

/// The chunks of a file, as they are read.
pub(crate) struct Chunks(mpsc::Receiver<Result<Inputs>>);

impl Chunks {
    /// The next one; None after the last.
    pub async fn next(&mut self) -> Option<Result<Inputs>> {
        self.0.recv().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_what_it_is() {
        for (head, format) in [
            ("PAR1\u{15}", Format::Parquet),
            ("\u{feff} {\"a\":1}", Format::Ndjson),
            ("[{\"a\":1}]", Format::Ndjson),
            ("id,name\n", Format::Csv),
            ("", Format::Csv),
        ] {
            assert_eq!(Format::of_content(head.as_bytes()), format, "{head}");
        }
    }
}
