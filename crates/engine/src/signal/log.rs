//! Every event of a metric with its instant: for windows that do not begin and end with dates.

use std::collections::VecDeque;

use tenure_model::definition::Aggregate;
use tenure_model::time::Instant;
use tenure_model::{Calendar, Decimal, Value};

use super::extremes::later;
use super::{Instants, Seen, mean};

#[derive(Clone, Debug)]
struct Entry {
    time: Instant,
    name: u32,
    person: u32,
    value: Value,
}

/// Events in order of time; those older than the horizon are forgotten.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    horizon: Option<i64>,
    entries: VecDeque<Entry>,
}

impl Log {
    pub fn new(horizon: Option<i64>) -> Log {
        Log { horizon, entries: VecDeque::new() }
    }

    pub fn add(&mut self, e: Seen<'_>) {
        if let Some(horizon) = self.horizon {
            while self.entries.front().is_some_and(|x| x.time.0 <= e.time.0 - horizon) {
                self.entries.pop_front();
            }
        }
        self.entries.push_back(Entry { time: e.time, name: e.name, person: e.person, value: e.value.clone() });
    }

    fn range(&self, range: Instants) -> std::ops::Range<usize> {
        let from = self.entries.partition_point(|e| e.time < range.from);
        let to = self.entries.partition_point(|e| e.time < range.to);
        from..to.max(from)
    }

    pub fn aggregate(&self, aggregate: Aggregate, range: Instants, calendar: &Calendar) -> Value {
        let range = self.range(range);
        let within = || self.entries.range(range.clone());
        let values = || within().filter(|e| !e.value.is_null());
        let fold = |better: fn(&Entry, &Entry) -> bool| {
            values().fold(None, |best: Option<&Entry>, e| if best.is_none_or(|b| better(e, b)) { Some(e) } else { best }).map_or(Value::Null, |e| e.value.clone())
        };
        match aggregate {
            Aggregate::Count => Value::Number(range.len() as f64),
            Aggregate::Ever => Value::Bool(!range.is_empty()),
            Aggregate::FirstTime => within().next().map_or(Value::Null, |e| Value::Time(e.time)),
            Aggregate::LastTime => within().next_back().map_or(Value::Null, |e| Value::Time(e.time)),
            Aggregate::Sum(_) => Value::number(self.sum(range.clone()).0.to_f64()),
            Aggregate::Avg(_) => mean(self.sum(range.clone())),
            Aggregate::Min(_) => fold(|a, b| a.value.compare(&b.value).is_some_and(|o| o.is_lt())),
            Aggregate::Max(_) => fold(|a, b| a.value.compare(&b.value).is_some_and(|o| o.is_gt())),
            Aggregate::Last(_) => fold(|a, b| later(&(a.time, a.value.clone()), &(b.time, b.value.clone()))),
            Aggregate::People => Value::Number(different(within().filter(|e| e.person != u32::MAX).map(|e| e.person)) as f64),
            Aggregate::Events => Value::Number(different(within().map(|e| e.name)) as f64),
            Aggregate::Days => {
                // Entries are in order of time: each date stands in one stretch.
                let days = within().map(|e| calendar.day(e.time));
                Value::Number(days.fold((0, None), |(n, last), day| if last == Some(day) { (n, last) } else { (n + 1, Some(day)) }).0 as f64)
            }
            Aggregate::Since => Value::Null,
        }
    }

    fn sum(&self, range: std::ops::Range<usize>) -> (Decimal, u64) {
        self.entries.range(range).filter_map(|e| e.value.as_number()).fold((Decimal::ZERO, 0), |(sum, n), x| (sum + Decimal::from_f64(x), n + 1))
    }

    /// The first event after an instant, if any.
    pub fn first_after(&self, t: Instant) -> Option<Instant> {
        self.entries.get(self.entries.partition_point(|e| e.time <= t)).map(|e| e.time)
    }

    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
    }
}

/// How many different ones of small numbers.
fn different(numbers: impl Iterator<Item = u32>) -> u32 {
    let mut seen: Vec<u64> = Vec::new();
    for n in numbers {
        let word = n as usize / 64;
        if word >= seen.len() {
            seen.resize(word + 1, 0);
        }
        seen[word] |= 1 << (n % 64);
    }
    seen.iter().map(|w| w.count_ones()).sum()
}
