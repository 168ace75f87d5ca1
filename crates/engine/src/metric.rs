//! The value of a metric at an instant, from its signal or its expression, and when time alone changes it next.

use tenure_model::definition::{Aggregate, ColumnId, Window};
use tenure_model::time::{Day, Instant};
use tenure_model::{Calendar, Program, Value};

use crate::signal::{Dates, Instants, Signal};

/// The instant a row is evaluated at.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub t: Instant,
    pub today: Day,
    pub calendar: &'a Calendar,
    /// The date `since` counts from without any event.
    pub started: Option<Day>,
}

/// The value of a metric of events, and when time alone may change it (beside midnight).
pub(crate) fn of_events(signal: &Signal, aggregate: Aggregate, window: Window, row: &[Value], m: &Moment<'_>) -> (Value, i64) {
    let value = match window {
        Window::Lifetime if aggregate == Aggregate::Since => {
            let from = signal.last_day(m.calendar).or(m.started);
            from.map_or(Value::Null, |day| Value::Number(f64::from(m.today.0 - day.0)))
        }
        Window::Lifetime => signal.over_dates(aggregate, Dates::up_to(m.today)),
        Window::Days { days, offset } => match signal {
            Signal::Log(_) => {
                let last = m.today.0 - offset;
                let range = Instants { from: m.calendar.midnight(Day(last - days + 1)), to: m.calendar.midnight(Day(last + 1)) };
                signal.over_instants(aggregate, range)
            }
            _ => {
                let dates = Dates::window(m.today, days, offset);
                return (signal.over_dates(aggregate, dates), m.calendar.midnight(signal.next_date(dates, m.today)).0);
            }
        },
        Window::Exact { micros, offset } => {
            let range = Instants { from: m.t.plus(1 - offset - micros), to: m.t.plus(1 - offset) };
            let next = |back: i64| match signal {
                Signal::Log(log) => log.first_after(m.t.plus(-back)).map_or(i64::MAX, |e| e.0.saturating_add(back)),
                _ => i64::MAX,
            };
            let wake = next(offset + micros).min(if offset > 0 { next(offset) } else { i64::MAX });
            return (signal.over_instants(aggregate, range), wake);
        }
        Window::From { .. } | Window::Before { .. } => match range(window, row, m) {
            Some(range) => signal.over_instants(aggregate, range),
            None => Value::Null,
        },
    };
    (value, i64::MAX)
}

/// The instants [from, to) that a window covers now; None while its anchor is not known.
pub(crate) fn range(window: Window, row: &[Value], m: &Moment<'_>) -> Option<Instants> {
    let anchor = |column: ColumnId| row.get(column as usize).and_then(|v| v.as_instant(m.calendar));
    let until = m.t.next();
    Some(match window {
        Window::Lifetime => Instants { from: Instant::MIN, to: until },
        Window::Days { days, offset } => {
            let last = m.today.0 - offset;
            Instants { from: m.calendar.midnight(Day(last - days + 1)), to: m.calendar.midnight(Day(last + 1)).min(until) }
        }
        Window::Exact { micros, offset } => Instants { from: m.t.plus(1 - offset - micros), to: m.t.plus(1 - offset) },
        Window::From { anchor: column, length } => {
            let from = anchor(column)?;
            Instants { from, to: length.map_or(until, |l| m.calendar.add(from, l, 1).min(until)) }
        }
        Window::Before { anchor: column, length } => {
            let to = anchor(column)?;
            Instants { from: m.calendar.add(to, length, -1), to: to.min(until) }
        }
    })
}

/// The value of an expression, and when time alone may change it.
#[inline]
pub(crate) fn of_program(program: &Program, row: &[Value], t: Instant) -> (Value, i64) {
    (program.eval(row, t), wake(program, row, t))
}

/// When time alone may change a program's value.
#[inline]
pub(crate) fn wake(program: &Program, row: &[Value], t: Instant) -> i64 {
    if program.reads_now() { program.next_change(row, t).0 } else { i64::MAX }
}
