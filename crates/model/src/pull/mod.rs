//! Takes what others changed in a model into one's own files, definition by definition, and never over what one changed oneself.

mod fields;
mod order;
mod side;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::edit::{self, At, Texts};
use side::{Definition, Side};

/// Sections in which order has meaning: the first that matches applies.
const ORDERED: &[&str] = &["lifecycle.stages", "scorecards"];

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// One's own files with what was taken; all else byte for byte as it was.
    pub files: Texts,
    /// What was taken from theirs.
    pub taken: Vec<Taken>,
    /// What was not taken, because somebody has to decide; it stands as in one's own files.
    pub conflicts: Vec<Conflict>,
}

/// A definition that is now as in theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// Where it stands: `metrics`, `segments`, `lifecycle.stages`, `alerts` …
    pub section: String,
    /// Its name; empty for a setting that has none.
    pub name: String,
    /// The file in which it stands now, or stood.
    pub file: String,
    /// What happened to it.
    pub what: What,
}

/// What happened to a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is new.
    Added,
    /// It says something else.
    Changed,
    /// It is gone.
    Removed,
    /// It stands elsewhere in the order of its section.
    Moved,
}

/// What theirs changed and somebody has to decide about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// Where it stands: `metrics`, `segments`, `lifecycle.stages`, `alerts` …
    pub section: String,
    /// Its name; empty for a setting that has none, and where it is about the order of a section.
    pub name: String,
    /// What it was for both, as text; of an order, the names; None where it was not there.
    pub base: Option<String>,
    /// What it is in one's own files.
    pub mine: Option<String>,
    /// What it is in theirs.
    pub theirs: Option<String>,
    /// The file in which it stands: one's own, or theirs where it is gone from one's own, or that of the base.
    pub file: String,
    /// The line in that file, from 1.
    pub line: usize,
    /// Why it was not taken.
    pub why: Why,
}

/// Why a change was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Both changed it, and not to the same.
    BothChanged,
    /// One of the three models defines it more than once.
    DefinedTwice,
    /// It cannot be written into one's own files without changing something else: what the edit said.
    NotWritable(String),
}

/// One of the three models of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// What both began with.
    Base,
    /// One's own.
    Mine,
    /// That of the others.
    Theirs,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Which::Base => "the model that both began with",
            Which::Mine => "one's own model",
            Which::Theirs => "the model of the others",
        })
    }
}

/// A model that cannot be merged: a file of it is not YAML, or no map of sections.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{which} cannot be read{}", .found.first().map_or_else(String::new, |found| format!(": {found}")))]
pub struct Broken {
    /// Which of the three.
    pub which: Which,
    /// What is wrong in its files.
    pub found: Vec<Diagnostic>,
}

/// Takes into `mine` what differs between `base` and `theirs`, both compared as data: comments and formatting are no change.
pub fn merge(base: &Texts, mine: &Texts, theirs: &Texts) -> Result<Merged, Broken> {
    let base = Side::read(Which::Base, base)?;
    let mine = Side::read(Which::Mine, mine)?;
    let theirs = Side::read(Which::Theirs, theirs)?;
    let merged = Merged { files: mine.files.clone(), taken: vec![], conflicts: vec![] };
    let mut merge = Merge { base: &base, mine: &mine, theirs: &theirs, merged };
    // What goes, goes first: a comment over several definitions would else be left over the wrong one.
    for (section, name) in base.names().filter(|(section, name)| theirs.all(section, name).is_empty()) {
        merge.definition(section, name);
    }
    for section in ORDERED {
        merge.order(section);
    }
    for (section, name) in theirs.names() {
        merge.definition(section, name);
    }
    merge.again();
    Ok(merge.merged)
}

struct Merge<'a> {
    base: &'a Side<'a>,
    mine: &'a Side<'a>,
    theirs: &'a Side<'a>,
    merged: Merged,
}

impl<'a> Merge<'a> {
    fn definition(&mut self, section: &str, name: &str) {
        let [base, mine, theirs] = [self.base, self.mine, self.theirs].map(|side| side.all(section, name));
        let same = |a: &[&Definition], b: &[&Definition]| a.iter().map(|d| &d.value).eq(b.iter().map(|d| &d.value));
        if same(&base, &theirs) || same(&mine, &theirs) {
            return;
        }
        if [&base, &mine, &theirs].iter().any(|all| all.len() > 1) {
            return self.conflict(section, name, Why::DefinedTwice);
        }
        if !same(&base, &mine) {
            return self.conflict(section, name, Why::BothChanged);
        }
        let files = self.merged.files.clone();
        let done = match (mine.first(), theirs.first()) {
            (None, Some(theirs)) => self.add(theirs).map(|file| (file, What::Added)),
            (Some(mine), Some(theirs)) => self.change(mine, theirs, base.first().copied()).map(|()| (mine.file.clone(), What::Changed)),
            (Some(mine), None) => {
                edit::remove(&mut self.merged.files, &edit::path(section, name)).map(|()| (mine.file.clone(), What::Removed))
            }
            (None, None) => return,
        };
        match done {
            Ok((file, what)) => self.merged.taken.push(Taken { section: section.into(), name: name.into(), file, what }),
            Err(error) => {
                self.merged.files = files;
                self.conflict(section, name, Why::NotWritable(error.to_string()));
            }
        }
    }

    /// What could not be written may be by now: what needed an anchor may be another, too.
    fn again(&mut self) {
        let waits = |found: &Conflict| {
            matches!(found.why, Why::NotWritable(_)) && !(found.name.is_empty() && ORDERED.contains(&found.section.as_str()))
        };
        loop {
            let (refused, others): (Vec<_>, Vec<_>) = self.merged.conflicts.drain(..).partition(waits);
            self.merged.conflicts = others;
            refused.iter().for_each(|found| self.definition(&found.section, &found.name));
            if refused.is_empty() || self.merged.conflicts.iter().filter(|found| waits(found)).count() >= refused.len() {
                return;
            }
        }
    }

    /// The file that it went into.
    fn add(&mut self, theirs: &Definition) -> Result<String, edit::Error> {
        let path = edit::path(&theirs.section, &theirs.name);
        let files = &mut self.merged.files;
        if let Some(found) = edit::find(files, &path)?
            && edit::value(files, &path)?.is_some_and(|value| value.is_null())
        {
            let file = found.file.to_owned();
            return edit::replace_by(files, &path, &theirs.piece).map(|()| file);
        }
        let (file, after) = self.place(theirs);
        let files = &mut self.merged.files;
        let there = files.get(&file).map_or("", String::as_str);
        let known = theirs.above.lines().any(|line| !line.is_empty() && there.contains(line));
        let above = if known { "" } else { theirs.above.as_str() };
        let at = match &after {
            Some(name) => At::After(name),
            None if self.theirs.before(theirs).is_empty() || ORDERED.contains(&theirs.section.as_str()) => At::First,
            None => At::Last,
        };
        let at = if theirs.name.is_empty() { At::Last } else { at };
        edit::insert_from(files, &file, &path, &theirs.piece.commented(&theirs.beside), above, at).map(|()| file)
    }

    /// In which file, and after which definition, a new one is to stand: after the nearest that precedes it in theirs. Where order has no
    /// meaning, in the file of the same path; unless that is gone from one's own model.
    fn place(&self, theirs: &Definition) -> (String, Option<String>) {
        let files = &self.merged.files;
        let file_of = |name: &str| Some(edit::find(files, &edit::path(&theirs.section, name)).ok()??.file.to_owned());
        let before = self.theirs.before(theirs);
        let mut before = before.iter().filter_map(|name| Some((file_of(name)?, (*name).to_owned())));
        if ORDERED.contains(&theirs.section.as_str()) {
            let first = || Side::read(Which::Mine, files).ok()?.first(&theirs.section).map(|first| first.file.clone());
            return match before.next() {
                Some((file, name)) => (file, Some(name)),
                None => (first().unwrap_or_else(|| theirs.file.clone()), None),
            };
        }
        // The only section that must not stand in two files.
        let only = (theirs.section == "subscriptions").then(|| file_of("")).flatten();
        let moved = !files.contains_key(&theirs.file) && self.base.files.contains_key(&theirs.file);
        match only {
            None if moved => before.next().map_or_else(|| (theirs.file.clone(), None), |(file, name)| (file, Some(name))),
            only => {
                let file = only.unwrap_or_else(|| theirs.file.clone());
                let after = before.find(|(before, _)| *before == file).map(|(_, name)| name);
                (file, after)
            }
        }
    }

    /// Where one's own text is that of the base, theirs takes its place; else only the fields that differ are changed.
    fn change(&mut self, mine: &Definition, theirs: &Definition, base: Option<&Definition>) -> Result<(), edit::Error> {
        let path = edit::path(&mine.section, &mine.name);
        if base.is_none_or(|base| base.text != mine.text) {
            let mut files = self.merged.files.clone();
            let adapted = fields::adapt(&mut files, self.theirs.files, &path).is_ok();
            let value = edit::value(&files, &path)?;
            if adapted && value.is_some_and(|value| side::data(&value, &path) == theirs.value) {
                self.merged.files = files;
                return Ok(());
            }
        }
        edit::replace_by(&mut self.merged.files, &path, &theirs.piece).or_else(|error| {
            // What has an anchor is also said elsewhere; it may be, if theirs says there the same.
            let mut files = self.merged.files.clone();
            edit::replace_anyhow(&mut files, &path, &theirs.piece)?;
            if !self.is_between(&files) {
                return Err(error);
            }
            self.merged.files = files;
            Ok(())
        })
    }

    /// Does each definition of these files say what it says so far, or, where one's own is that of the base, what it says in theirs?
    fn is_between(&self, files: &Texts) -> bool {
        let (Ok(now), Ok(then)) = (Side::read(Which::Mine, &self.merged.files), Side::read(Which::Mine, files)) else { return false };
        now.names().chain(then.names()).all(|(section, name)| {
            let [now, then, base, mine, theirs] = [&now, &then, self.base, self.mine, self.theirs]
                .map(|side| side.all(section, name).iter().map(|d| &d.value).collect::<Vec<_>>());
            then == now || (mine == base && then == theirs)
        })
    }

    fn conflict(&mut self, section: &str, name: &str, why: Why) {
        let [base, mine, theirs] = [self.base, self.mine, self.theirs].map(|side| side.all(section, name).first().copied());
        let text = |side: Option<&Definition>| side.map(|side| side.text.trim_matches('\n').to_owned());
        let (file, line) = mine.or(theirs).or(base).map_or((String::new(), 1), |at| (at.file.clone(), at.line));
        let [base, mine, theirs] = [base, mine, theirs].map(text);
        self.merged.conflicts.push(Conflict { section: section.into(), name: name.into(), base, mine, theirs, file, line, why });
    }
}
