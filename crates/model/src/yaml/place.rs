//! Where inside a file a part of a scalar stands.

use std::ops::Range;

use super::{Content, Node, Style};
use crate::file::Place;

impl Node {
    /// The place of a byte range of this scalar's text, in the text of its file. Folding, indentation and `''` change only blanks and
    /// quotes, so the characters other than blanks are counted; escapes of double quotes are stepped over.
    pub fn inside(&self, source: &str, range: Range<usize>) -> Place {
        let Content::Scalar(text, style) = &self.content else { return self.place };
        let Some(raw) = source.get(self.place.start..self.place.end) else { return self.place };
        let solid = |upto: usize| text.char_indices().take_while(|(i, _)| *i < upto).filter(|(_, c)| !c.is_whitespace()).count();
        let (mut before, length) = (solid(range.start), solid(range.end) - solid(range.start));
        let at_blank = text[..].get(range.start..).is_none_or(|rest| rest.starts_with(char::is_whitespace) || rest.is_empty());
        let mut units = units(raw, *style).peekable();
        let mut last = self.place.start + usize::from(matches!(style, Style::Single | Style::Double));
        while before > 0 {
            let Some(unit) = units.next() else { break };
            last = self.place.start + unit.end;
            before -= 1;
        }
        let start = match units.peek() {
            Some(unit) if !at_blank => self.place.start + unit.start,
            _ => last,
        };
        let end = units.take(length).last().map_or(start, |unit| self.place.start + unit.end);
        Place { start, end: end.max(start), ..self.place }
    }
}

/// The source ranges of the characters other than blanks that a scalar's source stands for.
fn units(raw: &str, style: Style) -> impl Iterator<Item = Range<usize>> {
    let (mut at, end) = match style {
        Style::Single | Style::Double if raw.len() >= 2 => (1, raw.len() - 1),
        _ => (0, raw.len()),
    };
    std::iter::from_fn(move || {
        loop {
            let rest = raw.get(at..end)?;
            let c = rest.chars().next()?;
            let start = at;
            at += c.len_utf8();
            match (style, c) {
                (_, c) if c.is_whitespace() => continue,
                (Style::Single, '\'') => at += 1,
                (Style::Double, '\\') => {
                    let escape = rest[1..].chars().next()?;
                    at += escape.len_utf8()
                        + match escape {
                            'x' => 2,
                            'u' => 4,
                            'U' => 8,
                            _ => 0,
                        };
                    if matches!(escape, 'n' | 't' | 'r' | ' ' | '\n' | '_' | 'N' | 'L' | 'P') {
                        continue;
                    }
                }
                _ => {}
            }
            return Some(start..at.min(end));
        }
    })
}
