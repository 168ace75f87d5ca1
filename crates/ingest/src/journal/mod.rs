//! A batch of the journal: what many requests said, in columns, compact and quick to write and to read.
//!
//! ```text
//! Intake ── push ──→ Batch ── encode ──→ bytes ── decode ──→ Batch ── events, records, record_batch
//! ```

mod bytes;
mod decode;
mod encode;
mod strings;
mod texts;

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::builder::{StringDictionaryBuilder, TimestampMicrosecondBuilder};
use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::Int32Type;
use serde::{Deserialize, Serialize};
use tenure_model::Instant;
use tenure_model::input::{Decision, Membership, Merge, Version};

pub use self::decode::Corrupt;
use self::strings::Strings;
use self::texts::Texts;
use crate::batch::{Builder, Row, exported_schema};
use crate::http::{Bad, Event, Intake, Link};

/// The version of the format. A reader refuses what it does not know; a new variant of `Record` needs no new version.
pub const FORMAT: u8 = 1;

/// Bytes of a batch before compression: `decode` refuses more, so no batch is let grow to it.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 30;

/// Everything but events: rarer, so in the order of arrival and as JSON.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Record {
    /// A field of an account, a person or a subscription.
    Version(Version),
    /// Who belongs where.
    Membership(Membership),
    /// A call said that somebody belongs somewhere, at the time `from`. The first such word on a person holds since ever, or what they did before it
    /// would be nobody's; a later one on another account from when it was said. Whoever keeps the memberships decides.
    Belongs(Membership),
    /// Two ids that mean the same.
    Merge(Merge),
    /// An anonymous id beside a known one.
    Link(Link),
    /// An item that could not be read.
    Bad(Bad),
    /// What a teammate decided.
    Decision(Decision),
}

/// Where something came from, and when.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Origin<'a> {
    /// The source: of the write key.
    pub source: &'a str,
    /// When the request arrived.
    pub received_at: Instant,
}

/// What many requests said, in the order of their arrival.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Sources, names, persons, accounts.
    strings: Strings,
    requests: Vec<Request>,
    name: Vec<u32>,
    /// 0: none; else one more than the string's number.
    person: Vec<u32>,
    /// 0: none; else one more than the string's number.
    account: Vec<u32>,
    time: Vec<i64>,
    /// `NONE`: none.
    sent_at: Vec<i64>,
    /// `NONE`: none.
    original_time: Vec<i64>,
    message: Texts,
    /// Empty: none.
    properties: Texts,
    /// With the number of the request.
    records: Vec<(u32, Record)>,
}

/// A request, and how many events are of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Request {
    source: u32,
    received_at: i64,
    events: u32,
}

const NONE: i64 = i64::MIN;

impl Batch {
    /// Adds what a request said.
    pub fn push(&mut self, source: &str, received_at: Instant, intake: &Intake<'_>) {
        let request = self.request(source, received_at);
        for event in &intake.events {
            self.push_event(event);
        }
        self.requests[request as usize].events += intake.events.len() as u32;
        let mut add = |record: Record| self.records.push((request, record));
        intake.versions.iter().for_each(|x| add(Record::Version(x.clone())));
        intake.memberships.iter().for_each(|x| add(Record::Membership(x.clone())));
        intake.belongs.iter().for_each(|x| add(Record::Belongs(x.clone())));
        intake.merges.iter().for_each(|x| add(Record::Merge(x.clone())));
        intake.links.iter().for_each(|x| add(Record::Link(x.clone())));
        intake.bad.iter().for_each(|x| add(Record::Bad(x.clone())));
    }

    /// Adds what came in by another way.
    pub fn record(&mut self, source: &str, received_at: Instant, record: Record) {
        let request = self.request(source, received_at);
        self.records.push((request, record));
    }

    /// The number of a request: the last one, if that is of the same origin.
    fn request(&mut self, source: &str, received_at: Instant) -> u32 {
        let (source, received_at) = (self.strings.id(source), received_at.0);
        if self.requests.last().is_none_or(|last| (last.source, last.received_at) != (source, received_at)) {
            self.requests.push(Request { source, received_at, events: 0 });
        }
        self.requests.len() as u32 - 1
    }

    fn push_event(&mut self, event: &Event<'_>) {
        let micros = |t: Option<Instant>| t.map_or(NONE, |t| t.0);
        self.name.push(self.strings.id(&event.name));
        self.person.push(event.person.as_ref().map_or(0, |person| self.strings.id(person) + 1));
        self.account.push(event.account.as_ref().map_or(0, |account| self.strings.id(account) + 1));
        self.time.push(event.time.0);
        self.sent_at.push(micros(event.sent_at));
        self.original_time.push(micros(event.original_time));
        self.message.push(&event.message_id);
        self.properties.push(event.properties.as_deref().unwrap_or_default());
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// How many items there are: events and records.
    pub fn items(&self) -> usize {
        self.len() + self.records.len()
    }

    /// Is nothing in it, neither events nor records?
    pub fn is_empty(&self) -> bool {
        self.time.is_empty() && self.records.is_empty()
    }

    /// About how many bytes it has before compression: when to begin the next one.
    pub fn bytes(&self) -> usize {
        self.len() * 12 + self.strings.bytes() + self.message.bytes() + self.properties.bytes() + self.records.len() * 160
    }

    fn origin(&self, request: &Request) -> Origin<'_> {
        Origin { source: self.strings.get(request.source), received_at: Instant(request.received_at) }
    }

    /// The event of a row.
    fn event(&self, row: usize) -> Event<'_> {
        let instant = |micros: i64| (micros != NONE).then_some(Instant(micros));
        let string = |number: u32| number.checked_sub(1).map(|number| Cow::Borrowed(self.strings.get(number)));
        Event {
            name: Cow::Borrowed(self.strings.get(self.name[row])),
            person: string(self.person[row]),
            account: string(self.account[row]),
            time: Instant(self.time[row]),
            sent_at: instant(self.sent_at[row]),
            original_time: instant(self.original_time[row]),
            message_id: Cow::Borrowed(self.message.get(row)),
            properties: Some(self.properties.get(row)).filter(|p| !p.is_empty()).map(Cow::Borrowed),
        }
    }

    /// The events, in the order of arrival.
    pub fn events(&self) -> impl Iterator<Item = (Origin<'_>, Event<'_>)> {
        let requests = self.requests.iter().flat_map(|r| std::iter::repeat_n(r, r.events as usize));
        requests.enumerate().map(|(row, request)| (self.origin(request), self.event(row)))
    }

    /// The requests, in the order of arrival.
    pub fn origins(&self) -> impl Iterator<Item = Origin<'_>> {
        self.requests.iter().map(|request| self.origin(request))
    }

    /// Everything else, in the order of arrival.
    pub fn records(&self) -> impl Iterator<Item = (Origin<'_>, &Record)> {
        self.records.iter().map(|(request, record)| (self.origin(&self.requests[*request as usize]), record))
    }

    /// The events as the archive takes them: a record batch of `batch::exported_schema()`, in the order of arrival.
    pub fn record_batch(&self) -> RecordBatch {
        let mut builder = Builder::default();
        let mut source = StringDictionaryBuilder::<Int32Type>::new();
        let times = || TimestampMicrosecondBuilder::with_capacity(self.len()).with_timezone("UTC");
        let (mut received_at, mut sent_at, mut original_time) = (times(), times(), times());
        for (origin, event) in self.events() {
            builder.push(Row {
                account: event.account.as_deref(),
                person: event.person.as_deref(),
                name: &event.name,
                time: event.time,
                message_id: Some(&event.message_id),
                properties: event.properties.as_deref(),
            });
            source.append_value(origin.source);
            received_at.append_value(origin.received_at.0);
            sent_at.append_option(event.sent_at.map(|t| t.0));
            original_time.append_option(event.original_time.map(|t| t.0));
        }
        let mut columns = builder.finish().columns().to_vec();
        columns.push(Arc::new(source.finish()));
        columns.extend([received_at, sent_at, original_time].map(|mut times| Arc::new(times.finish()) as ArrayRef));
        RecordBatch::try_new(exported_schema(), columns).expect("the builders make the columns of the schema, all of one length")
    }
}

impl PartialEq for Batch {
    fn eq(&self, other: &Batch) -> bool {
        self.events().eq(other.events()) && self.records().eq(other.records())
    }
}
