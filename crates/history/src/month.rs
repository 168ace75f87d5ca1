//! The rewriting of one month: what is there and what is new, resolved, sorted, without duplicates.
//!
//! The result is a function of the set of rows, the memberships and the merges, apart from positions and times of arrival.

use std::cmp::Ordering;
use std::fs::File as FsFile;
use std::path::Path;
use std::sync::Arc;

use datafusion::parquet::arrow::ArrowWriter;
use rustc_hash::FxHashMap;
use tenure_model::Instant;

use crate::catalog::{File, Month};
use crate::error::Error;
use crate::intern::{Interner, NONE};
use crate::resolution::{Resolution, resolve};
use crate::rows::{Rows, Scratch, Was};
use crate::schema::{GROUP_ROWS, Source, schema, writer_properties};
use crate::spill;
use tenure_ingest::Resolver;

/// A month's files.
#[derive(Clone, Default, Debug)]
pub(crate) struct Files {
    pub events: Option<File>,
    pub quarantine: Option<File>,
}

/// A month being put together.
pub(crate) struct Draft {
    pub symbols: Interner,
    pub rows: Rows,
    /// Of the rows that were there, how they were resolved.
    pub before: Vec<Was>,
}

/// What became of a month.
#[derive(Default, Debug)]
pub(crate) struct Outcome {
    /// None: nothing has changed.
    pub files: Option<Files>,
    pub added: u64,
    pub quarantined: u64,
    pub future: u64,
    pub found: u64,
    pub lost: u64,
    pub moved: u64,
    /// Of the added rows.
    pub span: Option<(Instant, Instant)>,
    /// Greatest position of the added rows.
    pub last_position: Option<i64>,
}

impl Outcome {
    /// Adds another month's figures.
    pub fn add(&mut self, other: &Outcome) {
        self.added += other.added;
        self.quarantined += other.quarantined;
        self.future += other.future;
        self.found += other.found;
        self.lost += other.lost;
        self.moved += other.moved;
        self.last_position = self.last_position.max(other.last_position);
        self.span = match (self.span, other.span) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
    }
}

/// Where the files of a rewritten month go.
pub(crate) struct Target<'a> {
    pub data: &'a Path,
    pub month: Month,
    /// Numbers of the two files.
    pub numbers: [u64; 2],
    /// Events later than this are future.
    pub horizon: Instant,
}

impl Draft {
    /// With the rows of the month's files. `symbols` are those of new rows that will be added.
    pub fn load(data: &Path, files: &Files, symbols: &Arc<Interner>) -> Result<Draft, Error> {
        let mut draft = Draft { symbols: Interner::over(symbols.clone()), rows: Rows::default(), before: Vec::new() };
        for file in files.events.iter().chain(&files.quarantine) {
            draft.read(&data.join(&file.path))?;
        }
        Ok(draft)
    }

    fn read(&mut self, path: &Path) -> Result<(), Error> {
        let source = Source::open(path)?;
        for group in 0..source.groups() {
            self.before.extend(self.rows.extend_from_file(&source.read_all(group)?, &mut self.symbols)?);
        }
        Ok(())
    }

    /// Adds new rows, whose symbols are of the interner the draft was loaded over.
    pub fn add(&mut self, rows: Rows) {
        self.rows.append(rows);
    }

    /// Adds new rows that an import put aside in a file.
    pub fn add_spilled(&mut self, path: &Path) -> Result<(), Error> {
        spill::read(path, &mut self.rows)
    }

    /// Resolves, sorts, drops duplicates and writes the files anew if anything has changed.
    pub fn finish(mut self, resolver: &Resolver, target: &Target<'_>) -> Result<Outcome, Error> {
        let resolved = resolve(&self.rows, &mut self.symbols, resolver);
        let order = self.order(&resolved);
        let mut outcome = self.count(&resolved, &order, target.horizon);
        if outcome.added == 0 && self.before.iter().enumerate().all(|(r, was)| resolved.is_as(r, was, &self.symbols)) {
            return Ok(outcome);
        }
        let known = order.partition_point(|r| resolved.account[*r as usize] != NONE);
        let (events, quarantine) = order.split_at(known);
        let [events_number, quarantine_number] = target.numbers;
        outcome.files = Some(Files {
            events: self.write(events, &resolved, target, "events", events_number)?,
            quarantine: self.write(quarantine, &resolved, target, "quarantine", quarantine_number)?,
        });
        Ok(outcome)
    }

    /// The rows that stay, by (account, time, content, position); those of no known account at the end.
    pub fn order(&self, resolved: &Resolution) -> Vec<u32> {
        let rows = &self.rows;
        let ranks = self.symbols.ranks();
        let rank = |symbol: u32| if symbol == NONE { NONE } else { ranks[symbol as usize] };
        let dropped = self.resent(&ranks);
        let mut keys: Vec<(u32, i64, u32)> = (0..rows.len())
            .filter(|r| dropped.as_ref().is_none_or(|d| !d[*r]))
            .map(|r| (rank(resolved.account[r]), rows.time[r], r as u32))
            .collect();
        keys.sort_unstable();
        let mut order: Vec<u32> = Vec::with_capacity(keys.len());
        let mut start = 0;
        while start < keys.len() {
            let (account, time, _) = keys[start];
            let end = start + keys[start..].iter().take_while(|k| k.0 == account && k.1 == time).count();
            if end - start == 1 {
                order.push(keys[start].2);
            } else {
                let ties = &mut keys[start..end];
                ties.sort_unstable_by(|a, b| {
                    self.compare(&ranks, a.2, b.2).then_with(|| rows.position[a.2 as usize].cmp(&rows.position[b.2 as usize]))
                });
                self.keep_distinct(&ranks, ties, &mut order);
            }
            start = end;
        }
        order
    }

    /// Of rows without message id and of equal content, as many stay as were there, or as are in the new file if these are more.
    fn keep_distinct(&self, ranks: &[u32], ties: &[(u32, i64, u32)], order: &mut Vec<u32>) {
        let is_old = |r: u32| (r as usize) < self.before.len();
        for equal in ties.chunk_by(|a, b| self.rows.message.get(a.2 as usize).is_none() && self.compare(ranks, a.2, b.2).is_eq()) {
            let old = equal.iter().filter(|k| is_old(k.2)).count();
            let keep = old.max(equal.len() - old);
            order.extend(equal[..keep].iter().map(|k| k.2));
        }
    }

    /// Which rows repeat a message id of their source; None if no row has one. The first by (time, content, position) stays, whichever came
    /// first.
    fn resent(&self, ranks: &[u32]) -> Option<Vec<bool>> {
        let rows = &self.rows;
        if rows.message.all_null() {
            return None;
        }
        let mut dropped = vec![false; rows.len()];
        let mut first: FxHashMap<(u32, &str), u32> = FxHashMap::with_capacity_and_hasher(rows.len(), Default::default());
        for r in 0..rows.len() as u32 {
            let Some(message) = rows.message.get(r as usize) else { continue };
            let stays = first.entry((rows.source(r as usize), message)).or_insert(r);
            if *stays == r {
                continue;
            }
            let by_time = rows.time[r as usize].cmp(&rows.time[*stays as usize]);
            if by_time
                .then_with(|| self.compare(ranks, r, *stays))
                .then_with(|| rows.position[r as usize].cmp(&rows.position[*stays as usize]))
                .is_lt()
            {
                dropped[*stays as usize] = true;
                *stays = r;
            } else {
                dropped[r as usize] = true;
            }
        }
        Some(dropped)
    }

    /// The order of content: everything that was given, but the time.
    fn compare(&self, ranks: &[u32], a: u32, b: u32) -> Ordering {
        let rows = &self.rows;
        let (a, b) = (a as usize, b as usize);
        let rank = |symbol: u32| if symbol == NONE { 0 } else { ranks[symbol as usize] + 1 };
        let symbols = |r: usize| (rank(rows.name[r]), rank(rows.person[r]), rank(rows.account[r]), rank(rows.source(r)));
        symbols(a)
            .cmp(&symbols(b))
            .then_with(|| rows.properties.get(a).cmp(&rows.properties.get(b)))
            .then_with(|| rows.message.get(a).cmp(&rows.message.get(b)))
    }

    fn count(&self, resolved: &Resolution, order: &[u32], horizon: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        for &r in order {
            let r = r as usize;
            let now = resolved.account[r];
            if let Some(was) = self.before.get(r) {
                match (was.account, now) {
                    (a, b) if a == b => {}
                    (NONE, _) => outcome.found += 1,
                    (_, NONE) => outcome.lost += 1,
                    _ => outcome.moved += 1,
                }
                continue;
            }
            let time = Instant(self.rows.time[r]);
            outcome.added += 1;
            outcome.quarantined += u64::from(now == NONE);
            outcome.future += u64::from(time > horizon);
            outcome.span = Some(outcome.span.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
            outcome.last_position = outcome.last_position.max(Some(self.rows.position[r]));
        }
        outcome
    }

    fn write(&self, order: &[u32], resolved: &Resolution, target: &Target<'_>, kind: &str, number: u64) -> Result<Option<File>, Error> {
        let (Some(&first), Some(&last)) = (order.first(), order.last()) else { return Ok(None) };
        let path = format!("{kind}/{}/{number:06}.parquet", target.month);
        let reason = |r: u32| resolved.unknown(r as usize);
        let reason: Option<&dyn Fn(u32) -> &'static str> = if kind == "quarantine" { Some(&reason) } else { None };
        write_rows(&target.data.join(&path), &self.rows, order, &resolved.account, &resolved.person, reason, &self.symbols)?;
        let account = |r: u32| match resolved.account[r as usize] {
            NONE => String::new(),
            symbol => self.symbols.text(symbol).to_string(),
        };
        let times = order.iter().map(|r| self.rows.time[*r as usize]);
        Ok(Some(File {
            path,
            rows: order.len() as u64,
            min_account: account(first),
            max_account: account(last),
            min_time: Instant(times.clone().min().unwrap_or(0)),
            max_time: Instant(times.max().unwrap_or(0)),
            max_position: order.iter().map(|r| self.rows.position[*r as usize]).max().unwrap_or(0),
            groups: order.chunks(GROUP_ROWS).map(|group| (account(group[0]), group.len() as u64)).collect(),
        }))
    }
}

/// Writes rows in an order as a file: under a temporary name, synced, then renamed.
fn write_rows(
    path: &Path,
    rows: &Rows,
    order: &[u32],
    account: &[u32],
    person: &[u32],
    reason: Option<&dyn Fn(u32) -> &'static str>,
    symbols: &Interner,
) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let temporary = path.with_extension("tmp");
    let file = FsFile::create(&temporary).map_err(Error::io(&temporary))?;
    let mut writer = ArrowWriter::try_new(file, schema(reason.is_some()), Some(writer_properties())).map_err(Error::parquet(path))?;
    let mut scratch = Scratch::default();
    for group in order.chunks(GROUP_ROWS) {
        let batch = rows.batch(group, account, person, reason, symbols, &mut scratch)?;
        writer.write(&batch).map_err(Error::parquet(path))?;
    }
    let file = writer.into_inner().map_err(Error::parquet(path))?;
    file.sync_all().map_err(Error::io(&temporary))?;
    std::fs::rename(&temporary, path).map_err(Error::io(path))?;
    // The catalog will name it: its entry in the folder must be as durable as the file.
    FsFile::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io(folder))
}
