//! Exact decimals for sums: adding is associative, so that no order of events changes a result.

use serde::{Deserialize, Serialize};

/// Nine decimal places.
const SCALE: i128 = 1_000_000_000;

/// A number with nine decimal places, exact under addition. Values beyond ±10²⁸ saturate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Decimal(i128);

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal(0);

    /// The decimal nearest to the shortest decimal writing of `x`, so that 0.1 is a tenth and 1e15 + 0.1 loses nothing that was written.
    /// NaN is zero.
    pub fn from_f64(x: f64) -> Decimal {
        if x == x.trunc() && x.abs() < 9e15 {
            return Decimal(x as i64 as i128 * SCALE);
        }
        let text = format!("{x:.9}");
        let (int, frac) = text.split_once('.').unwrap_or((&text, "0"));
        let negative = int.starts_with('-');
        let Ok(int) = int.trim_start_matches('-').parse::<i128>() else {
            return if x.is_nan() { Decimal::ZERO } else { Decimal(i128::MAX / 4 * x.signum() as i128) };
        };
        let frac: i128 = frac.parse().unwrap_or(0);
        let magnitude = int.saturating_mul(SCALE).saturating_add(frac);
        Decimal(if negative { -magnitude } else { magnitude })
    }

    /// It in billionths: what a snapshot keeps.
    pub fn units(self) -> i128 {
        self.0
    }

    /// As `units` gave it.
    pub fn of_units(units: i128) -> Decimal {
        Decimal(units)
    }

    /// As a float, rounded once.
    pub fn to_f64(self) -> f64 {
        if self.0 % SCALE == 0 && self.0.abs() < (1 << 53) * SCALE {
            return (self.0 / SCALE) as f64;
        }
        let magnitude = self.0.unsigned_abs();
        let text = format!("{}{}.{:09}", if self.0 < 0 { "-" } else { "" }, magnitude / SCALE as u128, magnitude % SCALE as u128);
        text.parse().unwrap_or(f64::NAN)
    }
}

impl std::ops::Add for Decimal {
    type Output = Decimal;
    fn add(self, other: Decimal) -> Decimal {
        Decimal(self.0.saturating_add(other.0))
    }
}

impl std::ops::AddAssign for Decimal {
    fn add_assign(&mut self, other: Decimal) {
        *self = *self + other;
    }
}

impl std::ops::Sub for Decimal {
    type Output = Decimal;
    fn sub(self, other: Decimal) -> Decimal {
        Decimal(self.0.saturating_sub(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenths_are_exact() {
        let mut sum = Decimal::ZERO;
        for _ in 0..10 {
            sum += Decimal::from_f64(0.1);
        }
        assert_eq!(sum.to_f64(), 1.0);
        assert_eq!(Decimal::from_f64(-2.75).to_f64(), -2.75);
        assert_eq!(Decimal::from_f64(-0.5).to_f64(), -0.5);
        assert_eq!(Decimal::from_f64(19.99).to_f64(), 19.99);
    }
}
