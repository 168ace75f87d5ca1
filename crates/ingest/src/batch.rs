//! The event batch: the columns in which events travel from readers to the archive, and its builder.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::builder::{StringBuilder, StringDictionaryBuilder, TimestampMicrosecondBuilder};
use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef, TimeUnit};
use tenure_model::Instant;

/// Position of the account as sent: dictionary of text, nullable.
pub const ACCOUNT: usize = 0;
/// Position of the person as sent: dictionary of text, nullable.
pub const PERSON: usize = 1;
/// Position of the event's name: dictionary of text.
pub const NAME: usize = 2;
/// Position of the event's time: timestamp in microseconds, UTC.
pub const TIME: usize = 3;
/// Position of the message id as sent: text, nullable.
pub const MESSAGE_ID: usize = 4;
/// Position of the properties: the text of a JSON object, nullable.
pub const PROPERTIES: usize = 5;

/// Position of the source, in batches of `exported_schema()`: dictionary of text, nullable; NULL is the importer's.
pub const SOURCE: usize = 6;
/// Position of when it first arrived, in batches of `exported_schema()`: timestamp in microseconds, UTC, nullable; NULL is now.
pub const RECEIVED_AT: usize = 7;
/// Position of when its sender says that it sent it, in batches of `exported_schema()`: timestamp in microseconds, UTC, nullable.
pub const SENT_AT: usize = 8;
/// Position of what its sender's clock said where the time was corrected, in batches of `exported_schema()`: as `SENT_AT`.
pub const ORIGINAL_TIME: usize = 9;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    Arc::new(Schema::new(vec![
        Field::new("account_id", dictionary.clone(), true),
        Field::new("person_id", dictionary.clone(), true),
        Field::new("name", dictionary, false),
        Field::new("time", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
        Field::new("message_id", DataType::Utf8, true),
        Field::new("properties", DataType::Utf8, true),
    ]))
});

static EXPORTED: LazyLock<SchemaRef> = LazyLock::new(|| {
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let times = ["received_at", "sent_at", "original_time"].map(|name| Field::new(name, time(), true));
    let more = [Field::new("source", dictionary, true)].into_iter().chain(times);
    Arc::new(Schema::new(SCHEMA.fields().iter().map(|f| f.as_ref().clone()).chain(more).collect::<Vec<_>>()))
});

/// The schema of a batch of events that an archive exported: each says itself where it came from, and when.
pub fn exported_schema() -> SchemaRef {
    EXPORTED.clone()
}

/// The schema of an event batch.
pub fn schema() -> SchemaRef {
    SCHEMA.clone()
}

/// One event, as `Builder::push` takes it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row<'a> {
    /// As sent.
    pub account: Option<&'a str>,
    /// As sent.
    pub person: Option<&'a str>,
    /// What happened.
    pub name: &'a str,
    /// When.
    pub time: Instant,
    /// As sent.
    pub message_id: Option<&'a str>,
    /// The text of a JSON object.
    pub properties: Option<&'a str>,
}

/// Builds event batches row by row.
pub struct Builder {
    account: StringDictionaryBuilder<Int32Type>,
    person: StringDictionaryBuilder<Int32Type>,
    name: StringDictionaryBuilder<Int32Type>,
    time: TimestampMicrosecondBuilder,
    message_id: StringBuilder,
    properties: StringBuilder,
}

impl Default for Builder {
    fn default() -> Self {
        Builder {
            account: StringDictionaryBuilder::new(),
            person: StringDictionaryBuilder::new(),
            name: StringDictionaryBuilder::new(),
            time: TimestampMicrosecondBuilder::new().with_timezone("UTC"),
            message_id: StringBuilder::new(),
            properties: StringBuilder::new(),
        }
    }
}

impl Builder {
    /// Adds an event.
    pub fn push(&mut self, row: Row<'_>) {
        self.account.append_option(row.account);
        self.person.append_option(row.person);
        self.name.append_value(row.name);
        self.time.append_value(row.time.0);
        self.message_id.append_option(row.message_id);
        self.properties.append_option(row.properties);
    }

    /// How many events are in it.
    pub fn len(&self) -> usize {
        use datafusion::arrow::array::ArrayBuilder;
        self.time.len()
    }

    /// Is it empty?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The batch; the builder is empty afterwards.
    pub fn finish(&mut self) -> RecordBatch {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.account.finish()),
            Arc::new(self.person.finish()),
            Arc::new(self.name.finish()),
            Arc::new(self.time.finish()),
            Arc::new(self.message_id.finish()),
            Arc::new(self.properties.finish()),
        ];
        RecordBatch::try_new(schema(), columns).expect("the builders make the columns of the schema, all of one length")
    }
}
