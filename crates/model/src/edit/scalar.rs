//! The ways in which a scalar can be written over another one, the nearest to its style first.

use super::page::{Form, Page};
use super::{lines, write};
use crate::yaml::{Content, Entry, Node, Style};

/// Texts of the whole file with another text as the value of this entry, each with the value it should then have.
pub(super) fn candidates(page: &Page, entry: &Entry, text: &str) -> Vec<(Node, String)> {
    let Content::Scalar(old, style) = &entry.value.content else { return vec![] };
    let node = |text: &str, style| Node { content: Content::Scalar(text.into(), style), ..entry.value.clone() };
    let mut ways: Vec<(Node, String)> = Vec::new();
    match style {
        Style::Plain => ways.push((node(text, Style::Plain), text.into())),
        Style::Single => ways.extend(write::single(text).map(|written| (node(text, Style::Single), written))),
        Style::Double => ways.push((node(text, Style::Double), write::double(text))),
        Style::Block => ways.extend(block(page, entry, old, text).map(|(value, written)| (node(&value, Style::Block), written))),
    }
    ways.push((node(text, Style::Double), write::quoted(text)));
    let written = page.written(entry);
    let before = if written.form == Form::Empty { " " } else { "" };
    let put = |(node, text): (Node, String)| (node, page.spliced(written.range.clone(), &format!("{before}{text}")));
    // Without quotes a text might read as nothing.
    ways.into_iter().filter(|(node, _)| !node.is_null()).map(put).collect()
}

/// Under the header that is there, as far indented as the lines that are there.
fn block(page: &Page, entry: &Entry, old: &str, text: &str) -> Option<(String, String)> {
    let written = page.written(entry);
    let source = lines::part(page.text, written.range.start, written.range.end);
    let (header, content) = source.split_once('\n')?;
    let indentation = lines::indentation(content.split('\n').find(|line| !lines::is_blank(line))?);
    let folded = header.trim_start_matches(|c: char| c != '|' && c != '>').starts_with('>');
    let value = if old.ends_with('\n') && !text.ends_with('\n') { format!("{text}\n") } else { text.to_owned() };
    let written = format!("{}\n{}", header.trim_end_matches('\r'), lines::indented(&write::block(text, folded), indentation));
    Some((value, written))
}
