//! The columns of the archive's files (docs/reference/events.md), how they are written, and how row groups are read.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, RecordBatch, RecordBatchReader, StringArray, new_null_array};
use datafusion::arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef, TimeUnit};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use datafusion::parquet::basic::{Compression, Encoding, ZstdLevel};
use datafusion::parquet::file::metadata::{PageIndexPolicy, SortingColumn};
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::file::statistics::Statistics;
use datafusion::parquet::schema::types::ColumnPath;

use crate::error::Error;

/// Rows of a row group: the unit of skipping by account. Fewer are read in vain at the edges of a range of accounts; more cost fewer headers.
pub(crate) const GROUP_ROWS: usize = 40_000;

/// Positions of the columns in a file.
pub(crate) mod column {
    pub const POSITION: usize = 0;
    pub const MESSAGE_ID: usize = 1;
    pub const SOURCE: usize = 2;
    pub const ACCOUNT: usize = 3;
    pub const GIVEN_ACCOUNT: usize = 4;
    pub const PERSON: usize = 5;
    pub const GIVEN_PERSON: usize = 6;
    pub const NAME: usize = 7;
    pub const TIME: usize = 8;
    pub const RECEIVED: usize = 9;
    pub const PROPERTIES: usize = 10;
    pub const SENT: usize = 11;
    pub const ORIGINAL: usize = 12;
    /// Only in quarantine.
    pub const REASON: usize = 13;
}

/// The columns of a file of events (or, with `reason`, of quarantine).
pub fn schema(quarantine: bool) -> SchemaRef {
    static SCHEMAS: LazyLock<[SchemaRef; 2]> = LazyLock::new(|| [false, true].map(build));
    SCHEMAS[usize::from(quarantine)].clone()
}

fn build(quarantine: bool) -> SchemaRef {
    let text = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut fields = vec![
        Field::new("position", DataType::Int64, false),
        Field::new("message_id", DataType::Utf8, true),
        Field::new("source", text(), false),
        Field::new("account_id", text(), quarantine),
        Field::new("given_account_id", text(), true),
        Field::new("person_id", text(), true),
        Field::new("given_person_id", text(), true),
        Field::new("name", text(), false),
        Field::new("time", time(), false),
        Field::new("received_at", time(), false),
        Field::new("properties", DataType::Utf8, true),
        Field::new("sent_at", time(), true),
        Field::new("original_time", time(), true),
    ];
    if quarantine {
        fields.push(Field::new("reason", text(), false));
    }
    Arc::new(Schema::new(fields))
}

/// Light compression, statistics per row group, dictionaries large enough for the people of a row group.
pub(crate) fn writer_properties() -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_sorting_columns(Some(
            [column::ACCOUNT, column::TIME].map(|c| SortingColumn { column_idx: c as i32, descending: false, nulls_first: false }).to_vec(),
        ));
    for name in ["source", "account_id", "given_account_id", "person_id", "given_person_id", "name"] {
        properties = properties.set_column_dictionary_page_size_limit(ColumnPath::from(name), 16 << 20);
    }
    for name in ["position", "time"] {
        let path = ColumnPath::from(name);
        // Packed differences do not become smaller by compression.
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED)
            .set_column_compression(path, Compression::UNCOMPRESSED);
    }
    for name in ["message_id", "properties"] {
        properties = properties.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::None);
    }
    properties.set_column_dictionary_enabled(ColumnPath::from("message_id"), false).build()
}

/// An open file of events with its footer read. Clones share one cursor: they belong to one thread at a time.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub path: PathBuf,
    file: Arc<File>,
    metadata: ArrowReaderMetadata,
}

impl Source {
    pub fn open(path: &Path) -> Result<Source, Error> {
        let file = File::open(path).map_err(Error::io(path))?;
        let options = ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(&file, options).map_err(Error::parquet(path))?;
        Ok(Source { path: path.to_owned(), file: Arc::new(file), metadata })
    }

    /// The same file with a cursor of its own, for another thread; its footer is not read again.
    pub fn again(&self) -> Result<Source, Error> {
        let file = File::open(&self.path).map_err(Error::io(&self.path))?;
        Ok(Source { file: Arc::new(file), ..self.clone() })
    }

    /// How many row groups.
    pub fn groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// How many rows a row group has.
    pub fn rows(&self, group: usize) -> usize {
        self.metadata.metadata().row_group(group).num_rows() as usize
    }

    /// What the file says of a column of a row group without its being read.
    pub fn statistics(&self, group: usize, column: &str) -> Option<&Statistics> {
        let group = self.metadata.metadata().row_group(group);
        group.columns().iter().find(|chunk| chunk.column_path().string() == column)?.statistics()
    }

    /// Some columns of a row group, of the rows `skip..skip + take`, as one batch: so dictionaries stay as they are in the file. Columns that were
    /// not written yet when the file was are NULL; a reason is only in files of quarantine.
    pub fn read(&self, group: usize, columns: &[usize], skip: usize, take: usize) -> Result<RecordBatch, Error> {
        let rows = self.rows(group);
        let skip = skip.min(rows);
        self.read_ranges(group, columns, std::slice::from_ref(&(skip..skip + take.min(rows - skip))))
    }

    /// As `read`, the rows of some ranges, which ascend.
    pub fn read_ranges(&self, group: usize, columns: &[usize], ranges: &[Range<usize>]) -> Result<RecordBatch, Error> {
        let rows = self.rows(group);
        let take: usize = ranges.iter().map(Range::len).sum();
        let file = self.file.try_clone().map_err(Error::io(&self.path))?;
        let wanted = schema(true);
        let names = || columns.iter().map(|c| wanted.field(*c));
        let places = names().filter_map(|field| self.metadata.schema().index_of(field.name()).ok());
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), places);
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
            .with_row_groups(vec![group])
            .with_projection(mask)
            .with_batch_size(take.max(1));
        if take < rows {
            let mut selectors = Vec::with_capacity(2 * ranges.len() + 1);
            let mut end = 0;
            for range in ranges {
                selectors.extend([RowSelector::skip(range.start - end), RowSelector::select(range.len())]);
                end = range.end;
            }
            selectors.push(RowSelector::skip(rows - end));
            builder = builder.with_row_selection(RowSelection::from(selectors));
        }
        let mut reader = builder.build().map_err(Error::parquet(&self.path))?;
        let batch = match reader.next() {
            Some(batch) => batch?,
            None => RecordBatch::new_empty(reader.schema()),
        };
        let known = names().filter(|field| field.name() != "reason" || batch.column_by_name("reason").is_some());
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = known
            .map(|field| match batch.column_by_name(field.name()) {
                Some(array) => (field.clone().with_nullable(field.is_nullable() || array.null_count() > 0), array.clone()),
                None => (field.clone(), new_null_array(field.data_type(), batch.num_rows())),
            })
            .unzip();
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
    }

    /// A row group whole.
    pub fn read_all(&self, group: usize) -> Result<RecordBatch, Error> {
        self.read(group, &(0..=column::REASON).collect::<Vec<_>>(), 0, usize::MAX)
    }
}

/// A column as a dictionary of text.
pub(crate) fn dictionary(array: &ArrayRef) -> Result<&DictionaryArray<Int32Type>, Error> {
    array
        .as_dictionary_opt::<Int32Type>()
        .ok_or_else(|| Error::Batch(format!("expected a dictionary of text, found {}", array.data_type())))
}

/// A column (or a dictionary's values) as text.
pub(crate) fn texts(array: &ArrayRef) -> Result<&StringArray, Error> {
    array.as_string_opt::<i32>().ok_or_else(|| Error::Batch(format!("expected text, found {}", array.data_type())))
}

/// For each key of a dictionary's values what `f` makes of the text.
pub(crate) fn map_values<T>(dictionary: &DictionaryArray<Int32Type>, mut f: impl FnMut(&str) -> T) -> Result<Vec<T>, Error> {
    let texts = texts(dictionary.values())?;
    Ok((0..texts.len()).map(|i| f(if texts.is_null(i) { "" } else { texts.value(i) })).collect())
}

/// The keys of a dictionary column, row by row; None for NULL.
pub(crate) fn keys(dictionary: &DictionaryArray<Int32Type>) -> impl Iterator<Item = Option<usize>> {
    let keys = dictionary.keys();
    let nulls = keys.nulls();
    keys.values().iter().enumerate().map(move |(i, key)| if nulls.is_some_and(|n| n.is_null(i)) { None } else { Some(*key as usize) })
}
