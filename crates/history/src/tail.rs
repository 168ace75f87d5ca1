//! Events that came in and are not archived yet, as the archive would have them: resolved, sorted, without those that it has.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use rustc_hash::FxHashMap;
use tenure_ingest::Resolver;
use tenure_model::Instant;

use crate::archive::Archive;
use crate::catalog::Month;
use crate::error::Error;
use crate::incoming::Incoming;
use crate::intern::{Interner, NONE};
use crate::month::Draft;
use crate::rows::Rows;
use crate::schema::{self, Source, column, schema};

/// What the archive does not have yet, in its columns.
pub struct Tail {
    /// Those of known accounts, by month, account and time.
    pub events: RecordBatch,
    /// Those of which it is not known whose they are.
    pub quarantine: RecordBatch,
}

impl Archive {
    /// The events of batches (of `tenure_ingest::batch::exported_schema()`) that the archive does not have, as it would have them.
    ///
    /// # Errors
    /// Where a file of the archive cannot be read, or a batch has other columns.
    pub fn tail(&self, batches: &[RecordBatch], resolver: &Resolver) -> Result<Tail, Error> {
        let mut incoming = Incoming::new("", Instant(0));
        let mut position = self.catalog.next_position;
        for batch in batches {
            incoming.append(batch, position)?;
            position += batch.num_rows() as i64;
        }
        let months = incoming.take();
        let symbols = Arc::new(std::mem::take(&mut incoming.symbols));
        let (mut events, mut quarantine) = (Vec::new(), Vec::new());
        for (month, rows) in months {
            let known = self.known(month, &rows, &symbols)?;
            let (new, unknown) = Draft::new(rows, &symbols).batches(resolver, &known)?;
            events.push(new);
            quarantine.push(unknown);
        }
        Ok(Tail { events: concat_batches(&schema(false), &events)?, quarantine: concat_batches(&schema(true), &quarantine)? })
    }

    /// For each row, whether a month's files have its message.
    fn known(&self, month: Month, rows: &Rows, symbols: &Interner) -> Result<Vec<bool>, Error> {
        let mut known = vec![false; rows.len()];
        let mut by_key: FxHashMap<(&str, &str), Vec<usize>> = FxHashMap::default();
        for row in 0..rows.len() {
            if let Some(message) = rows.message.get(row) {
                by_key.entry((symbols.text(rows.source(row)), message)).or_default().push(row);
            }
        }
        let files = self.month(month);
        for file in files.events.iter().chain(&files.quarantine) {
            let source = Source::open(&self.data.join(&file.path))?;
            for group in 0..source.groups() {
                let batch = source.read(group, &[column::MESSAGE_ID, column::SOURCE], 0, usize::MAX)?;
                let messages = batch.column(0).as_string::<i32>();
                let sources = schema::dictionary(batch.column(1))?;
                let texts = schema::texts(sources.values())?;
                for (row, source) in schema::keys(sources).enumerate().filter(|(row, _)| messages.is_valid(*row)) {
                    let source = source.map_or("", |key| texts.value(key));
                    by_key.get(&(source, messages.value(row))).into_iter().flatten().for_each(|row| known[*row] = true);
                }
            }
        }
        Ok(known)
    }
}

impl Draft {
    /// New rows alone; their symbols are of this interner.
    fn new(rows: Rows, symbols: &Arc<Interner>) -> Draft {
        Draft { symbols: Interner::over(symbols.clone()), rows, before: Vec::new() }
    }

    /// Resolves and sorts the rows, drops duplicates and those that are known: those of known accounts, and the others.
    fn batches(mut self, resolver: &Resolver, known: &[bool]) -> Result<(RecordBatch, RecordBatch), Error> {
        let resolved = crate::resolution::resolve(&self.rows, &mut self.symbols, resolver);
        let mut order = self.order(&resolved);
        order.retain(|row| !known[*row as usize]);
        let settled = order.partition_point(|row| resolved.account[*row as usize] != NONE);
        let (events, quarantine) = order.split_at(settled);
        let reason = |row: u32| resolved.unknown(row as usize);
        let mut scratch = Default::default();
        let mut batch = |order: &[u32], reason: Option<&dyn Fn(u32) -> &'static str>| {
            self.rows.batch(order, &resolved.account, &resolved.person, reason, &self.symbols, &mut scratch)
        };
        Ok((batch(events, None)?, batch(quarantine, Some(&reason))?))
    }
}
