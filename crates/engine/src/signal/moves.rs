//! Who was last seen when, as it changed over a span of dates: how many different ones the window of each date has.

use tenure_model::time::Day;

/// Never seen.
pub(super) const NEVER: i32 = i32::MIN;

/// How it stood when the span began, and every move from one last date to a later one since.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moves {
    /// (date, how many were last seen on it).
    start: Vec<(i32, u32)>,
    /// How many were ever seen.
    ever: u32,
    /// (date, last date before that), in order.
    moves: Vec<(i32, i32)>,
}

impl Moves {
    pub fn new(start: Vec<(i32, u32)>, ever: u32) -> Moves {
        Moves { start, ever, moves: Vec::new() }
    }

    #[inline]
    pub fn add(&mut self, day: Day, before: i32) {
        self.moves.push((day.0, before));
    }

    /// For each date from one on: how many different ones in the `days` dates up to it; None is all there ever were.
    pub fn fill(&self, from: Day, days: Option<i32>, out: &mut [f64]) {
        let mut moves = self.moves.iter().peekable();
        let Some(days) = days else {
            let mut ever = self.ever;
            for (today, out) in (from.0..).zip(out) {
                while let Some((_, before)) = moves.next_if(|m| m.0 <= today) {
                    ever += u32::from(*before == NEVER);
                }
                *out = f64::from(ever);
            }
            return;
        };
        let base = from.0 - days;
        let mut seen = vec![0u32; out.len() + days as usize + 1];
        let mut within = 0;
        for (day, count) in self.start.iter().filter(|s| s.0 >= base) {
            seen[(day - base) as usize] += count;
            within += count;
        }
        for (i, (today, out)) in (from.0..).zip(out).enumerate() {
            within -= seen[i];
            while let Some((day, before)) = moves.next_if(|m| m.0 <= today) {
                if *before > today - days {
                    seen[(before - base) as usize] -= 1;
                } else {
                    within += 1;
                }
                seen[(day - base) as usize] += 1;
            }
            *out = f64::from(within);
        }
    }
}
