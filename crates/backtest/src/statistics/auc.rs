//! How well a score tells apart what an outcome follows from what it does not follow.

use super::{Estimate, correction, quantile};

/// A score of an account at some time, and whether the outcome followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Number of the account; equal ones belong together.
    pub account: usize,
    /// The score; higher ones are to be followed by the outcome less often.
    pub score: f64,
    /// Did it?
    pub outcome: bool,
}

/// The probability that of two scores, one followed by the outcome and one not, the former is lower; half where they are equal (the area under the ROC
/// curve).
///
/// The interval is by the variance for clustered data of Obuchowski, Biometrics 53 (1997), 567–578, on the logit's scale; with one score for each
/// account it is DeLong's.
pub fn auc(scores: &[Scored]) -> Estimate {
    let mut order: Vec<&Scored> = scores.iter().collect();
    order.sort_unstable_by(|a, b| a.score.total_cmp(&b.score));
    let ill = order.iter().filter(|s| s.outcome).count() as f64;
    let well = order.len() as f64 - ill;
    let accounts = scores.iter().map(|s| s.account + 1).max().unwrap_or(0);
    let mut sums = vec![Sums::default(); accounts];
    let (mut ill_below, mut well_below) = (0.0, 0.0);
    for ties in order.chunk_by(|a, b| a.score == b.score) {
        let ill_here = ties.iter().filter(|s| s.outcome).count() as f64;
        let well_here = ties.len() as f64 - ill_here;
        for s in ties {
            let sums = &mut sums[s.account];
            if s.outcome {
                sums.ill += 1.0;
                sums.of_ill += (well - well_below - well_here / 2.0) / well;
            } else {
                sums.well += 1.0;
                sums.of_well += (ill_below + ill_here / 2.0) / ill;
            }
        }
        ill_below += ill_here;
        well_below += well_here;
    }
    sums.retain(|s| s.ill + s.well > 0.0);
    let accounts = sums.iter().filter(|s| s.ill > 0.0).count();
    if ill == 0.0 || well == 0.0 {
        return Estimate { accounts, ..Estimate::NONE };
    }
    let area = sums.iter().map(|s| s.of_ill).sum::<f64>() / ill;
    let found = Estimate { value: Some(area), accounts, ..Estimate::NONE };
    let healthy = sums.iter().filter(|s| s.well > 0.0).count();
    let (Some(t), true) = (quantile(accounts), healthy > 1) else { return found };
    let deviations = |s: &Sums| (s.of_ill - s.ill * area, s.of_well - s.well * area);
    let squares = |of: &dyn Fn((f64, f64)) -> f64| sums.iter().map(|s| of(deviations(s))).sum::<f64>();
    let of_ill = correction(accounts) * squares(&|(ill, _)| ill * ill) / (ill * ill);
    let of_well = correction(healthy) * squares(&|(_, well)| well * well) / (well * well);
    let of_both = correction(sums.len()) * squares(&|(ill, well)| ill * well) / (ill * well);
    let variance = (of_ill + of_well + 2.0 * of_both).max(0.0);
    if area == 0.0 || area == 1.0 {
        return found;
    }
    let half = t * variance.sqrt() / (area * (1.0 - area));
    let bound = |side: f64| Some(1.0 / (1.0 + (-(area / (1.0 - area)).ln() - side * half).exp()));
    Estimate { low: bound(-1.0), high: bound(1.0), ..found }
}

/// Of one account: how many scores of each kind, and the sums of their placements among those of the other kind.
#[derive(Clone, Copy, Default)]
struct Sums {
    ill: f64,
    of_ill: f64,
    well: f64,
    of_well: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(scores: &[(usize, f64, bool)]) -> Vec<Scored> {
        scores.iter().map(|(account, score, outcome)| Scored { account: *account, score: *score, outcome: *outcome }).collect()
    }

    #[test]
    fn pairs_are_counted() {
        // Ill: 1, 3. Well: 2, 3, 5. Of six pairs 1 is below all three; 3 is below 5 and level with 3.
        let scores = scored(&[(0, 1.0, true), (1, 3.0, true), (2, 2.0, false), (3, 3.0, false), (4, 5.0, false)]);
        assert!((auc(&scores).value.unwrap() - 4.5 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn what_an_account_repeats_says_nothing_new() {
        let once: Vec<Scored> = (0..60)
            .map(|i| Scored { account: i, score: ((i * 37) % 60) as f64 + if i < 20 { 0.0 } else { 15.0 }, outcome: i < 20 })
            .collect();
        let fivefold: Vec<Scored> = once.iter().flat_map(|s| [*s; 5]).collect();
        let (once, fivefold) = (auc(&once), auc(&fivefold));
        assert_eq!(once.accounts, fivefold.accounts);
        for (a, b) in [(once.value, fivefold.value), (once.low, fivefold.low), (once.high, fivefold.high)] {
            assert!((a.unwrap() - b.unwrap()).abs() < 1e-9, "{once:?} {fivefold:?}");
        }
    }

    #[test]
    fn with_one_kind_only_there_is_nothing_to_tell() {
        assert_eq!(auc(&scored(&[(0, 1.0, true), (1, 2.0, true)])).value, None);
        assert_eq!(auc(&[]), Estimate::NONE);
        assert_eq!(auc(&scored(&[(0, 1.0, true), (1, 2.0, false), (2, 2.0, false), (3, 1.0, true)])).value, Some(1.0));
    }
}
