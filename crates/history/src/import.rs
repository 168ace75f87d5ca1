//! The import of one file: batches in, one atomic change of the archive out.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::TimestampMicrosecondType;
use rustc_hash::FxHashMap;
use tenure_ingest::batch;
use tenure_model::Instant;
use tenure_model::time::DAY;

use crate::archive::{Archive, Job};
use crate::catalog::Month;
use crate::error::Error;
use crate::intern::{Interner, NONE};
use crate::rows::{Origin, Rows, SymbolColumn};
use crate::spill;
use tenure_ingest::Resolver;

/// When new rows take more memory than this, they are put aside in files.
const MEMORY_BYTES_MAX: usize = 512 << 20;

/// An import under way. Nothing has happened until `finish`; dropping it leaves no trace.
pub struct Import<'a> {
    archive: &'a mut Archive,
    resolver: &'a Resolver,
    /// Held locked while the import lives.
    _lock: File,
    horizon: Instant,
    received_at: Instant,
    source: u32,
    symbols: Interner,
    columns: [SymbolColumn; 4],
    months: Vec<(Month, Rows)>,
    month_of_day: FxHashMap<i64, usize>,
    spilled: BTreeMap<Month, Vec<PathBuf>>,
    rows: u64,
    memory_max: usize,
}

/// What an import did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// Events read.
    pub rows: u64,
    /// New ones, including those in quarantine.
    pub added: u64,
    /// Already there.
    pub duplicates: u64,
    /// Of the new ones, those whose account is not known.
    pub quarantined: u64,
    /// Of the new ones, those that wait for their time.
    pub future: u64,
    /// Earliest and latest time of the new ones.
    pub span: Option<(Instant, Instant)>,
    /// Events of earlier imports that left quarantine, because the resolver knows more now.
    pub found: u64,
}

impl<'a> Import<'a> {
    pub(crate) fn new(
        archive: &'a mut Archive,
        resolver: &'a Resolver,
        lock: File,
        source: &str,
        now: Instant,
        tolerance: i64,
    ) -> Import<'a> {
        let mut symbols = Interner::default();
        let source = symbols.id(source);
        Import {
            archive,
            resolver,
            _lock: lock,
            horizon: now.plus(tolerance),
            received_at: now,
            source,
            symbols,
            columns: Default::default(),
            months: Vec::new(),
            month_of_day: FxHashMap::default(),
            spilled: BTreeMap::new(),
            rows: 0,
            memory_max: MEMORY_BYTES_MAX,
        }
    }

    /// Puts new rows aside in files beyond this much memory (default 512 MiB).
    pub fn memory_max(mut self, bytes: usize) -> Import<'a> {
        self.memory_max = bytes;
        self
    }

    /// Adds a batch with the columns of `tenure_ingest::batch::schema()`, or of `exported_schema()`: then each event says itself where it came from.
    pub fn append(&mut self, events: &RecordBatch) -> Result<(), Error> {
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
        let (own, now) = (self.source, self.received_at.0);
        let origin = |r: usize| -> Origin {
            let source = source.get(r).copied().filter(|s| *s != NONE).unwrap_or(own);
            (source, received.filter(|a| a.is_valid(r)).map_or(now, |a| a.value(r)))
        };
        if name.contains(&NONE) {
            return Err(Error::Batch("an event has no name".into()));
        }
        let first_position = self.archive.catalog().next_position + self.rows as i64;
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
        self.rows += events.num_rows() as u64;
        let memory: usize = self.months.iter().map(|(_, rows)| rows.memory()).sum();
        if memory > self.memory_max { self.spill() } else { Ok(()) }
    }

    /// Where the rows of a date go.
    fn slot(&mut self, day: i64) -> usize {
        if let Some(&slot) = self.month_of_day.get(&day) {
            return slot;
        }
        let month = Month::of(Instant(day.saturating_mul(DAY)));
        let slot = self.months.iter().position(|(m, _)| *m == month).unwrap_or_else(|| {
            let mut rows = Rows::default();
            rows.origin((self.source, self.received_at.0));
            self.months.push((month, rows));
            self.months.len() - 1
        });
        self.month_of_day.insert(day, slot);
        slot
    }

    /// Puts the new rows aside in files.
    fn spill(&mut self) -> Result<(), Error> {
        let folder = self.archive.spill_folder();
        std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        self.month_of_day.clear();
        for (month, rows) in std::mem::take(&mut self.months) {
            let files = self.spilled.entry(month).or_default();
            let path = folder.join(format!("{month}-{}.arrow", files.len()));
            spill::write(&path, &rows)?;
            files.push(path);
        }
        Ok(())
    }

    /// Events appended so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Makes it happen: months are merged (`progress(done, total)` after each), then the catalog is swapped.
    pub fn finish(mut self, progress: &mut (dyn FnMut(usize, usize) + Send)) -> Result<Summary, Error> {
        let mut jobs: BTreeMap<Month, Job> = BTreeMap::new();
        for (month, paths) in std::mem::take(&mut self.spilled) {
            jobs.entry(month).or_default().spilled = paths;
        }
        for (month, rows) in std::mem::take(&mut self.months) {
            jobs.entry(month).or_default().rows = Some(rows);
        }
        let symbols = Arc::new(std::mem::take(&mut self.symbols));
        let change = self.archive.rewrite(jobs, &symbols, self.resolver, self.horizon, progress)?;
        Ok(Summary {
            rows: self.rows,
            added: change.added,
            duplicates: self.rows - change.added,
            quarantined: change.quarantined,
            future: change.future,
            span: change.span,
            found: change.found,
        })
    }
}

impl Drop for Import<'_> {
    fn drop(&mut self) {
        // What stays behind is removed by the next writer.
        let _ = std::fs::remove_dir_all(self.archive.spill_folder());
    }
}
