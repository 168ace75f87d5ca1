//! A set of the dates of a period: what held of an account at the end of which of them.

use std::ops::Range;

/// Dates by their number in the period, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks(Vec<u64>);

const BITS: usize = u64::BITS as usize;

impl Marks {
    /// None of so many dates.
    pub fn none(dates: usize) -> Marks {
        Marks(vec![0; dates.div_ceil(BITS)])
    }

    /// Of so many dates those in any of some ranges.
    pub fn of(dates: usize, ranges: impl IntoIterator<Item = Range<usize>>) -> Marks {
        let mut marks = Marks::none(dates);
        ranges.into_iter().for_each(|range| marks.add(range));
        marks
    }

    /// Adds those of a range.
    pub fn add(&mut self, range: Range<usize>) {
        let (mut from, until) = (range.start, range.end.min(self.0.len() * BITS));
        while from < until {
            let (word, bit) = (from / BITS, from % BITS);
            let bits = (until - from).min(BITS - bit);
            self.0[word] |= (u64::MAX >> (BITS - bits)) << bit;
            from += bits;
        }
    }

    /// Keeps those that are also in another.
    pub fn keep(&mut self, other: &Marks) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= b);
    }

    /// How many are in both.
    pub fn count_with(&self, other: &Marks) -> u64 {
        self.0.iter().zip(&other.0).map(|(a, b)| u64::from((a & b).count_ones())).sum()
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_over_the_edges_of_words() {
        for (from, until) in [(0, 0), (0, 1), (0, 64), (5, 64), (63, 65), (64, 128), (3, 200), (199, 200), (150, 999)] {
            let marks = Marks::of(200, std::iter::once(from..until));
            let up_to = |n: usize| Marks::of(200, std::iter::once(0..n));
            assert_eq!(marks.count_with(&up_to(200)), (until.min(200) - from) as u64, "{from}..{until}");
            assert_eq!(marks.count_with(&up_to(from)), 0, "{from}..{until}");
        }
        let mut some = Marks::of(100, [10..20, 15..30, 90..100]);
        assert_eq!(some.count(), 30);
        some.keep(&Marks::of(100, std::iter::once(18..95)));
        assert_eq!(some.count(), 17);
    }
}
