//! Signals: all that is kept of events in memory. Each knows what its metrics need and forgets the rest.
//!
//! Events arrive in order of time. A late event rebuilds its account from history instead of changing a signal.

mod counts;
mod extremes;
mod log;
mod moves;
mod names;
mod people;
mod sums;
mod values;

use tenure_model::definition::{Aggregate, Window};
use tenure_model::time::{Day, Instant};
use tenure_model::{Calendar, Decimal, Value};

use crate::feed::{Batch, Tally};
use crate::snapshot::{Broken, Reader, Writer};

pub(crate) use counts::Counts;
pub(crate) use extremes::Extremes;
pub(crate) use log::Log;
pub(crate) use names::Names;
pub(crate) use people::People;
pub(crate) use sums::Sums;
pub(crate) use values::Values;

/// One event as a signal sees it.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub time: Instant,
    pub day: Day,
    /// Position of the event's name in the metric's list; 0 for `any`.
    pub name: u32,
    /// The account's ordinal of the person; `u32::MAX` for none.
    pub person: u32,
    /// The property the signal reads; NULL without one.
    pub value: &'a Value,
}

/// What a signal is made of; part of the compiled plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Need {
    /// Counts by date, first and last time.
    Counts,
    /// Sums of a property by date.
    Sums(usize),
    /// Least, greatest and last of a property by date.
    Extremes(usize),
    /// Last date of each person.
    People,
    /// Last date of each name.
    Names,
    /// Last date of each value of a property.
    Values(usize),
    /// Every event: for windows that dates cannot serve.
    Log(Option<usize>),
}

impl Need {
    /// The cheapest signal that answers an aggregate over a window.
    pub fn of(aggregate: Aggregate, window: Window) -> Need {
        let property = match aggregate {
            Aggregate::Sum(p) | Aggregate::Avg(p) | Aggregate::Min(p) | Aggregate::Max(p) | Aggregate::Last(p) | Aggregate::Distinct(p) => {
                Some(p)
            }
            _ => None,
        };
        let by_date = match window {
            Window::Lifetime => true,
            Window::Days { offset, .. } => {
                offset == 0
                    || matches!(
                        aggregate,
                        Aggregate::Count
                            | Aggregate::Days
                            | Aggregate::Sum(_)
                            | Aggregate::Avg(_)
                            | Aggregate::Min(_)
                            | Aggregate::Max(_)
                            | Aggregate::Last(_)
                    )
            }
            _ => false,
        };
        match aggregate {
            _ if !by_date => Need::Log(property),
            Aggregate::FirstTime | Aggregate::LastTime if window != Window::Lifetime => Need::Log(None),
            Aggregate::Count | Aggregate::Days | Aggregate::Since | Aggregate::FirstTime | Aggregate::LastTime | Aggregate::Ever => {
                Need::Counts
            }
            Aggregate::Sum(p) | Aggregate::Avg(p) => Need::Sums(p),
            Aggregate::Min(p) | Aggregate::Max(p) | Aggregate::Last(p) => Need::Extremes(p),
            Aggregate::People => Need::People,
            Aggregate::Events => Need::Names,
            Aggregate::Distinct(p) => Need::Values(p),
        }
    }
}

/// A signal of one account or person.
#[derive(Clone, Debug)]
pub(crate) enum Signal {
    Counts(Counts),
    Sums(Sums),
    Extremes(Extremes),
    People(People),
    Names(Names),
    Values(Values),
    Log(Box<Log>),
}

impl Signal {
    pub fn new(need: Need, horizon: Horizon) -> Signal {
        match need {
            Need::Counts => Signal::Counts(Counts::new(horizon.days)),
            Need::Sums(_) => Signal::Sums(Sums::new(horizon.days)),
            Need::Extremes(_) => Signal::Extremes(Extremes::new(horizon.days)),
            Need::People => Signal::People(People::new(horizon.days)),
            Need::Names => Signal::Names(Names::default()),
            Need::Values(_) => Signal::Values(Values::new(horizon)),
            Need::Log(property) => Signal::Log(Box::new(Log::new(horizon.micros, property.is_some()))),
        }
    }

    #[inline]
    pub fn add(&mut self, e: Seen<'_>) {
        match self {
            Signal::Counts(s) => s.note(1, e.time, e.time, e.day),
            Signal::Sums(s) => s.add(e),
            Signal::Extremes(s) => s.add(e),
            Signal::People(s) => s.see(e.person, e.day),
            Signal::Names(s) => s.see(e.name, e.day),
            Signal::Values(s) => s.add(e),
            Signal::Log(s) => s.add(e),
        }
    }

    /// As `add`, of all events of a batch; for signals that take every event alike.
    pub fn add_all(&mut self, batch: &Batch<'_>) {
        match self {
            Signal::Counts(s) => {
                for (day, of) in batch.dates() {
                    s.note(of.len() as u32, Instant(batch.time[of.start]), Instant(batch.time[of.end - 1]), day);
                }
            }
            Signal::People(s) => {
                for (day, of) in batch.dates() {
                    batch.person[of].iter().for_each(|person| s.see(*person, day));
                }
            }
            _ => {}
        }
    }

    /// As `add`, of all events of one name on one date; for signals that only ask how many there were, and when.
    #[inline]
    pub fn add_tally(&mut self, name: u32, tally: Tally, day: Day) {
        match self {
            Signal::Counts(s) => s.note(tally.count, tally.first, tally.last, day),
            Signal::Names(s) => s.see(name, day),
            _ => {}
        }
    }

    /// Keeps all that columns are made of (`fill`), until it is let go.
    pub fn hold(&mut self, held: bool) {
        match self {
            Signal::Counts(s) => s.hold(held),
            Signal::Sums(s) => s.hold(held),
            Signal::Extremes(s) => s.hold(held),
            Signal::People(s) => s.hold(held),
            Signal::Names(s) => s.hold(held),
            Signal::Values(_) => {}
            Signal::Log(s) => s.hold(held),
        }
    }

    /// Readies itself for `fill`, all events being there.
    pub fn ready(&mut self) {
        if let Signal::Counts(counts) = self {
            counts.ready();
        }
    }

    /// For each date from one on the aggregate over the window that ends with it (or `offset` dates before); `days` None is all there ever was.
    /// NULL is NaN. The signal must be held, have all events up to the last of these dates, and be ready. False where this signal cannot tell so.
    pub fn fill(&self, aggregate: Aggregate, from: Day, days: Option<i32>, offset: i32, out: &mut [f64]) -> bool {
        match (self, aggregate) {
            (Signal::Counts(s), Aggregate::Count | Aggregate::Days | Aggregate::Ever | Aggregate::Since) => {
                s.fill(aggregate, from, days, offset, out);
            }
            (Signal::People(s), _) if offset == 0 => s.fill(from, days, out),
            (Signal::Names(s), _) if offset == 0 => s.fill(from, days, out),
            _ => return false,
        }
        true
    }

    /// Would `fill` make the same of all dates, however many? Where it is not known it would not.
    pub fn same(&self, aggregate: Aggregate, from: Day, days: Option<i32>, offset: i32) -> bool {
        match (self, aggregate) {
            (Signal::Counts(s), Aggregate::Count | Aggregate::Days | Aggregate::Ever) => s.same(aggregate, from, days, offset),
            (Signal::People(s), _) if offset == 0 => s.same(from, days),
            (Signal::Names(s), _) if offset == 0 => s.same(from, days),
            _ => false,
        }
    }

    /// The aggregate over a range of dates.
    pub fn over_dates(&self, aggregate: Aggregate, dates: Dates) -> Value {
        match (self, aggregate) {
            (Signal::Counts(s), Aggregate::Count) => Value::Number(s.count(dates) as f64),
            (Signal::Counts(s), Aggregate::Days) => Value::Number(s.days(dates) as f64),
            (Signal::Counts(s), Aggregate::Ever) => Value::Bool(s.count(dates) > 0),
            (Signal::Counts(s), Aggregate::FirstTime) => s.first().map_or(Value::Null, Value::Time),
            (Signal::Counts(s), Aggregate::LastTime) => s.last().map_or(Value::Null, Value::Time),
            (Signal::Sums(s), Aggregate::Sum(_)) => Value::number(s.sum(dates).0.to_f64()),
            (Signal::Sums(s), Aggregate::Avg(_)) => mean(s.sum(dates)),
            (Signal::Extremes(s), Aggregate::Min(_)) => s.min(dates),
            (Signal::Extremes(s), Aggregate::Max(_)) => s.max(dates),
            (Signal::Extremes(s), Aggregate::Last(_)) => s.last(dates),
            (Signal::People(s), Aggregate::People) => Value::Number(s.people(dates) as f64),
            (Signal::Names(s), Aggregate::Events) => Value::Number(s.names(dates) as f64),
            (Signal::Values(s), Aggregate::Distinct(_)) => Value::Number(s.values(dates) as f64),
            _ => Value::Null,
        }
    }

    /// The next date on which the aggregate over a window of dates may change by time alone, at the latest when an event of today would enter it.
    pub fn next_date(&self, window: Dates, today: Day) -> Day {
        let after = |day: Day| match self {
            Signal::Counts(s) => s.first_after(day),
            Signal::Sums(s) => s.first_after(day),
            Signal::Extremes(s) => s.first_after(day),
            Signal::People(s) => s.first_after(day),
            Signal::Names(s) => s.first_after(day),
            Signal::Values(s) => s.first_after(day),
            Signal::Log(_) => Some(today.0),
        };
        let (offset, days) = (today.0 - window.last.0, window.last.0 - window.after.0);
        let leaves = after(window.after).map_or(i32::MAX, |day| day + offset + days);
        let enters = if offset == 0 { i32::MAX } else { after(window.last).unwrap_or(today.0) + offset };
        Day(leaves.min(enters))
    }

    /// The aggregate over a range of instants; only a log can answer.
    pub fn over_instants(&self, aggregate: Aggregate, instants: Instants) -> Value {
        match self {
            Signal::Log(log) => log.aggregate(aggregate, instants),
            _ => Value::Null,
        }
    }

    /// Date of the last event.
    pub fn last_day(&self, calendar: &Calendar) -> Option<Day> {
        match self {
            Signal::Counts(s) => s.last().map(|t| calendar.day(t)),
            _ => None,
        }
    }

    /// Writes what it keeps.
    pub fn save(&self, w: &mut Writer<'_>) {
        match self {
            Signal::Counts(s) => s.save(w),
            Signal::Sums(s) => s.save(w),
            Signal::Extremes(s) => s.save(w),
            Signal::People(s) => s.save(w),
            Signal::Names(s) => s.save(w),
            Signal::Values(s) => s.save(w),
            Signal::Log(s) => s.save(w),
        }
    }

    /// Reads what a signal of the same need kept.
    pub fn restore(need: Need, horizon: Horizon, r: &mut Reader<'_>) -> Result<Signal, Broken> {
        Ok(match Signal::new(need, horizon) {
            Signal::Counts(s) => Signal::Counts(s.restore(r)?),
            Signal::Sums(s) => Signal::Sums(s.restore(r)?),
            Signal::Extremes(s) => Signal::Extremes(s.restore(r)?),
            Signal::People(s) => Signal::People(s.restore(r)?),
            Signal::Names(_) => Signal::Names(Names::restore(r)?),
            Signal::Values(s) => Signal::Values(s.restore(r)?),
            Signal::Log(s) => Signal::Log(Box::new(s.restore(r)?)),
        })
    }

    /// Bytes it takes beside its own struct.
    pub fn bytes(&self) -> usize {
        match self {
            Signal::Counts(s) => s.bytes(),
            Signal::Sums(s) => s.bytes(),
            Signal::Extremes(s) => s.bytes(),
            Signal::People(s) => s.bytes(),
            Signal::Names(s) => s.bytes(),
            Signal::Values(s) => s.bytes(),
            Signal::Log(s) => s.bytes(),
        }
    }
}

/// How far back a signal's metrics look; what is older is forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Horizon {
    /// In dates.
    pub days: i32,
    /// In microseconds; None looks back for ever.
    pub micros: Option<i64>,
}

/// A range of dates: after `after`, up to and with `last`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dates {
    pub after: Day,
    pub last: Day,
}

impl Dates {
    /// All dates up to one.
    pub fn up_to(last: Day) -> Dates {
        Dates { after: Day(i32::MIN), last }
    }

    /// `days` dates, the last `offset` before `today`.
    pub fn window(today: Day, days: i32, offset: i32) -> Dates {
        Dates { after: Day(today.0 - offset - days), last: Day(today.0 - offset) }
    }
}

/// A half-open range of instants [from, to).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instants {
    pub from: Instant,
    pub to: Instant,
}

/// The mean of a sum and a count, rounded once; NULL of nothing.
fn mean((sum, n): (Decimal, u64)) -> Value {
    if n == 0 { Value::Null } else { Value::number(sum.to_f64() / n as f64) }
}
