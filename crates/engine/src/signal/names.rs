//! On which date each name of a list was last used: how many different ones a window has.

use super::{Dates, Seen};

/// The last date of each name, by its position in the metric's list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    last: Vec<i32>,
}

impl Names {
    #[inline]
    pub fn add(&mut self, e: Seen<'_>) {
        let name = e.name as usize;
        if name >= self.last.len() {
            self.last.resize(name + 1, i32::MIN);
        }
        self.last[name] = e.day.0;
    }

    /// Different names after a date up to the present; `dates.last` must be the present date.
    pub fn names(&self, dates: Dates) -> usize {
        self.last.iter().filter(|day| **day > dates.after.0).count()
    }

    pub fn bytes(&self) -> usize {
        self.last.capacity() * 4
    }
}
