//! On which date each value of a property was last seen: how many different values a window has.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;
use tenure_model::Value;
use tenure_model::time::Day;

use super::{Dates, Horizon, Seen};
use crate::snapshot::{Broken, Reader, Saved, Writer};

/// The last date of each value, and how many values each recent date is the last of.
///
/// Values are kept as they are: one entry and, of text, its bytes for each different value that some window can still see.
#[derive(Clone, Debug)]
pub(crate) struct Values {
    horizon: Horizon,
    last: FxHashMap<Value, i32>,
    /// (date, values last seen on it), ascending.
    dates: VecDeque<(i32, usize)>,
}

impl Values {
    pub fn new(horizon: Horizon) -> Values {
        Values { horizon, last: FxHashMap::default(), dates: VecDeque::new() }
    }

    pub fn add(&mut self, e: Seen<'_>) {
        if e.value.is_null() {
            return;
        }
        let day = e.day.0;
        match self.last.get_mut(e.value) {
            Some(before) if *before == day => return,
            Some(before) => {
                if let Ok(i) = self.dates.binary_search_by_key(before, |d| d.0) {
                    self.dates[i].1 -= 1;
                }
                *before = day;
            }
            None => {
                self.last.insert(e.value.clone(), day);
            }
        }
        match self.dates.back_mut() {
            Some((last, n)) if *last == day => *n += 1,
            _ => {
                self.forget(day - self.horizon.days);
                self.dates.push_back((day, 1));
            }
        }
    }

    /// Forgets dates up to and with this one, and what was last seen on them, unless some window looks back for ever.
    fn forget(&mut self, day: i32) {
        let mut gone = 0;
        while let Some((_, n)) = self.dates.pop_front_if(|d| d.0 <= day) {
            gone += n;
        }
        if gone > 0 && self.horizon.micros.is_some() {
            self.last.retain(|_, last| *last > day);
        }
    }

    /// Different values after a date up to the present; `dates.last` must be the present date.
    pub fn values(&self, dates: Dates) -> usize {
        if dates.after.0 == i32::MIN {
            return self.last.len();
        }
        self.dates.iter().rev().take_while(|d| d.0 > dates.after.0).map(|d| d.1).sum()
    }

    /// The first date after one that some value was last seen on.
    pub fn first_after(&self, day: Day) -> Option<i32> {
        self.dates.iter().map(|d| d.0).find(|d| *d > day.0)
    }

    pub fn bytes(&self) -> usize {
        let text: usize = self.last.keys().filter_map(Value::as_text).map(str::len).sum();
        self.last.capacity() * size_of::<(Value, i32)>() + text + self.dates.capacity() * size_of::<(i32, usize)>()
    }
}

impl Values {
    pub fn save(&self, w: &mut Writer<'_>) {
        w.length(self.last.len());
        for (value, day) in &self.last {
            value.save(w);
            Day(*day).save(w);
        }
        self.dates.iter().map(|(day, n)| (Day(*day), *n)).collect::<Vec<_>>().save(w);
    }

    pub fn restore(mut self, r: &mut Reader<'_>) -> Result<Values, Broken> {
        let last: Vec<(Value, Day)> = Vec::restore(r)?;
        self.last = last.into_iter().map(|(value, day)| (value, day.0)).collect();
        let dates: Vec<(Day, usize)> = Vec::restore(r)?;
        self.dates = dates.into_iter().map(|(day, n)| (day.0, n)).collect();
        Ok(self)
    }
}
