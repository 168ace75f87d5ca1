//! Adds an entry where its path leads, with the maps around it that are not there yet.

use super::page::Page;
use super::piece::Piece;
use super::put::New;
use super::{At, Error, index};
use crate::yaml::{Content, Entry};

/// The file and its text with one more entry.
pub(super) fn settled(page: &Page, path: &[&str], value: &Piece, above: &str, at: At) -> Result<(String, String), Error> {
    let exists = |depth: usize| path.get(..depth).is_some_and(|part| matches!(page.site(part), Ok(Some(_))));
    let depth = (1..path.len()).rev().find(|depth| exists(*depth)).unwrap_or(0);
    let (around, new) = path.split_at_checked(depth).unwrap_or((path, &[]));
    let Some((key, inner)) = new.split_first() else { return page.settled(path, []) };

    let above_it = match inner {
        [] => above,
        _ if page.text.trim().is_empty() => "",
        _ => "\n",
    };
    // As it is, with the value in one line, or all in one line: whichever can stand there.
    let [as_it_is, flat] = [value, &value.in_line()].map(|value| nested(inner, value, above, page.step()));
    let ways = [&as_it_is, &flat, &as_it_is.in_line()];
    let head = page.site(around)?.map(|site| (site, &site.entry.value));
    let map = head.map_or(&page.root, |(_, value)| value);
    let entries = map.as_map().unwrap_or_default();
    let entry = Entry { key: (*key).into(), place: map.place, value: as_it_is.node.clone() };
    let expected = |index: usize| {
        page.changed(around, |node| match &mut node.content {
            Content::Map(entries) => entries.insert(index.min(entries.len()), entry.clone()),
            content => *content = Content::Map(vec![entry.clone()]),
        })
    };
    match head {
        None if entries.is_empty() => {
            let lines = |value: &Piece| value.entry(key, above_it, 0, page.step());
            page.settled(path, ways.map(|value| (expected(0), page.with_lines(page.text.len(), &lines(value)))))
        }
        Some((site, map)) if map.is_null() || map.as_map().is_some_and(<[Entry]>::is_empty) => {
            let whole = |value: &Piece| Piece::map(key, value, above_it.trim_start_matches('\n'), page.step());
            let texts = ways.map(|value| page.with_value(site, &whole(value)));
            let flat = page.with_value(site, &whole(&as_it_is).in_line());
            page.settled(path, texts.into_iter().chain([flat]).map(|text| (expected(0), text)))
        }
        Some((site, map)) if map.as_map().is_none() => Err(page.kind(around, site.entry, "a map")),
        _ => {
            let index = if inner.is_empty() { index(entries, at) } else { entries.len() };
            let entry = |value| New { key, value, above: above_it };
            page.settled(path, ways.map(|value| (expected(index), page.with_entry(map, index, &entry(value)))))
        }
    }
}

/// The value with maps around it, one for each key, and what is to stand above it.
fn nested(keys: &[&str], value: &Piece, above: &str, step: usize) -> Piece {
    let mut value = value.clone();
    for (i, key) in keys.iter().enumerate().rev() {
        let above = if i + 1 == keys.len() { above.trim_start_matches('\n') } else { "" };
        value = Piece::map(key, &value, above, step);
    }
    value
}
