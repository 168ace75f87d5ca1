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
        let before = self.last[person];
        if before == today.0 {
            return;
        }
        self.last[person] = today.0;
        if let Some(moves) = &mut self.moves {
            moves.add(today, before);
        }
        if before == NEVER {
            self.ever += 1;
        } else if let Ok(i) = self.dates.binary_search_by_key(&before, |d| d.0) {
            self.dates[i].1 -= 1;
        }
        match self.dates.back_mut() {
            Some((day, n)) if *day == today.0 => *n += 1,
            _ => {
                while self.dates.front().is_some_and(|d| d.0 <= today.0 - self.horizon) {
                    self.dates.pop_front();
                }
                self.dates.push_back((today.0, 1));
            }
        }
    }

    /// Notes every change until further notice.
    pub fn hold(&mut self, held: bool) {
        self.moves = held.then(|| Box::new(Moves::new(self.dates.iter().copied().collect(), self.ever)));
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
