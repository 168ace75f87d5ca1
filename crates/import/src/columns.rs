//! The columns that a file has: for people who write a mapping.

use std::io::{BufRead, BufReader};

use datafusion::parquet::file::reader::{FileReader, SerializedFileReader};

use crate::error::io;
use crate::{Error, Format, Reading, Result, Source};

/// Lines of NDJSON that are looked at.
const LINES: usize = 100;

/// Names of columns; of NDJSON the keys of the first lines.
pub(crate) fn columns(source: &Source, reading: &Reading) -> Result<Vec<String>> {
    let file = source.file()?;
    match source.format() {
        Format::Csv => {
            let mut reader =
                csv::ReaderBuilder::new().flexible(true).delimiter(reading.mapping.delimiter()).from_reader(BufReader::new(file));
            let header = reader.byte_headers().map_err(std::io::Error::from).map_err(io("read", source.path()))?;
            Ok(header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect())
        }
        Format::Ndjson => {
            let mut names: Vec<String> = Vec::new();
            for line in BufReader::new(file).split(b'\n').take(LINES) {
                let line = line.map_err(io("read", source.path()))?;
                // A line that is no object is rejected later, with its reason.
                let Ok(object) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&line) else { continue };
                names.extend(object.into_iter().map(|(name, _)| name).filter(|name| !names.contains(name)).collect::<Vec<_>>());
            }
            Ok(names)
        }
        Format::Parquet => {
            let reader = SerializedFileReader::new(file).map_err(|error| Error::Unreadable(error.into()))?;
            let schema = reader.metadata().file_metadata().schema_descr();
            Ok(schema.root_schema().get_fields().iter().map(|field| field.name().to_owned()).collect())
        }
    }
}
