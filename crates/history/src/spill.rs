//! New rows put aside in a file while an import runs, in columns of symbols: only the import that wrote it can read it.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, LargeStringArray, RecordBatch, UInt32Array};
use datafusion::arrow::datatypes::{Int64Type, UInt32Type};
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::ipc::writer::StreamWriter;

use crate::error::Error;
use crate::rows::Rows;
use crate::texts::Texts;
use crate::times::Times;

/// Writes the rows.
pub(crate) fn write(path: &Path, rows: &Rows) -> Result<(), Error> {
    let symbols = |column: &[u32]| -> ArrayRef { Arc::new(UInt32Array::from(column.to_vec())) };
    let numbers = |column: &[i64]| -> ArrayRef { Arc::new(Int64Array::from(column.to_vec())) };
    let texts = |texts: &Texts| -> ArrayRef { Arc::new((0..rows.len()).map(|r| texts.get(r)).collect::<LargeStringArray>()) };
    let times = |times: &Times| -> ArrayRef { Arc::new((0..rows.len()).map(|r| times.get(r)).collect::<Int64Array>()) };
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("account", symbols(&rows.account), false),
        ("person", symbols(&rows.person), false),
        ("name", symbols(&rows.name), false),
        ("time", numbers(&rows.time), false),
        ("position", numbers(&rows.position), false),
        ("source", symbols(&(0..rows.len()).map(|r| rows.source(r)).collect::<Vec<_>>()), false),
        ("received_at", numbers(&(0..rows.len()).map(|r| rows.received(r)).collect::<Vec<_>>()), false),
        ("message", texts(&rows.message), true),
        ("properties", texts(&rows.properties), true),
        ("sent_at", times(&rows.sent), true),
        ("original_time", times(&rows.original), true),
    ])?;
    let mut file = BufWriter::new(File::create(path).map_err(Error::io(path))?);
    let mut writer = StreamWriter::try_new(&mut file, batch.schema_ref())?;
    writer.write(&batch)?;
    writer.finish()?;
    drop(writer);
    file.flush().map_err(Error::io(path))
}

/// Adds the rows of such a file.
pub(crate) fn read(path: &Path, rows: &mut Rows) -> Result<(), Error> {
    let file = File::open(path).map_err(Error::io(path))?;
    for batch in StreamReader::try_new(BufReader::new(file), None)? {
        let batch = batch?;
        let symbols = |c: usize| batch.column(c).as_primitive::<UInt32Type>().values();
        let numbers = |c: usize| batch.column(c).as_primitive::<Int64Type>().values();
        rows.account.extend_from_slice(symbols(0));
        rows.person.extend_from_slice(symbols(1));
        rows.name.extend_from_slice(symbols(2));
        for (source, received) in symbols(5).iter().zip(numbers(6)) {
            let origin = rows.origin((*source, *received));
            rows.origin.push(origin);
        }
        rows.time.extend_from_slice(numbers(3));
        rows.position.extend_from_slice(numbers(4));
        rows.message.extend(batch.column(7).as_string::<i64>().iter());
        rows.properties.extend(batch.column(8).as_string::<i64>().iter());
        rows.sent.extend(batch.column(9).as_primitive::<Int64Type>().iter());
        rows.original.extend(batch.column(10).as_primitive::<Int64Type>().iter());
    }
    Ok(())
}
