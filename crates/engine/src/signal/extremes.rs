//! The least, greatest and last value of a property on each date.

use std::cmp::Ordering;
use std::collections::VecDeque;

use tenure_model::Value;
use tenure_model::time::{Day, Instant};

use super::{Dates, Seen};
use crate::snapshot::{Broken, Reader, Saved, Writer};

#[derive(Clone, Debug)]
struct OnDate {
    day: i32,
    min: Value,
    max: Value,
    last: (Instant, Value),
}

/// Sparse dates with their extremes; what is older than the horizon is one date at the front.
#[derive(Clone, Debug)]
pub(crate) struct Extremes {
    horizon: i32,
    /// While columns are made of it nothing is forgotten, and this is all there was before.
    held: Option<Option<OnDate>>,
    dates: VecDeque<OnDate>,
    /// All there ever was, for windows without a beginning.
    ever: Option<OnDate>,
}

impl Extremes {
    pub fn new(horizon: i32) -> Extremes {
        Extremes { horizon, held: None, dates: VecDeque::new(), ever: None }
    }

    pub fn add(&mut self, e: Seen<'_>) {
        if e.value.is_null() {
            return;
        }
        let one = OnDate { day: e.day.0, min: e.value.clone(), max: e.value.clone(), last: (e.time, e.value.clone()) };
        match &mut self.ever {
            None => self.ever = Some(one.clone()),
            Some(all) => all.join(&one),
        }
        match self.dates.back_mut() {
            Some(back) if back.day == e.day.0 => back.join(&one),
            _ => {
                while self.held.is_none() && self.dates.front().is_some_and(|d| d.day <= e.day.0 - self.horizon) {
                    self.dates.pop_front();
                }
                self.dates.push_back(one);
            }
        }
    }

    /// Forgets nothing until further notice.
    pub fn hold(&mut self, held: bool) {
        self.held = held.then(|| self.ever.clone());
    }

    fn within(&self, dates: Dates) -> Option<OnDate> {
        if dates.after.0 == i32::MIN {
            let Some(before) = &self.held else { return self.ever.clone() };
            let mut all = before.clone();
            for date in self.dates.iter().filter(|d| d.day <= dates.last.0) {
                match &mut all {
                    None => all = Some(date.clone()),
                    Some(all) => all.join(date),
                }
            }
            return all;
        }
        let mut within = self.dates.iter().filter(|d| d.day > dates.after.0 && d.day <= dates.last.0);
        let mut all = within.next()?.clone();
        within.for_each(|d| all.join(d));
        Some(all)
    }

    pub fn min(&self, dates: Dates) -> Value {
        self.within(dates).map_or(Value::Null, |d| d.min)
    }

    pub fn max(&self, dates: Dates) -> Value {
        self.within(dates).map_or(Value::Null, |d| d.max)
    }

    pub fn last(&self, dates: Dates) -> Value {
        self.within(dates).map_or(Value::Null, |d| d.last.1)
    }

    /// The first date after one that events were counted on.
    #[inline]
    pub fn first_after(&self, day: Day) -> Option<i32> {
        match self.dates.front() {
            Some(d) if d.day > day.0 => Some(d.day),
            _ => self.dates.get(self.dates.partition_point(|d| d.day <= day.0)).map(|d| d.day),
        }
    }

    pub fn bytes(&self) -> usize {
        self.dates.capacity() * size_of::<OnDate>()
    }
}

impl OnDate {
    fn join(&mut self, other: &OnDate) {
        if other.min.compare(&self.min) == Some(Ordering::Less) {
            self.min = other.min.clone();
        }
        if other.max.compare(&self.max) == Some(Ordering::Greater) {
            self.max = other.max.clone();
        }
        if later(&other.last, &self.last) {
            self.last = other.last.clone();
        }
    }
}

/// Is `a` later than `b`? At one instant the greater value is the later, so that the order of arrival decides nothing.
pub(super) fn later(a: &(Instant, Value), b: &(Instant, Value)) -> bool {
    a.0 > b.0 || (a.0 == b.0 && a.1.compare(&b.1) == Some(Ordering::Greater))
}

impl Extremes {
    pub fn save(&self, w: &mut Writer<'_>) {
        self.dates.save(w);
        self.ever.save(w);
    }

    pub fn restore(mut self, r: &mut Reader<'_>) -> Result<Extremes, Broken> {
        self.dates = VecDeque::restore(r)?;
        self.ever = Option::restore(r)?;
        Ok(self)
    }
}

impl Saved for OnDate {
    fn save(&self, w: &mut Writer<'_>) {
        Day(self.day).save(w);
        self.last.0.save(w);
        self.min.save(w);
        // On most dates there is one value, or one after the other.
        let others = [&self.max, &self.last.1];
        w.byte(u8::from(others[0].same(&self.min)) | u8::from(others[1].same(&self.min)) << 1);
        others.into_iter().filter(|v| !v.same(&self.min)).for_each(|v| v.save(w));
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        let (day, at, min) = (Day::restore(r)?.0, Instant::restore(r)?, Value::restore(r)?);
        let same = r.byte()?;
        let mut other = |bit: u8| if same & bit != 0 { Ok(min.clone()) } else { Value::restore(r) };
        let (max, last) = (other(1)?, other(2)?);
        Ok(OnDate { day, min, max, last: (at, last) })
    }
}
