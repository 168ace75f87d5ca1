//! CSV with a header line.

use std::io::Read;
use std::sync::Arc;

use csv::{ByteRecord, Reader, ReaderBuilder};
use datafusion::arrow::array::StringBuilder;

use super::{Chunks, Error, check_columns, read_table};
use crate::column::Column;
use crate::table::Table;
use crate::{Inputs, Lookups, Mapping, Reject};

/// Rows of a chunk.
const CHUNK_ROWS: usize = 16_384;

/// Reads CSV with a header line.
pub fn csv<'a, R: Read + Send + 'a>(reader: R, mapping: &'a Mapping, lookups: &'a Lookups) -> Result<Chunks<'a>, Error> {
    let mut reader = ReaderBuilder::new().flexible(true).delimiter(mapping.delimiter).from_reader(reader);
    let header = reader.byte_headers().map_err(std::io::Error::from)?;
    let names: Arc<[String]> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    check_columns(&names, mapping)?;
    let mut file = File { reader, names, row: 0, mapping, lookups };
    Ok(Box::new(std::iter::from_fn(move || file.chunk().transpose())))
}

struct File<'a, R> {
    reader: Reader<R>,
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
            match self.check(&record) {
                Ok(()) => {
                    numbers.push(self.row);
                    for (builder, field) in builders.iter_mut().zip(&record) {
                        builder.append_value(std::str::from_utf8(field).unwrap_or_default());
                    }
                }
                Err(reason) => inputs.rejects.push(Reject { row: self.row, reason, raw: line(record.iter(), self.mapping.delimiter) }),
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

/// Fields as a line of CSV.
fn line<'f>(fields: impl Iterator<Item = &'f [u8]>, delimiter: u8) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).delimiter(delimiter).from_writer(Vec::new());
    let fields: Vec<String> = fields.map(|f| String::from_utf8_lossy(f).into_owned()).collect();
    let written = writer.write_record(&fields).is_ok();
    let bytes = writer.into_inner().unwrap_or_default();
    if written { String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned() } else { fields.join(",") }
}
