//! A second way to compute metrics of events, for the signals to be compared with.

use std::collections::BTreeSet;

use tenure_engine::Account;
use tenure_model::definition::{Aggregate, Events, Window};
use tenure_model::time::{Day, Instant};
use tenure_model::{Calendar, Decimal, Value};

use crate::{Built, Story};

/// The slow and plain way to compute a metric: over the raw events, from the documentation.
#[allow(clippy::too_many_arguments)]
pub fn scan(
    story: &Story,
    built: &Built,
    account: &Account,
    aggregate: Aggregate,
    events: &Events,
    window: Window,
    filter: Option<&str>,
    t: Instant,
) -> Value {
    let model = built.engine.model();
    let calendar: &Calendar = &model.calendar;
    let today = calendar.day(t);
    let instant = |column: u32| account.value(column).as_instant(calendar);
    let (from, to) = match window {
        Window::Lifetime => (Instant::MIN, t.next()),
        Window::Days { days, offset } => {
            (calendar.midnight(Day(today.0 - offset - days + 1)), calendar.midnight(Day(today.0 - offset + 1)))
        }
        Window::Exact { micros, offset } => (t.plus(1 - offset - micros), t.plus(1 - offset)),
        Window::From { anchor, length } => match instant(anchor) {
            None => return Value::Null,
            Some(a) => (a, length.map_or(Instant::NEVER, |l| calendar.add(a, l, 1))),
        },
        Window::Before { anchor, length } => match instant(anchor) {
            None => return Value::Null,
            Some(a) => (calendar.add(a, length, -1), a),
        },
    };
    let mut raw = story.events.clone();
    raw.sort();
    raw.dedup();
    let names = ["a", "b", "c", "d"];
    let hits: Vec<(Instant, usize, usize, Option<f64>)> = raw
        .iter()
        .map(|(m, n, p, a)| (story.at(*m), usize::from(*n), usize::from(*p), a.map(|a| f64::from(a) * 0.5)))
        .filter(|(time, ..)| *time >= from && *time < to && *time <= t)
        .filter(|(_, name, ..)| match events {
            Events::Any => true,
            Events::Named(ids) => ids.iter().any(|i| model.event_names[usize::from(*i)] == names[*name]),
        })
        .filter(|(.., amount)| match filter {
            Some(f) if f.contains("> 2") => amount.is_some_and(|a| a > 2.0),
            Some(_) => amount.is_some_and(|a| a <= 1.0),
            None => true,
        })
        .collect();
    let amounts: Vec<f64> = hits.iter().filter_map(|h| h.3).collect();
    let number = |x: f64| Value::Number(x);
    let sum = || amounts.iter().fold(Decimal::ZERO, |s, x| s + Decimal::from_f64(*x)).to_f64();
    let distinct = |keys: Vec<i64>| number(keys.into_iter().collect::<BTreeSet<_>>().len() as f64);
    match aggregate {
        Aggregate::Count => number(hits.len() as f64),
        Aggregate::Sum(_) => number(sum()),
        Aggregate::Avg(_) if amounts.is_empty() => Value::Null,
        Aggregate::Avg(_) => number(sum() / amounts.len() as f64),
        Aggregate::Min(_) => amounts.iter().copied().reduce(f64::min).map_or(Value::Null, number),
        Aggregate::Max(_) => amounts.iter().copied().reduce(f64::max).map_or(Value::Null, number),
        Aggregate::Last(_) => {
            let last = hits.iter().filter(|h| h.3.is_some()).max_by(|a, b| a.0.cmp(&b.0).then(a.3.partial_cmp(&b.3).unwrap()));
            last.and_then(|h| h.3).map_or(Value::Null, number)
        }
        Aggregate::People => distinct(hits.iter().filter(|h| h.2 < 3).map(|h| h.2 as i64).collect()),
        Aggregate::Days => distinct(hits.iter().map(|h| i64::from(calendar.day(h.0).0)).collect()),
        Aggregate::Distinct(_) => distinct(amounts.iter().map(|a| (a * 2.0) as i64).collect()),
        Aggregate::Events => distinct(hits.iter().map(|h| h.1 as i64).collect()),
        Aggregate::Since => {
            let started = model.account.iter().position(|c| c.name == "started_at").unwrap() as u32;
            let from = hits.last().map(|h| h.0).or_else(|| instant(started));
            from.map_or(Value::Null, |f| number(f64::from(today.0 - calendar.day(f).0)))
        }
        Aggregate::FirstTime => hits.first().map_or(Value::Null, |h| Value::Time(h.0)),
        Aggregate::LastTime => hits.last().map_or(Value::Null, |h| Value::Time(h.0)),
        Aggregate::Ever => Value::Bool(!hits.is_empty()),
    }
}
