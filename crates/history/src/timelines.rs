//! The events of some accounts together: each file is opened once, each row group read as far as it is theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::archive::{Archive, in_parallel};
use crate::catalog::File;
use crate::error::Error;
use crate::event::Event;
use crate::schema::{self, Source, column};

impl Archive {
    /// All events of some accounts, by account; of each as `account` gives them, by month, then (time, content).
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub fn timelines(&self, ids: &BTreeSet<&str>) -> Result<BTreeMap<String, Vec<Event>>, Error> {
        let files: Vec<(usize, &File)> = self.catalog().events.values().enumerate().collect();
        let mut months = in_parallel(files, |(place, file)| Ok((*place, self.of_file(file, ids)?)), &mut |_, _| {})?;
        months.sort_by_key(|(place, _)| *place);
        let mut all: BTreeMap<String, Vec<Event>> = BTreeMap::new();
        for event in months.into_iter().flat_map(|(_, events)| events) {
            let account = event.account_id.as_deref().unwrap_or_default();
            match all.get_mut(account) {
                Some(events) => events.push(event),
                None => _ = all.insert(account.to_owned(), vec![event]),
            }
        }
        Ok(all)
    }

    fn of_file(&self, file: &File, ids: &BTreeSet<&str>) -> Result<Vec<Event>, Error> {
        let mut events = Vec::new();
        let mut source = None;
        for (group, (first, _)) in file.groups.iter().enumerate() {
            let last = file.groups.get(group + 1).map_or(&file.max_account, |(next, _)| next);
            if ids.range(first.as_str()..=last.as_str()).next().is_none() {
                continue;
            }
            let source = match &mut source {
                Some(source) => source,
                none => none.insert(Source::open(&self.data().join(&file.path))?),
            };
            let accounts = source.read(group, &[column::ACCOUNT], 0, usize::MAX)?;
            let accounts = schema::dictionary(accounts.column(0))?;
            let wanted = schema::map_values(accounts, |account| ids.contains(account))?;
            let mut ranges: Vec<Range<usize>> = Vec::new();
            let rows = accounts.keys().values().iter().enumerate().filter(|(_, key)| wanted[**key as usize]);
            for (row, _) in rows {
                match ranges.last_mut() {
                    Some(range) if range.end == row => range.end = row + 1,
                    _ => ranges.push(row..row + 1),
                }
            }
            if !ranges.is_empty() {
                let columns: Vec<usize> = (0..=column::ORIGINAL).collect();
                events.extend(Event::from_batch(&source.read_ranges(group, &columns, &ranges)?)?);
            }
        }
        Ok(events)
    }
}
