//! How well a score tells apart what an outcome follows from what it does not follow.

use super::{Estimate, correction, quantile};

/// Scores are compared in so many parts of one.
const EQUAL: f64 = 1e6;

/// A score of an account at some time, and whether the outcome followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Number of the account; equal ones belong together.
    pub account: u32,
    /// The score; higher ones are to be followed by the outcome less often.
    pub score: f64,
    /// Did it?
    pub outcome: bool,
}

/// The probability that of two scores, one followed by the outcome and one not, the former is lower; half where they are equal, to six decimals: means of
/// means differ in the last ones (the area under the ROC curve).
///
/// The interval is by the variance for clustered data of Obuchowski, Biometrics 53 (1997), 567–578, on the logit's scale; with one score for each
/// account it is DeLong's.
pub fn auc(scores: &[Scored]) -> Estimate {
    let Some(found) = Placements::of(scores) else { return Estimate::NONE };
    let Some(area) = found.area() else { return Estimate { accounts: found.accounts(), ..Estimate::NONE } };
    let estimate = Estimate { value: Some(area), accounts: found.accounts(), ..Estimate::NONE };
    let Some((t, variance)) = found.variance(|sums| sums.deviations(area)).filter(|_| area > 0.0 && area < 1.0) else { return estimate };
    let half = t * variance.sqrt() / (area * (1.0 - area));
    let bound = |side: f64| Some(1.0 / (1.0 + (-(area / (1.0 - area)).ln() - side * half).exp()));
    Estimate { low: bound(-1.0), high: bound(1.0), ..estimate }
}

/// By how much the area of one score exceeds that of another of the same accounts at the same times, which come in the same order: their difference,
/// with an interval by the same variance of the differences of placements (DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988), for clusters).
pub fn gain(new: &[Scored], old: &[Scored]) -> Estimate {
    let (Some(new), Some(old)) = (Placements::of(new), Placements::of(old)) else { return Estimate::NONE };
    let (Some(of_new), Some(of_old)) = (new.area(), old.area()) else { return Estimate::NONE };
    let estimate = Estimate { value: Some(of_new - of_old), accounts: new.accounts(), ..Estimate::NONE };
    let before: std::collections::BTreeMap<usize, &Sums> = old.0.iter().map(|(account, sums)| (*account, sums)).collect();
    let differences: Vec<(usize, Sums)> = new
        .0
        .iter()
        .map(|(account, sums)| {
            let (ill, well) = before.get(account).map_or((0.0, 0.0), |sums| (sums.of_ill, sums.of_well));
            (*account, Sums { of_ill: sums.of_ill - ill, of_well: sums.of_well - well, ..*sums })
        })
        .collect();
    let Some((t, variance)) = Placements(differences).variance(|sums| sums.deviations(of_new - of_old)) else { return estimate };
    let bound = |side: f64| Some(of_new - of_old + side * t * variance.sqrt());
    Estimate { low: bound(-1.0), high: bound(1.0), ..estimate }
}

/// Of each account that has scores: its number, how many of each kind, and where they stand among those of the other kind.
struct Placements(Vec<(usize, Sums)>);

impl Placements {
    /// None where there are no scores.
    fn of(scores: &[Scored]) -> Option<Placements> {
        let mut order: Vec<(i64, u32)> = scores.iter().zip(0..).map(|(s, i)| ((s.score * EQUAL).round() as i64, i)).collect();
        order.sort_unstable_by_key(|(score, _)| *score);
        let outcome = |i: u32| scores[i as usize].outcome;
        let ill = scores.iter().filter(|s| s.outcome).count() as f64;
        let well = scores.len() as f64 - ill;
        let mut sums = vec![Sums::default(); scores.iter().map(|s| s.account as usize + 1).max()?];
        let (mut ill_below, mut well_below) = (0.0, 0.0);
        for ties in order.chunk_by(|a, b| a.0 == b.0) {
            let ill_here = ties.iter().filter(|(_, i)| outcome(*i)).count() as f64;
            let well_here = ties.len() as f64 - ill_here;
            for (_, i) in ties {
                let sums = &mut sums[scores[*i as usize].account as usize];
                if outcome(*i) {
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
        Some(Placements(sums.into_iter().enumerate().filter(|(_, s)| s.ill + s.well > 0.0).collect()))
    }

    fn sum(&self, of: impl Fn(&Sums) -> f64) -> f64 {
        self.0.iter().map(|(_, sums)| of(sums)).sum()
    }

    /// Accounts with a score that the outcome followed.
    fn accounts(&self) -> usize {
        self.0.iter().filter(|(_, s)| s.ill > 0.0).count()
    }

    /// None where all scores are of one kind.
    fn area(&self) -> Option<f64> {
        let (ill, well) = (self.sum(|s| s.ill), self.sum(|s| s.well));
        (ill > 0.0 && well > 0.0).then(|| self.sum(|s| s.of_ill) / ill)
    }

    /// The quantile for an interval, and the variance of what deviates by account as said; None where too few accounts are of either kind.
    fn variance(&self, deviations: impl Fn(&Sums) -> (f64, f64)) -> Option<(f64, f64)> {
        let (sick, healthy) = (self.accounts(), self.0.iter().filter(|(_, s)| s.well > 0.0).count());
        let t = quantile(sick).filter(|_| healthy > 1)?;
        let (ill, well) = (self.sum(|s| s.ill), self.sum(|s| s.well));
        let squares = |of: &dyn Fn((f64, f64)) -> f64| self.sum(|s| of(deviations(s)));
        let of_ill = correction(sick) * squares(&|(ill, _)| ill * ill) / (ill * ill);
        let of_well = correction(healthy) * squares(&|(_, well)| well * well) / (well * well);
        let of_both = correction(self.0.len()) * squares(&|(ill, well)| ill * well) / (ill * well);
        Some((t, (of_ill + of_well + 2.0 * of_both).max(0.0)))
    }
}

/// Of one account: how many scores of each kind, and the sums of their placements among those of the other kind.
#[derive(Clone, Copy, Default)]
struct Sums {
    ill: f64,
    of_ill: f64,
    well: f64,
    of_well: f64,
}

impl Sums {
    /// Of its sums from what so great an area would have made of as many scores.
    fn deviations(&self, area: f64) -> (f64, f64) {
        (self.of_ill - self.ill * area, self.of_well - self.well * area)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(scores: &[(u32, f64, bool)]) -> Vec<Scored> {
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
