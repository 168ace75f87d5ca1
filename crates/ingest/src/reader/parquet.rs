//! Parquet, from a file or bytes; columns of any type.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::file::reader::ChunkReader;

use super::{Chunks, Error, check_columns, read_table};
use crate::column::Column;
use crate::table::Table;
use crate::{Inputs, Lookups, Mapping};

/// Rows of a chunk.
const CHUNK_ROWS: usize = 65_536;

/// Reads Parquet from a file or bytes.
pub fn parquet<'a, R: ChunkReader + 'static>(reader: R, mapping: &'a Mapping, lookups: &'a Lookups) -> Result<Chunks<'a>, Error> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(reader)?.with_batch_size(CHUNK_ROWS);
    let names: Arc<[String]> = builder.schema().fields().iter().map(|f| f.name().clone()).collect();
    check_columns(&names, mapping)?;
    let mut row = 1;
    Ok(Box::new(builder.build()?.map(move |batch| {
        let inputs = chunk(&batch?, row, &names, mapping, lookups)?;
        row += inputs.rows;
        Ok(inputs)
    })))
}

fn chunk(batch: &RecordBatch, first_row: u64, names: &Arc<[String]>, mapping: &Mapping, lookups: &Lookups) -> Result<Inputs, Error> {
    let columns = batch.columns().iter().map(Column::from_arrow).collect::<Result<_, _>>()?;
    let table = Table { first_row, numbers: None, names: names.clone(), columns, rows: batch.num_rows(), raw: None };
    let mut inputs = Inputs { rows: batch.num_rows() as u64, ..Inputs::default() };
    read_table(&table, mapping, lookups, &mut inputs)?;
    Ok(inputs)
}
