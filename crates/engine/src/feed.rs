//! Feeds events to the signals that take them: one by one, or many at once.

use std::ops::Range;
use std::sync::Arc;

use tenure_model::time::{Day, Instant};
use tenure_model::{Calendar, Value};

use crate::Engine;
use crate::account::Body;
use crate::input::Inputs;
use crate::plan::{Feed, NO_PROPERTY, RowPlan};
use crate::signal::Seen;

/// An event on its way into the signals.
pub(crate) struct Arrival<'a> {
    pub i: usize,
    pub time: Instant,
    pub day: Day,
    pub person: u32,
    pub inputs: &'a Inputs<'a>,
    pub names: &'a [Arc<str>],
}

/// The row that `where:` reads, filled when the first filter of an event asks for it; and the date of the event before.
#[derive(Debug)]
pub(crate) struct EventRow {
    values: Vec<Value>,
    pub filled: bool,
    /// Do the inputs number their persons as the account does?
    same_people: bool,
    day: Day,
    /// Where that date begins and ends.
    span: (Instant, Instant),
    made: Made,
    tallies: Tallies,
}

impl Default for EventRow {
    fn default() -> Self {
        EventRow {
            values: Vec::new(),
            filled: false,
            same_people: false,
            day: Day(0),
            span: (Instant::NEVER, Instant::MIN),
            made: Made::default(),
            tallies: Tallies::default(),
        }
    }
}

impl EventRow {
    /// Makes it ready for a model with so many properties, in the same memory. `people`: the account's ordinals of the inputs' persons.
    pub fn reset(&mut self, properties: usize, people: &[u32]) {
        self.values.clear();
        self.values.resize(2 + properties, Value::Null);
        self.filled = false;
        self.same_people = people.iter().enumerate().all(|(i, ordinal)| i == *ordinal as usize);
        self.span = (Instant::NEVER, Instant::MIN);
    }

    #[inline]
    pub fn day(&mut self, t: Instant, calendar: &Calendar) -> Day {
        if t < self.span.0 || t >= self.span.1 {
            self.day = calendar.day(t);
            self.span = (calendar.midnight(self.day), calendar.midnight(Day(self.day.0 + 1)));
        }
        self.day
    }

    fn fill(&mut self, a: &Arrival<'_>) -> &[Value] {
        if !self.filled {
            self.filled = true;
            let events = &a.inputs.events;
            self.values[0] = a.names.get(usize::from(events.name[a.i])).map_or(Value::Null, |n| Value::Text(n.clone()));
            self.values[1] = a.inputs.people.get(events.person[a.i] as usize).map_or(Value::Null, |p| Value::Text(p.clone()));
            let width = self.values.len() - 2;
            let properties = events.properties(a.i, width);
            for (p, value) in self.values[2..].iter_mut().enumerate() {
                *value = properties.get(p).cloned().unwrap_or_default();
            }
        }
        &self.values
    }
}

/// Feeds one event to the signals that take it.
#[inline]
pub(crate) fn feed(plan: &RowPlan, fed: &[Feed], body: &mut Body, a: &Arrival<'_>, row: &mut EventRow) {
    let events = &a.inputs.events;
    let width = row.values.len() - 2;
    for feed in fed {
        if feed.filtered
            && let Some(filter) = &plan.signals[usize::from(feed.signal)].filter
            && !filter.holds(row.fill(a), a.time)
        {
            continue;
        }
        let value = match usize::from(feed.property) {
            NO_PROPERTY => &Value::Null,
            property => events.properties(a.i, width).get(property).unwrap_or(&Value::Null),
        };
        body.signals[usize::from(feed.signal)].add(Seen { time: a.time, day: a.day, name: feed.name, person: a.person, value });
    }
}

/// A batch of events in columns, as signals take them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    pub time: &'a [i64],
    /// The account's ordinals of persons; `u32::MAX` for none.
    pub person: &'a [u32],
    /// Its dates, and where the events of each end.
    ends: &'a [(Day, usize)],
}

/// What is made of a batch's columns; the memory serves the next one.
#[derive(Debug, Default)]
struct Made {
    ends: Vec<(Day, usize)>,
    person: Vec<u32>,
}

impl Made {
    fn dates(&mut self, calendar: &Calendar, time: &[i64], row: &mut EventRow) {
        self.ends.clear();
        let mut start = 0;
        while let Some(first) = time.get(start) {
            let day = row.day(Instant(*first), calendar);
            start += time[start..].iter().take_while(|t| **t < row.span.1.0).count();
            self.ends.push((day, start));
        }
    }
}

impl Batch<'_> {
    /// Each date with the range of its events.
    pub fn dates(&self) -> impl Iterator<Item = (Day, Range<usize>)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|e| e.1));
        self.ends.iter().zip(starts).map(|((day, end), start)| (*day, start..*end))
    }
}

/// What came of one name on one date.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub count: u32,
    pub first: Instant,
    pub last: Instant,
}

/// The events of a date by name.
#[derive(Debug, Default)]
struct Tallies {
    by_name: Vec<Tally>,
    /// The names that came, in the order of their first events.
    names: Vec<u16>,
}

impl Tallies {
    #[inline]
    fn add(&mut self, name: u16, time: Instant) {
        let tally = &mut self.by_name[usize::from(name)];
        if tally.count == 0 {
            tally.first = time;
            self.names.push(name);
        }
        tally.count += 1;
        tally.last = time;
    }

    /// Feeds them to the signals that only ask how many there were of each name, and when.
    fn feed(&mut self, plan: &RowPlan, body: &mut Body, day: Day) {
        for name in self.names.drain(..) {
            let tally = std::mem::take(&mut self.by_name[usize::from(name)]);
            for feed in &plan.tallied[usize::from(name)] {
                body.signals[usize::from(feed.signal)].add_tally(feed.name, tally, day);
            }
        }
    }
}

/// Feeds a range of events to the account's signals: those that take every event at once, those that only count date by date, the others event
/// by event. `people`: the account's ordinals of the inputs' persons.
pub(crate) fn feed_all(engine: &Engine, body: &mut Body, inputs: &Inputs<'_>, range: Range<usize>, people: &[u32], row: &mut EventRow) {
    let plan = &engine.plan;
    let events = &inputs.events;
    let mut made = std::mem::take(&mut row.made);
    let (time, names) = (&events.time[range.clone()], &events.name[range.clone()]);
    made.dates(&engine.model.calendar, time, row);
    let Made { ends, person: own } = &mut made;
    let person = &events.person[range.clone()];
    let person = if row.same_people { person } else { ordinals(own, person, people) };
    let batch = Batch { time, person, ends };
    for (_, signal) in plan.account.signals.iter().zip(&mut body.signals).filter(|(plan, _)| plan.takes_all()) {
        signal.add_all(&batch);
    }
    // Every name that no definition names is the one after the last.
    let other = plan.event_names.len() as u16;
    row.tallies.by_name.resize(plan.account.tallied.len(), Tally::default());
    let is_named = plan.account.named.iter().any(|fed| !fed.is_empty());
    for (day, of_date) in batch.dates() {
        let events = names[of_date.clone()].iter().zip(&time[of_date.clone()]);
        events.for_each(|(name, time)| row.tallies.add((*name).min(other), Instant(*time)));
        row.tallies.feed(&plan.account, body, day);
        for k in of_date.filter(|_| is_named) {
            let named = &plan.account.named[usize::from(names[k].min(other))];
            if !named.is_empty() {
                row.filled = false;
                let (i, time, person) = (range.start + k, Instant(time[k]), person[k]);
                feed(&plan.account, named, body, &Arrival { i, time, day, person, inputs, names: &plan.event_names }, row);
            }
        }
    }
    row.made = made;
}

/// The account's ordinals of persons of the inputs, in memory that served before.
fn ordinals<'m>(own: &'m mut Vec<u32>, person: &[u32], people: &[u32]) -> &'m [u32] {
    own.clear();
    own.extend(person.iter().map(|p| people.get(*p as usize).copied().unwrap_or(u32::MAX)));
    own
}
