//! Reads metrics: first what each takes of which events, then, in order of dependency, the types and expressions.

use super::children::{HOW, How, number_column, roll_up};
use super::order::{mentions, order};
use super::reserved::DAYS_MAX;
use super::scope::{Of, Register, Scope};
use super::taken::{self, Taken};
use super::window::WINDOW_FIELDS;
use crate::condition::Program;
use crate::definition::{Aggregate, ColumnId, Metric, MetricDef, Source};
use crate::file::Report;
use crate::time::Span;
use crate::value::Kind;
use crate::yaml::Entry;
use crate::yaml::fields::{Fields, Text, text};

/// The fields of which a metric has exactly one.
pub(crate) const KINDS: &[&str] = &[
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "last",
    "distinct",
    "people",
    "days",
    "events",
    "since",
    "first_time",
    "last_time",
    "ever",
    "people_in",
    "ago",
    "peak",
    "children",
    "sql",
];

/// A metric whose name and events are read.
pub(crate) struct Draft<'n> {
    name: &'n str,
    label: Option<String>,
    description: Option<String>,
    part: Part<'n>,
}

enum Part<'n> {
    Events(Taken<'n>),
    PeopleIn(usize),
    Ago { of: Text<'n>, days: i32 },
    Peak(Text<'n>),
    Children { of: Text<'n>, how: How, by: Option<Text<'n>> },
    Sql(Text<'n>),
}

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
    let direct = ["ago", "peak", "children", "by"].into_iter().filter_map(field).map(|n| n.trim().to_string());
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
                report.error(
                    fields.place_of(second),
                    "conflict",
                    format!("the metric `{}` is both `{first}` and `{second}`", entry.key),
                    help,
                );
                ignore(&mut fields);
                None
            }
        };
        fields.finish(report);
        Some(Draft { name: &entry.key, label, description, part: part? })
    }

    fn filtered(self, scope: &mut Scope, report: &mut Report) -> Option<Filtered<'n>> {
        let filter = match &self.part {
            Part::Events(Taken { filter: Some(sql), .. }) => Some(scope.condition(sql, Of::Event, report)?),
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
            Part::Events(Taken { aggregate: Aggregate::Last(p), at, .. }) => {
                let property = &scope.properties[*p];
                if property.kind == Kind::Any {
                    let help = Some(format!("declare it: `events: {{ …: {{ {}: number }} }}`", property.name));
                    report.error(*at, "unknown-type", format!("nothing says what type the property `{}` has", property.name), help);
                }
                property.kind
            }
            Part::Events(Taken { aggregate: Aggregate::FirstTime | Aggregate::LastTime, .. }) => Kind::Time,
            Part::Events(Taken { aggregate: Aggregate::Ever, .. }) => Kind::Bool,
            Part::Events(_) | Part::PeopleIn(_) | Part::Peak(_) | Part::Children { .. } => Kind::Number,
            Part::Ago { .. } | Part::Sql(_) => Kind::Any,
        }
    }

    /// The metric, once those it reads are finished.
    fn finish(self, of: Of, scope: &mut Scope, report: &mut Report) -> Option<Metric> {
        let Filtered { draft, filter } = self;
        if let Part::Events(Taken { aggregate: Aggregate::Distinct(p), .. }) = &draft.part
            && scope.properties[*p].kind == Kind::Any
        {
            // Nothing tells its type, and none is needed to tell values apart.
            scope.properties[*p].kind = Kind::Text;
        }
        let column = scope.row(of).find(draft.name)?;
        let mut kind = scope.row(of).kind(column);
        let def = match draft.part {
            Part::Events(Taken { aggregate, events, window, .. }) => MetricDef::Events { aggregate, events, filter, window },
            Part::PeopleIn(segment) => MetricDef::PeopleIn(segment),
            Part::Ago { of: text, days } => {
                let read = metric_column("ago", &text, of, scope, report)?;
                kind = scope.row(of).kind(read);
                MetricDef::Ago { of: read, days }
            }
            Part::Peak(text) => {
                let read = metric_column("peak", &text, of, scope, report)?;
                let found = scope.row(of).kind(read);
                if !matches!(found, Kind::Number | Kind::Any) {
                    let help = Some("a time or text has no greatest value that conditions could use; numbers have".into());
                    report.error(text.place(), "type-mismatch", format!("`{}` is of type {found}, not number", text.text), help);
                    return None;
                }
                MetricDef::Peak(read)
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

/// The column of a metric of the same row, for the kinds that look at its past.
fn metric_column(kind: &str, text: &Text, of: Of, scope: &mut Scope, report: &mut Report) -> Option<ColumnId> {
    let read = scope.reference(text, of, report)?;
    if matches!(scope.row(of).source(read), Source::Metric(_)) {
        return Some(read);
    }
    let help = Some("make a metric of it: `{ sql: \"…\" }`".into());
    report.error(text.place(), "invalid-value", format!("`{kind}` looks back at a metric, and `{}` is none", text.text), help);
    None
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
        "sql" | "people_in" | "peak" => &[],
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
    if of == Of::Person && matches!(kind, "people" | "people_in" | "ago" | "children") {
        let why = if kind == "ago" { "past values are kept of accounts alone" } else { "it is about accounts" };
        report.error(fields.place_of(kind), "not-supported", format!("a person's metric cannot be `{kind}`: {why}"), None);
        return None;
    }
    match kind {
        "sql" => text(node, "sql", report).map(Part::Sql),
        "people_in" => {
            let text = text(node, "people_in", report)?;
            scope.person_segments.resolve("person segment", &text, report).map(Part::PeopleIn)
        }
        "ago" => {
            let of = text(node, "ago", report);
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
        "peak" => text(node, "peak", report).map(Part::Peak),
        "children" => {
            let of = text(node, "children", report);
            fields.need("how", "one of: sum, mean, min, max, weighted", report);
            let how = fields.choice("how", HOW, report);
            let by = fields.text("by", report);
            Some(Part::Children { of: of?, how: how?, by })
        }
        _ => taken::read(kind, node, fields, of, scope, report).map(Part::Events),
    }
}
