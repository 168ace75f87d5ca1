//! CSV with a header line.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;

use csv::{ByteRecord, Reader, ReaderBuilder};
use datafusion::arrow::array::StringBuilder;

use super::quotes::Quotes;
use super::{Chunks, Error, check_columns, read_table};
use crate::column::Column;
use crate::table::Table;
use crate::{Inputs, Lookups, Mapping, Reject};

/// Rows of a chunk.
const CHUNK_ROWS: usize = 16_384;
/// A rejected record is given back up to so many characters: one whose quote never closes goes to the end of the file.
const RAW_CHARS_MAX: usize = 10_000;

/// Reads CSV with a header line.
pub fn csv<'a, R: Read + Send + 'a>(reader: R, mapping: &'a Mapping, lookups: &'a Lookups) -> Result<Chunks<'a>, Error> {
    let reader = Quotes::of(reader, mapping.delimiter);
    let mut reader = ReaderBuilder::new().flexible(true).delimiter(mapping.delimiter).from_reader(reader);
    let header = reader.byte_headers().map_err(std::io::Error::from)?;
    let names: Arc<[String]> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    let header = 0..reader.position().byte();
    if let Some(flaw) = reader.get_mut().flaw(header) {
        return Err(Error::Columns(format!("the header cannot be read: {flaw}")));
    }
    check_header(&names, mapping)?;
    check_columns(&names, mapping)?;
    let mut file = File { reader, names, row: 0, mapping, lookups };
    Ok(Box::new(std::iter::from_fn(move || file.chunk().transpose())))
}

struct File<'a, R> {
    reader: Reader<Quotes<R>>,
    names: Arc<[String]>,
    row: u64,
    mapping: &'a Mapping,
    lookups: &'a Lookups,
}

impl<R: Read> File<'_, R> {
    fn chunk(&mut self) -> Result<Option<Inputs>, Error> {
        let mut inputs = Inputs::default();
        let mut builders: Vec<StringBuilder> = self.names.iter().map(|_| StringBuilder::new()).collect();
        let mut numbers = Vec::with_capacity(CHUNK_ROWS);
        let mut record = ByteRecord::new();
        while numbers.len() < CHUNK_ROWS && self.reader.read_byte_record(&mut record).map_err(std::io::Error::from)? {
            self.row += 1;
            inputs.rows += 1;
            match self.check_quotes(&record).and_then(|()| self.check(&record)) {
                Ok(()) => {
                    numbers.push(self.row);
                    for (builder, field) in builders.iter_mut().zip(&record) {
                        builder.append_value(std::str::from_utf8(field).unwrap_or_default());
                    }
                }
                Err(reason) => {
                    let raw = line(record.iter(), self.mapping.delimiter);
                    let raw = raw.chars().take(RAW_CHARS_MAX).collect();
                    inputs.rejects.push(Reject { row: self.row, reason, raw });
                }
            }
        }
        if inputs.rows == 0 {
            return Ok(None);
        }
        let rows = numbers.len();
        let columns = builders.iter_mut().map(|b| Column::Csv(b.finish())).collect();
        let table = Table { first_row: 1, numbers: Some(numbers), names: self.names.clone(), columns, rows, raw: None };
        let rejected = inputs.rejects.len();
        read_table(&table, self.mapping, self.lookups, &mut inputs)?;
        // Rows rejected by the mapping are given back as they stood.
        for reject in &mut inputs.rejects[rejected..] {
            let numbers = table.numbers.as_deref().unwrap_or_default();
            if let Ok(row) = numbers.binary_search(&reject.row) {
                let fields: Vec<&[u8]> =
                    table.columns.iter().map(|c| if let Column::Csv(a) = c { a.value(row).as_bytes() } else { &[] }).collect();
                reject.raw = line(fields.into_iter(), self.mapping.delimiter);
            }
        }
        inputs.rejects.sort_by_key(|r| r.row);
        Ok(Some(inputs))
    }

    /// Are all quotes of the record closed, each at the end of its field?
    fn check_quotes(&mut self, record: &ByteRecord) -> Result<(), String> {
        let bytes = record.position().map_or(0, csv::Position::byte)..self.reader.position().byte();
        self.reader.get_mut().flaw(bytes).map_or(Ok(()), Err)
    }

    fn check(&self, record: &ByteRecord) -> Result<(), String> {
        if record.len() != self.names.len() {
            return Err(format!("it has {} fields, the header has {}", record.len(), self.names.len()));
        }
        match record.iter().zip(self.names.iter()).find(|(field, _)| std::str::from_utf8(field).is_err()) {
            Some((_, name)) => Err(format!("{name} is not UTF-8")),
            None => Ok(()),
        }
    }
}

/// Refuses a header whose columns cannot be told apart.
fn check_header(names: &[String], mapping: &Mapping) -> Result<(), Error> {
    if let [only] = names
        && let Some(other) = [';', '\t', '|', ','].into_iter().find(|c| only.contains(*c) && *c as u8 != mapping.delimiter)
    {
        let (other, delimiter) = (other.escape_default(), char::from(mapping.delimiter).escape_default());
        return Err(Error::Columns(format!(
            "the header is one column, `{only}`: columns seem to be separated by `{other}`, not `{delimiter}`; say so in a mapping file: delimiter: \"{other}\""
        )));
    }
    let twice = names.iter().enumerate().filter(|(i, name)| !name.is_empty() && names[..*i].contains(name)).map(|(_, name)| name);
    let twice: BTreeSet<String> = twice.map(|name| format!("`{name}`")).collect();
    if twice.is_empty() {
        return Ok(());
    }
    let names = twice.into_iter().collect::<Vec<_>>().join(", ");
    Err(Error::Columns(format!("the header has columns of the same name: {names}; each needs a name of its own")))
}

/// Fields as a line of CSV.
fn line<'f>(fields: impl Iterator<Item = &'f [u8]>, delimiter: u8) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).delimiter(delimiter).from_writer(Vec::new());
    let fields: Vec<String> = fields.map(|f| String::from_utf8_lossy(f).into_owned()).collect();
    let written = writer.write_record(&fields).is_ok();
    let bytes = writer.into_inner().unwrap_or_default();
    if written { String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned() } else { fields.join(",") }
}
