//! How numbers are spread.

use serde::Serialize;

/// Quantiles of some numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Spread {
    /// How many numbers.
    pub count: usize,
    pub mean: f64,
    pub min: f64,
    pub p10: f64,
    pub p25: f64,
    pub median: f64,
    pub p75: f64,
    pub p90: f64,
    pub max: f64,
}

/// The spread of numbers; None where there are none. Quantiles are interpolated between neighbours (type 7 of Hyndman and Fan, as DuckDB's
/// `quantile_cont`).
pub fn spread(mut numbers: Vec<f64>) -> Option<Spread> {
    numbers.sort_unstable_by(f64::total_cmp);
    let (first, last) = (*numbers.first()?, *numbers.last()?);
    let at = |share: f64| {
        let place = share * (numbers.len() - 1) as f64;
        let (low, high) = (numbers[place.floor() as usize], numbers[place.ceil() as usize]);
        low + (high - low) * place.fract()
    };
    Some(Spread {
        count: numbers.len(),
        mean: numbers.iter().sum::<f64>() / numbers.len() as f64,
        min: first,
        p10: at(0.1),
        p25: at(0.25),
        median: at(0.5),
        p75: at(0.75),
        p90: at(0.9),
        max: last,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        let spread = spread(vec![4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((spread.min, spread.p25, spread.median, spread.p75, spread.max), (1.0, 1.75, 2.5, 3.25, 4.0));
        assert_eq!((spread.count, spread.mean), (4, 2.5));
        assert_eq!(super::spread(vec![]), None);
        assert_eq!(super::spread(vec![7.0]).unwrap().p90, 7.0);
    }
}
