//! Lines of a text: where they begin and end, and how far they are indented.

use std::borrow::Cow;

/// What a file may begin with without saying anything.
const BOM: &str = "\u{feff}";

/// A part of a text; nothing where there is no such part.
pub(super) fn part(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or("")
}

/// Where the line of this byte begins.
pub(super) fn start(text: &str, at: usize) -> usize {
    match part(text, 0, at).rfind('\n') {
        Some(newline) => newline + 1,
        None if text.starts_with(BOM) => BOM.len(),
        None => 0,
    }
}

/// Where the line of this byte ends, before its line break.
pub(super) fn end(text: &str, at: usize) -> usize {
    let rest = part(text, at, text.len());
    let line = rest.find('\n').map_or(rest, |newline| part(rest, 0, newline));
    at + line.strip_suffix('\r').unwrap_or(line).len()
}

/// Where the line after that of this byte begins; the end of the text where there is none.
pub(super) fn next(text: &str, at: usize) -> usize {
    part(text, at, text.len()).find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// How many bytes of its line stand before this one.
pub(super) fn column(text: &str, at: usize) -> usize {
    at.saturating_sub(start(text, at))
}

/// How the lines of this text end.
pub(super) fn line_break(text: &str) -> &'static str {
    let first = text.find('\n').map_or("", |newline| part(text, 0, newline + 1));
    if first.ends_with("\r\n") { "\r\n" } else { "\n" }
}

/// The number of spaces a line begins with.
pub(super) fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Is there nothing on this line but blanks?
pub(super) fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// Is there nothing on this line but a comment?
pub(super) fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// Each line with so many spaces less, as far as it has them, and with `\n` at its end.
pub(super) fn dedented(text: &str, columns: usize) -> String {
    let dedent = |line: &str| -> String {
        let line = line.strip_suffix('\r').unwrap_or(line);
        part(line, indentation(line).min(columns), line.len()).to_owned()
    };
    text.split('\n').map(dedent).collect::<Vec<_>>().join("\n")
}

/// Each line but the blank ones with so many spaces more.
pub(super) fn indented(text: &str, columns: usize) -> String {
    let indent = |line: &str| if is_blank(line) { String::new() } else { format!("{:columns$}{line}", "") };
    text.split('\n').map(indent).collect::<Vec<_>>().join("\n")
}

/// The text with the line breaks of the file that it is put into.
pub(super) fn broken_as<'t>(text: &'t str, line_break: &str) -> Cow<'t, str> {
    if line_break == "\n" { Cow::Borrowed(text) } else { Cow::Owned(text.replace('\n', line_break)) }
}
