//! How many events on each date, and when the first and the last came.

use std::collections::VecDeque;

use tenure_model::time::{Day, Instant};

use super::{Dates, Seen};

/// Sparse dates with cumulative counts: a window's count is one difference, its dates one difference of positions.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    horizon: i32,
    /// (date, events up to and with it).
    dates: VecDeque<(i32, u32)>,
    /// Events and dates that were forgotten.
    forgotten: (u32, u32),
    total: u32,
    first: Instant,
    last: Instant,
}

impl Counts {
    pub fn new(horizon: i32) -> Counts {
        Counts { horizon, dates: VecDeque::new(), forgotten: (0, 0), total: 0, first: Instant::NEVER, last: Instant::MIN }
    }

    #[inline]
    pub fn add(&mut self, e: Seen<'_>) {
        self.total = self.total.saturating_add(1);
        if self.first == Instant::NEVER {
            self.first = e.time;
        }
        self.last = e.time;
        match self.dates.back_mut() {
            Some((day, n)) if *day == e.day.0 => *n = self.total,
            _ => {
                while self.dates.front().is_some_and(|(day, _)| *day <= e.day.0 - self.horizon) {
                    if let Some((_, n)) = self.dates.pop_front() {
                        self.forgotten = (n, self.forgotten.1 + 1);
                    }
                }
                self.dates.push_back((e.day.0, self.total));
            }
        }
    }

    /// (events, dates) up to and with a date.
    #[inline]
    fn up_to(&self, day: Day) -> (u32, u32) {
        match self.dates.back() {
            None => return self.forgotten,
            Some((last, n)) if *last <= day.0 => return (*n, self.forgotten.1 + self.dates.len() as u32),
            _ => {}
        }
        let i = self.dates.partition_point(|(d, _)| *d <= day.0);
        if i == 0 { self.forgotten } else { (self.dates[i - 1].1, self.forgotten.1 + i as u32) }
    }

    pub fn count(&self, dates: Dates) -> u32 {
        if dates.after.0 == i32::MIN {
            return self.up_to(dates.last).0;
        }
        self.up_to(dates.last).0 - self.up_to(dates.after).0
    }

    pub fn days(&self, dates: Dates) -> u32 {
        if dates.after.0 == i32::MIN {
            return self.up_to(dates.last).1;
        }
        self.up_to(dates.last).1 - self.up_to(dates.after).1
    }

    pub fn first(&self) -> Option<Instant> {
        (self.total > 0).then_some(self.first)
    }

    pub fn last(&self) -> Option<Instant> {
        (self.total > 0).then_some(self.last)
    }

    pub fn bytes(&self) -> usize {
        self.dates.capacity() * 8
    }
}
