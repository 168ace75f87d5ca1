//! Comparisons, as sets of the orderings they accept.

use std::cmp::Ordering;

/// A comparison: which of less, equal and greater it accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Test(u8);

const LESS: u8 = 1;
const EQUAL: u8 = 2;
const GREATER: u8 = 4;

impl Test {
    /// `=`
    pub const EQ: Test = Test(EQUAL);
    /// `<>`
    pub const NE: Test = Test(LESS | GREATER);
    /// `<`
    pub const LT: Test = Test(LESS);
    /// `<=`
    pub const LE: Test = Test(LESS | EQUAL);
    /// `>`
    pub const GT: Test = Test(GREATER);
    /// `>=`
    pub const GE: Test = Test(GREATER | EQUAL);

    /// The same comparison with its sides exchanged.
    pub fn mirrored(self) -> Test {
        Test(self.0 & EQUAL | (self.0 & LESS) << 2 | (self.0 & GREATER) >> 2)
    }

    /// Does it accept this ordering?
    #[inline]
    pub fn accepts(self, ordering: Ordering) -> bool {
        self.0 & (1 << (ordering as i8 + 1)) != 0
    }

    /// Of two numbers, of which NaN is NULL.
    #[inline]
    pub fn numbers(self, a: f64, b: f64) -> Option<bool> {
        let found = (u8::from(a < b) * LESS) | (u8::from(a == b) * EQUAL) | (u8::from(a > b) * GREATER);
        if found == 0 { None } else { Some(self.0 & found != 0) }
    }

    /// Of two numbers: is the answer exactly `want`?
    #[inline]
    pub fn numbers_are(self, want: bool, a: f64, b: f64) -> bool {
        let found = (u8::from(a < b) * LESS) | (u8::from(a == b) * EQUAL) | (u8::from(a > b) * GREATER);
        found & if want { self.0 } else { !self.0 } != 0
    }

    /// Of two values of an ordered type, None being NULL.
    #[inline]
    pub fn options<T: Ord>(self, a: Option<T>, b: Option<T>) -> Option<bool> {
        match (a, b) {
            (Some(a), Some(b)) => Some(self.accepts(a.cmp(&b))),
            _ => None,
        }
    }
}
