//! Comparisons with a number as models and scenarios write them: `<= 0.1`, `> 40`, `= 2`.

use crate::definition::Comparison;
use crate::yaml::number;

impl Comparison {
    /// Reads a comparison and its number. None where the text is none.
    pub fn parse(text: &str) -> Option<(Comparison, f64)> {
        let text = text.trim();
        let (comparison, rest) = [
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("==", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
            ("=", Comparison::Equal),
        ]
        .into_iter()
        .find_map(|(sign, comparison)| text.strip_prefix(sign).map(|rest| (comparison, rest)))?;
        number(rest.trim()).map(|x| (comparison, x))
    }

    /// Does it hold of `x` against `bound`?
    pub fn holds(self, x: f64, bound: f64) -> bool {
        match self {
            Comparison::Less => x < bound,
            Comparison::AtMost => x <= bound,
            Comparison::AtLeast => x >= bound,
            Comparison::Greater => x > bound,
            Comparison::Equal => x == bound,
        }
    }
}
