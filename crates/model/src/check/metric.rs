//! Reads metrics: first what each takes of which events, then, in order of dependency, the types and expressions.

use crate::yaml::fields::{Fields, Text, texts, wrong_type};
use super::order::{mentions, order};
use super::reserved::DAYS_MAX;
use super::scope::{Of, Register, Scope};
use super::window::{self, WINDOW_FIELDS};
use crate::condition::Program;
use crate::definition::{Aggregate, ColumnId, Events, Metric, MetricDef, RollUp, Source, Window};
use crate::file::{Place, Report};
use crate::time::Span;
use crate::value::Kind;
use crate::yaml::{Entry, Node};

/// The fields of which a metric has exactly one.
pub(crate) const KINDS: &[&str] = &[
    "count", "sum", "avg", "min", "max", "last", "people", "days", "events", "since", "first_time", "last_time", "ever", "people_in", "ago", "children", "sql",
];

/// A metric whose name and events are read.
pub(crate) struct Draft<'n> {
    name: &'n str,
    label: Option<String>,
    description: Option<String>,
    part: Part<'n>,
}

enum Part<'n> {
    Events { aggregate: Aggregate, events: Events, filter: Option<Text<'n>>, window: Window, at: Place },
    PeopleIn(usize),
    Ago { of: Text<'n>, days: i32 },
    Children { of: Text<'n>, how: How, by: Option<Text<'n>> },
    Sql(Text<'n>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Sum,
    Mean,
    Min,
    Max,
    Weighted,
}

const HOW: &[(&str, How)] = &[("sum", How::Sum), ("mean", How::Mean), ("min", How::Min), ("max", How::Max), ("weighted", How::Weighted)];

/// Metrics in order of dependency.
pub(crate) fn sorted<'n>(entries: &[&'n Entry], report: &mut Report) -> Vec<&'n Entry> {
    let register = Register::of(entries.iter().map(|e| e.key.as_str()));
    let reads: Vec<Vec<usize>> = entries.iter().map(|e| reads(e, &register)).collect();
    order(entries, &reads, "metric", report).into_iter().map(|i| entries[i]).collect()
}

/// Reads everything but what depends on types.
pub(crate) fn draft<'n>(entries: &[&'n Entry], of: Of, scope: &mut Scope, report: &mut Report) -> Vec<Draft<'n>> {
    entries.iter().filter_map(|entry| Draft::read(entry, of, scope, report)).collect()
}

/// Compiles `where:`, from which types of properties follow.
pub(crate) fn filter<'n>(drafts: Vec<Draft<'n>>, scope: &mut Scope, report: &mut Report) -> Vec<Filtered<'n>> {
    drafts.into_iter().filter_map(|draft| draft.filtered(scope, report)).collect()
}

/// Gives columns the types that are known before expressions are compiled.
pub(crate) fn set_types(metrics: &[Filtered], of: Of, scope: &mut Scope, report: &mut Report) {
    for metric in metrics {
        let kind = metric.kind(scope, report);
        scope.row(of).set_kind_of(metric.draft.name, kind);
    }
}

/// Compiles expressions, in order of dependency.
pub(crate) fn finish(metrics: Vec<Filtered>, of: Of, scope: &mut Scope, report: &mut Report) -> Vec<Metric> {
    metrics.into_iter().filter_map(|metric| metric.finish(of, scope, report)).collect()
}

/// Indexes of the definitions that this metric reads as of the same instant.
fn reads(entry: &Entry, metrics: &Register) -> Vec<usize> {
    let field = |name: &str| entry.value.get(name)?.as_text();
    let names = field("sql").map(mentions).unwrap_or_default();
    let direct = ["ago", "children", "by"].into_iter().filter_map(field).map(|n| n.trim().to_string());
    let mut reads: Vec<usize> = names.into_iter().chain(direct).filter_map(|n| metrics.find(&n)).collect();
    reads.sort_unstable();
    reads.dedup();
    reads
}

impl<'n> Draft<'n> {
    fn read(entry: &'n Entry, of: Of, scope: &mut Scope, report: &mut Report) -> Option<Draft<'n>> {
        let mut fields = Fields::of(&entry.value, "metric", entry.place, report)?;
        let (label, description) = (fields.owned("label", report), fields.owned("description", report));
        fields.owned("was", report);
        let kinds: Vec<&'static str> = KINDS.iter().copied().filter(|k| fields.node(k).is_some()).collect();
        let part = match kinds.as_slice() {
            [] if ignore(&mut fields).has_more() => None, // perhaps a kind that is not spelled right
            [] => {
                let help = Some(format!("one of: {}", KINDS.join(", ")));
                report.error(fields.place(), "missing-field", format!("the metric `{}` does not say what to take", entry.key), help);
                None
            }
            [kind] => {
                foreign(kind, &mut fields, report);
                part(kind, &mut fields, of, scope, report)
            }
            [first, second, ..] => {
                let help = Some("make two metrics of it, or one `sql:` expression over others".into());
                report.error(fields.place_of(second), "conflict", format!("the metric `{}` is both `{first}` and `{second}`", entry.key), help);
                ignore(&mut fields);
                None
            }
        };
        fields.finish(report);
        Some(Draft { name: &entry.key, label, description, part: part? })
    }

    fn filtered(self, scope: &mut Scope, report: &mut Report) -> Option<Filtered<'n>> {
        let filter = match &self.part {
            Part::Events { filter: Some(sql), .. } => Some(scope.condition(sql, Of::Event, report)?),
            _ => None,
        };
        Some(Filtered { draft: self, filter })
    }
}

/// A draft whose `where:` is compiled.
pub(crate) struct Filtered<'n> {
    pub draft: Draft<'n>,
    filter: Option<Program>,
}

impl Filtered<'_> {
    /// Its type, as far as it is known before expressions are compiled; reports a property whose type nothing tells.
    fn kind(&self, scope: &Scope, report: &mut Report) -> Kind {
        match &self.draft.part {
            Part::Events { aggregate: Aggregate::Last(p), at, .. } => {
                let property = &scope.properties[*p];
                if property.kind == Kind::Any {
                    let help = Some(format!("declare it: `events: {{ …: {{ {}: number }} }}`", property.name));
                    report.error(*at, "unknown-type", format!("nothing says what type the property `{}` has", property.name), help);
                }
                property.kind
            }
            Part::Events { aggregate: Aggregate::FirstTime | Aggregate::LastTime, .. } => Kind::Time,
            Part::Events { aggregate: Aggregate::Ever, .. } => Kind::Bool,
            Part::Events { .. } | Part::PeopleIn(_) | Part::Children { .. } => Kind::Number,
            Part::Ago { .. } | Part::Sql(_) => Kind::Any,
        }
    }

    /// The metric, once those it reads are finished.
    fn finish(self, of: Of, scope: &mut Scope, report: &mut Report) -> Option<Metric> {
        let Filtered { draft, filter } = self;
        let column = scope.row(of).find(draft.name)?;
        let mut kind = scope.row(of).kind(column);
        let def = match draft.part {
            Part::Events { aggregate, events, window, .. } => MetricDef::Events { aggregate, events, filter, window },
            Part::PeopleIn(segment) => MetricDef::PeopleIn(segment),
            Part::Ago { of: text, days } => {
                let read = scope.reference(&text, of, report)?;
                let row = scope.row(of);
                if !matches!(row.source(read), Source::Metric(_)) {
                    let help = Some("make a metric of it: `{ sql: \"…\" }`".into());
                    report.error(text.place(), "invalid-value", format!("`ago` looks back at a metric, and `{}` is none", text.text), help);
                    return None;
                }
                kind = row.kind(read);
                MetricDef::Ago { of: read, days }
            }
            Part::Children { of: text, how, by } => {
                let read = number_column(&text, scope, report);
                let how = roll_up(how, by, text.place(), scope, report);
                MetricDef::Children { of: read?, how: how? }
            }
            Part::Sql(sql) => {
                let program = scope.compile(&sql, of, None, report)?;
                kind = program.kind();
                if matches!(kind, Kind::Interval | Kind::Any) {
                    let (message, help) = match kind {
                        Kind::Interval => ("a metric cannot be an interval", "compare times instead, or use `days_to_…` and `since:`"),
                        _ => ("this metric is always NULL, of no type", "give NULL a type: `CAST(NULL AS DOUBLE)`"),
                    };
                    report.error(sql.place(), "type-mismatch", message, Some(help.into()));
                    return None;
                }
                MetricDef::Sql(program)
            }
        };
        scope.row(of).set_kind(column, kind);
        Some(Metric { name: draft.name.into(), column, kind, def, label: draft.label, description: draft.description })
    }
}

/// Fields that only some kinds have.
const ELSEWHERE: &[&str] = &["by", "how"];

/// Leaves fields unread without refusing them: what they belong to is wrong already.
fn ignore<'f, 'n>(fields: &'f mut Fields<'n>) -> &'f Fields<'n> {
    fields.skip(WINDOW_FIELDS);
    fields.skip(ELSEWHERE);
    fields
}

/// Refuses the fields that belong to other kinds.
fn foreign(kind: &str, fields: &mut Fields, report: &mut Report) {
    ignore(fields);
    let own: &[&str] = match kind {
        "sql" | "people_in" => &[],
        "ago" => &["by"],
        "children" => ELSEWHERE,
        _ => WINDOW_FIELDS,
    };
    for name in WINDOW_FIELDS.iter().chain(ELSEWHERE).filter(|name| fields.has(name) && !own.contains(name)) {
        let help = match *name {
            "by" => "`by` belongs to `ago` and to weighted `children`",
            "how" => "`how` belongs to `children`",
            _ => "only metrics that read events have one",
        };
        report.error(fields.place_of(name), "conflict", format!("a metric of kind `{kind}` has no `{name}`"), Some(help.into()));
    }
}

fn part<'n>(kind: &'static str, fields: &mut Fields<'n>, of: Of, scope: &mut Scope, report: &mut Report) -> Option<Part<'n>> {
    let node = fields.node(kind)?;
    if of == Of::Person && matches!(kind, "people" | "people_in" | "children") {
        report.error(fields.place_of(kind), "not-supported", format!("a person's metric cannot be `{kind}`: it is about accounts"), None);
        return None;
    }
    match kind {
        "sql" => crate::yaml::fields::text(node, "sql", report).map(Part::Sql),
        "people_in" => {
            let text = crate::yaml::fields::text(node, "people_in", report)?;
            scope.person_segments.resolve("person segment", &text, report).map(Part::PeopleIn)
        }
        "ago" => {
            let of = crate::yaml::fields::text(node, "ago", report);
            fields.need("by", "how long ago, in dates: `by: 30d`", report)?;
            let (span, place) = fields.span("by", report)?;
            match span {
                Span::Days(days @ 1..=DAYS_MAX) => Some(Part::Ago { of: of?, days }),
                _ => {
                    let message = format!("`by` must be from 1d to {DAYS_MAX}d");
                    report.error(place, "invalid-duration", message, Some("`ago` looks back to the end of a date: write `30d`".into()));
                    None
                }
            }
        }
        "children" => {
            let of = crate::yaml::fields::text(node, "children", report);
            fields.need("how", "one of: sum, mean, min, max, weighted", report);
            let how = fields.choice("how", HOW, report);
            let by = fields.text("by", report);
            Some(Part::Children { of: of?, how: how?, by })
        }
        _ => events(kind, node, fields, of, scope, report),
    }
}

fn events<'n>(kind: &'static str, node: &'n Node, fields: &mut Fields<'n>, of: Of, scope: &mut Scope, report: &mut Report) -> Option<Part<'n>> {
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
    let of_property = matches!(kind, "sum" | "avg" | "min" | "max" | "last");
    let (events, property) = if of_property { of_properties(kind, &names, scope, report)? } else { (named(&names, scope, report)?, 0) };
    let aggregate = match kind {
        "count" => Aggregate::Count,
        "sum" => Aggregate::Sum(property),
        "avg" => Aggregate::Avg(property),
        "min" => Aggregate::Min(property),
        "max" => Aggregate::Max(property),
        "last" => Aggregate::Last(property),
        "people" => Aggregate::People,
        "days" => Aggregate::Days,
        "events" => Aggregate::Events,
        "since" => Aggregate::Since,
        "first_time" => Aggregate::FirstTime,
        "last_time" => Aggregate::LastTime,
        _ => Aggregate::Ever,
    };
    Some(Part::Events { aggregate, events, filter, window: window?, at: node.place })
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
        ("last", _) | (_, Kind::Number) => {}
        (_, Kind::Any) => scope.properties[i].kind = Kind::Number,
        _ => {
            report.error(text.place(), "type-mismatch", format!("`{kind}` needs numbers, and the property `{name}` is declared as {found}"), None);
            return None;
        }
    }
    Some((events, i))
}

/// Event and property of `event.property`: at the first dot, or after the longest declared event, whose name may hold dots.
fn split<'t>(text: &'t str, declared: &[String]) -> Option<(&'t str, &'t str)> {
    let longest = declared.iter().filter(|e| text.strip_prefix(e.as_str()).is_some_and(|rest| rest.starts_with('.'))).map(String::len).max();
    let at = longest.or_else(|| text.find('.'))?;
    let (event, property) = (&text[..at], &text[at + 1..]);
    (!event.is_empty() && !property.is_empty()).then_some((event, property))
}

/// A numeric column of the account.
pub(crate) fn number_column(text: &Text, scope: &mut Scope, report: &mut Report) -> Option<ColumnId> {
    let id = scope.reference(text, Of::Account, report)?;
    match scope.account.kind(id) {
        Kind::Number | Kind::Any => Some(id),
        kind => {
            report.error(text.place(), "type-mismatch", format!("`{}` is of type {kind}, not number", text.text), None);
            None
        }
    }
}

/// How children's values become the parent's.
pub(crate) fn roll_up(how: How, by: Option<Text>, place: Place, scope: &mut Scope, report: &mut Report) -> Option<RollUp> {
    match (how, by) {
        (How::Weighted, None) => {
            report.error(place, "missing-field", "a weighted roll-up needs `by`: the column that weighs", Some("as in `by: arr`".into()));
            None
        }
        (How::Weighted, Some(by)) => number_column(&by, scope, report).map(RollUp::Weighted),
        (_, Some(by)) => {
            report.error(by.place(), "conflict", "`by` is only for a weighted roll-up", None);
            None
        }
        (How::Sum, None) => Some(RollUp::Sum),
        (How::Mean, None) => Some(RollUp::Mean),
        (How::Min, None) => Some(RollUp::Min),
        (How::Max, None) => Some(RollUp::Max),
    }
}
