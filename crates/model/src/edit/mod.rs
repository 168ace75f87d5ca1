//! Edits the text of a model's files, so that all that is not edited stays byte for byte: comments, blank lines, quotes, order, line breaks.
//!
//! Definitions are named by a path of keys (`path`). A new text is read again before it is taken: where it does not say what it should, or
//! says anything else that it did not say before, the edit is refused. So what is written in an unforeseen way is never spoilt.

mod add;
mod error;
mod lines;
mod page;
mod piece;
mod put;
mod scalar;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::yaml::{Content, Entry, Node};
pub use error::Error;
use page::Form;
pub(crate) use page::Page;
pub(crate) use piece::Piece;
pub(crate) use write::flow;

/// The files of a model: path within its folder, and text.
pub type Texts = BTreeMap<String, String>;

/// A definition, where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'t> {
    /// The file.
    pub file: &'t str,
    /// The line of its name, from 1.
    pub line: usize,
    /// The bytes of its name.
    pub key: Range<usize>,
    /// The bytes of its value, with comments inside of it.
    pub value: Range<usize>,
    /// The bytes of name, value and what follows on their lines; not what stands above.
    pub entry: Range<usize>,
    /// The comment directly above it, if that speaks of nothing else, and a blank line before, if there is one; as `insert` takes it.
    pub above: String,
    /// The comment that follows its value on the same line, and the blanks before.
    pub beside: String,
    /// Its value as a document of its own, as `replace` and `insert` take it: not indented, lines ending with `\n`.
    pub text: String,
}

/// Where among the entries of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At<'a> {
    /// Before all others.
    First,
    /// After the one of this name; `insert` takes the end where it is not there.
    After(&'a str),
    /// After all others.
    Last,
}

/// The keys that lead to a definition, by its section (`metrics`, `lifecycle.stages` …) and name, which is empty for a setting.
pub fn path<'a>(section: &'a str, name: &'a str) -> Vec<&'a str> {
    let mut path = match section.split_once('.') {
        Some(("lifecycle", part)) => vec!["lifecycle", part],
        _ => vec![section],
    };
    path.extend((!name.is_empty()).then_some(name));
    path
}

/// Where a definition, or a part of it, stands; None where no file has it.
pub fn find<'t>(files: &'t Texts, path: &[&str]) -> Result<Option<Found<'t>>, Error> {
    page(files, path)?.map_or(Ok(None), |page| page.found(path))
}

/// Gives a definition, or a part of it, another value: a text such as `Found::text`, indented in any way.
pub fn replace(files: &mut Texts, path: &[&str], value: &str) -> Result<(), Error> {
    replace_by(files, path, &Piece::read(value)?)
}

/// As `replace`, by a value of another file.
pub(crate) fn replace_by(files: &mut Texts, path: &[&str], value: &Piece) -> Result<(), Error> {
    let page = page(files, path)?.ok_or_else(|| missing(path))?;
    let site = page.site(path)?.ok_or_else(|| missing(path))?;
    let expected = page.changed(path, |node| node.content = value.node.content.clone());
    let texts = [value, &value.in_line()].map(|value| (expected.clone(), page.with_value(site, value)));
    let settled = page.settled(path, texts)?;
    put(files, settled)
}

/// As `replace_by`, but whatever else it changes: the caller must see what the files say then.
pub(crate) fn replace_anyhow(files: &mut Texts, path: &[&str], value: &Piece) -> Result<(), Error> {
    let page = page(files, path)?.ok_or_else(|| missing(path))?;
    let site = page.site(path)?.ok_or_else(|| missing(path))?;
    let settled = (page.file.to_owned(), page.with_value(site, value));
    put(files, settled)
}

/// Gives one scalar of a definition another text, in the style in which it is written. Without quotes a number stays a number.
pub fn set(files: &mut Texts, path: &[&str], text: &str) -> Result<(), Error> {
    let page = page(files, path)?.ok_or_else(|| missing(path))?;
    let site = page.site(path)?.ok_or_else(|| missing(path))?;
    if site.entry.value.alias.is_some() {
        return Err(Error::Alias { file: page.file.into(), line: page.line(site.entry.place.start), path: path.join(".") });
    }
    if !matches!(site.entry.value.content, Content::Scalar(..)) {
        return Err(page.kind(path, site.entry, "one value"));
    }
    let texts = scalar::candidates(&page, site.entry, text).into_iter();
    let texts = texts.map(|(value, text)| (page.changed(path, |node| node.content = value.content), text));
    let settled = page.settled(path, texts)?;
    put(files, settled)
}

/// Adds a definition to a file, with its section and the file where they are not there yet; `above` are comments for the lines above it.
/// Where the section is written with brackets, it comes without comments.
pub fn insert(files: &mut Texts, file: &str, path: &[&str], value: &str, above: &str, at: At) -> Result<(), Error> {
    insert_from(files, file, path, &Piece::read(value)?, above, at)
}

/// As `insert`, of a value of another file.
pub(crate) fn insert_from(files: &mut Texts, file: &str, path: &[&str], value: &Piece, above: &str, at: At) -> Result<(), Error> {
    let page = Page::read(file, files.get(file).map_or("", String::as_str))?;
    if let Some(site) = page.site(path)? {
        return Err(Error::Exists { file: file.into(), line: page.line(site.entry.place.start), path: path.join(".") });
    }
    let settled = add::settled(&page, path, value, above, at)?;
    put(files, settled)
}

/// Removes a definition or a part of it, with the comment above that speaks of nothing else, and the head of a section that becomes empty.
pub fn remove(files: &mut Texts, path: &[&str]) -> Result<(), Error> {
    let page = page(files, path)?.ok_or_else(|| missing(path))?;
    let settled = page.settled_without(path)?;
    put(files, settled)
}

/// Puts a definition behind another one that stands in the same map, or before all of them, with its lines as they are.
pub fn shift(files: &mut Texts, path: &[&str], at: At) -> Result<(), Error> {
    let page = page(files, path)?.ok_or_else(|| missing(path))?;
    let site = page.site(path)?.ok_or_else(|| missing(path))?;
    let entries = site.map.as_map().unwrap_or_default();
    let around = path.split_last().map_or(&[] as &[&str], |(_, around)| around);
    if let At::After(name) = at
        && !entries.iter().any(|entry| entry.key == name)
    {
        return Err(missing(&[around, &[name]].concat()));
    }
    let behind = index(entries, at).checked_sub(1);
    if behind == Some(site.index) || behind == site.index.checked_sub(1) {
        return Ok(());
    }
    let expected = page.changed(around, |map| {
        if let Content::Map(entries) = &mut map.content
            && site.index < entries.len()
        {
            let entry = entries.remove(site.index);
            let index = behind.map_or(0, |behind| behind + usize::from(behind < site.index));
            entries.insert(index.min(entries.len()), entry);
        }
    });
    let text = if page.is_flow(site.map) { page.moved_in_flow(site, around, behind) } else { page.moved(site, behind) };
    let settled = page.settled(path, text.map(|text| (expected, text)))?;
    put(files, settled)
}

/// The value that a path leads to, in the one file that has it.
pub(crate) fn value(files: &Texts, path: &[&str]) -> Result<Option<Node>, Error> {
    let Some(page) = page(files, path)? else { return Ok(None) };
    Ok(page.site(path)?.map(|site| site.entry.value.clone()))
}

/// The value that a path leads to, to be put into other files.
pub(crate) fn piece(files: &Texts, path: &[&str]) -> Result<Option<Piece>, Error> {
    let Some(page) = page(files, path)? else { return Ok(None) };
    Ok(page.site(path)?.map(|site| Piece::of(&page, site.entry)))
}

fn put(files: &mut Texts, (file, text): (String, String)) -> Result<(), Error> {
    files.insert(file, text);
    Ok(())
}

fn missing(path: &[&str]) -> Error {
    Error::Missing { path: path.join(".") }
}

/// The one file in which a path leads somewhere.
fn page<'t>(files: &'t Texts, path: &[&str]) -> Result<Option<Page<'t>>, Error> {
    let mut found: Option<Page> = None;
    // What is no part of a text need not be looked for in its tree, unless it can be written with escapes.
    let plain = |key: &&&str| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let sought = path.last().filter(plain).copied().unwrap_or("");
    for (file, text) in files.iter().filter(|(_, text)| text.contains(sought) || text.contains('\\')) {
        let page = Page::read(file, text)?;
        if page.site(path)?.is_none() {
            continue;
        }
        if let Some(first) = found {
            return Err(Error::Twice { path: path.join("."), first: first.file.into(), second: file.clone() });
        }
        found = Some(page);
    }
    Ok(found)
}

/// Is this the path of a section rather than of a definition?
fn is_section(path: &[&str]) -> bool {
    matches!(path, [_] | ["lifecycle", _])
}

/// Before which of the entries it is to stand.
fn index(entries: &[Entry], at: At) -> usize {
    match at {
        At::First => 0,
        At::After(name) => entries.iter().position(|entry| entry.key == name).map_or(entries.len(), |index| index + 1),
        At::Last => entries.len(),
    }
}

/// Do two values read as the same?
pub(crate) fn same(a: &Node, b: &Node) -> bool {
    match (&a.content, &b.content) {
        (Content::Scalar(x, _), Content::Scalar(y, _)) => {
            (a.is_null() && b.is_null())
                || (x == y && (a.is_null(), a.as_bool(), a.as_number()) == (b.is_null(), b.as_bool(), b.as_number()))
        }
        (Content::List(x), Content::List(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y)),
        (Content::Map(x), Content::Map(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| x.key == y.key && same(&x.value, &y.value))
        }
        _ => false,
    }
}

impl<'t> Page<'t> {
    /// What stands in an entry.
    pub(crate) fn piece(&self, entry: &Entry) -> Piece {
        Piece::of(self, entry)
    }

    /// Where the definition stands that a path leads to.
    pub(crate) fn found(&self, path: &[&str]) -> Result<Option<Found<'t>>, Error> {
        let Some(site) = self.site(path)? else { return Ok(None) };
        let (entry, written) = (site.entry, self.written(site.entry));
        let flow = self.is_flow(site.map);
        let start = if written.form == Form::Block { lines::next(self.text, written.range.start) } else { written.range.start };
        let end = if flow { self.flow_end(entry) } else { self.entry_lines(entry).end };
        Ok(Some(Found {
            file: self.file,
            line: self.line(entry.place.start),
            key: entry.place.start..entry.place.end,
            value: start.min(written.range.end)..written.range.end,
            entry: entry.place.start..end,
            above: if flow { String::new() } else { self.above(site) },
            beside: if flow || written.form == Form::Block { String::new() } else { self.beside(written.range.end) },
            text: piece::cut(self, entry),
        }))
    }

    /// The tree, with another value where a path leads.
    fn changed(&self, path: &[&str], change: impl FnOnce(&mut Node)) -> Node {
        let mut root = self.root.clone();
        let mut node = Some(&mut root);
        for key in path {
            node = match node.map(|node| &mut node.content) {
                Some(Content::Map(entries)) => entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.value),
                _ => None,
            };
        }
        if let Some(node) = node {
            change(node);
        }
        root
    }

    /// The file and the first of these texts that says what is expected of it.
    fn settled(&self, path: &[&str], texts: impl IntoIterator<Item = (Node, String)>) -> Result<(String, String), Error> {
        let says = |(expected, text): &(Node, String)| Page::read(self.file, text).is_ok_and(|page| same(&page.root, expected));
        match texts.into_iter().find(says) {
            Some((_, text)) => Ok((self.file.into(), text)),
            None => {
                let line = (0..=path.len()).rev().find_map(|depth| self.site(path.get(..depth)?).ok()?);
                let line = line.map_or(1, |site| self.line(site.entry.place.start));
                Err(Error::Entangled { file: self.file.into(), line, path: path.join(".") })
            }
        }
    }

    /// The file without what a path leads to, nor the head of a section that becomes empty.
    fn settled_without(&self, path: &[&str]) -> Result<(String, String), Error> {
        let site = self.site(path)?.ok_or_else(|| missing(path))?;
        let around = path.split_last().map_or(&[] as &[&str], |(_, around)| around);
        let head = self.site(around)?.map(|site| site.entry);
        if is_section(around) && head.is_some_and(|head| self.holds_only(head, site)) {
            return self.settled_without(around);
        }
        let expected = self.changed(around, |map| {
            if let Content::Map(entries) = &mut map.content {
                entries.retain(|entry| entry.key != site.entry.key);
            }
        });
        self.settled(path, [(expected, self.without(site, head))])
    }

    fn kind(&self, path: &[&str], entry: &Entry, expected: &'static str) -> Error {
        let (file, line) = (self.file.into(), self.line(entry.place.start));
        Error::Kind { file, line, path: path.join("."), is: entry.value.what(), expected }
    }
}
