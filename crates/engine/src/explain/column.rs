//! Why a column has its value: conditions down to columns, metrics down to events, traits down to their versions.

use rustc_hash::FxHashSet;
use serde_json::{Value as Json, json};
use tenure_model::condition::{Trace, TraceKind};
use tenure_model::definition::{Aggregate, Builtin, ColumnId, Events, Metric, MetricDef, Source};
use tenure_model::time::Instant;
use tenure_model::{Program, Value};

use super::tree::Reason;
use super::{EVENTS_SHOWN_MAX, Teller};
use crate::metric::{self, Moment};

/// Columns are explained through one another to this depth; beyond it their value stands alone.
pub(super) const DEPTH_MAX: usize = 12;

/// A row at an instant, to be explained.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub teller: &'a Teller<'a>,
    pub row: &'a [Value],
    /// The person's row, for conditions of persons.
    pub person: Option<&'a [Value]>,
    pub at: Instant,
    pub depth: usize,
}

impl Scene<'_> {
    fn deeper(&self) -> Self {
        Scene { depth: self.depth + 1, ..*self }
    }

    /// A condition of the account.
    pub fn condition(&self, program: &Program) -> Reason {
        self.trace(&program.trace(self.row, self.at), false)
    }

    /// A condition of the person.
    pub fn person_condition(&self, program: &Program) -> Reason {
        self.trace(&program.trace(self.person.unwrap_or(&[]), self.at), true)
    }

    fn trace(&self, trace: &Trace, person: bool) -> Reason {
        if let TraceKind::Column { slot } = trace.kind {
            return self.own_column(slot, person);
        }
        let kind = match trace.kind {
            TraceKind::All => "all",
            TraceKind::Any => "any",
            TraceKind::Not => "not",
            TraceKind::Comparison => "comparison",
            _ => "expression",
        };
        let mut reason = Reason::new(kind, format!("{} is {}", trace.text, trace.value))
            .with("sql", json!(trace.text))
            .with("value", trace.value.to_json());
        reason.because = trace.children.iter().filter(|c| !is_literal(c)).map(|c| self.trace(c, person)).collect();
        reason
    }

    /// A column of the account, or of the person.
    pub fn own_column(&self, slot: ColumnId, person: bool) -> Reason {
        if person { self.person_column(slot) } else { self.column(slot) }
    }

    fn person_column(&self, slot: ColumnId) -> Reason {
        let model = self.teller.engine.model();
        let Some(column) = model.person.get(slot as usize) else { return Reason::new("column", "unknown") };
        let value = self.person.and_then(|r| r.get(slot as usize)).unwrap_or(&Value::Null);
        let mut reason =
            Reason::new("column", format!("{} = {value}", column.name)).with("column", json!(column.name)).with("value", value.to_json());
        match column.source {
            Source::Account(slot) => reason.because.push(self.deeper().column(slot)),
            Source::Metric(m) => {
                let person = self
                    .person
                    .and_then(|r| r.iter().zip(&model.person).find(|(_, c)| c.source == Source::Builtin(Builtin::Id)))
                    .and_then(|(v, _)| v.as_text());
                self.metric(&model.person_metrics[m], self.person.unwrap_or(&[]), person, &mut reason);
            }
            Source::Segment(s) if self.depth < DEPTH_MAX => {
                reason.because.push(self.deeper().person_condition(&model.person_segments[s].when))
            }
            _ => {}
        }
        reason
    }

    /// A column of the account.
    pub fn column(&self, slot: ColumnId) -> Reason {
        let engine = self.teller.engine;
        let model = engine.model();
        let Some(column) = model.account.get(slot as usize) else { return Reason::new("column", "unknown") };
        let value = self.row.get(slot as usize).unwrap_or(&Value::Null);
        let mut reason =
            Reason::new("column", format!("{} = {value}", column.name)).with("column", json!(column.name)).with("value", value.to_json());
        if self.depth >= DEPTH_MAX {
            return reason;
        }
        match column.source {
            Source::Trait => {
                reason.kind = "trait";
                let versions = self.teller.evidence.versions(&column.name);
                let current = versions.iter().filter(|v| v.visible_from() <= self.at).max_by_key(|v| v.valid_from);
                if let Some(version) = current {
                    let since = version.valid_from.map_or("assumed from the beginning".to_owned(), |t| format!("since {t}"));
                    let known = version
                        .known_from
                        .filter(|k| version.valid_from.is_none_or(|v| *k > v))
                        .map_or(String::new(), |k| format!(", known from {k}"));
                    reason.text = format!("{} ({since}{known})", reason.text);
                }
            }
            Source::Metric(m) => {
                reason.kind = "metric";
                self.metric(&model.metrics[m], self.row, None, &mut reason);
            }
            Source::Segment(s) => {
                reason.kind = "segment";
                reason.because.push(self.deeper().condition(&model.segments[s].when));
            }
            Source::Builtin(builtin) => {
                let from = match builtin {
                    Builtin::AgeDays => Some(Builtin::StartedAt),
                    Builtin::DaysToRenewal => Some(Builtin::RenewalAt),
                    Builtin::DaysToTrialEnd => Some(Builtin::TrialEndsAt),
                    Builtin::DaysToCardExpiry => Some(Builtin::CardExpiresAt),
                    Builtin::DaysInStage | Builtin::StageLate => Some(Builtin::StageEnteredAt),
                    _ => None,
                };
                if let Some(slot) = from.and_then(|b| Builtin::ALL.iter().position(|x| x.0 == b)) {
                    reason.because.push(self.deeper().column(slot as u32));
                }
            }
            _ => {}
        }
        reason
    }

    fn metric(&self, metric: &Metric, row: &[Value], person: Option<&str>, reason: &mut Reason) {
        match &metric.def {
            MetricDef::Sql(program) => {
                let trace = program.trace(row, self.at);
                reason.text = format!("{}, from {}", reason.text, trace.text);
                let inner = self.deeper();
                reason.because = trace.children.iter().filter(|c| !is_literal(c)).map(|c| inner.trace(c, person.is_some())).collect();
                if let TraceKind::Column { slot } = trace.kind {
                    reason.because.push(inner.own_column(slot, person.is_some()));
                }
            }
            MetricDef::Ago { of, days } => {
                let name = &self.teller.engine.model().account[*of as usize].name;
                reason.text = format!("{}: {name} as of {days} dates before", reason.text);
            }
            MetricDef::PeopleIn(segment) => {
                let name = &self.teller.engine.model().person_segments[*segment].name;
                reason.text = format!("{}: persons in {name}", reason.text);
                let slot = self.teller.engine.model().person_segments[*segment].column as usize;
                if self.at == self.teller.account.evaluated {
                    let members = self.teller.account.people().filter(|(_, member, row)| *member && row[slot].as_bool() == Some(true));
                    reason.because = members.map(|(id, _, _)| Reason::new("person", id.to_string()).with("person", json!(id))).collect();
                }
            }
            MetricDef::Peak(of) => self.peak(metric, *of, person, reason),
            MetricDef::Children { of, how } => {
                let engine = self.teller.engine;
                let name = &engine.model().account[*of as usize].name;
                reason.text = format!("{}: {name} of its children, {how:?}", reason.text);
                let index = engine.exports().iter().position(|c| c == of);
                let children = self.teller.account.children.iter();
                reason.because = children
                    .map(|(id, values)| {
                        let value = index.and_then(|i| values.get(i)).unwrap_or(&Value::Null);
                        Reason::new("child", format!("{id}: {name} = {value}")).with("account", json!(id)).with("value", value.to_json())
                    })
                    .collect();
            }
            MetricDef::Events { aggregate, events, filter, window } => {
                self.events(metric, *aggregate, events, filter.as_ref(), *window, row, person, reason)
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn events(
        &self,
        metric: &Metric,
        aggregate: Aggregate,
        wanted: &Events,
        filter: Option<&Program>,
        window: tenure_model::definition::Window,
        row: &[Value],
        person: Option<&str>,
        reason: &mut Reason,
    ) {
        let model = self.teller.engine.model();
        let calendar = &model.calendar;
        let moment = Moment { t: self.at, today: calendar.day(self.at), calendar, started: None };
        let names = match wanted {
            Events::Any => "any event".to_owned(),
            Events::Named(ids) => ids.iter().map(|i| model.event_names[usize::from(*i)].as_str()).collect::<Vec<_>>().join(", "),
        };
        let what = aggregate_words(aggregate, &model.properties.iter().map(|p| p.name.as_str()).collect::<Vec<_>>());
        let only = filter.map_or(String::new(), |f| format!(" where {}", f.sql()));
        let Some(range) = metric::range(window, row, &moment) else {
            reason.text = format!("{}: {what} {names}{only}, but its anchor is not known", reason.text);
            return;
        };
        let matching = self.matching(aggregate, wanted, filter, range.from, range.to, person);
        let from = if range.from == Instant::MIN { "the beginning".to_owned() } else { range.from.to_string() };
        reason.text = format!("{}: {what} {names}{only}, from {from} to before {} ({} events)", reason.text, range.to, matching.len());
        reason.detail.insert("window".into(), json!({ "from": (range.from != Instant::MIN).then_some(range.from), "before": range.to }));
        reason.detail.insert("events".into(), json!(matching.len()));
        reason.detail.insert("metric".into(), json!(metric.name));
        let counts: Vec<usize> = match aggregate {
            Aggregate::Since | Aggregate::LastTime => matching.last().copied().into_iter().collect(),
            Aggregate::FirstTime => matching.first().copied().into_iter().collect(),
            Aggregate::Distinct(p) => self.latest_of_each(&matching, p),
            _ => matching,
        };
        let hidden = counts.len().saturating_sub(EVENTS_SHOWN_MAX);
        reason.because = counts.iter().rev().take(EVENTS_SHOWN_MAX).map(|i| self.event(*i)).collect();
        if hidden > 0 {
            reason.because.push(Reason::new("more", format!("… and {hidden} earlier ones")).with("hidden", json!(hidden)));
        }
    }

    /// Of these events the latest of each value of a property.
    fn latest_of_each(&self, events: &[usize], property: usize) -> Vec<usize> {
        let width = self.teller.engine.model().properties.len();
        let mut seen = FxHashSet::default();
        let mut latest: Vec<usize> = events.to_vec();
        latest.reverse();
        latest.retain(|i| self.teller.inputs.events.properties(*i, width).get(property).is_some_and(|v| seen.insert(v)));
        latest.reverse();
        latest
    }

    /// Indexes of the events that a metric reads in [from, to).
    fn matching(
        &self,
        aggregate: Aggregate,
        wanted: &Events,
        filter: Option<&Program>,
        from: Instant,
        to: Instant,
        person: Option<&str>,
    ) -> Vec<usize> {
        let inputs = self.teller.inputs;
        let events = &inputs.events;
        let model = self.teller.engine.model();
        let width = model.properties.len();
        let first = events.time.partition_point(|t| *t < from.0);
        let last = events.time.partition_point(|t| *t < to.0);
        let property = match aggregate {
            Aggregate::Sum(p) | Aggregate::Avg(p) | Aggregate::Min(p) | Aggregate::Max(p) | Aggregate::Last(p) | Aggregate::Distinct(p) => {
                Some(p)
            }
            _ => None,
        };
        (first..last.max(first))
            .filter(|i| match wanted {
                Events::Any => true,
                Events::Named(ids) => ids.contains(&events.name[*i]),
            })
            .filter(|i| {
                let who = inputs.people.get(events.person[*i] as usize);
                person.is_none_or(|p| who.is_some_and(|w| **w == *p)) && (aggregate != Aggregate::People || who.is_some())
            })
            .filter(|i| property.is_none_or(|p| events.properties(*i, width).get(p).is_some_and(|v| !v.is_null())))
            .filter(|i| {
                let Some(filter) = filter else { return true };
                let name = model.event_names.get(usize::from(events.name[*i])).map_or(Value::Null, |n| Value::text(n.as_str()));
                let who = inputs.people.get(events.person[*i] as usize).map_or(Value::Null, |p| Value::Text(p.clone()));
                let mut row = vec![name, who];
                row.extend((0..width).map(|p| events.properties(*i, width).get(p).cloned().unwrap_or_default()));
                filter.holds(&row, Instant(events.time[*i]))
            })
            .collect()
    }

    fn event(&self, i: usize) -> Reason {
        let json = self.teller.evidence.event(i);
        let text = |key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
        let who = text("person").map_or(String::new(), |p| format!(" by {p}"));
        let properties = json.get("properties").filter(|p| !p.is_null()).map_or(String::new(), |p| format!(" {p}"));
        let at = Instant(self.teller.inputs.events.time[i]);
        Reason::new("event", format!("{at} {}{who}{properties}", text("name").unwrap_or_default())).with("event", json)
    }
}

fn is_literal(trace: &Trace) -> bool {
    matches!(trace.kind, TraceKind::Expression) && trace.children.is_empty()
}

fn aggregate_words(aggregate: Aggregate, properties: &[&str]) -> String {
    let of = |what: &str, p: usize| format!("{what} {} of", properties.get(p).copied().unwrap_or("?"));
    match aggregate {
        Aggregate::Count => "how many".into(),
        Aggregate::Sum(p) => of("sum of", p),
        Aggregate::Avg(p) => of("mean", p),
        Aggregate::Min(p) => of("least", p),
        Aggregate::Max(p) => of("greatest", p),
        Aggregate::Last(p) => of("last", p),
        Aggregate::Distinct(p) => of("how many different", p),
        Aggregate::People => "how many persons with".into(),
        Aggregate::Days => "on how many dates".into(),
        Aggregate::Events => "how many of".into(),
        Aggregate::Since => "dates since the last".into(),
        Aggregate::FirstTime => "when first".into(),
        Aggregate::LastTime => "when last".into(),
        Aggregate::Ever => "was there ever".into(),
    }
}
