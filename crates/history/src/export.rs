//! Giving everything back: all events as NDJSON, CSV or Parquet.

use std::io::Write;
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, new_null_array};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::parquet::arrow::ArrowWriter;
use tenure_model::Instant;

use crate::archive::Archive;
use crate::error::Error;
use crate::event::Event;
use crate::schema::{Source, schema, writer_properties};

/// What an export is written as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// One JSON object per line. `tenure import events` reads it again.
    Ndjson,
    /// With a header line.
    Csv,
    /// One file with the archive's columns.
    Parquet,
}

impl Archive {
    /// Writes all events, in order of month and account, then those in quarantine. Returns how many.
    pub fn export<W: Write + Send>(&self, out: W, format: Format) -> Result<u64, Error> {
        let mut sink = Sink::new(out, format)?;
        let mut rows = 0;
        for path in self.files().into_iter().chain(self.quarantine_files()) {
            let source = Source::open(&path)?;
            for group in 0..source.groups() {
                let batch = source.read_all(group)?;
                rows += batch.num_rows() as u64;
                sink.write(&batch)?;
            }
        }
        sink.finish()?;
        Ok(rows)
    }
}

/// The columns of an export: those of quarantine, of which events have no reason.
fn columns() -> SchemaRef {
    let fields: Vec<_> = schema(true)
        .fields()
        .iter()
        .map(|f| if f.name() == "reason" { f.as_ref().clone().with_nullable(true) } else { f.as_ref().clone() })
        .collect();
    Arc::new(Schema::new(fields))
}

enum Sink<W: Write + Send> {
    Ndjson(W),
    Csv(Box<csv::Writer<W>>),
    Parquet(Box<ArrowWriter<W>>),
}

impl<W: Write + Send> Sink<W> {
    fn new(out: W, format: Format) -> Result<Sink<W>, Error> {
        Ok(match format {
            Format::Ndjson => Sink::Ndjson(out),
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(columns().fields().iter().map(|f| f.name())).map_err(csv_error)?;
                Sink::Csv(Box::new(writer))
            }
            Format::Parquet => {
                Sink::Parquet(Box::new(ArrowWriter::try_new(out, columns(), Some(writer_properties())).map_err(write_error)?))
            }
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        match self {
            Sink::Ndjson(out) => {
                let mut lines = Vec::with_capacity(batch.num_rows() * 200);
                for event in Event::from_batch(batch)? {
                    serde_json::to_writer(&mut lines, &event).map_err(|e| Error::Export(e.into()))?;
                    lines.push(b'\n');
                }
                out.write_all(&lines).map_err(Error::Export)
            }
            Sink::Csv(writer) => {
                Event::from_batch(batch)?.iter().try_for_each(|event| writer.write_record(record(event)).map_err(csv_error))
            }
            Sink::Parquet(writer) => {
                let schema = columns();
                let mut arrays = batch.columns().to_vec();
                if arrays.len() < schema.fields().len() {
                    arrays.push(new_null_array(schema.field(arrays.len()).data_type(), batch.num_rows()));
                }
                writer.write(&RecordBatch::try_new(schema, arrays)?).map_err(write_error)
            }
        }
    }

    fn finish(self) -> Result<(), Error> {
        match self {
            Sink::Ndjson(mut out) => out.flush().map_err(Error::Export),
            Sink::Csv(mut writer) => writer.flush().map_err(Error::Export),
            Sink::Parquet(writer) => writer.close().map(drop).map_err(write_error),
        }
    }
}

/// The fields of an event in the order of `columns`.
fn record(event: &Event) -> [String; 14] {
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    let time = |t: Instant| t.to_string();
    let maybe = |t: Option<Instant>| t.map(time).unwrap_or_default();
    [
        event.position.to_string(),
        text(&event.message_id),
        event.source.clone(),
        text(&event.account_id),
        text(&event.given_account_id),
        text(&event.person_id),
        text(&event.given_person_id),
        event.name.clone(),
        time(event.time),
        time(event.received_at),
        event.properties.as_ref().map(|p| p.get().to_owned()).unwrap_or_default(),
        maybe(event.sent_at),
        maybe(event.original_time),
        text(&event.reason),
    ]
}

fn csv_error(error: csv::Error) -> Error {
    Error::Export(error.into())
}

fn write_error(error: datafusion::parquet::errors::ParquetError) -> Error {
    Error::Export(std::io::Error::other(error))
}
