//! Reading a partition: which rows belong to which account first, then each column straight to its place.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::accounts::{Accounts, NO_FIELDS};
use crate::error::Error;
use crate::intern::{Interner, NONE};
use crate::partition::{Needs, Partition, Shared};
use crate::properties::PropertyReader;
use crate::schema::{self, Source, column};
use crate::{NOBODY, OTHER};

/// The rows of one account in a row group.
struct Run {
    /// NONE where the account is not wanted.
    account: u32,
    /// How many rows.
    rows: usize,
    /// How many of them, from the first, are not after `until`.
    keep: usize,
}

/// Which row group: number of the file in the archive, and of the group in the file.
type GroupKey = (usize, usize);

/// What a partition needs of a row group: `take` rows after `skip`.
struct Piece {
    key: GroupKey,
    skip: usize,
    take: usize,
    runs: Vec<Run>,
    /// Its accounts, where the next partition goes on in it.
    edge: Option<RecordBatch>,
}

/// A row group of which all rows were read.
struct Edge {
    accounts: RecordBatch,
    rest: RecordBatch,
}

/// Reads partitions one after the other, in the calling thread. Where one follows the one before, what lies on their edge is read once.
pub struct Scan<'a> {
    needs: Needs<'a>,
    files: Arc<Vec<Shared>>,
    edges: FxHashMap<GroupKey, Edge>,
    /// Of the last partition; their memory serves the next one.
    accounts: Accounts,
}

impl<'a> Scan<'a> {
    /// Nothing is read yet.
    pub fn new(needs: Needs<'a>) -> Scan<'a> {
        Scan { needs, files: Arc::default(), edges: FxHashMap::default(), accounts: Accounts::default() }
    }

    /// Reads a partition.
    ///
    /// # Errors
    /// A file that cannot be read, or is broken.
    pub fn read(&mut self, partition: &Partition) -> Result<&Accounts, Error> {
        if !Arc::ptr_eq(&self.files, &partition.files) {
            (self.files, self.edges) = (partition.files.clone(), FxHashMap::default());
        }
        let mut sources = FxHashMap::default();
        let mut symbols = Interner::default();
        let mut pieces = Vec::new();
        for (number, shared) in partition.files.iter().enumerate() {
            let file = &shared.file;
            if self.needs.until.is_some_and(|until| file.min_time > until) || !partition.overlaps(&file.min_account, &file.max_account) {
                continue;
            }
            let source = shared.open()?;
            for (group, (first, _)) in file.groups.iter().enumerate() {
                let last = file.groups.get(group + 1).map_or(&file.max_account, |(next, _)| next);
                let is_wanted = |wanted: &BTreeSet<String>| wanted.range::<String, _>(first..=last).next().is_some();
                if partition.overlaps(first, last) && self.needs.accounts.is_none_or(is_wanted) {
                    let until = self.needs.until.filter(|until| file.max_time > *until).map(|t| t.0);
                    let goes_on = self.needs.accounts.is_none() && partition.to.as_ref().is_some_and(|to| to <= last);
                    pieces.extend(self.piece(partition, &source, (number, group), until, goes_on, &mut symbols)?);
                }
            }
            sources.insert(number, source);
        }
        let mut before = std::mem::take(&mut self.edges);
        let mut filling = Filling::new(std::mem::take(&mut self.accounts), symbols, &pieces, &self.needs);
        for piece in pieces {
            let source = &sources[&piece.key.0];
            let rest = match before.remove(&piece.key) {
                Some(edge) => edge.rest,
                None if piece.edge.is_some() => source.read(piece.key.1, &filling.columns, 0, usize::MAX)?,
                None => source.read(piece.key.1, &filling.columns, piece.skip, piece.take)?,
            };
            filling.add(source, &rest, &piece)?;
            if let Some(accounts) = piece.edge {
                self.edges.insert(piece.key, Edge { accounts, rest });
            }
        }
        self.accounts = filling.finish();
        Ok(&self.accounts)
    }

    /// The accounts that were read last.
    pub fn into_accounts(self) -> Accounts {
        self.accounts
    }

    /// The runs of a row group that are wanted; None if there are none. Where it goes on in the next partition, all its rows are to be read.
    fn piece(
        &self,
        partition: &Partition,
        source: &Source,
        key: GroupKey,
        until: Option<i64>,
        goes_on: bool,
        symbols: &mut Interner,
    ) -> Result<Option<Piece>, Error> {
        let known = self.edges.get(&key).map(|edge| edge.accounts.clone());
        let is_whole = goes_on || known.is_some();
        let columns: &[usize] = if until.is_some() { &[column::ACCOUNT, column::TIME] } else { &[column::ACCOUNT] };
        let batch = known.map_or_else(|| source.read(key.1, columns, 0, usize::MAX), Ok)?;
        let accounts = schema::dictionary(batch.column(0))?;
        let wanted = |account: &str| partition.contains(account) && self.needs.accounts.is_none_or(|set| set.contains(account));
        let values = schema::map_values(accounts, |account| if wanted(account) { symbols.id(account) } else { NONE })?;
        let times = until.map(|until| (until, batch.column(1).as_primitive::<TimestampMicrosecondType>().values()));
        let mut runs: Vec<Run> = Vec::new();
        let (mut start, mut skip, mut take) = (0, 0, 0);
        for run in accounts.keys().values().chunk_by(|a, b| a == b) {
            let account = values[run[0] as usize];
            let keep = times.map_or(run.len(), |(until, times)| times[start..start + run.len()].partition_point(|t| *t <= until));
            if account != NONE && keep > 0 {
                if take == 0 && !is_whole {
                    skip = start;
                    runs.clear();
                }
                take = start + run.len() - skip;
            }
            runs.push(Run { account: if keep == 0 { NONE } else { account }, rows: run.len(), keep });
            start += run.len();
        }
        Ok((take > 0).then(|| Piece { key, skip, take, runs, edge: goes_on.then(|| batch.clone()) }))
    }
}

/// The result while it is being filled.
struct Filling<'a, 'b> {
    needs: &'a Needs<'b>,
    columns: Vec<usize>,
    accounts: Accounts,
    /// By account's symbol: where its next event goes.
    next: Vec<usize>,
    persons: Interner,
    name_ids: FxHashMap<&'a str, u16>,
    reader: PropertyReader<'a>,
    with_properties: Option<FxHashSet<u16>>,
}

impl<'a, 'b> Filling<'a, 'b> {
    /// Into accounts that are not needed any more.
    fn new(mut accounts: Accounts, symbols: Interner, pieces: &[Piece], needs: &'a Needs<'b>) -> Filling<'a, 'b> {
        let mut counts = vec![0usize; symbols.len()];
        for run in pieces.iter().flat_map(|p| &p.runs).filter(|r| r.account != NONE) {
            counts[run.account as usize] += run.keep;
        }
        let mut order: Vec<u32> = (0..symbols.len() as u32).filter(|s| counts[*s as usize] > 0).collect();
        order.sort_unstable_by(|a, b| symbols.text(*a).cmp(symbols.text(*b)));
        accounts.clear();
        accounts.property_count = needs.properties.len();
        let mut next = vec![0; symbols.len()];
        let mut total = 0;
        for symbol in order {
            accounts.ids.push(symbols.text(symbol).clone());
            accounts.starts.push(total);
            next[symbol as usize] = total;
            total += counts[symbol as usize];
        }
        accounts.starts.push(total);
        accounts.time.resize(total, 0);
        accounts.name.resize(total, OTHER);
        accounts.person.resize(total, NOBODY);
        let mut columns = vec![column::PERSON, column::NAME, column::TIME];
        if needs.positions {
            accounts.position.resize(total, 0);
            columns.push(column::POSITION);
        }
        if !needs.properties.is_empty() {
            accounts.fields.resize(total, NO_FIELDS);
            columns.push(column::PROPERTIES);
        }
        Filling {
            needs,
            columns,
            accounts,
            next,
            persons: Interner::default(),
            name_ids: needs.names.iter().zip(0..).map(|(name, id)| (name.as_str(), id)).collect(),
            reader: PropertyReader::new(needs.properties, needs.calendar),
            with_properties: needs.properties_of.map(|ids| ids.iter().copied().collect()),
        }
    }

    /// Adds a piece, whose rows are the first of a batch.
    fn add(&mut self, source: &Source, batch: &RecordBatch, piece: &Piece) -> Result<(), Error> {
        let column =
            |name: &str| batch.column_by_name(name).ok_or_else(|| Error::Batch(format!("{} has no column {name}", source.path.display())));
        let times = column("time")?.as_primitive::<TimestampMicrosecondType>().values();
        let names = schema::dictionary(column("name")?)?;
        let ids = schema::map_values(names, |name| self.name_ids.get(name).copied().unwrap_or(OTHER))?;
        let names = names.keys().values();
        let persons = schema::dictionary(column("person_id")?)?;
        // A row group has the persons of many partitions: only those of this one get symbols.
        let ids_of_persons = schema::texts(persons.values())?;
        let mut symbols = vec![NONE; ids_of_persons.len()];
        let (persons, nobody) = (persons.keys().values(), persons.keys().nulls());
        let mut row = 0;
        for run in &piece.runs {
            if run.account != NONE {
                let to = self.next[run.account as usize];
                let (from, into) = (row..row + run.keep, to..to + run.keep);
                self.accounts.time[into.clone()].copy_from_slice(&times[from.clone()]);
                for (id, key) in self.accounts.name[into.clone()].iter_mut().zip(&names[from.clone()]) {
                    *id = ids[*key as usize];
                }
                let known = self.accounts.person[into.clone()].iter_mut().zip(&persons[from.clone()]);
                let mut set = |(person, key): (&mut u32, &i32)| {
                    let symbol = &mut symbols[*key as usize];
                    if *symbol == NONE {
                        *symbol = self.persons.id(ids_of_persons.value(*key as usize));
                    }
                    *person = *symbol;
                };
                match nobody {
                    None => known.for_each(set),
                    Some(nulls) => known.zip(from.clone()).filter(|(_, i)| nulls.is_valid(*i)).for_each(|(pair, _)| set(pair)),
                }
                if self.needs.positions {
                    let positions = column("position")?.as_primitive::<Int64Type>().values();
                    self.accounts.position[into.clone()].copy_from_slice(&positions[from]);
                }
                if !self.needs.properties.is_empty() {
                    self.read_properties(batch, row, to, run.keep);
                }
                self.next[run.account as usize] = into.end;
            }
            row += run.rows;
            if row >= piece.take {
                break;
            }
        }
        Ok(())
    }

    /// Reads the properties of `count` events, from `row` of the batch, to `to` of the result.
    fn read_properties(&mut self, batch: &RecordBatch, row: usize, to: usize, count: usize) {
        let Some(texts) = batch.column_by_name("properties").and_then(|c| c.as_string_opt::<i32>()) else { return };
        for i in 0..count {
            let is_wanted = self.with_properties.as_ref().is_none_or(|ids| ids.contains(&self.accounts.name[to + i]));
            if is_wanted && texts.is_valid(row + i) && self.reader.read(texts.value(row + i), &mut self.accounts.values) {
                self.accounts.fields[to + i] = (self.accounts.values.len() / self.accounts.property_count - 1) as u32;
            }
        }
    }

    /// Turns the symbols of persons into ordinals per account, in order of their ids.
    fn finish(self) -> Accounts {
        let (mut accounts, persons) = (self.accounts, self.persons);
        // By person's symbol: the account (plus 1) it was last seen in and its ordinal there.
        let mut seen: Vec<(u32, u32)> = vec![(0, 0); persons.len()];
        let mut here: Vec<u32> = Vec::new();
        accounts.person_starts.push(0);
        for i in 0..accounts.ids.len() {
            let events = &mut accounts.person[accounts.starts[i]..accounts.starts[i + 1]];
            let stamp = i as u32 + 1;
            here.clear();
            for &symbol in events.iter().filter(|s| **s != NOBODY) {
                let slot = &mut seen[symbol as usize];
                if slot.0 != stamp {
                    *slot = (stamp, 0);
                    here.push(symbol);
                }
            }
            here.sort_unstable_by(|a, b| persons.text(*a).cmp(persons.text(*b)));
            for (ordinal, symbol) in here.iter().enumerate() {
                seen[*symbol as usize].1 = ordinal as u32;
                accounts.persons.push(Arc::clone(persons.text(*symbol)));
            }
            accounts.person_starts.push(accounts.persons.len());
            for symbol in events.iter_mut().filter(|s| **s != NOBODY) {
                *symbol = seen[*symbol as usize].1;
            }
        }
        accounts
    }
}
