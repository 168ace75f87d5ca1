//! A rule of the mapping, bound to a table: its fields, and what becomes traits or properties.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::column::quote;
use crate::mapping::{Lookups, Mapping, Rest, Rule};
use crate::table::Table;
use crate::taken::{Part, Taken};

/// A rule bound to a table: its fields by name, and what becomes traits or properties.
pub(crate) struct Bound<'a> {
    fields: FxHashMap<&'static str, Taken<'a>>,
    pub rest: Vec<(String, Part<'a>)>,
    /// The rows it holds for; None: all.
    pub filter: Option<Vec<bool>>,
}

impl<'a> Bound<'a> {
    /// Err where a lookup is missing.
    pub fn new(rule: &'a Rule, table: &'a Table, mapping: &'a Mapping, lookups: &'a Lookups) -> Result<Bound<'a>, String> {
        let mut fields = FxHashMap::default();
        let mut used: BTreeSet<&str> = mapping.rules.iter().flat_map(|r| r.fields.values()).flat_map(|take| take.expr.columns()).collect();
        for (field, usual) in mapping.import.fields() {
            if let Some(take) = rule.fields.get(field) {
                fields.insert(*field, Taken::bind(take, table, mapping, lookups)?);
            } else if let Some((name, column)) = usual.iter().find_map(|name| Some((*name, table.column(name)?))) {
                used.insert(name);
                let kind = mapping.types.get(name).copied();
                fields.insert(*field, Taken::column(column, kind, &mapping.times));
            }
        }
        // What an export of Tenure's own archive adds to an event.
        let archive = ["position", "source", "received_at", "sent_at", "original_time", "given_account_id", "given_person_id", "reason"];
        let is_export = table.is_export();
        let mut rest = Vec::new();
        match rule.rest.as_ref().unwrap_or(&mapping.rest) {
            Rest::None => {}
            Rest::Named(named) => {
                for (name, take) in named {
                    rest.push((name.clone(), Part::Typed(Box::new(Taken::bind(take, table, mapping, lookups)?))));
                }
            }
            Rest::All => {
                for (name, column) in table.names.iter().zip(&table.columns) {
                    if used.contains(name.as_str()) || mapping.ignore.contains(name) || is_export && archive.contains(&name.as_str()) {
                        continue;
                    }
                    let part = match mapping.types.get(name) {
                        None => Part::Column(column),
                        kind => Part::Typed(Box::new(Taken::column(column, kind.copied(), &mapping.times))),
                    };
                    rest.push((mapping.rename.get(name).unwrap_or(name).clone(), part));
                }
            }
        }
        Ok(Bound { fields, rest, filter: table.filter(&rule.filter) })
    }

    pub fn field(&self, name: &str) -> Option<&Taken<'a>> {
        self.fields.get(name)
    }

    pub fn text(&self, name: &str, row: usize) -> Option<Cow<'_, str>> {
        self.field(name)?.text(row)
    }
}

/// Appends an object of what is not NULL; false, and nothing appended, if that is nothing. A part `properties` that is an object itself is
/// opened into it.
pub(crate) fn object(parts: &[(String, Part<'_>)], row: usize, out: &mut String) -> bool {
    let start = out.len();
    for (name, part) in parts {
        let before = out.len();
        out.push(if before == start { '{' } else { ',' });
        if name == "properties" {
            let there = part.json(row, out);
            match there.then(|| open(out, before + 1)).flatten() {
                Some(true) => continue,
                Some(false) => {
                    out.truncate(before);
                    continue;
                }
                None => out.truncate(before + 1),
            }
        }
        quote(name, out);
        out.push(':');
        if !part.json(row, out) {
            out.truncate(before);
        }
    }
    if out.len() > start {
        out.push('}');
    }
    out.len() > start
}

/// Turns the JSON object (or the text of one) that begins at `at` into its members; false where it has none, None where it is no object.
fn open(out: &mut String, at: usize) -> Option<bool> {
    if let Some(text) = out[at..].starts_with('"').then(|| serde_json::from_str::<String>(&out[at..]).ok()).flatten() {
        if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err() {
            return None;
        }
        out.truncate(at);
        out.push_str(text.trim());
    }
    let members = out[at..].strip_prefix('{')?.strip_suffix('}')?.trim().to_owned();
    out.truncate(at);
    out.push_str(&members);
    Some(!members.is_empty())
}
