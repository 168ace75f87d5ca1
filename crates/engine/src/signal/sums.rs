//! Sums of a property on each date, exact.

use std::collections::VecDeque;

use tenure_model::Decimal;
use tenure_model::time::Day;

use super::{Dates, Seen};
use crate::snapshot::{Broken, Reader, Saved, Writer};

/// Sparse dates with cumulative sums and counts of the events that had the property.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    horizon: i32,
    held: bool,
    dates: VecDeque<(i32, Decimal, u64)>,
    forgotten: (Decimal, u64),
    total: (Decimal, u64),
}

impl Sums {
    pub fn new(horizon: i32) -> Sums {
        Sums { horizon, held: false, dates: VecDeque::new(), forgotten: Default::default(), total: Default::default() }
    }

    pub fn add(&mut self, e: Seen<'_>) {
        let Some(x) = e.value.as_number() else { return };
        self.total.0 += Decimal::from_f64(x);
        self.total.1 += 1;
        if let Some(back) = self.dates.back_mut()
            && back.0 == e.day.0
        {
            (back.1, back.2) = self.total;
            return;
        }
        while !self.held && self.dates.front().is_some_and(|d| d.0 <= e.day.0 - self.horizon) {
            if let Some((_, sum, n)) = self.dates.pop_front() {
                self.forgotten = (sum, n);
            }
        }
        self.dates.push_back((e.day.0, self.total.0, self.total.1));
    }

    /// Forgets nothing until further notice.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }

    fn up_to(&self, day: Day) -> (Decimal, u64) {
        let i = self.dates.partition_point(|d| d.0 <= day.0);
        if i == 0 { self.forgotten } else { (self.dates[i - 1].1, self.dates[i - 1].2) }
    }

    /// (sum, how many).
    pub fn sum(&self, dates: Dates) -> (Decimal, u64) {
        let (sum, n) = self.up_to(dates.last);
        if dates.after.0 == i32::MIN {
            return (sum, n);
        }
        let (before, m) = self.up_to(dates.after);
        (sum - before, n - m)
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
        self.dates.capacity() * size_of::<(i32, Decimal, u64)>()
    }
}

impl Sums {
    pub fn save(&self, w: &mut Writer<'_>) {
        self.forgotten.save(w);
        w.length(self.dates.len());
        let mut before = (self.forgotten.0, self.forgotten.1);
        for (day, sum, n) in &self.dates {
            Day(*day).save(w);
            (*sum - before.0).save(w);
            w.signed((*n).wrapping_sub(before.1) as i64);
            before = (*sum, *n);
        }
        (self.total.0 - before.0).save(w);
        w.signed(self.total.1.wrapping_sub(before.1) as i64);
    }

    pub fn restore(mut self, r: &mut Reader<'_>) -> Result<Sums, Broken> {
        self.forgotten = Saved::restore(r)?;
        let (mut sum, mut n) = self.forgotten;
        for _ in 0..r.length()? {
            let day = Day::restore(r)?.0;
            sum += Decimal::restore(r)?;
            n = n.wrapping_add(r.signed()? as u64);
            self.dates.push_back((day, sum, n));
        }
        self.total = (sum + Decimal::restore(r)?, n.wrapping_add(r.signed()? as u64));
        Ok(self)
    }
}
