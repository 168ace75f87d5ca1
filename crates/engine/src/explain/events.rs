//! Why a metric of events has its value: its window, and the events in it.

use rustc_hash::FxHashSet;
use serde_json::{Value as Json, json};
use tenure_model::definition::{Aggregate, Builtin, Events, Metric, Window};
use tenure_model::time::Instant;
use tenure_model::{Program, Value};

use super::column::Scene;
use super::tree::Reason;
use super::words::time;
use crate::metric::{self, Moment};

/// What a metric takes of which events.
#[derive(Clone, Copy)]
pub(super) struct Taken<'a> {
    pub metric: &'a Metric,
    pub aggregate: Aggregate,
    pub events: &'a Events,
    pub filter: Option<&'a Program>,
    pub window: Window,
    /// Only those of this person.
    pub person: Option<&'a str>,
}

impl Scene<'_> {
    /// Adds window and events of a metric to the reason for its value. `row`: that of its anchor.
    pub(super) fn events(&self, taken: &Taken<'_>, row: &[Value], reason: &mut Reason) {
        let model = self.teller.engine.model();
        let moment = Moment { t: self.at, today: model.calendar.day(self.at), calendar: &model.calendar, started: None };
        let names = match taken.events {
            Events::Any => None,
            Events::Named(ids) => Some(ids.iter().map(|i| model.event_names[usize::from(*i)].as_str()).collect::<Vec<_>>()),
        };
        let named = names.as_ref().map_or_else(|| "any event".to_owned(), |names| names.join(", "));
        let (take, property) = words(taken.aggregate);
        let property = property.and_then(|p| model.properties.get(p)).map(|p| p.name.as_str());
        let what = property.map_or_else(|| take.1.to_owned(), |p| format!("{} {p} of", take.1));
        let only = taken.filter.map_or(String::new(), |f| format!(" where {}", f.sql()));
        let detail = &mut reason.detail;
        detail.insert("metric".into(), json!(taken.metric.name));
        detail.insert("take".into(), json!(take.0));
        detail.extend(property.map(|p| ("property".to_owned(), json!(p))));
        detail.extend(names.map(|names| ("names".to_owned(), json!(names))));
        detail.extend(taken.filter.map(|f| ("where".to_owned(), json!(f.sql()))));
        let Some(range) = metric::range(taken.window, row, &moment) else {
            reason.text += &format!(": {what} {named}{only}, but its anchor is not known");
            detail.insert("window".into(), Json::Null);
            return;
        };
        let matching = self.matching(taken, range.from, range.to);
        let bounded = range.from != Instant::MIN;
        let from = if bounded { range.from.to_string() } else { "the beginning".to_owned() };
        let events = if matching.len() == 1 { "1 event".to_owned() } else { format!("{} events", matching.len()) };
        reason.text += &format!(": {what} {named}{only}, from {from} to before {} ({events})", range.to);
        detail.insert("window".into(), json!({ "from": bounded.then(|| range.from.to_string()), "before": time(range.to) }));
        detail.insert("events".into(), json!(matching.len()));
        if taken.aggregate == Aggregate::Since && matching.is_empty() {
            // Without any event it counts from the account's start.
            reason.because.extend(self.builtin(Builtin::StartedAt));
        }
        let latest;
        let counts: &[usize] = match taken.aggregate {
            Aggregate::Distinct(p) => {
                latest = self.latest_of_each(&matching, p);
                &latest
            }
            Aggregate::Since | Aggregate::LastTime => &matching[matching.len().saturating_sub(1)..],
            Aggregate::FirstTime => &matching[..matching.len().min(1)],
            _ => &matching,
        };
        let shown = counts.len().min(self.teller.evidence.events_max());
        reason.because.extend(counts.iter().rev().take(shown).map(|i| self.event(*i)));
        if counts.len() > shown {
            let hidden = counts.len() - shown;
            reason.because.push(
                Reason::new("more", format!("… and {hidden} more")).with("hidden", json!(hidden)).with("events", json!(counts.len())),
            );
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
    fn matching(&self, taken: &Taken<'_>, from: Instant, to: Instant) -> Vec<usize> {
        let inputs = self.teller.inputs;
        let events = &inputs.events;
        let model = self.teller.engine.model();
        let width = model.properties.len();
        let first = events.time.partition_point(|t| *t < from.0);
        let last = events.time.partition_point(|t| *t < to.0);
        let (_, property) = words(taken.aggregate);
        (first..last.max(first))
            .filter(|i| match taken.events {
                Events::Any => true,
                Events::Named(ids) => ids.contains(&events.name[*i]),
            })
            .filter(|i| {
                let who = inputs.people.get(events.person[*i] as usize);
                taken.person.is_none_or(|p| who.is_some_and(|w| **w == *p)) && (taken.aggregate != Aggregate::People || who.is_some())
            })
            .filter(|i| property.is_none_or(|p| events.properties(*i, width).get(p).is_some_and(|v| !v.is_null())))
            .filter(|i| {
                let Some(filter) = taken.filter else { return true };
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
        let text = |key: &str| json.get(key).and_then(Json::as_str);
        let who = text("person_id").or(text("person")).map_or(String::new(), |p| format!(" by {p}"));
        let properties = json.get("properties").filter(|p| !p.is_null()).map_or(String::new(), |p| format!(" {p}"));
        let at = Instant(self.teller.inputs.events.time[i]);
        Reason::new("event", format!("{at} {}{who}{properties}", text("name").unwrap_or_default())).with("event", json)
    }
}

/// What is taken, as models write it and in words; and of which property.
fn words(aggregate: Aggregate) -> ((&'static str, &'static str), Option<usize>) {
    match aggregate {
        Aggregate::Count => (("count", "how many"), None),
        Aggregate::Sum(p) => (("sum", "sum of"), Some(p)),
        Aggregate::Avg(p) => (("avg", "mean"), Some(p)),
        Aggregate::Min(p) => (("min", "least"), Some(p)),
        Aggregate::Max(p) => (("max", "greatest"), Some(p)),
        Aggregate::Last(p) => (("last", "last"), Some(p)),
        Aggregate::Distinct(p) => (("distinct", "how many different"), Some(p)),
        Aggregate::People => (("people", "how many persons with"), None),
        Aggregate::Days => (("days", "on how many dates"), None),
        Aggregate::Events => (("events", "how many of"), None),
        Aggregate::Since => (("since", "dates since the last"), None),
        Aggregate::FirstTime => (("first_time", "when first"), None),
        Aggregate::LastTime => (("last_time", "when last"), None),
        Aggregate::Ever => (("ever", "was there ever"), None),
    }
}
