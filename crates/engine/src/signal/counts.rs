//! How many events on each date, and when the first and the last came.

use std::collections::VecDeque;

use tenure_model::definition::Aggregate;
use tenure_model::time::{Day, Instant};

use super::Dates;
use crate::snapshot::{Broken, Reader, Saved, Writer};

/// Sparse dates with cumulative counts: a window's count is one difference, its dates one difference of positions.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    horizon: i32,
    /// Nothing is forgotten while columns are made of it.
    held: bool,
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
        Counts { horizon, held: false, dates: VecDeque::new(), forgotten: (0, 0), total: 0, first: Instant::NEVER, last: Instant::MIN }
    }

    /// Notes events of one date, the first and the last of them at these instants. Of one date those come first whose first event did.
    #[inline]
    pub fn note(&mut self, count: u32, first: Instant, last: Instant, day: Day) {
        self.total = self.total.saturating_add(count);
        if self.first == Instant::NEVER {
            self.first = first;
        }
        self.last = self.last.max(last);
        match self.dates.back_mut() {
            Some((last, n)) if *last == day.0 => *n = self.total,
            _ => {
                while !self.held && self.dates.front().is_some_and(|(kept, _)| *kept <= day.0 - self.horizon) {
                    if let Some((_, n)) = self.dates.pop_front() {
                        self.forgotten = (n, self.forgotten.1 + 1);
                    }
                }
                self.dates.push_back((day.0, self.total));
            }
        }
    }

    /// (events, dates) up to and with a date.
    #[inline]
    fn up_to(&self, day: Day) -> (u32, u32) {
        match (self.dates.front(), self.dates.back()) {
            (_, Some((last, n))) if *last <= day.0 => return (*n, self.forgotten.1 + self.dates.len() as u32),
            (Some((first, _)), _) if *first <= day.0 => {}
            _ => return self.forgotten,
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

    /// Forgets nothing until further notice.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// Readies itself for `fill`, all events being there.
    pub fn ready(&mut self) {
        self.dates.make_contiguous();
    }

    /// For each date from one on: the aggregate over the window that ends `offset` dates before it; `days` None is all there ever was.
    /// For `since` the number of dates since the last event; NaN without any.
    pub fn fill(&self, aggregate: Aggregate, from: Day, days: Option<i32>, offset: i32, out: &mut [f64]) {
        let first = from.0 - offset;
        match aggregate {
            Aggregate::Since => self.fill_since(first, out),
            Aggregate::Days => self.fill_sums(first, days, out, f64::from(self.forgotten.1), |_| 1.0),
            _ => self.fill_sums(first, days, out, f64::from(self.forgotten.0), f64::from),
        }
        if aggregate == Aggregate::Ever {
            out.iter_mut().for_each(|x| *x = if *x > 0.0 { 1.0 } else { 0.0 });
        }
    }

    /// Would `fill` make the same of all dates? No event comes into a window then, or goes out of it.
    pub fn same(&self, aggregate: Aggregate, from: Day, days: Option<i32>, offset: i32) -> bool {
        let counted = (from.0 - offset).saturating_sub(days.unwrap_or(0));
        aggregate != Aggregate::Since && self.dates.back().is_none_or(|d| d.0 <= counted)
    }

    /// What the events of each date make, summed over the dates of a window, for each date from `first` on. A date comes when it enters the
    /// window and goes when it leaves it: what comes and goes sums up to what is there.
    fn fill_sums(&self, first: i32, days: Option<i32>, out: &mut [f64], forgotten: f64, of: impl Fn(u32) -> f64) {
        let dates = self.dates.as_slices().0;
        let start = days.map_or(0, |days| dates.partition_point(|d| d.0 <= first.saturating_sub(days)));
        if start == dates.len() {
            out.fill(if days.is_none() { forgotten } else { 0.0 });
            return;
        }
        let mut before = if start == 0 { self.forgotten.0 } else { dates[start - 1].1 };
        let mut within = if days.is_none() { forgotten } else { 0.0 };
        out.fill(0.0);
        for (day, upto) in &dates[start..] {
            let made = of(upto - before);
            before = *upto;
            if *day <= first {
                within += made;
            } else if let Some(on) = out.get_mut((*day - first) as usize) {
                *on += made;
            } else {
                break;
            }
            if let Some(on) = days.and_then(|days| out.get_mut((day.saturating_add(days) - first) as usize)) {
                *on -= made;
            }
        }
        for on in out {
            within += *on;
            *on = within;
        }
    }

    fn fill_since(&self, first: i32, out: &mut [f64]) {
        let dates = self.dates.as_slices().0;
        let mut next = dates.partition_point(|d| d.0 < first);
        for (today, out) in (first..).zip(out) {
            next += usize::from(dates.get(next).is_some_and(|d| d.0 <= today));
            *out = next.checked_sub(1).map_or(f64::NAN, |last| f64::from(today - dates[last].0));
        }
    }

    pub fn first(&self) -> Option<Instant> {
        (self.total > 0).then_some(self.first)
    }

    pub fn last(&self) -> Option<Instant> {
        (self.total > 0).then_some(self.last)
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
        self.dates.capacity() * 8
    }
}

impl Counts {
    pub fn save(&self, w: &mut Writer<'_>) {
        self.forgotten.save(w);
        self.total.save(w);
        self.first.save(w);
        self.last.save(w);
        save_dates(&self.dates, w);
    }

    pub fn restore(mut self, r: &mut Reader<'_>) -> Result<Counts, Broken> {
        self.forgotten = Saved::restore(r)?;
        self.total = u32::restore(r)?;
        self.first = Instant::restore(r)?;
        self.last = Instant::restore(r)?;
        self.dates = restore_dates(r)?;
        Ok(self)
    }
}

/// Dates with numbers, each as its difference from the one before.
pub(super) fn save_dates(dates: &VecDeque<(i32, u32)>, w: &mut Writer<'_>) {
    w.length(dates.len());
    let mut before = None;
    for (day, n) in dates {
        match before {
            None => Day(*day).save(w),
            Some((before, _)) => w.signed(i64::from(*day) - i64::from(before)),
        }
        w.signed(i64::from(*n) - before.map_or(0, |b| i64::from(b.1)));
        before = Some((*day, *n));
    }
}

/// As `save_dates` wrote them.
pub(super) fn restore_dates(r: &mut Reader<'_>) -> Result<VecDeque<(i32, u32)>, Broken> {
    let n = r.length()?;
    let mut dates = VecDeque::with_capacity(n.min(1_024));
    let (mut day, mut count) = (0i64, 0i64);
    for i in 0..n {
        day = if i == 0 { i64::from(Day::restore(r)?.0) } else { day.wrapping_add(r.signed()?) };
        count = count.wrapping_add(r.signed()?);
        let one = i32::try_from(day).ok().zip(u32::try_from(count).ok());
        dates.push_back(one.ok_or(Broken("a date or a count is out of range"))?);
    }
    Ok(dates)
}
