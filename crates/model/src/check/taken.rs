//! Reads what a metric takes of which events.

use super::scope::{Of, Scope};
use super::window;
use crate::definition::{Aggregate, Events, Window};
use crate::file::{Place, Report};
use crate::value::Kind;
use crate::yaml::Node;
use crate::yaml::fields::{Fields, Text, texts, wrong_type};

/// What a metric takes of events, its condition not yet compiled.
pub(crate) struct Taken<'n> {
    pub aggregate: Aggregate,
    pub events: Events,
    pub filter: Option<Text<'n>>,
    pub window: Window,
    /// Where the events are named.
    pub at: Place,
}

/// Reads the events of a metric of this kind, with `where:` and the window.
pub(crate) fn read<'n>(
    kind: &'static str,
    node: &'n Node,
    fields: &mut Fields<'n>,
    of: Of,
    scope: &mut Scope,
    report: &mut Report,
) -> Option<Taken<'n>> {
    let names = texts(node, kind, report);
    let filter = fields.text("where", report);
    let window = window::read(fields, of, scope, report);
    if names.is_empty() {
        if node.as_list().is_some_and(<[Node]>::is_empty) {
            report.error(node.place, "invalid-value", format!("`{kind}` names no event"), Some("name events, or `any`".into()));
        }
        return None;
    }
    if kind == "events" && node.as_list().is_none() && names[0].text != "any" {
        wrong_type(report, node, "`events`", "a list of events");
        return None;
    }
    let of_property = matches!(kind, "sum" | "avg" | "min" | "max" | "last" | "distinct");
    let (events, property) = if of_property { of_properties(kind, &names, scope, report)? } else { (named(&names, scope, report)?, 0) };
    let aggregate = match kind {
        "count" => Aggregate::Count,
        "sum" => Aggregate::Sum(property),
        "avg" => Aggregate::Avg(property),
        "min" => Aggregate::Min(property),
        "max" => Aggregate::Max(property),
        "last" => Aggregate::Last(property),
        "distinct" => Aggregate::Distinct(property),
        "people" => Aggregate::People,
        "days" => Aggregate::Days,
        "events" => Aggregate::Events,
        "since" => Aggregate::Since,
        "first_time" => Aggregate::FirstTime,
        "last_time" => Aggregate::LastTime,
        _ => Aggregate::Ever,
    };
    Some(Taken { aggregate, events, filter, window: window?, at: node.place })
}

/// The events of these names; `any` stands alone.
fn named(names: &[Text], scope: &mut Scope, report: &mut Report) -> Option<Events> {
    if let [only] = names
        && only.text == "any"
    {
        return Some(Events::Any);
    }
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        if name.text == "any" {
            report.error(name.place(), "conflict", "`any` already includes the others", Some("write `any` alone".into()));
            return None;
        }
        let id = scope.event(name.text, name.place(), report)?;
        if ids.contains(&id) {
            report.error(name.place(), "duplicate", format!("`{}` is named twice", name.text), None);
            return None;
        }
        ids.push(id);
    }
    Some(Events::Named(ids))
}

/// The events and the one property of `invoice.amount` or `[invoice.amount, bill.amount]`.
fn of_properties(kind: &str, names: &[Text], scope: &mut Scope, report: &mut Report) -> Option<(Events, usize)> {
    let mut events = Vec::new();
    let mut property: Option<String> = None;
    for text in names {
        let Some((event, name)) = split(text.text, &scope.declared_events) else {
            let help = Some(format!("write `{kind}: event.property`, as in `{kind}: invoice.amount`"));
            report.error(text.place(), "invalid-value", format!("`{}` names no property of an event", text.text), help);
            return None;
        };
        if property.as_deref().is_some_and(|p| p != name) {
            report.error(text.place(), "conflict", format!("one `{kind}` is of one property, not of several"), None);
            return None;
        }
        property = Some(name.into());
        events.push(Text { text: event, node: text.node });
    }
    let events = named(&events, scope, report)?;
    let i = scope.property(&property?);
    let (name, found) = (scope.properties[i].name.clone(), scope.properties[i].kind);
    let text = &names[0];
    match (kind, found) {
        ("last" | "distinct", _) | (_, Kind::Number) => {}
        (_, Kind::Any) => scope.properties[i].kind = Kind::Number,
        _ => {
            report.error(
                text.place(),
                "type-mismatch",
                format!("`{kind}` needs numbers, and the property `{name}` is declared as {found}"),
                None,
            );
            return None;
        }
    }
    Some((events, i))
}

/// Event and property of `event.property`: at the first dot, or after the longest declared event, whose name may hold dots.
fn split<'t>(text: &'t str, declared: &[String]) -> Option<(&'t str, &'t str)> {
    let longest =
        declared.iter().filter(|e| text.strip_prefix(e.as_str()).is_some_and(|rest| rest.starts_with('.'))).map(String::len).max();
    let at = longest.or_else(|| text.find('.'))?;
    let (event, property) = (&text[..at], &text[at + 1..]);
    (!event.is_empty() && !property.is_empty()).then_some((event, property))
}
