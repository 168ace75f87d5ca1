//! On which date each name of a list was last used: how many different ones a window has.

use tenure_model::time::Day;

use super::Dates;
use super::moves::{Moves, NEVER};
use super::people::{restore_last, save_last};
use crate::snapshot::{Broken, Reader, Writer};

/// The last date of each name, by its position in the metric's list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    last: Vec<i32>,
    /// What changes while columns are made of it.
    moves: Option<Box<Moves>>,
}

impl Names {
    #[inline]
    pub fn see(&mut self, name: u32, today: Day) {
        let name = name as usize;
        if name >= self.last.len() {
            self.last.resize(name + 1, NEVER);
        }
        let before = std::mem::replace(&mut self.last[name], today.0);
        if before != today.0
            && let Some(moves) = &mut self.moves
        {
            moves.add(today, before);
        }
    }

    /// Notes every change until further notice.
    pub fn hold(&mut self, held: bool) {
        let moves = self.moves.get_or_insert_default();
        if held {
            let seen = || self.last.iter().filter(|d| **d != NEVER);
            moves.begin(seen().map(|d| (*d, 1)), seen().count() as u32);
        } else {
            moves.end();
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

    /// Different names after a date up to the present; `dates.last` must be the present date.
    pub fn names(&self, dates: Dates) -> usize {
        self.last.iter().filter(|day| **day > dates.after.0).count()
    }

    /// The first date after one that is some name's last.
    pub fn first_after(&self, day: Day) -> Option<i32> {
        self.last.iter().copied().filter(|d| *d > day.0).min()
    }

    pub fn bytes(&self) -> usize {
        self.last.capacity() * 4
    }
}

impl Names {
    pub fn save(&self, w: &mut Writer<'_>) {
        save_last(&self.last, w);
    }

    pub fn restore(r: &mut Reader<'_>) -> Result<Names, Broken> {
        Ok(Names { last: restore_last(r)?, moves: None })
    }
}
