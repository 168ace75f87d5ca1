//! Of which dates the past is asked, and up to when it is known what came.

use std::ops::Range;

use tenure_model::Calendar;
use tenure_model::time::{Day, Instant, Span};

use crate::timeline::Stay;

/// What is asked of the past.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Counts days.
    pub calendar: Calendar,
    /// The first date.
    pub from: Day,
    /// The last date.
    pub to: Day,
    /// Within so many days after a sign the outcome must come.
    pub horizon: i32,
    /// What comes after it is not known.
    pub known: Instant,
    /// Of the period's dates whose horizon is known: the last instant, and the end of the horizon that begins there.
    dates: Vec<(Instant, Instant)>,
}

impl Terms {
    /// Of a period, a horizon in days, and up to when it is known what came.
    pub fn new(calendar: Calendar, from: Day, to: Day, horizon: i32, known: Instant) -> Terms {
        let mut terms = Terms { calendar, from, to, horizon, known, dates: Vec::new() };
        let ends = (from.0..=to.0).map(|day| terms.calendar.last_instant(Day(day))).map(|end| (end, terms.horizon(end)));
        terms.dates = ends.take_while(|(_, horizon)| *horizon <= known).collect();
        terms
    }

    /// Weeks of the period.
    pub fn weeks(&self) -> f64 {
        f64::from(self.to.0 - self.from.0 + 1) / 7.0
    }

    /// The end of the horizon that begins at an instant.
    pub fn horizon(&self, at: Instant) -> Instant {
        self.calendar.add(at, Span::Days(self.horizon), 1)
    }

    /// Is all of the horizon known that begins at an instant?
    pub fn is_known(&self, at: Instant) -> bool {
        self.horizon(at) <= self.known
    }

    /// Is an instant within the period?
    pub fn covers(&self, at: Instant) -> bool {
        self.calendar.midnight(self.from) <= at && at <= self.calendar.last_instant(self.to)
    }

    /// How many of the period's dates have a horizon that is known.
    pub fn dates(&self) -> usize {
        self.dates.len()
    }

    /// The numbers of those at whose end a stay lasted.
    pub fn during(&self, stay: &Stay) -> Range<usize> {
        self.ends_before(stay.from)..self.ends_before(stay.until)
    }

    /// The numbers of those that an instant followed within the horizon.
    pub fn followed_by(&self, outcome: Instant) -> Range<usize> {
        self.dates.partition_point(|(_, horizon)| *horizon < outcome)..self.ends_before(outcome)
    }

    /// How many of them ended before an instant: those before its own date.
    fn ends_before(&self, at: Instant) -> usize {
        match (self.dates.first(), self.dates.last()) {
            (Some((first, _)), Some((last, _))) if *first < at && at <= *last => (self.calendar.day(at).0 - self.from.0) as usize,
            (Some((first, _)), _) if *first < at => self.dates.len(),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_that_ended_before_an_instant() {
        // Clocks go forward on 31 March and back on 27 October.
        let calendar = Calendar::named("Europe/Berlin").expect("a time zone");
        let (from, to) = (Day(19_780), Day(20_040));
        let terms = Terms::new(calendar.clone(), from, to, 30, Instant::NEVER);
        assert_eq!(terms.dates(), 261);
        for end in terms.dates.iter().map(|(end, _)| *end) {
            for at in [-1, 0, 1, 3_600_000_000].map(|micros| end.plus(micros)) {
                assert_eq!(terms.ends_before(at), terms.dates.partition_point(|(end, _)| *end < at), "{at:?}");
            }
        }
        assert_eq!((terms.ends_before(Instant::MIN), terms.ends_before(Instant::NEVER)), (0, 261));
    }
}
