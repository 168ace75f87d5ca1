//! Writes values as YAML: scalars in the style that is asked for, everything else in one line.

use crate::yaml::{Content, Node, Style};

/// Where a line of a folded text is broken, if it can be.
const LINE_BYTES_MAX: usize = 120;

/// A value in one line, `{ … }` and `[ … ]`.
pub(crate) fn flow(node: &Node) -> String {
    match &node.content {
        Content::Scalar(..) if node.is_null() => "null".into(),
        Content::Scalar(text, Style::Plain) if is_plain(text) => text.clone(),
        Content::Scalar(text, Style::Single) => single(text).unwrap_or_else(|| double(text)),
        Content::Scalar(text, _) => quoted(text),
        Content::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Content::Map(entries) if entries.is_empty() => "{}".into(),
        Content::Map(entries) => {
            let entries: Vec<String> = entries.iter().map(|e| format!("{}: {}", key(&e.key), flow(&e.value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// A key, quoted where it must be.
pub(super) fn key(name: &str) -> String {
    if is_plain(name) { name.into() } else { quoted(name) }
}

/// Does this text mean itself without quotes, wherever it stands?
fn is_plain(text: &str) -> bool {
    let first = text.chars().next().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '-' | '<' | '=' | '('));
    let safe = |c: char| !c.is_control() && !matches!(c, ',' | '[' | ']' | '{' | '}' | '\u{feff}');
    let dash = text.starts_with('-') && !text.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
    let dots = matches!(text, "." | "..." | "---");
    first && !dash && !dots && text.chars().all(safe) && !text.contains(": ") && !text.contains(" #") && !text.ends_with([':', ' '])
}

/// Quoted so that as little as possible is escaped.
pub(super) fn quoted(text: &str) -> String {
    let escapes = text.contains(['"', '\\']) && !text.contains('\'');
    if escapes { single(text).unwrap_or_else(|| double(text)) } else { double(text) }
}

/// `'…'`; None where that cannot be: nothing is escaped in it but the quote.
pub(super) fn single(text: &str) -> Option<String> {
    let fits = !text.chars().any(|c| c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}'));
    fits.then(|| format!("'{}'", text.replace('\'', "''")))
}

/// `"…"`.
pub(super) fn double(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}') => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The lines under `|` or `>` that read as this text, not indented.
pub(super) fn block(text: &str, folded: bool) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    if !folded {
        return text.to_owned();
    }
    text.split('\n').map(fold).collect::<Vec<_>>().join("\n\n")
}

/// One line as several, broken at single spaces: each break reads as a space again.
fn fold(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut width = 0;
    for word in line.split(' ') {
        let breaks = width > 0 && width + 1 + word.len() > LINE_BYTES_MAX && !word.is_empty() && !out.ends_with(' ');
        if breaks {
            out.push('\n');
            width = 0;
        } else if !out.is_empty() || width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += word.len();
    }
    out
}
