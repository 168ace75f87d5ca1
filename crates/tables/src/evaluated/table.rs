//! Writes rows of values to a Parquet file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Result;
use crate::error::Doing;
use datafusion::arrow::array::{ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, StringBuilder, TimestampMicrosecondBuilder};
use datafusion::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use tenure_model::{Kind, Value};

/// Rows in a row group.
const GROUP_ROWS: usize = 131_072;

/// A Parquet file that is being written under a temporary name; `finish` gives it its own.
pub struct Table {
    path: PathBuf,
    schema: Arc<Schema>,
    columns: Vec<Column>,
    rows: usize,
    total: u64,
    writer: ArrowWriter<File>,
}

enum Column {
    Number(Float64Builder),
    Text(StringBuilder),
    Bool(BooleanBuilder),
    Time(TimestampMicrosecondBuilder),
    Date(Date32Builder),
}

/// The schema of a file with these columns.
pub fn schema(columns: &[(String, Kind)]) -> Arc<Schema> {
    let fields: Vec<Field> = columns.iter().map(|(name, kind)| Field::new(name, data_type(*kind), true)).collect();
    Arc::new(Schema::new(fields))
}

impl Table {
    /// A new file with these columns; intervals are not stored.
    pub fn create(path: &Path, columns: &[(String, Kind)]) -> Result<Table> {
        let schema = schema(columns);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).doing(|| format!("cannot make {}", folder.display()))?;
        }
        let file = File::create(temporary(path)).doing(|| format!("cannot write {}", path.display()))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))?;
        let columns = columns.iter().map(|(_, kind)| Column::new(*kind)).collect();
        Ok(Table { path: path.to_owned(), schema, columns, rows: 0, total: 0, writer })
    }

    /// Adds a row; missing values at its end are NULL.
    pub fn push<'v>(&mut self, row: impl IntoIterator<Item = &'v Value>) -> Result<()> {
        let mut values = row.into_iter();
        for column in &mut self.columns {
            column.push(values.next().unwrap_or(&Value::Null));
        }
        self.rows += 1;
        if self.rows == GROUP_ROWS {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if self.rows > 0 {
            let arrays: Vec<ArrayRef> = self.columns.iter_mut().map(Column::finish).collect();
            self.writer.write(&RecordBatch::try_new(self.schema.clone(), arrays)?)?;
            self.total += self.rows as u64;
            self.rows = 0;
        }
        Ok(())
    }

    /// Closes the file and gives it its name. Says how many rows it has.
    pub fn finish(mut self) -> Result<u64> {
        self.flush()?;
        self.writer.close()?;
        std::fs::rename(temporary(&self.path), &self.path).doing(|| format!("cannot write {}", self.path.display()))?;
        Ok(self.total)
    }
}

fn temporary(path: &Path) -> PathBuf {
    path.with_extension("parquet.tmp")
}

fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Number | Kind::Interval => DataType::Float64,
        Kind::Text | Kind::Any => DataType::Utf8,
        Kind::Bool => DataType::Boolean,
        Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Kind::Date => DataType::Date32,
    }
}

impl Column {
    fn new(kind: Kind) -> Column {
        match kind {
            Kind::Number | Kind::Interval => Column::Number(Float64Builder::new()),
            Kind::Text | Kind::Any => Column::Text(StringBuilder::new()),
            Kind::Bool => Column::Bool(BooleanBuilder::new()),
            Kind::Time => Column::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            Kind::Date => Column::Date(Date32Builder::new()),
        }
    }

    fn push(&mut self, value: &Value) {
        match (self, value) {
            (Column::Number(b), Value::Number(x)) => b.append_value(*x),
            (Column::Number(b), Value::Interval(us)) => b.append_value(*us as f64 / 1e6),
            (Column::Number(b), _) => b.append_null(),
            (Column::Text(b), Value::Text(t)) => b.append_value(t),
            (Column::Text(b), _) => b.append_null(),
            (Column::Bool(b), v) => b.append_option(v.as_bool()),
            (Column::Time(b), Value::Time(t)) => b.append_value(t.0),
            (Column::Time(b), _) => b.append_null(),
            (Column::Date(b), Value::Date(d)) => b.append_value(d.0),
            (Column::Date(b), _) => b.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Column::Number(b) => Arc::new(b.finish()),
            Column::Text(b) => Arc::new(b.finish()),
            Column::Bool(b) => Arc::new(b.finish()),
            Column::Time(b) => Arc::new(b.finish()),
            Column::Date(b) => Arc::new(b.finish()),
        }
    }
}
