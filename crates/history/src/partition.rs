//! A scan for the engine: the events of a range of accounts, in columns.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use tenure_model::definition::{EventId, Property};
use tenure_model::{Calendar, Instant};

use crate::accounts::Accounts;
use crate::archive::Archive;
use crate::catalog::File;
use crate::error::Error;
use crate::scan::Scan;
use crate::schema::Source;

/// What a scan needs. Whatever is not needed is not read.
#[derive(Clone, Debug)]
pub struct Needs<'a> {
    /// Event names that are told apart (`Model::event_names`); all others become `OTHER`.
    pub names: &'a [String],
    /// Properties to read (`Model::properties`).
    pub properties: &'a [Property],
    /// Read properties only of these events; None: of all, also of `OTHER` ones.
    pub properties_of: Option<&'a [EventId]>,
    /// Reads times and dates in properties.
    pub calendar: &'a Calendar,
    /// Only events up to then, inclusive.
    pub until: Option<Instant>,
    /// Only these accounts; None: all.
    pub accounts: Option<&'a BTreeSet<String>>,
    /// Fill `AccountEvents::position`.
    pub positions: bool,
}

/// A range of account ids of an archive, as of its catalog when it was made. May be sent to a thread.
#[derive(Clone, Debug)]
pub struct Partition {
    /// In order of month.
    pub(crate) files: Arc<Vec<Shared>>,
    /// The first account id.
    pub(crate) from: String,
    /// Before this account id; None: to the end.
    pub(crate) to: Option<String>,
    rows: u64,
}

/// A file whose footer is read once for all partitions.
#[derive(Debug)]
pub(crate) struct Shared {
    pub file: File,
    path: PathBuf,
    source: OnceLock<Source>,
}

impl Shared {
    /// Opens it for the calling thread.
    pub fn open(&self) -> Result<Source, Error> {
        if let Some(source) = self.source.get() {
            return source.again();
        }
        let source = Source::open(&self.path)?;
        self.source.get_or_init(|| source).again()
    }
}

impl Partition {
    /// Roughly how many events it has.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// It and the one after it as one.
    pub fn and(self, next: Partition) -> Partition {
        Partition { to: next.to, rows: self.rows + next.rows, ..self }
    }

    /// Reads it alone, in the calling thread.
    pub fn read(&self, needs: &Needs<'_>) -> Result<Accounts, Error> {
        let mut scan = Scan::new(needs.clone());
        scan.read(self)?;
        Ok(scan.into_accounts())
    }

    /// Is an account in its range?
    pub fn contains(&self, account: &str) -> bool {
        account >= self.from.as_str() && self.to.as_ref().is_none_or(|to| account < to.as_str())
    }

    /// May a span of accounts (both ends inclusive) have some of its range?
    pub(crate) fn overlaps(&self, first: &str, last: &str) -> bool {
        last >= self.from.as_str() && self.to.as_ref().is_none_or(|to| first < to.as_str())
    }
}

impl Archive {
    /// At most `n` disjoint ranges of account ids that together are the archive, balanced by events. For scans: a thread each.
    pub fn partitions(&self, n: usize) -> Vec<Partition> {
        let share = |file: &File| Shared { file: file.clone(), path: self.data().join(&file.path), source: OnceLock::new() };
        let files: Arc<Vec<Shared>> = Arc::new(self.catalog().events.values().map(share).collect());
        let mut groups: Vec<(&str, u64)> = files.iter().flat_map(|f| &f.file.groups).map(|(first, rows)| (first.as_str(), *rows)).collect();
        groups.sort_unstable();
        let total: u64 = groups.iter().map(|g| g.1).sum();
        let Some(&(least, _)) = groups.first() else { return Vec::new() };
        let mut starts: Vec<(&str, u64)> = vec![(least, 0)];
        let mut before = 0;
        for (first, rows) in groups {
            let wanted = total * starts.len() as u64 / n.max(1) as u64;
            if before >= wanted && starts.len() < n && starts[starts.len() - 1].0 < first {
                starts.push((first, before));
            }
            before += rows;
        }
        let ends = starts[1..].iter().map(|(first, before)| (Some(first.to_string()), *before)).chain([(None, total)]);
        let range = |((from, start), (to, end)): (&(&str, u64), (Option<String>, u64))| Partition {
            files: files.clone(),
            from: from.to_string(),
            to,
            rows: end - start,
        };
        starts.iter().zip(ends).map(range).collect()
    }
}
