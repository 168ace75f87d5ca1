//! Takes another order of a section, where only theirs changed it.

use super::{Conflict, Merge, Side, Taken, What, Which, Why};
use crate::edit::{self, At};

impl Merge<'_> {
    /// Of the definitions that all three have, in the order of theirs, if one's own is that of the base.
    pub(super) fn order(&mut self, section: &str) {
        let [base, mine, theirs] = [self.base, self.mine, self.theirs].map(|side| side.order(section));
        let common = |names: &[&'_ str]| -> Vec<String> {
            let in_all = |name: &&&str| base.contains(name) && mine.contains(name) && theirs.contains(name);
            names.iter().filter(in_all).map(|name| (*name).to_owned()).collect()
        };
        let [old, own, new] = [&base, &mine, &theirs].map(|names| common(names));
        if old == new || own == new {
            return;
        }
        let taken = if old == own { self.reorder(section, &own, &new) } else { Err(Why::BothChanged) };
        match taken {
            Ok(taken) => self.merged.taken.extend(taken),
            Err(why) => {
                let (file, line) = self.mine.first(section).map_or((String::new(), 1), |first| (first.file.clone(), first.line));
                let [base, mine, theirs] = [old, own, new].map(|names| Some(names.join(", ")));
                let conflict = Conflict { section: section.into(), name: String::new(), base, mine, theirs, file, line, why };
                self.merged.conflicts.push(conflict);
            }
        }
    }

    /// Moves as few as possible, each behind the one that precedes it in the new order.
    fn reorder(&mut self, section: &str, old: &[String], new: &[String]) -> Result<Vec<Taken>, Why> {
        let stay = longest_rising(&new.iter().map(|name| old.iter().position(|o| o == name).unwrap_or(usize::MAX)).collect::<Vec<_>>());
        let mut files = self.merged.files.clone();
        let mut taken = Vec::new();
        for (i, name) in new.iter().enumerate().filter(|(i, _)| !stay.contains(i)) {
            let at = i.checked_sub(1).and_then(|i| new.get(i)).map_or(At::First, |before| At::After(before));
            let path = edit::path(section, name);
            edit::shift(&mut files, &path, at).map_err(|error| Why::NotWritable(error.to_string()))?;
            let file = self.mine.all(section, name).first().map_or_else(String::new, |d| d.file.clone());
            taken.push(Taken { section: section.into(), name: name.clone(), file, what: What::Moved });
        }
        let now = Side::read(Which::Mine, &files).map_err(|broken| Why::NotWritable(broken.to_string()))?;
        let now: Vec<&str> = now.order(section).into_iter().filter(|name| new.iter().any(|n| n == name)).collect();
        if now != *new {
            return Err(Why::NotWritable("its definitions stand in several files".into()));
        }
        self.merged.files = files;
        Ok(taken)
    }
}

/// The indices of a longest subsequence that rises.
fn longest_rising(values: &[usize]) -> Vec<usize> {
    let mut best: Vec<Vec<usize>> = Vec::new();
    for (i, value) in values.iter().enumerate() {
        let before = best.iter().filter(|run| run.last().and_then(|last| values.get(*last)).is_some_and(|last| last < value));
        let mut run = before.max_by_key(|run| run.len()).cloned().unwrap_or_default();
        run.push(i);
        best.push(run);
    }
    best.into_iter().max_by_key(Vec::len).unwrap_or_default()
}
