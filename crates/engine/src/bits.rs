//! Small sets of node numbers: what is dirty, who reads what.

/// A set of numbers below a bound fixed at its making.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Box<[u64]>,
}

impl Bits {
    /// An empty set for numbers below `bound`.
    pub fn new(bound: usize) -> Bits {
        Bits { words: vec![0; bound.div_ceil(64).max(1)].into() }
    }

    /// Makes it an empty set for numbers below `bound`, in the same memory where it has as much.
    pub fn reset(&mut self, bound: usize) {
        if self.words.len() == bound.div_ceil(64).max(1) {
            self.clear();
        } else {
            *self = Bits::new(bound);
        }
    }

    #[inline]
    pub fn insert(&mut self, i: usize) {
        self.words[i / 64] |= 1 << (i % 64);
    }

    #[inline]
    pub fn contains(&self, i: usize) -> bool {
        self.words[i / 64] & (1 << (i % 64)) != 0
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.words.iter().fold(0, |any, word| any | word) == 0
    }

    #[inline]
    pub fn union(&mut self, other: &Bits) {
        for (a, b) in self.words.iter_mut().zip(&other.words) {
            *a |= b;
        }
    }

    #[inline]
    pub fn subtract(&mut self, other: &Bits) {
        for (a, b) in self.words.iter_mut().zip(&other.words) {
            *a &= !b;
        }
    }

    #[inline]
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Removes and gives the least member that is at least `from`.
    #[inline]
    pub fn take_from(&mut self, from: usize) -> Option<usize> {
        let mut word = from / 64;
        let mut mask = !0u64 << (from % 64);
        while word < self.words.len() {
            let hit = self.words[word] & mask;
            if hit != 0 {
                let bit = hit.trailing_zeros() as usize;
                self.words[word] &= !(1 << bit);
                return Some(word * 64 + bit);
            }
            word += 1;
            mask = !0;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_in_order() {
        let mut bits = Bits::new(130);
        for i in [129, 3, 64, 63] {
            bits.insert(i);
        }
        assert!(bits.contains(64));
        let mut seen = vec![];
        let mut from = 0;
        while let Some(i) = bits.take_from(from) {
            seen.push(i);
            from = i;
        }
        assert_eq!(seen, [3, 63, 64, 129]);
        assert!(bits.is_empty());
    }
}
