//! Every event of a metric with its instant: for windows that do not begin and end with dates.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Range;

use rustc_hash::FxHashSet;
use tenure_model::definition::Aggregate;
use tenure_model::time::{Day, Instant};
use tenure_model::{Decimal, Value};

use super::extremes::later;
use super::{Instants, Seen, mean};
use crate::snapshot::{Broken, Reader, Saved, Writer};

#[derive(Clone, Copy, Debug)]
struct Entry {
    time: Instant,
    name: u32,
    person: u32,
    /// How many different dates there have been, up to and with this event.
    dates: u32,
}

/// Events in order of time; those older than the horizon are forgotten.
///
/// Counts, dates and sums of a range are differences; different persons, names and values of a range that only grew since the last question
/// (the windows that begin at an anchor) cost the new events alone.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    horizon: Option<i64>,
    held: bool,
    entries: VecDeque<Entry>,
    /// By entry, where a property is read.
    values: Option<VecDeque<Value>>,
    /// How many were forgotten.
    forgotten: usize,
    last_day: Day,
    /// Sums and counts of the property up to and with each entry; empty where no sum was ever asked for.
    sums: VecDeque<(Decimal, u32)>,
    people: RefCell<Different<Numbers>>,
    names: RefCell<Different<Numbers>>,
    distinct: RefCell<Different<FxHashSet<Value>>>,
}

/// What was seen in a range that was asked for.
#[derive(Clone, Debug, Default)]
struct Different<S> {
    range: Range<usize>,
    seen: S,
}

impl<S: Default> Different<S> {
    /// What is seen in a range, continuing from the range before where that began at the same place.
    fn of<'e, E: 'e>(
        &mut self,
        range: Range<usize>,
        entries: impl Fn(Range<usize>) -> std::collections::vec_deque::Iter<'e, E>,
        see: impl Fn(&mut S, &E),
    ) -> &S {
        if range.start != self.range.start || range.end < self.range.end {
            *self = Different { range: range.start..range.start, seen: S::default() };
        }
        entries(self.range.end..range.end).for_each(|e| see(&mut self.seen, e));
        self.range = range;
        &self.seen
    }
}

/// A set of small numbers; `u32::MAX` stands for none.
#[derive(Clone, Debug, Default)]
struct Numbers {
    words: Vec<u64>,
    count: u32,
}

impl Numbers {
    fn insert(&mut self, n: u32) {
        if n == u32::MAX {
            return;
        }
        let (word, bit) = (n as usize / 64, 1 << (n % 64));
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.count += u32::from(self.words[word] & bit == 0);
        self.words[word] |= bit;
    }
}

impl Log {
    /// `valued`: is a property read?
    pub fn new(horizon: Option<i64>, valued: bool) -> Log {
        Log {
            horizon,
            held: false,
            entries: VecDeque::new(),
            values: valued.then(VecDeque::new),
            forgotten: 0,
            last_day: Day(i32::MIN),
            sums: VecDeque::new(),
            people: RefCell::default(),
            names: RefCell::default(),
            distinct: RefCell::default(),
        }
    }

    pub fn add(&mut self, e: Seen<'_>) {
        if let Some(horizon) = self.horizon.filter(|_| !self.held) {
            while self.entries.front().is_some_and(|x| x.time.0 <= e.time.0 - horizon) {
                self.entries.pop_front();
                self.values.as_mut().map(VecDeque::pop_front);
                self.sums.pop_front();
                self.forgotten += 1;
            }
        }
        let dates = self.entries.back().map_or(0, |b| b.dates) + u32::from(self.last_day != e.day || self.entries.is_empty());
        self.last_day = e.day;
        if let Some(x) = e.value.as_number() {
            let (sum, n) = self.sums.back().copied().unwrap_or_default();
            self.sums.resize(self.entries.len(), (sum, n));
            self.sums.push_back((sum + Decimal::from_f64(x), n + 1));
        } else if let Some(last) = self.sums.back().copied() {
            self.sums.push_back(last);
        }
        self.entries.push_back(Entry { time: e.time, name: e.name, person: e.person, dates });
        if let Some(values) = &mut self.values {
            values.push_back(e.value.clone());
        }
    }

    /// Forgets nothing until further notice.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }

    fn range(&self, range: Instants) -> Range<usize> {
        let from = self.entries.partition_point(|e| e.time < range.from);
        let to = self.entries.partition_point(|e| e.time < range.to);
        from..to.max(from)
    }

    pub fn aggregate(&self, aggregate: Aggregate, range: Instants) -> Value {
        let range = self.range(range);
        let within = || self.entries.range(range.clone());
        let values = || self.values.iter().flat_map(|values| values.range(range.clone()));
        let fold = |better: fn((Instant, &Value), (Instant, &Value)) -> bool| {
            let all = within().map(|e| e.time).zip(values()).filter(|(_, value)| !value.is_null());
            let best = all.fold(None, |best, e| if best.is_none_or(|b| better(e, b)) { Some(e) } else { best });
            best.map_or(Value::Null, |(_, value)| value.clone())
        };
        let absolute = range.start + self.forgotten..range.end + self.forgotten;
        let entries = |r: Range<usize>| self.entries.range(r.start - self.forgotten..r.end - self.forgotten);
        let different = |memo: &RefCell<Different<Numbers>>, number: fn(&Entry) -> u32| {
            Value::Number(f64::from(memo.borrow_mut().of(absolute.clone(), entries, |seen, e| seen.insert(number(e))).count))
        };
        match aggregate {
            Aggregate::Count => Value::Number(range.len() as f64),
            Aggregate::Ever => Value::Bool(!range.is_empty()),
            Aggregate::FirstTime => within().next().map_or(Value::Null, |e| Value::Time(e.time)),
            Aggregate::LastTime => within().next_back().map_or(Value::Null, |e| Value::Time(e.time)),
            Aggregate::Sum(_) => Value::number(self.sum(range.clone()).0.to_f64()),
            Aggregate::Avg(_) => mean(self.sum(range.clone())),
            Aggregate::Min(_) => fold(|a, b| a.1.compare(b.1).is_some_and(|o| o.is_lt())),
            Aggregate::Max(_) => fold(|a, b| a.1.compare(b.1).is_some_and(|o| o.is_gt())),
            Aggregate::Last(_) => fold(|a, b| later(&(a.0, a.1.clone()), &(b.0, b.1.clone()))),
            Aggregate::People => different(&self.people, |e| e.person),
            Aggregate::Events => different(&self.names, |e| e.name),
            Aggregate::Distinct(_) => {
                let Some(values) = &self.values else { return Value::Number(0.0) };
                let see = |seen: &mut FxHashSet<Value>, value: &Value| {
                    if !value.is_null() && !seen.contains(value) {
                        seen.insert(value.clone());
                    }
                };
                let values = |r: Range<usize>| values.range(r.start - self.forgotten..r.end - self.forgotten);
                Value::Number(self.distinct.borrow_mut().of(absolute, values, see).len() as f64)
            }
            Aggregate::Days => {
                let first = within().next().map(|e| e.dates);
                let last = within().next_back().map(|e| e.dates);
                Value::Number(first.zip(last).map_or(0.0, |(first, last)| f64::from(last - first + 1)))
            }
            Aggregate::Since => Value::Null,
        }
    }

    fn sum(&self, range: Range<usize>) -> (Decimal, u64) {
        let up_to = |end: usize| end.checked_sub(1).and_then(|i| self.sums.get(i)).copied();
        let Some((sum, n)) = up_to(range.end) else { return (Decimal::ZERO, 0) };
        // What was forgotten stands in the first entry's sum: take it from the entries themselves.
        let before = match range.start {
            0 => self.sums.front().zip(self.values.as_ref().and_then(VecDeque::front)).map(|(s, value)| match value.as_number() {
                Some(x) => (s.0 - Decimal::from_f64(x), s.1 - 1),
                None => *s,
            }),
            start => up_to(start),
        };
        let (base, m) = before.unwrap_or_default();
        (sum - base, u64::from(n - m))
    }

    /// The first event after an instant, if any.
    pub fn first_after(&self, t: Instant) -> Option<Instant> {
        self.entries.get(self.entries.partition_point(|e| e.time <= t)).map(|e| e.time)
    }

    pub fn bytes(&self) -> usize {
        let values = self.values.as_ref().map_or(0, |values| values.capacity() * size_of::<Value>());
        self.entries.capacity() * size_of::<Entry>() + values + self.sums.capacity() * size_of::<(Decimal, u32)>()
    }
}

impl Log {
    pub fn save(&self, w: &mut Writer<'_>) {
        self.last_day.save(w);
        w.length(self.entries.len());
        for (i, entry) in self.entries.iter().enumerate() {
            entry.time.save(w);
            entry.name.save(w);
            entry.person.wrapping_add(1).save(w);
            entry.dates.save(w);
            self.values.as_ref().and_then(|values| values.get(i)).unwrap_or(&Value::Null).save(w);
        }
        let mut before = Decimal::ZERO;
        w.length(self.sums.len());
        for (sum, n) in &self.sums {
            (*sum - before).save(w);
            n.save(w);
            before = *sum;
        }
    }

    /// What was remembered of questions asked before is found again when it is asked.
    pub fn restore(mut self, r: &mut Reader<'_>) -> Result<Log, Broken> {
        self.last_day = Day::restore(r)?;
        for _ in 0..r.length()? {
            let (time, name, person) = (Instant::restore(r)?, u32::restore(r)?, u32::restore(r)?.wrapping_sub(1));
            self.entries.push_back(Entry { time, name, person, dates: u32::restore(r)? });
            let value = Value::restore(r)?;
            if let Some(values) = &mut self.values {
                values.push_back(value);
            }
        }
        let mut sum = Decimal::ZERO;
        for _ in 0..r.length()? {
            sum += Decimal::restore(r)?;
            self.sums.push_back((sum, u32::restore(r)?));
        }
        Ok(self)
    }
}
