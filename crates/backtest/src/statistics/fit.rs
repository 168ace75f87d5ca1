//! Weights for measures, fitted to an outcome: none negative, all together one hundred.

/// What a fit gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// One for each measure; together 100.
    pub weights: Vec<f64>,
    /// The logit of the outcome's probability: `level − steepness × score`, of a score of 0 to 100 by these weights.
    pub level: f64,
    /// By how much the logit sinks for each point.
    pub steepness: f64,
}

/// How much large weights cost, in observations: keeps the fit finite where a measure tells the outcome without fail.
const RIDGE: f64 = 1.0;
/// Rounds of reweighting, and of descent within each; they end sooner when nothing moves any more.
const ROUNDS: usize = 50;
const DESCENTS: usize = 200;
const STILL: f64 = 1e-9;

/// None where no measure foretells the outcome, or all or none of the observations have it.
///
/// Fits a logistic regression of the outcome on measures (0 to 100, one row for each observation) in which a higher score never makes the outcome more
/// likely: iteratively reweighted least squares with coordinate descent (Friedman, Hastie, Tibshirani 2010), coefficients held at zero from above.
pub fn fit(rows: &[Vec<f64>], outcomes: &[bool]) -> Option<Fit> {
    let measures = rows.first()?.len();
    let ill = outcomes.iter().filter(|o| **o).count();
    if ill == 0 || ill == outcomes.len() || rows.len() != outcomes.len() {
        return None;
    }
    let share = ill as f64 / outcomes.len() as f64;
    let (mut level, mut slopes) = ((share / (1.0 - share)).ln(), vec![0.0; measures]);
    for _ in 0..ROUNDS {
        let before = (level, slopes.clone());
        reweighted(rows, outcomes, &mut level, &mut slopes);
        let moved = slopes.iter().zip(&before.1).map(|(a, b)| (a - b).abs()).fold((level - before.0).abs(), f64::max);
        if moved < STILL {
            break;
        }
    }
    let steepness: f64 = slopes.iter().sum();
    if steepness <= 0.0 {
        return None;
    }
    let weights = slopes.iter().map(|s| 100.0 * s / steepness).collect();
    Some(Fit { weights, level, steepness: steepness / 100.0 })
}

/// One round: the logit is `level − Σ slope × x / 100`; slopes are at least zero.
fn reweighted(rows: &[Vec<f64>], outcomes: &[bool], level: &mut f64, slopes: &mut [f64]) {
    let (mut weights, mut rests) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for (row, outcome) in rows.iter().zip(outcomes) {
        let logit = *level - row.iter().zip(&*slopes).map(|(x, slope)| slope * x / 100.0).sum::<f64>();
        let p = 1.0 / (1.0 + (-logit).exp());
        let weight = (p * (1.0 - p)).max(1e-6);
        weights.push(weight);
        rests.push((f64::from(u8::from(*outcome)) - p) / weight);
    }
    let total: f64 = weights.iter().sum();
    for _ in 0..DESCENTS {
        let step = weights.iter().zip(&rests).map(|(w, r)| w * r).sum::<f64>() / total;
        *level += step;
        rests.iter_mut().for_each(|r| *r -= step);
        let mut moved = step.abs();
        for (k, slope) in slopes.iter_mut().enumerate() {
            let (mut along, mut square) = (0.0, RIDGE);
            for ((row, weight), rest) in rows.iter().zip(&weights).zip(&rests) {
                let x = -row[k] / 100.0;
                along += weight * x * rest;
                square += weight * x * x;
            }
            let new = (*slope + (along - RIDGE * *slope) / square).max(0.0);
            let step = new - *slope;
            if step != 0.0 {
                rows.iter().zip(&mut rests).for_each(|(row, rest)| *rest += step * row[k] / 100.0);
                *slope = new;
            }
            moved = moved.max(step.abs());
        }
        if moved < STILL {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scattered, the same each time: 0 to 1.
    fn scattered(i: usize, salt: u64) -> f64 {
        let mixed = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(salt.wrapping_mul(0xD1B5_4A32_D192_ED03));
        let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((mixed ^ (mixed >> 29)) >> 11) as f64 / (1u64 << 53) as f64
    }

    #[test]
    fn finds_the_weights_that_made_the_outcome() {
        let rows: Vec<Vec<f64>> = (0..20_000).map(|i| (1..4).map(|k| 100.0 * scattered(i, k)).collect()).collect();
        // The logit is 1 − 0.06 × (0.75 × first + 0.25 × second); the third says nothing.
        let outcomes: Vec<bool> = rows
            .iter()
            .enumerate()
            .map(|(i, row)| scattered(i, 9) < 1.0 / (1.0 + (-(1.0 - 0.06 * (0.75 * row[0] + 0.25 * row[1]))).exp()))
            .collect();
        let fit = fit(&rows, &outcomes).unwrap();
        assert!((fit.weights.iter().sum::<f64>() - 100.0).abs() < 1e-9);
        for (weight, made) in fit.weights.iter().zip([75.0, 25.0, 0.0]) {
            assert!((weight - made).abs() < 4.0, "{fit:?}");
        }
        assert!((fit.steepness - 0.06).abs() < 0.005 && (fit.level - 1.0).abs() < 0.15, "{fit:?}");
    }

    #[test]
    fn what_would_count_against_health_counts_nothing() {
        let rows: Vec<Vec<f64>> = (0..1_000).map(|i| vec![100.0 * scattered(i, 1), 100.0 * scattered(i, 2)]).collect();
        // More of the first makes the outcome likelier, more of the second less likely.
        let outcomes: Vec<bool> = rows.iter().enumerate().map(|(i, row)| scattered(i, 3) * 200.0 < row[0] + 100.0 - row[1]).collect();
        let fit = fit(&rows, &outcomes).unwrap();
        assert_eq!(fit.weights, [0.0, 100.0], "{fit:?}");
        let against: Vec<Vec<f64>> = rows.iter().map(|row| vec![row[0], 100.0 - row[1]]).collect();
        assert_eq!(super::fit(&against, &outcomes), None, "nothing foretells it");
        assert_eq!(super::fit(&rows, &vec![true; 1_000]), None);
        assert_eq!(super::fit(&[], &[]), None);
    }
}
