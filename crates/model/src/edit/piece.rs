//! A value on its way: its text as a document of its own, cut out of one place or to be put into another.

use super::page::{Form, Page, empty_map};
use super::{Error, lines, same, write};
use crate::file::{Files, Place, Report};
use crate::yaml::{self, Content, Entry, Node, Style};

/// A value that is to be put somewhere.
#[derive(Clone)]
pub(crate) struct Piece {
    /// As a document: lines end with `\n`, the last one without. Of another file: an alias in it may need an anchor that is only there.
    pub(super) text: String,
    /// What it says.
    pub(super) node: Node,
    /// How it wants to be written.
    pub(super) form: Form,
}

impl Piece {
    /// Reads the text of a value, however it is indented; one that begins with a line break stands on a line of its own.
    pub fn read(text: &str) -> Result<Piece, Error> {
        let text = text.replace("\r\n", "\n");
        let below = text.starts_with('\n');
        let text = text.trim_matches('\n');
        let text = lines::dedented(text, lines::indentation(text));
        let (node, block) = parsed(&text)?;
        let form = match &node.content {
            Content::Scalar(text, Style::Plain) if text.is_empty() => Form::Empty,
            _ if block => Form::Block,
            _ if below => Form::Below,
            _ => Form::Beside,
        };
        let text = if form == Form::Empty { String::new() } else { text };
        Ok(Piece { text, node, form })
    }

    /// The value of an entry as it is written there.
    pub(super) fn of(page: &Page, entry: &Entry) -> Piece {
        Piece { text: raw(page, entry).trim_start_matches('\n').into(), node: entry.value.clone(), form: page.written(entry).form }
    }

    /// With a comment beside it.
    pub(crate) fn commented(&self, beside: &str) -> Piece {
        let text = if self.form == Form::Empty { String::new() } else { format!("{}{beside}", self.text) };
        Piece { text, ..self.clone() }
    }

    /// A map of one entry, with what is to stand above it.
    pub(super) fn map(key: &str, value: &Piece, above: &str, step: usize) -> Piece {
        let entry = Entry { key: key.into(), place: Place::default(), value: value.node.clone() };
        let node = Node { content: Content::Map(vec![entry]), ..empty_map() };
        Piece { text: value.entry(key, above, 0, step), node, form: Form::Block }
    }

    /// The same in one line, without its comments.
    pub fn in_line(&self) -> Piece {
        Piece { text: write::flow(&self.node), node: self.node.clone(), form: Form::Beside }
    }

    /// What follows `key:`, where the key is indented by `column`.
    pub fn after_key(&self, column: usize, step: usize) -> String {
        match self.form {
            Form::Empty => String::new(),
            Form::Block | Form::Below => format!("\n{}", lines::indented(&self.text, column + step)),
            Form::Beside => format!(" {}", self.beside(column)),
        }
    }

    /// The first line as it is, the others indented.
    pub fn beside(&self, column: usize) -> String {
        match self.text.split_once('\n') {
            None => self.text.clone(),
            Some((first, rest)) => format!("{first}\n{}", lines::indented(rest, column)),
        }
    }

    /// The lines of an entry of this value.
    pub fn entry(&self, key: &str, above: &str, column: usize, step: usize) -> String {
        let head = if above.is_empty() { String::new() } else { format!("{}\n", lines::indented(above.trim_end_matches('\n'), column)) };
        format!("{head}{:column$}{}:{}", "", write::key(key), self.after_key(column, step))
    }
}

/// What a text says, and whether it is a list or map without brackets.
fn parsed(text: &str) -> Result<(Node, bool), Error> {
    let files = Files::new([("", text)]);
    let mut report = Report::new(&files);
    let node = yaml::parse(0, &mut report);
    if let Some(found) = report.into_diagnostics().first() {
        return Err(Error::Value { why: found.message.clone() });
    }
    let nothing = Content::Scalar(String::new(), Style::Plain);
    let node = node.unwrap_or_else(|| Node { content: nothing, ..empty_map() });
    let page = Page { file: "", text, root: node };
    let block = !matches!(page.root.content, Content::Scalar(..)) && !page.is_flow(&page.root);
    Ok((page.root, block))
}

/// The text of an entry's value as a document of its own; in one line where it needs something that stands elsewhere, such as an anchor.
pub(super) fn cut(page: &Page, entry: &Entry) -> String {
    let text = raw(page, entry);
    match parsed(&text) {
        Ok((node, _)) if same(&node, &entry.value) => text,
        _ => write::flow(&entry.value),
    }
}

fn raw(page: &Page, entry: &Entry) -> String {
    let written = page.written(entry);
    let text = lines::part(page.text, written.range.start, written.range.end);
    match written.form {
        Form::Empty => String::new(),
        Form::Beside => lines::dedented(text, written.column),
        Form::Below => format!("\n{}", lines::dedented(text, written.column)),
        Form::Block => lines::dedented(text.trim_start_matches(['\r', '\n']), written.column),
    }
}
