//! Who was last seen when, as it changed over a span of dates: how many different ones the window of each date has.

use tenure_model::time::Day;

/// Never seen.
pub(super) const NEVER: i32 = i32::MIN;

/// How it stood when the span began, and every move from one last date to a later one since.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moves {
    held: bool,
    /// (date, how many were last seen on it).
    start: Vec<(i32, u32)>,
    /// How many were ever seen.
    ever: u32,
    /// (date, last date before that), in order.
    moves: Vec<(i32, i32)>,
}

impl Moves {
    /// A span begins: moves are noted until it ends.
    pub fn begin(&mut self, start: impl Iterator<Item = (i32, u32)>, ever: u32) {
        (self.held, self.ever) = (true, ever);
        self.start.clear();
        self.start.extend(start);
        self.moves.clear();
    }

    /// The span is over. Its moves.
    pub fn end(&mut self) -> &[(i32, i32)] {
        self.held = false;
        &self.moves
    }

    /// Notes a move, within a span. Was it?
    #[inline]
    pub fn add(&mut self, day: Day, before: i32) -> bool {
        if self.held {
            self.moves.push((day.0, before));
        }
        self.held
    }

    /// Would `fill` make the same of all dates? Nobody is seen then, or was within the window.
    pub fn same(&self, from: Day, days: Option<i32>) -> bool {
        self.moves.is_empty() && days.is_none_or(|days| self.start.iter().all(|s| s.0 <= from.0 - days))
    }

    /// For each date from one on: how many different ones in the `days` dates up to it; None is all there ever were.
    ///
    /// One that is seen on a date counts on it and the `days - 1` after it, but for those on which it counted already: it comes on the first of
    /// them and goes after the last. What comes and goes on each date sums up to how many there are.
    pub fn fill(&self, from: Day, days: Option<i32>, out: &mut [f64]) {
        out.fill(0.0);
        let mut come = |day: i32, count: f64| {
            if let Some(on) = out.get_mut((day - from.0) as usize) {
                *on += count;
            }
        };
        match days {
            None => {
                come(from.0, f64::from(self.ever));
                self.moves.iter().filter(|m| m.1 == NEVER).for_each(|m| come(m.0, 1.0));
            }
            Some(days) => {
                for (day, count) in self.start.iter().filter(|s| s.0 > from.0 - days) {
                    come(from.0, f64::from(*count));
                    come(day + days, -f64::from(*count));
                }
                for (day, before) in &self.moves {
                    come((*day).max(before + days), 1.0);
                    come(day + days, -1.0);
                }
            }
        }
        let mut within = 0.0;
        for on in out {
            within += *on;
            *on = within;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two are there when the span begins, seen on dates 8 and 10; the second comes again on 11 and 15, a third on 12.
    #[test]
    fn windows_of_each_date() {
        let mut moves = Moves::default();
        moves.begin([(8, 1), (10, 1)].into_iter(), 5);
        for (day, before) in [(11, 10), (12, NEVER), (15, 11)] {
            assert!(moves.add(Day(day), before));
        }
        let fill = |days| {
            let mut out = [0.0; 6];
            moves.fill(Day(10), days, &mut out);
            out
        };
        assert_eq!(fill(Some(3)), [2.0, 1.0, 2.0, 2.0, 1.0, 1.0]);
        assert_eq!(fill(Some(1)), [1.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
        assert_eq!(fill(None), [5.0, 5.0, 6.0, 6.0, 6.0, 6.0]);
        assert_eq!((moves.same(Day(10), Some(3)), moves.same(Day(10), None)), (false, false));
        assert_eq!(moves.end().len(), 3);
        assert!(!moves.add(Day(16), 15));
        moves.begin([(8, 1), (10, 1)].into_iter(), 5);
        assert_eq!([3, 4].map(|days| moves.same(Day(13), Some(days))), [true, false]);
        assert!(moves.same(Day(13), None));
    }
}
