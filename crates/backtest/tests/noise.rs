//! A rule that says nothing: over many seeds its lift is 1, and 1 lies inside of the interval as often as the interval says.

use tenure_backtest::statistics::{Part, lift};

const SEEDS: u64 = 200;
const ACCOUNTS: u64 = 250;
const DAYS: u32 = 365;
const HORIZON: u32 = 60;

/// A stream of numbers between 0 and 1, by seed (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The days on which an account was there and its horizon is known; hits: those that its end followed.
fn days(end: Option<u32>) -> Part {
    let at_risk = end.unwrap_or(DAYS).min(DAYS - HORIZON);
    let followed = (0..at_risk).filter(|day| end.is_some_and(|end| end > *day && end <= day + HORIZON)).count();
    Part { hits: followed as f64, of: f64::from(at_risk) }
}

#[test]
fn the_interval_of_noise_holds_one() {
    let mut inside = 0;
    let mut sum = 0.0;
    for seed in 0..SEEDS {
        let mut random = Random(seed.wrapping_mul(0xA076_1D64_78BD_642F) + 1);
        let parts: Vec<(Part, Part)> = (0..ACCOUNTS)
            .map(|_| {
                // Some are ten times as likely to end as others; some have ten times as many signs.
                let hazard = 0.000_2 + 0.002 * random.next();
                let end = (0..DAYS).find(|_| random.next() < hazard);
                let often = 0.001 + 0.01 * random.next();
                let at_risk = end.unwrap_or(DAYS).min(DAYS - HORIZON);
                let signs: Vec<u32> = (0..at_risk).filter(|_| random.next() < often).collect();
                let hits = signs.iter().filter(|day| end.is_some_and(|end| end <= **day + HORIZON)).count();
                (Part { hits: hits as f64, of: signs.len() as f64 }, days(end))
            })
            .collect();
        let estimate = lift(&parts);
        let (Some(value), Some(low), Some(high)) = (estimate.value, estimate.low, estimate.high) else { panic!("{estimate:?}") };
        sum += value;
        inside += u32::from(low <= 1.0 && 1.0 <= high);
    }
    let mean = sum / SEEDS as f64;
    assert!((mean - 1.0).abs() < 0.05, "{mean}");
    // 95 % of 200, give or take three standard deviations of a count.
    assert!((181..=199).contains(&inside), "{inside} of {SEEDS}");
}
