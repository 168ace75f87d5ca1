//! Reads the types of traits and of event properties.

use super::reserved::{REPLACEABLE, builtin};
use super::row::Row;
use super::scope::{Declared, Scope};
use crate::file::Report;
use crate::value::Kind;
use crate::yaml::fields::{Fields, text};
use crate::yaml::{Entry, Node};

const KINDS: &[(&str, Kind)] =
    &[("number", Kind::Number), ("text", Kind::Text), ("bool", Kind::Bool), ("time", Kind::Time), ("date", Kind::Date)];

/// Lays out the columns of traits: those that are always there, then those declared.
pub(crate) fn columns(entries: &[&Entry], always: &[(&str, Kind)], row: &mut Row, report: &mut Report) {
    for (name, kind) in always {
        row.add_trait(name, *kind, None);
    }
    for entry in entries {
        let Some((kind, description)) = declaration(entry, report) else { continue };
        let fixed = always.iter().find(|(name, _)| *name == entry.key).map(|(_, kind)| *kind);
        let replaced = builtin(&entry.key).filter(|b| REPLACEABLE.contains(b)).and(row.find(&entry.key)).map(|id| row.kind(id));
        let timely = |kind| matches!(kind, Kind::Time | Kind::Date);
        match fixed.or(replaced) {
            Some(must) if must != kind && !(timely(must) && timely(kind)) => {
                report.error(
                    entry.value.place,
                    "type-mismatch",
                    format!("the trait `{}` is always of type {must}, not {kind}", entry.key),
                    None,
                );
            }
            _ => drop(row.add_trait(&entry.key, kind, description)),
        }
    }
}

/// `number`, or `{ type: number, label: "Tier" }`.
fn declaration(entry: &Entry, report: &mut Report) -> Option<(Kind, Option<String>)> {
    if entry.value.as_map().is_none() {
        return kind(&entry.value, report).map(|kind| (kind, None));
    }
    let mut fields = Fields::of(&entry.value, "trait", entry.place, report)?;
    let node = fields.need("type", "one of: number, text, bool, time, date", report);
    let (label, description) = (fields.owned("label", report), fields.owned("description", report));
    fields.owned("was", report);
    fields.finish(report);
    Some((kind(node?, report)?, description.or(label)))
}

fn kind(node: &Node, report: &mut Report) -> Option<Kind> {
    let text = text(node, "type", report)?;
    let found = KINDS.iter().find(|(word, _)| *word == text.text).map(|(_, kind)| *kind);
    if found.is_none() {
        report.unknown(node.place, "unknown-type", "type", text.text, KINDS.iter().map(|(word, _)| *word));
    }
    found
}

/// Types of event properties. A property has one type, whatever the event.
pub(crate) fn events(entries: &[&Entry], scope: &mut Scope, report: &mut Report) {
    for entry in entries {
        scope.declared_events.push(entry.key.clone());
        let Some(properties) = entry.value.as_map() else {
            if !entry.value.is_null() {
                crate::yaml::fields::wrong_type(
                    report,
                    &entry.value,
                    &format!("the event `{}`", entry.key),
                    "a map of properties and their types",
                );
            }
            continue;
        };
        for property in properties {
            let Some(kind) = kind(&property.value, report) else { continue };
            match scope.declared.get(&property.key) {
                Some(first) if first.kind != kind => {
                    let (path, line, _) = report.files().position(first.place);
                    let message = format!("the property `{}` is {kind} here and {} elsewhere", property.key, first.kind);
                    report.error(
                        property.value.place,
                        "conflict",
                        message,
                        Some(format!("first at {path}:{line}; a property has one type")),
                    );
                }
                Some(_) => {}
                None => drop(scope.declared.insert(property.key.clone(), Declared { kind, place: property.place })),
            }
        }
    }
}
