//! The texts that a file would have after an edit; whether they say what they should is seen elsewhere.

use std::ops::Range;

use super::page::{Form, Page, Site};
use super::piece::Piece;
use super::{lines, piece, write};
use crate::yaml::{Entry, Node};

/// An entry that is to be put into a map.
pub(super) struct New<'a> {
    pub key: &'a str,
    pub value: &'a Piece,
    /// Lines above it.
    pub above: &'a str,
}

impl Page<'_> {
    /// The text with another text in the place of a range; the lines of that end as the file's do.
    pub(super) fn spliced(&self, range: Range<usize>, with: &str) -> String {
        let with = lines::broken_as(with, lines::line_break(self.text));
        format!("{}{with}{}", lines::part(self.text, 0, range.start), lines::part(self.text, range.end.max(range.start), self.text.len()))
    }

    /// With another value of an entry.
    pub(super) fn with_value(&self, site: Site, value: &Piece) -> String {
        let (old, after) = (self.written(site.entry), self.colon(site.entry));
        if self.is_flow(site.map) {
            let before = match old.form {
                Form::Empty if value.form == Form::Empty => "",
                Form::Empty if after == site.entry.place.end => ": ",
                Form::Empty => " ",
                _ => "",
            };
            return self.spliced(old.range, &format!("{before}{}", value.beside(old.column)));
        }
        let key_column = lines::column(self.text, site.entry.place.start);
        let step = if old.form == Form::Block && old.column > key_column { old.column - key_column } else { self.step() };
        let beside = matches!(value.form, Form::Beside | Form::Empty);
        match old.form {
            Form::Block if beside => {
                let rest = lines::part(self.text, after, old.range.start).trim_end();
                let rest = if rest.is_empty() { String::new() } else { format!("  {}", rest.trim_start()) };
                self.spliced(after..old.range.end, &format!("{}{rest}", value.after_key(key_column, step)))
            }
            Form::Block => self.spliced(old.range, &value.after_key(key_column, step)),
            Form::Beside | Form::Below if value.form == Form::Below || value.form == Form::Beside => {
                self.spliced(old.range, &value.beside(old.column))
            }
            Form::Empty if beside => self.spliced(after..after, &value.after_key(key_column, step)),
            _ => {
                // What stands beside the old value, such as a comment, goes beside the key.
                let head = lines::part(self.text, 0, old.range.start).trim_end().len().max(after);
                let line = lines::end(self.text, old.range.end);
                let rest = lines::part(self.text, old.range.end, line).trim_end();
                self.spliced(head..line, &format!("{rest}{}", value.after_key(key_column, step)))
            }
        }
    }

    /// With one more entry of a map that has some, at an index.
    pub(super) fn with_entry(&self, map: &Node, index: usize, new: &New) -> String {
        let entries = map.as_map().unwrap_or_default();
        let before = index.checked_sub(1).and_then(|i| entries.get(i));
        if self.is_flow(map) {
            let written = format!("{}: {}", write::key(new.key), new.value.text);
            return match (before, entries.first()) {
                (Some(before), _) => {
                    let end = self.flow_end(before);
                    self.spliced(end..end, &format!(", {written}"))
                }
                (None, Some(first)) => self.spliced(first.place.start..first.place.start, &format!("{written}, ")),
                (None, None) => self.text.into(),
            };
        }
        let column = entries.first().map_or(0, |first| lines::column(self.text, first.place.start));
        let lines = new.value.entry(new.key, new.above, column, self.step());
        let at = match (before, entries.first()) {
            (Some(before), _) => self.entry_lines(before).end,
            (None, Some(first)) => self.comment(first),
            (None, None) => 0,
        };
        self.with_lines(at, &lines)
    }

    /// With more lines before the line that begins at a byte.
    pub(super) fn with_lines(&self, at: usize, lines: &str) -> String {
        let unfinished = at == self.text.len() && !self.text.is_empty() && !self.text.ends_with('\n');
        self.spliced(at..at, &if unfinished { format!("\n{lines}") } else { format!("{lines}\n") })
    }

    /// Without an entry of a map, which becomes `{}` where it was the last; `head`: the entry whose value the map is.
    pub(super) fn without(&self, site: Site, head: Option<&Entry>) -> String {
        let entries = site.map.as_map().unwrap_or_default();
        if self.is_flow(site.map) {
            let start = site.entry.place.start;
            let end = self.flow_end(site.entry);
            let before = site.index.checked_sub(1).and_then(|i| entries.get(i));
            let range = match (entries.get(site.index + 1), before) {
                (Some(next), _) => start..next.place.start,
                (None, Some(before)) => self.flow_end(before)..end,
                (None, None) => {
                    let inside = |text: &str| text.trim_end().len();
                    let open = inside(lines::part(self.text, 0, start));
                    let rest = lines::part(self.text, end, self.text.len());
                    open..end + rest.len() - rest.trim_start().len()
                }
            };
            return self.spliced(range, "");
        }
        let hole = self.hole(site);
        let rest = self.spliced(hole, "");
        match head {
            Some(head) if entries.len() == 1 => {
                let (before, after) = rest.split_at_checked(self.colon(head)).unwrap_or((&rest, ""));
                format!("{before} {{}}{after}")
            }
            _ => rest,
        }
    }

    /// As `moved`, in a map with brackets that `around` leads to.
    pub(super) fn moved_in_flow(&self, site: Site, around: &[&str], behind: Option<usize>) -> Option<String> {
        let value = Piece::read(&piece::cut(self, site.entry)).ok()?;
        let text = self.without(site, None);
        let rest = Page::read(self.file, &text).ok()?;
        let map = rest.site(around).ok()??;
        let index = behind.map_or(0, |behind| behind + usize::from(behind < site.index));
        Some(rest.with_entry(&map.entry.value, index, &New { key: &site.entry.key, value: &value, above: "" }))
    }

    /// With an entry behind another of the same map, or as its first, in a map without brackets.
    pub(super) fn moved(&self, site: Site, behind: Option<usize>) -> Option<String> {
        let entries = site.map.as_map()?;
        let at = match behind {
            Some(index) => self.entry_lines(entries.get(index)?).end,
            None => self.comment(entries.first()?),
        };
        let hole = self.hole(site);
        if hole.contains(&at) {
            return None;
        }
        let break_ = lines::line_break(self.text);
        let finished = |text: &str| if text.ends_with('\n') || text.is_empty() { text.to_owned() } else { format!("{text}{break_}") };
        let start = if self.owns_comment(site) { self.comment(site.entry) } else { self.entry_lines(site.entry).start };
        let lines = finished(lines::part(self.text, start, self.entry_lines(site.entry).end));
        let part = |start: usize, end: usize| lines::part(self.text, start, end);
        let text = if at <= hole.start {
            format!("{}{lines}{}{}", finished(part(0, at)), part(at, hole.start), part(hole.end, self.text.len()))
        } else {
            format!("{}{}{lines}{}", part(0, hole.start), finished(part(hole.end, at)), part(at, self.text.len()))
        };
        let ends = self.text.ends_with('\n');
        Some(if ends { text } else { text.strip_suffix(break_).unwrap_or(&text).to_owned() })
    }

    /// What goes with an entry: its lines, the comment that is about nothing else, and a blank line where two would be left.
    fn hole(&self, site: Site) -> Range<usize> {
        let lines = self.entry_lines(site.entry);
        let mut start = if self.owns_comment(site) { self.comment(site.entry) } else { lines.start };
        let mut end = lines.end;
        let blank = |at: usize| at < self.text.len() && lines::is_blank(lines::part(self.text, at, lines::end(self.text, at)));
        let above = |start: usize| start.checked_sub(1).map(|at| lines::start(self.text, at)).filter(|above| *above < start);
        let first = site.index == 0 && (self.owns_comment(site) || start == self.comment(site.entry));
        if (first || above(start).is_none_or(blank)) && blank(end) {
            end = lines::next(self.text, end);
        }
        if end == self.text.len() {
            while let Some(above) = above(start).filter(|above| blank(*above)) {
                start = above;
            }
            if !self.text.ends_with('\n') {
                start = lines::part(self.text, 0, start).trim_end_matches(['\r', '\n']).len();
            }
        }
        start..end
    }
}
