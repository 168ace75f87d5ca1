//! Events in memory: columns of numbers, texts interned.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use rustc_hash::FxHashMap;

use crate::error::Error;
use crate::intern::{Interner, NONE};
use crate::schema::{self, column};
use crate::texts::Texts;
use crate::times::Times;

/// How a file has a row resolved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Was {
    /// Symbol of the account; NONE in quarantine.
    pub account: u32,
    /// Symbol of the person, after merges.
    pub person: u32,
    /// Symbol of the reason; NONE outside of quarantine.
    pub reason: u32,
}

/// Where some rows came from: the source's symbol and when they were received.
pub(crate) type Origin = (u32, i64);

/// The columns that resolving reads; files of events have no reasons.
pub(crate) const RESOLVING: [usize; 6] =
    [column::ACCOUNT, column::GIVEN_ACCOUNT, column::PERSON, column::GIVEN_PERSON, column::TIME, column::REASON];

/// The symbols of a column of text; NONE for NULL.
pub(crate) fn symbols_of(array: &ArrayRef, symbols: &mut Interner) -> Result<Vec<u32>, Error> {
    let dictionary = schema::dictionary(array)?;
    let values = schema::map_values(dictionary, |text| symbols.id(text))?;
    Ok(schema::keys(dictionary).map(|key| key.map_or(NONE, |k| values[k])).collect())
}

/// The symbols of one column, batch after batch. Batches that share a dictionary look its texts up once; texts that no row has, never.
#[derive(Default)]
pub(crate) struct SymbolColumn {
    values: Option<ArrayRef>,
    symbols: Vec<u32>,
}

impl SymbolColumn {
    /// The symbols of the rows; NONE for NULL.
    pub fn read(&mut self, array: &ArrayRef, interner: &mut Interner) -> Result<Vec<u32>, Error> {
        let dictionary = schema::dictionary(array)?;
        let values = dictionary.values();
        if !self.values.as_ref().is_some_and(|known| Arc::ptr_eq(known, values)) {
            self.symbols.clear();
            self.symbols.resize(values.len(), NONE);
            self.values = Some(values.clone());
        }
        let texts = schema::texts(values)?;
        let symbols = schema::keys(dictionary).map(|key| match key {
            None => NONE,
            Some(key) => match self.symbols[key] {
                NONE => {
                    self.symbols[key] = interner.id(texts.value(key));
                    self.symbols[key]
                }
                symbol => symbol,
            },
        });
        Ok(symbols.collect())
    }
}

/// Events as they were given, without what resolving makes of them. Symbols are of one interner, which is kept beside.
#[derive(Default)]
pub(crate) struct Rows {
    pub account: Vec<u32>,
    pub person: Vec<u32>,
    pub name: Vec<u32>,
    /// Index into `origins`.
    pub origin: Vec<u32>,
    pub time: Vec<i64>,
    pub position: Vec<i64>,
    pub message: Texts,
    pub properties: Texts,
    /// When its sender says that it sent it.
    pub sent: Times,
    /// What its sender's clock said, where `time` was corrected.
    pub original: Times,
    pub origins: Vec<Origin>,
    origin_ids: FxHashMap<Origin, u32>,
}

impl Rows {
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Bytes of memory in use.
    pub fn memory(&self) -> usize {
        self.len() * 32 + self.message.memory() + self.properties.memory() + self.sent.memory() + self.original.memory()
    }

    /// The index of an origin.
    pub fn origin(&mut self, origin: Origin) -> u32 {
        *self.origin_ids.entry(origin).or_insert_with(|| {
            self.origins.push(origin);
            self.origins.len() as u32 - 1
        })
    }

    /// The symbol of a row's source.
    pub fn source(&self, row: usize) -> u32 {
        self.origins[self.origin[row] as usize].0
    }

    /// When a row was received.
    pub fn received(&self, row: usize) -> i64 {
        self.origins[self.origin[row] as usize].1
    }

    /// Adds the rows of others, whose symbols are of the same interner.
    pub fn append(&mut self, other: Rows) {
        if self.len() == 0 {
            *self = other;
            return;
        }
        let origins: Vec<u32> = other.origins.iter().map(|origin| self.origin(*origin)).collect();
        self.account.extend_from_slice(&other.account);
        self.person.extend_from_slice(&other.person);
        self.name.extend_from_slice(&other.name);
        self.origin.extend(other.origin.iter().map(|o| origins[*o as usize]));
        self.time.extend_from_slice(&other.time);
        self.position.extend_from_slice(&other.position);
        self.message.extend((0..other.len()).map(|row| other.message.get(row)));
        self.properties.extend((0..other.len()).map(|row| other.properties.get(row)));
        self.sent.extend((0..other.len()).map(|row| other.sent.get(row)));
        self.original.extend((0..other.len()).map(|row| other.original.get(row)));
    }

    /// Adds the rows of a batch of a file. Returns how it has them resolved.
    pub fn extend_from_file(&mut self, batch: &RecordBatch, symbols: &mut Interner) -> Result<Vec<Was>, Error> {
        let was = self.extend_for_resolving(batch, symbols)?;
        let mut read = |c: usize| symbols_of(batch.column(c), symbols);
        self.name.extend(read(column::NAME)?);
        let sources = read(column::SOURCE)?;
        let received = batch.column(column::RECEIVED).as_primitive::<TimestampMicrosecondType>().values();
        for (source, received) in sources.into_iter().zip(received) {
            let origin = self.origin((source, *received));
            self.origin.push(origin);
        }
        self.position.extend_from_slice(batch.column(column::POSITION).as_primitive::<Int64Type>().values());
        for (c, texts) in [(column::MESSAGE_ID, &mut self.message), (column::PROPERTIES, &mut self.properties)] {
            texts.extend(batch.column(c).as_string::<i32>().iter());
        }
        for (c, times) in [(column::SENT, &mut self.sent), (column::ORIGINAL, &mut self.original)] {
            times.extend(batch.column(c).as_primitive::<TimestampMicrosecondType>().iter());
        }
        Ok(was)
    }

    /// Adds only what resolving reads: the columns `RESOLVING`, others may be there. Returns how the file has the rows resolved.
    pub fn extend_for_resolving(&mut self, batch: &RecordBatch, symbols: &mut Interner) -> Result<Vec<Was>, Error> {
        let column = |name: &str| batch.column_by_name(name).ok_or_else(|| Error::Batch(format!("a file of events has no column {name}")));
        let mut read = |name: &str| symbols_of(column(name)?, symbols);
        let (accounts, persons, given_persons) = (read("account_id")?, read("person_id")?, read("given_person_id")?);
        self.account.extend(read("given_account_id")?);
        let reasons = if batch.column_by_name("reason").is_some() { read("reason")? } else { vec![NONE; batch.num_rows()] };
        self.person.extend(persons.iter().zip(&given_persons).map(|(person, given)| if *given == NONE { *person } else { *given }));
        self.time.extend_from_slice(column("time")?.as_primitive::<TimestampMicrosecondType>().values());
        let rows = accounts.into_iter().zip(persons).zip(reasons);
        Ok(rows.map(|((account, person), reason)| Was { account, person, reason }).collect())
    }

    /// Some of the rows, in the order given, as a batch of a file. `account` and `person` are the resolved symbols by row.
    pub fn batch(
        &self,
        order: &[u32],
        account: &[u32],
        person: &[u32],
        reason: Option<&dyn Fn(u32) -> &'static str>,
        symbols: &Interner,
        scratch: &mut Scratch,
    ) -> Result<RecordBatch, Error> {
        let pick = |values: &[i64]| order.iter().map(|r| values[*r as usize]).collect::<Vec<i64>>();
        let texts = |texts: &Texts| -> ArrayRef {
            if texts.all_null() {
                return Arc::new(StringArray::new_null(order.len()));
            }
            let mut builder = StringBuilder::with_capacity(order.len(), order.len() * 32);
            order.iter().for_each(|r| builder.append_option(texts.get(*r as usize)));
            Arc::new(builder.finish())
        };
        let times = |values: Vec<i64>| -> ArrayRef { Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC")) };
        let maybe = |times: &Times| -> ArrayRef {
            let times: TimestampMicrosecondArray = order.iter().map(|r| times.get(*r as usize)).collect();
            Arc::new(times.with_timezone("UTC"))
        };
        let mut dictionary = |of: &dyn Fn(usize) -> u32| scratch.dictionary(order.iter().map(|r| of(*r as usize)), symbols);
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(pick(&self.position))),
            texts(&self.message),
            dictionary(&|r| self.source(r)),
            dictionary(&|r| account[r]),
            dictionary(&|r| self.account[r]),
            dictionary(&|r| person[r]),
            dictionary(&|r| if person[r] == self.person[r] { NONE } else { self.person[r] }),
            dictionary(&|r| self.name[r]),
            times(pick(&self.time)),
            times(order.iter().map(|r| self.received(*r as usize)).collect()),
            texts(&self.properties),
            maybe(&self.sent),
            maybe(&self.original),
        ];
        if let Some(reason) = reason {
            let reasons: DictionaryArray<Int32Type> = order.iter().map(|r| reason(*r)).collect();
            columns.push(Arc::new(reasons));
        }
        Ok(RecordBatch::try_new(schema::schema(reason.is_some()), columns)?)
    }
}

/// Maps symbols to the keys of one dictionary after another without clearing anything between.
#[derive(Default)]
pub(crate) struct Scratch {
    epoch: u32,
    /// By symbol: the epoch it was last seen in and its key there.
    keys: Vec<(u32, i32)>,
}

impl Scratch {
    /// A dictionary column of these symbols.
    fn dictionary(&mut self, column: impl ExactSizeIterator<Item = u32>, symbols: &Interner) -> ArrayRef {
        self.epoch += 1;
        self.keys.resize(symbols.len().max(self.keys.len()), (0, 0));
        let mut values: Vec<u32> = Vec::new();
        let mut keys: Vec<Option<i32>> = Vec::with_capacity(column.len());
        for symbol in column {
            if symbol == NONE {
                keys.push(None);
                continue;
            }
            let slot = &mut self.keys[symbol as usize];
            if slot.0 != self.epoch {
                *slot = (self.epoch, values.len() as i32);
                values.push(symbol);
            }
            keys.push(Some(slot.1));
        }
        let values = StringArray::from_iter_values(values.iter().map(|s| symbols.text(*s).as_ref()));
        Arc::new(DictionaryArray::new(Int32Array::from(keys), Arc::new(values) as Arc<dyn Array>))
    }
}
