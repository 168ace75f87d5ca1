//! One event in full, as explanations and exports show it; the timeline of an account.

use std::io::ErrorKind;
use std::path::Path;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, TimestampMicrosecondArray};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use serde::Serialize;
use serde_json::value::RawValue;
use tenure_model::Instant;

use crate::archive::Archive;
use crate::error::Error;
use crate::schema::{self, Source, column};

/// How often files are opened that are replaced again and again.
const ATTEMPTS_MAX: usize = 5;

/// An event with everything the archive knows about it.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// Order of arrival.
    pub position: i64,
    /// As sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Where it came from.
    pub source: String,
    /// Whose it is; None in quarantine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// As sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_account_id: Option<String>,
    /// Who, after merges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_id: Option<String>,
    /// As sent, where a merge changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_person_id: Option<String>,
    /// What.
    pub name: String,
    /// When, in microseconds.
    #[serde(serialize_with = "text")]
    pub time: Instant,
    /// When it arrived, in microseconds.
    #[serde(serialize_with = "text")]
    pub received_at: Instant,
    /// When its sender says that it sent it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "maybe_text")]
    pub sent_at: Option<Instant>,
    /// What its sender's clock said, where `time` was corrected.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "maybe_text")]
    pub original_time: Option<Instant>,
    /// A JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<Box<RawValue>>,
    /// Why it is in quarantine; None for events of the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

fn text<S: serde::Serializer>(t: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(t)
}

fn maybe_text<S: serde::Serializer>(t: &Option<Instant>, serializer: S) -> Result<S::Ok, S::Error> {
    match t {
        Some(t) => serializer.collect_str(t),
        None => serializer.serialize_none(),
    }
}

impl Archive {
    /// All events of an account as the archive in a data folder is now, while somebody may write to it: where a file was replaced before it was
    /// opened, the newer one is read.
    pub fn account_now(data: &Path, id: &str) -> Result<Vec<Event>, Error> {
        for _ in 1..ATTEMPTS_MAX {
            match Archive::open(data)?.account(id, None) {
                Err(Error::Io { error, .. }) if error.kind() == ErrorKind::NotFound => {}
                read => return read,
            }
        }
        Archive::open(data)?.account(id, None)
    }

    /// All events of an account up to `until` (inclusive), by (time, content).
    pub fn account(&self, id: &str, until: Option<Instant>) -> Result<Vec<Event>, Error> {
        let mut events = Vec::new();
        for file in self.catalog().events.values() {
            if until.is_some_and(|until| file.min_time > until) || id < file.min_account.as_str() || id > file.max_account.as_str() {
                continue;
            }
            let source = Source::open(&self.data().join(&file.path))?;
            for (group, (first, _)) in file.groups.iter().enumerate() {
                let last = file.groups.get(group + 1).map_or(&file.max_account, |(next, _)| next);
                if id < first.as_str() || id > last.as_str() {
                    continue;
                }
                let accounts = source.read(group, &[column::ACCOUNT], 0, usize::MAX)?;
                let accounts = schema::dictionary(accounts.column(0))?;
                let orders = schema::map_values(accounts, |account| account.cmp(id))?;
                let keys = accounts.keys().values();
                let skip = keys.partition_point(|k| orders[*k as usize].is_lt());
                let take = keys[skip..].partition_point(|k| orders[*k as usize].is_eq());
                if take > 0 {
                    let columns: Vec<usize> = (0..=column::ORIGINAL).collect();
                    events.extend(Event::from_batch(&source.read(group, &columns, skip, take)?)?);
                }
            }
        }
        if let Some(until) = until {
            events.retain(|event| event.time <= until);
        }
        Ok(events)
    }
}

impl Archive {
    /// The events of all accounts after an instant, in order of month and account: few where the instant is about now.
    pub fn after(&self, instant: Instant) -> Result<Vec<Event>, Error> {
        let mut events = Vec::new();
        for file in self.catalog().events.values().filter(|f| f.max_time > instant) {
            let source = Source::open(&self.data().join(&file.path))?;
            for group in 0..source.groups() {
                let times = source.read(group, &[column::TIME], 0, usize::MAX)?;
                let times = times.column(0).as_primitive::<TimestampMicrosecondType>().values();
                let wanted: BooleanArray = times.iter().map(|t| Some(*t > instant.0)).collect();
                if wanted.true_count() > 0 {
                    let batch = filter_record_batch(&source.read_all(group)?, &wanted)?;
                    events.extend(Event::from_batch(&batch)?);
                }
            }
        }
        Ok(events)
    }

    /// The messages that arrived since an instant: source, message id, arrival. Events that happened long before their arrival are not looked for.
    pub fn messages_since(&self, since: Instant) -> Result<Vec<(String, String, Instant)>, Error> {
        let mut messages = Vec::new();
        for file in self.catalog().events.values().chain(self.catalog().quarantine.values()).filter(|f| f.max_time >= since) {
            let source = Source::open(&self.data().join(&file.path))?;
            for group in 0..source.groups() {
                let batch = source.read(group, &[column::MESSAGE_ID, column::SOURCE, column::RECEIVED], 0, usize::MAX)?;
                let message = batch.column(0).as_string::<i32>();
                let sources = TextColumn::new(batch.column(1))?;
                let received = batch.column(2).as_primitive::<TimestampMicrosecondType>();
                for row in (0..batch.num_rows()).filter(|row| received.value(*row) >= since.0 && message.is_valid(*row)) {
                    let source = sources.get(row).unwrap_or_default();
                    messages.push((source, message.value(row).to_owned(), Instant(received.value(row))));
                }
            }
        }
        messages.sort_by_key(|m| m.2);
        Ok(messages)
    }
}

impl Event {
    /// The events of a batch of an archive's file.
    pub(crate) fn from_batch(batch: &RecordBatch) -> Result<Vec<Event>, Error> {
        let texts = |c: usize| batch.columns().get(c).map(TextColumn::new).transpose();
        let (source, account, given_account) = (texts(column::SOURCE)?, texts(column::ACCOUNT)?, texts(column::GIVEN_ACCOUNT)?);
        let (person, given_person, name) = (texts(column::PERSON)?, texts(column::GIVEN_PERSON)?, texts(column::NAME)?);
        let reason = texts(column::REASON)?;
        let message = batch.column(column::MESSAGE_ID).as_string::<i32>();
        let properties = batch.column(column::PROPERTIES).as_string::<i32>();
        let position = batch.column(column::POSITION).as_primitive::<Int64Type>();
        let time = batch.column(column::TIME).as_primitive::<TimestampMicrosecondType>();
        let received = batch.column(column::RECEIVED).as_primitive::<TimestampMicrosecondType>();
        let (sent, original) = [column::SENT, column::ORIGINAL].map(|c| batch.column(c).as_primitive::<TimestampMicrosecondType>()).into();
        let maybe = |times: &TimestampMicrosecondArray, row: usize| times.is_valid(row).then(|| Instant(times.value(row)));
        let get = |column: &Option<TextColumn<'_>>, row: usize| column.as_ref().and_then(|c| c.get(row));
        let event = |row: usize| Event {
            position: position.value(row),
            message_id: message.is_valid(row).then(|| message.value(row).to_owned()),
            source: get(&source, row).unwrap_or_default(),
            account_id: get(&account, row),
            given_account_id: get(&given_account, row),
            person_id: get(&person, row),
            given_person_id: get(&given_person, row),
            name: get(&name, row).unwrap_or_default(),
            time: Instant(time.value(row)),
            received_at: Instant(received.value(row)),
            sent_at: maybe(sent, row),
            original_time: maybe(original, row),
            properties: properties.is_valid(row).then(|| RawValue::from_string(properties.value(row).to_owned()).ok()).flatten(),
            reason: get(&reason, row).filter(|r| !r.is_empty()),
        };
        Ok((0..batch.num_rows()).map(event).collect())
    }
}

/// A dictionary column whose values are read.
struct TextColumn<'a> {
    keys: &'a datafusion::arrow::array::Int32Array,
    values: Vec<String>,
}

impl<'a> TextColumn<'a> {
    fn new(array: &'a ArrayRef) -> Result<TextColumn<'a>, Error> {
        let dictionary = schema::dictionary(array)?;
        Ok(TextColumn { keys: dictionary.keys(), values: schema::map_values(dictionary, str::to_owned)? })
    }

    fn get(&self, row: usize) -> Option<String> {
        self.keys.is_valid(row).then(|| self.values[self.keys.value(row) as usize].clone())
    }
}
