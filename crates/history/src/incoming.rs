//! Events that come in, as rows by month.

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::TimestampMicrosecondType;
use rustc_hash::FxHashMap;
use tenure_ingest::batch;
use tenure_model::Instant;
use tenure_model::time::DAY;

use crate::catalog::Month;
use crate::error::Error;
use crate::intern::{Interner, NONE};
use crate::rows::{Origin, Rows, SymbolColumn};

/// Rows by month, as batches bring them.
pub(crate) struct Incoming {
    /// Of events that do not say where they came from, and when.
    origin: Origin,
    pub symbols: Interner,
    columns: [SymbolColumn; 4],
    months: Vec<(Month, Rows)>,
    month_of_day: FxHashMap<i64, usize>,
    /// Are there events that do not say when they arrived?
    pub is_stamped: bool,
}

impl Incoming {
    /// None yet. `source` and `now` are said of events that do not say where they came from, and when.
    pub fn new(source: &str, now: Instant) -> Incoming {
        let mut symbols = Interner::default();
        let origin = (symbols.id(source), now.0);
        Incoming { origin, symbols, columns: Default::default(), months: Vec::new(), month_of_day: FxHashMap::default(), is_stamped: false }
    }

    /// Adds a batch with the columns of `tenure_ingest::batch::schema()` or `exported_schema()`, at the positions from `first_position` on.
    pub fn append(&mut self, events: &RecordBatch, first_position: i64) -> Result<(), Error> {
        let exported = events.schema_ref().fields() == batch::exported_schema().fields();
        if !exported && events.schema_ref().fields() != batch::schema().fields() {
            return Err(Error::Batch(format!("its columns are {}", events.schema_ref())));
        }
        let [accounts, persons, names, sources] = &mut self.columns;
        let account = accounts.read(events.column(batch::ACCOUNT), &mut self.symbols)?;
        let person = persons.read(events.column(batch::PERSON), &mut self.symbols)?;
        let name = names.read(events.column(batch::NAME), &mut self.symbols)?;
        let time = events.column(batch::TIME).as_primitive::<TimestampMicrosecondType>().values();
        let optional = |c: usize| Some(events.column(c).as_string::<i32>()).filter(|texts| texts.null_count() < texts.len());
        let (message, properties) = (optional(batch::MESSAGE_ID), optional(batch::PROPERTIES));
        let source = if exported { sources.read(events.column(batch::SOURCE), &mut self.symbols)? } else { Vec::new() };
        let received = exported.then(|| events.column(batch::RECEIVED_AT).as_primitive::<TimestampMicrosecondType>());
        let times =
            |c: usize| exported.then(|| events.column(c).as_primitive::<TimestampMicrosecondType>()).filter(|t| t.null_count() < t.len());
        let (sent, original) = (times(batch::SENT_AT), times(batch::ORIGINAL_TIME));
        self.is_stamped |= received.is_none_or(|received| received.null_count() > 0);
        let (own, now) = self.origin;
        let origin = |r: usize| -> Origin {
            let source = source.get(r).copied().filter(|s| *s != NONE).unwrap_or(own);
            (source, received.filter(|a| a.is_valid(r)).map_or(now, |a| a.value(r)))
        };
        if name.contains(&NONE) {
            return Err(Error::Batch("an event has no name".into()));
        }
        let (mut day, mut slot) = (i64::MIN, 0);
        for r in 0..events.num_rows() {
            if time[r].div_euclid(DAY) != day {
                day = time[r].div_euclid(DAY);
                slot = self.slot(day);
            }
            let rows = &mut self.months[slot].1;
            rows.account.push(account[r]);
            rows.person.push(person[r]);
            rows.name.push(name[r]);
            let origin = if exported { rows.origin(origin(r)) } else { 0 };
            rows.origin.push(origin);
            rows.time.push(time[r]);
            rows.position.push(first_position + r as i64);
            rows.message.push(message.filter(|m| m.is_valid(r)).map(|m| m.value(r)));
            rows.properties.push(properties.filter(|p| p.is_valid(r)).map(|p| p.value(r)));
            rows.sent.push(sent.filter(|t| t.is_valid(r)).map(|t| t.value(r)));
            rows.original.push(original.filter(|t| t.is_valid(r)).map(|t| t.value(r)));
        }
        Ok(())
    }

    /// Bytes of memory in use.
    pub fn memory(&self) -> usize {
        self.months.iter().map(|(_, rows)| rows.memory()).sum()
    }

    /// What has come in so far; symbols stay.
    pub fn take(&mut self) -> Vec<(Month, Rows)> {
        self.month_of_day.clear();
        std::mem::take(&mut self.months)
    }

    /// Where the rows of a date go.
    fn slot(&mut self, day: i64) -> usize {
        if let Some(&slot) = self.month_of_day.get(&day) {
            return slot;
        }
        let month = Month::of(Instant(day.saturating_mul(DAY)));
        let slot = self.months.iter().position(|(m, _)| *m == month).unwrap_or_else(|| {
            let mut rows = Rows::default();
            rows.origin(self.origin);
            self.months.push((month, rows));
            self.months.len() - 1
        });
        self.month_of_day.insert(day, slot);
        slot
    }
}
