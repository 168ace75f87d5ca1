//! On which date each person was last seen: how many different persons a window has.

use std::collections::VecDeque;

use tenure_model::time::Day;

use super::Dates;
use super::counts::{restore_dates, save_dates};
use super::moves::{Moves, NEVER};
use crate::snapshot::{Broken, Reader, Saved, Writer};

/// The last date of each person by ordinal, and how many persons each recent date is the last of.
#[derive(Clone, Debug)]
pub(crate) struct People {
    horizon: i32,
    last: Vec<i32>,
    /// (date, persons last seen on it), ascending.
    dates: VecDeque<(i32, u32)>,
    ever: u32,
    /// What changes while columns are made of it.
    moves: Option<Box<Moves>>,
}

impl People {
    pub fn new(horizon: i32) -> People {
        People { horizon, last: Vec::new(), dates: VecDeque::new(), ever: 0, moves: None }
    }

    #[inline]
    pub fn see(&mut self, person: u32, today: Day) {
        if person == u32::MAX {
            return;
        }
        let person = person as usize;
        if person >= self.last.len() {
            self.last.resize(person + 1, NEVER);
        }
        let before = std::mem::replace(&mut self.last[person], today.0);
        if before == today.0 || self.moves.as_mut().is_some_and(|m| m.add(today, before)) {
            return;
        }
        if before == NEVER {
            self.ever += 1;
        } else if let Ok(i) = self.dates.binary_search_by_key(&before, |d| d.0) {
            self.dates[i].1 -= 1;
        }
        self.count(today.0, 1);
    }

    /// Counts persons who were last seen on a date, which is no earlier than those counted before.
    fn count(&mut self, day: i32, persons: u32) {
        match self.dates.back_mut() {
            Some((last, n)) if *last == day => *n += persons,
            _ => {
                while self.dates.front().is_some_and(|d| d.0 <= day - self.horizon) {
                    self.dates.pop_front();
                }
                self.dates.push_back((day, persons));
            }
        }
    }

    /// Notes every change until further notice; only then the dates are counted.
    pub fn hold(&mut self, held: bool) {
        let mut moves = self.moves.take().unwrap_or_default();
        if held {
            moves.begin(self.dates.iter().copied(), self.ever);
        } else {
            self.settle(moves.end());
        }
        self.moves = Some(moves);
    }

    /// Counts what moved while it was held, as `see` would have one by one.
    fn settle(&mut self, moves: &[(i32, i32)]) {
        let Some((last, _)) = moves.last() else { return };
        for of_date in moves.chunk_by(|a, b| a.0 == b.0) {
            self.count(of_date[0].0, of_date.len() as u32);
        }
        // By date after those that are forgotten: how many were seen again later.
        let forgotten = last - self.horizon;
        let mut left = vec![0; self.horizon as usize + 1];
        for (_, before) in moves {
            if *before == NEVER {
                self.ever += 1;
            } else if let Some(left) = left.get_mut((before - forgotten) as usize) {
                *left += 1;
            }
        }
        for (day, count) in &mut self.dates {
            *count -= left.get((*day - forgotten) as usize).copied().unwrap_or(0);
        }
    }

    /// As `Moves::same`.
    pub fn same(&self, from: Day, days: Option<i32>) -> bool {
        self.moves.as_ref().is_some_and(|m| m.same(from, days))
    }

    /// As `Moves::fill`.
    pub fn fill(&self, from: Day, days: Option<i32>, out: &mut [f64]) {
        self.moves.iter().for_each(|m| m.fill(from, days, out));
    }

    /// Different persons after a date up to the present; `dates.last` must be the present date.
    pub fn people(&self, dates: Dates) -> u32 {
        if dates.after.0 == i32::MIN {
            return self.ever;
        }
        self.dates.iter().rev().take_while(|d| d.0 > dates.after.0).map(|d| d.1).sum()
    }

    /// The first date after one that events were counted on.
    #[inline]
    pub fn first_after(&self, day: Day) -> Option<i32> {
        match self.dates.front() {
            Some(d) if d.0 > day.0 => Some(d.0),
            _ => self.dates.get(self.dates.partition_point(|d| d.0 <= day.0)).map(|d| d.0),
        }
    }

    pub fn bytes(&self) -> usize {
        self.last.capacity() * 4 + self.dates.capacity() * 8
    }
}

impl People {
    pub fn save(&self, w: &mut Writer<'_>) {
        save_last(&self.last, w);
        save_dates(&self.dates, w);
        self.ever.save(w);
    }

    pub fn restore(mut self, r: &mut Reader<'_>) -> Result<People, Broken> {
        self.last = restore_last(r)?;
        self.dates = restore_dates(r)?;
        self.ever = u32::restore(r)?;
        Ok(self)
    }
}

/// Last dates, of which some never were.
pub(super) fn save_last(last: &[i32], w: &mut Writer<'_>) {
    w.length(last.len());
    for day in last {
        if *day == NEVER {
            w.byte(0);
        } else {
            w.byte(1);
            Day(*day).save(w);
        }
    }
}

/// As `save_last` wrote them.
pub(super) fn restore_last(r: &mut Reader<'_>) -> Result<Vec<i32>, Broken> {
    let last: Vec<Option<Day>> = Vec::restore(r)?;
    Ok(last.into_iter().map(|day| day.map_or(NEVER, |d| d.0)).collect())
}
