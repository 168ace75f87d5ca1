//! The content hash of a model: the same for the same definitions, whatever the files, comments and formatting.

use serde_json::{Map, Value, json};

use crate::definition::Revision;
use crate::yaml::{Content, Entry, Node};

/// Maps whose order has meaning, by the path that leads to them (`*` is any name).
const ORDERED: &[&[&str]] = &[
    &["lifecycle", "stages"],
    &["lifecycle", "stages", "*", "expected"],
    &["scorecards"],
    &["scorecards", "*", "groups", "*", "measures", "*", "steps"],
    &["scorecards", "*", "groups", "*", "measures", "*", "curves", "*", "steps"],
];

/// Maps whose entries are joined over the files.
const JOINED: &[&str] = &["lifecycle"];

/// The first 16 characters of the BLAKE3 hash of the canonical JSON of all definitions.
pub(crate) fn revision(definitions: &Value) -> Revision {
    Revision(blake3::hash(definitions.to_string().as_bytes()).to_hex()[..16].to_string())
}

/// All files together as canonical JSON: by section, its definitions by name; where order has meaning, a list of pairs.
pub(crate) fn definitions(roots: &[Node]) -> Value {
    let mut sections: Vec<(&str, Vec<&Entry>)> = Vec::new();
    let mut add = |name, entries: Vec<_>| match sections.iter_mut().find(|(n, _)| *n == name) {
        Some((_, list)) => list.extend(entries),
        None => sections.push((name, entries)),
    };
    let mut scalars = Map::new();
    for entry in roots.iter().filter_map(Node::as_map).flatten() {
        match entry.value.as_map() {
            Some(entries) if JOINED.contains(&entry.key.as_str()) => {
                for part in entries {
                    let name = if part.key == "stages" { "lifecycle.stages" } else { "lifecycle.milestones" };
                    add(name, part.value.as_map().unwrap_or_default().iter().collect());
                }
            }
            Some(entries) => add(&entry.key, entries.iter().collect()),
            None => drop(scalars.insert(entry.key.clone(), canonical(&entry.value, &mut Vec::new()))),
        }
    }
    for (name, entries) in sections {
        let mut path: Vec<&str> = name.split('.').collect();
        scalars.insert(name.into(), map(&entries, &mut path));
    }
    let mut all: Vec<(String, Value)> = scalars.into_iter().filter(|(_, v)| !is_empty(v)).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(all.into_iter().collect())
}

/// One definition, or a setting, as it stands in `definitions`; the path are the keys that lead to it.
pub(crate) fn definition<'n>(value: &'n Node, path: &[&'n str]) -> Value {
    canonical(value, &mut path.to_vec())
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

fn canonical<'n>(node: &'n Node, path: &mut Vec<&'n str>) -> Value {
    match &node.content {
        Content::Scalar(text, _) if node.is_null() || node.as_bool().is_some() || node.as_number().is_some() => {
            if text.is_empty() {
                Value::Null
            } else {
                node.to_json()
            }
        }
        Content::Scalar(text, _) => json!(text.trim()),
        Content::List(items) => {
            path.push("*");
            let items = items.iter().map(|item| canonical(item, path)).collect();
            path.pop();
            Value::Array(items)
        }
        Content::Map(entries) => map(&entries.iter().collect::<Vec<_>>(), path),
    }
}

/// In the order of the names, unless the order has meaning; then as a list of pairs.
fn map<'n>(entries: &[&'n Entry], path: &mut Vec<&'n str>) -> Value {
    let ordered = ORDERED.iter().any(|o| o.len() == path.len() && o.iter().zip(path.iter()).all(|(o, p)| *o == "*" || o == p));
    let mut pairs: Vec<(&str, Value)> = entries
        .iter()
        .map(|entry| {
            path.push(&entry.key);
            let value = canonical(&entry.value, path);
            path.pop();
            (entry.key.as_str(), value)
        })
        .collect();
    if ordered {
        return Value::Array(pairs.into_iter().map(|(name, value)| json!([name, value])).collect());
    }
    pairs.sort_by(|a, b| a.0.cmp(b.0));
    Value::Object(pairs.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
}
