//! One file of a model as a tree over its text: where a value, and all that belongs to it, stands.

use std::ops::Range;

use super::{Error, lines};
use crate::file::{Files, Report};
use crate::yaml::fields::wrong_type;
use crate::yaml::{self, Content, Entry, Node, Style};

/// Columns by which most models indent; where a file does not show its own.
const STEP: usize = 2;

/// A file, read.
pub(crate) struct Page<'t> {
    pub file: &'t str,
    pub text: &'t str,
    /// Always a map; without entries where the file has none.
    pub root: Node,
}

/// An entry of a map, in a page.
#[derive(Clone, Copy)]
pub(crate) struct Site<'p> {
    /// The map.
    pub map: &'p Node,
    /// Which of its entries.
    pub index: usize,
    pub entry: &'p Entry,
}

/// How a value is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// Nothing is written.
    Empty,
    /// On the line of its key.
    Beside,
    /// With brackets, or a scalar, but on a line of its own.
    Below,
    /// Without brackets, on lines of its own: `range` begins with the line break before them.
    Block,
}

/// A value as it stands in a text.
pub(super) struct Written {
    pub range: Range<usize>,
    pub form: Form,
    /// By how much its lines but the first are indented because of where it stands.
    pub column: usize,
}

impl<'t> Page<'t> {
    /// Reads a file of sections.
    pub fn read(file: &'t str, text: &'t str) -> Result<Page<'t>, Error> {
        let files = Files::new([(file, text)]);
        let mut report = Report::new(&files);
        let root = yaml::parse(0, &mut report).filter(|root| !root.is_null());
        let root = root.unwrap_or_else(empty_map);
        if root.as_map().is_none() && report.is_empty() {
            wrong_type(&mut report, &root, "a model file", "a map of sections");
        }
        if report.is_empty() { Ok(Page { file, text, root }) } else { Err(Error::Yaml(report.into_diagnostics())) }
    }

    /// The entry that a path of keys leads to.
    pub fn site(&self, path: &[&str]) -> Result<Option<Site<'_>>, Error> {
        let mut map = &self.root;
        for (depth, key) in path.iter().enumerate() {
            let entries = map.as_map().unwrap_or_default();
            let Some((index, entry)) = entries.iter().enumerate().find(|(_, e)| e.key == *key) else { return Ok(None) };
            if depth + 1 == path.len() {
                return Ok(Some(Site { map, index, entry }));
            }
            if entry.value.alias.is_some() {
                return Err(Error::Alias { file: self.file.into(), line: self.line(entry.place.start), path: path.join(".") });
            }
            map = &entry.value;
        }
        Ok(None)
    }

    /// The number of the line of a byte, from 1.
    pub fn line(&self, at: usize) -> usize {
        lines::part(self.text, 0, at).matches('\n').count() + 1
    }

    /// By how many columns this file indents.
    pub fn step(&self) -> usize {
        let entries = self.root.as_map().unwrap_or_default();
        let inner = entries.iter().filter(|e| e.value.alias.is_none() && !self.is_flow(&e.value)).filter_map(|e| e.value.as_map()?.first());
        inner.map(|e| lines::column(self.text, e.place.start)).find(|column| *column > 0).unwrap_or(STEP)
    }

    /// Is this list or map written with brackets?
    pub fn is_flow(&self, node: &Node) -> bool {
        let mut rest = lines::part(self.text, node.place.start, node.place.end);
        while rest.starts_with(['&', '!']) {
            rest = rest.trim_start_matches(|c: char| !c.is_whitespace()).trim_start();
        }
        matches!(node.content, Content::List(_) | Content::Map(_)) && rest.starts_with(['{', '['])
    }

    /// The byte after the colon of an entry; after its key where it has none.
    pub fn colon(&self, entry: &Entry) -> usize {
        let rest = lines::part(self.text, entry.place.end, self.text.len());
        let blanks = rest.len() - rest.trim_start().len();
        if lines::part(rest, blanks, rest.len()).starts_with(':') { entry.place.end + blanks + 1 } else { entry.place.end }
    }

    /// The first byte from here on that is neither blank nor in a comment.
    fn solid(&self, mut at: usize) -> usize {
        loop {
            let rest = lines::part(self.text, at, self.text.len());
            at += rest.len() - rest.trim_start().len();
            if !rest.trim_start().starts_with('#') {
                return at;
            }
            at = lines::next(self.text, at);
        }
    }

    /// The byte after the last that is written of a value; `empty` where that is none.
    fn end(&self, node: &Node, empty: usize) -> usize {
        if let Some(alias) = node.alias {
            return alias.end;
        }
        match &node.content {
            Content::Scalar(text, Style::Plain) if text.is_empty() => empty,
            Content::Scalar(_, Style::Block) => lines::part(self.text, 0, node.place.end).trim_end().len().max(empty),
            Content::List(items) if !self.is_flow(node) => items.last().map_or(node.place.end, |item| self.end(item, node.place.start + 1)),
            Content::Map(entries) if !self.is_flow(node) => {
                entries.last().map_or(node.place.end, |entry| self.end(&entry.value, self.colon(entry)))
            }
            _ => node.place.end,
        }
    }

    /// How and where the value of an entry is written.
    pub(super) fn written(&self, entry: &Entry) -> Written {
        let (after, node) = (self.colon(entry), &entry.value);
        let key_column = lines::column(self.text, entry.place.start);
        let end = self.end(node, after);
        if node.alias.is_none() && matches!(&node.content, Content::Scalar(text, Style::Plain) if text.is_empty()) {
            return Written { range: after..after, form: Form::Empty, column: key_column };
        }
        if node.alias.is_none() && !matches!(node.content, Content::Scalar(..)) && !self.is_flow(node) {
            let start = lines::end(self.text, after);
            let first = self.solid(start);
            let column = lines::column(self.text, first);
            return Written { range: start..self.extended(end, key_column).max(start), form: Form::Block, column };
        }
        let start = self.solid(after);
        if lines::part(self.text, after, start).contains('\n') {
            return Written { range: start..end.max(start), form: Form::Below, column: lines::column(self.text, start) };
        }
        Written { range: start..end.max(start), form: Form::Beside, column: key_column }
    }

    /// The end of the line of this byte, or of the last of the comments after it that are indented further than `column`.
    fn extended(&self, at: usize, column: usize) -> usize {
        let mut end = lines::end(self.text, at);
        let mut next = lines::next(self.text, at);
        while next < self.text.len() {
            let line = lines::part(self.text, next, lines::end(self.text, next));
            let inside = lines::is_comment(line) && lines::indentation(line) > column;
            if !inside && !lines::is_blank(line) {
                break;
            }
            if inside {
                end = next + line.len();
            }
            next = lines::next(self.text, next);
        }
        end
    }

    /// The lines of an entry of a map without brackets: from the indentation of its key to the line break at its end.
    pub fn entry_lines(&self, entry: &Entry) -> Range<usize> {
        let key_column = lines::column(self.text, entry.place.start);
        let end = self.extended(self.end(&entry.value, self.colon(entry)), key_column);
        lines::start(self.text, entry.place.start)..lines::next(self.text, end)
    }

    /// The byte after an entry of a map with brackets.
    pub(super) fn flow_end(&self, entry: &Entry) -> usize {
        self.end(&entry.value, self.colon(entry))
    }

    /// Where the comment directly above an entry begins; where the entry begins if there is none.
    pub fn comment(&self, entry: &Entry) -> usize {
        let column = lines::column(self.text, entry.place.start);
        let mut start = lines::start(self.text, entry.place.start);
        while start > 0 {
            let above = lines::start(self.text, start - 1);
            let line = lines::part(self.text, above, start);
            if above >= start || !lines::is_comment(line) || lines::indentation(line) != column {
                break;
            }
            start = above;
        }
        start
    }

    /// Does the comment above an entry speak of nothing else? Not where another entry follows on the next line: it may head a group.
    /// Nor at the head of a file: it may be about the file.
    pub fn owns_comment(&self, site: Site) -> bool {
        if self.comment(site.entry) <= lines::start(self.text, 0) {
            return false;
        }
        let Some(next) = site.map.as_map().and_then(|entries| entries.get(site.index + 1)) else { return true };
        lines::start(self.text, next.place.start) != self.entry_lines(site.entry).end
    }

    /// The comment above an entry that speaks of nothing else, not indented, and a blank line before, if there is one.
    pub(super) fn above(&self, site: Site) -> String {
        let (start, key) = (self.comment(site.entry), lines::start(self.text, site.entry.place.start));
        let comment = if self.owns_comment(site) { lines::part(self.text, start, key) } else { "" };
        let comment = lines::dedented(comment.trim_end(), lines::column(self.text, site.entry.place.start));
        let start = if comment.is_empty() { key } else { start };
        let before = lines::part(self.text, 0, start);
        let blank = before.strip_suffix('\n').is_some_and(|before| before.rsplit('\n').next().is_some_and(lines::is_blank));
        if blank { format!("\n{comment}") } else { comment }
    }

    /// The comment between a byte and the end of its line, and the blanks before.
    pub(super) fn beside(&self, at: usize) -> String {
        lines::part(self.text, at, lines::end(self.text, at)).trim_end().to_owned()
    }

    /// Is there nothing in the value of an entry, a map, but this entry of it, no comment either?
    pub(super) fn holds_only(&self, head: &Entry, site: Site) -> bool {
        let inner = if self.is_flow(site.map) {
            site.entry.place.start..self.flow_end(site.entry)
        } else {
            let lines = self.entry_lines(site.entry);
            if self.owns_comment(site) { self.comment(site.entry)..lines.end } else { lines }
        };
        let before = lines::part(self.text, head.place.end, inner.start);
        let after = lines::part(self.text, inner.end, self.extended(self.end(&head.value, self.colon(head)), 0));
        site.map.as_map().is_some_and(|entries| entries.len() == 1) && !before.contains('#') && !after.contains('#')
    }
}

/// A map of nothing.
pub(super) fn empty_map() -> Node {
    Node { content: Content::Map(Vec::new()), place: crate::file::Place::default(), alias: None }
}
