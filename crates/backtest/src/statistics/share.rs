//! A share with Wilson's interval, for observations in clusters.

use super::{Estimate, Part, correction, quantile};

/// The share of hits among all observations, each part of another account.
///
/// The interval is Wilson's (1927) with the effective sample size: the number of observations divided by the design effect, which is the variance of the
/// ratio estimator over accounts (Cochran, Sampling Techniques, 6.4) divided by that of as many independent observations. Where all or none are hits
/// the observations of an account are taken for one (Kish).
pub fn share(parts: &[Part]) -> Estimate {
    let there = || parts.iter().filter(|p| p.of > 0.0);
    let (accounts, of) = (there().count(), there().map(|p| p.of).sum::<f64>());
    if accounts == 0 {
        return Estimate::NONE;
    }
    let p = there().map(|p| p.hits).sum::<f64>() / of;
    let Some(t) = quantile(accounts) else { return Estimate { value: Some(p), accounts, ..Estimate::NONE } };
    let n = if p > 0.0 && p < 1.0 {
        let squares: f64 = there().map(|part| (part.hits - p * part.of).powi(2)).sum();
        let variance = correction(accounts) * squares / of.powi(2);
        // Accounts that differ less than chance would have it do not make more of the observations.
        (p * (1.0 - p) / variance).min(of)
    } else {
        of.powi(2) / there().map(|p| p.of.powi(2)).sum::<f64>()
    };
    let (low, high) = wilson(p, n, t);
    Estimate { value: Some(p), low: Some(low), high: Some(high), accounts }
}

/// Wilson's bounds of a share of n observations.
fn wilson(p: f64, n: f64, t: f64) -> (f64, f64) {
    let more = t * t / n;
    let (middle, half) = (p + more / 2.0, (p * (1.0 - p) * more + more * more / 4.0).sqrt());
    (((middle - half) / (1.0 + more)).max(0.0), ((middle + half) / (1.0 + more)).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ones(hits: usize, of: usize) -> Vec<Part> {
        (0..of).map(|i| Part { hits: f64::from(u8::from(i < hits)), of: 1.0 }).collect()
    }

    #[test]
    fn wilson_as_published() {
        // Newcombe (1998), table I, method 3: 81 of 263; 15 of 148.
        for (hits, of, low, high) in [(81.0, 263.0, 0.2553, 0.3662), (15.0, 148.0, 0.0624, 0.1605)] {
            let (l, h) = wilson(hits / of, of, 1.959_964);
            assert!((l - low).abs() < 5e-5 && (h - high).abs() < 5e-5, "{l} {h}");
        }
    }

    #[test]
    fn of_independent_observations_as_if_there_were_no_clusters() {
        let estimate = share(&ones(81, 263));
        // Student's t with 262 degrees of freedom instead of the normal.
        assert!((estimate.low.unwrap() - 0.2551).abs() < 4e-4 && (estimate.high.unwrap() - 0.3664).abs() < 4e-4, "{estimate:?}");
        assert_eq!(estimate.accounts, 263);
    }

    #[test]
    fn what_an_account_repeats_says_nothing_new() {
        let once = share(&ones(8, 40));
        let tenfold: Vec<Part> = ones(8, 40).iter().map(|p| Part { hits: 10.0 * p.hits, of: 10.0 }).collect();
        let tenfold = share(&tenfold);
        assert!((tenfold.low.unwrap() - once.low.unwrap()).abs() < 2e-3, "{once:?} {tenfold:?}");
        assert!((tenfold.high.unwrap() - once.high.unwrap()).abs() < 4e-3, "{once:?} {tenfold:?}");
    }

    #[test]
    fn all_and_none() {
        let none = share(&ones(0, 20));
        assert_eq!((none.value, none.low), (Some(0.0), Some(0.0)));
        assert!((none.high.unwrap() - 0.18).abs() < 0.01, "{none:?}");
        let all = share(&ones(20, 20));
        assert!((all.low.unwrap() - 0.82).abs() < 0.01 && all.high == Some(1.0), "{all:?}");
        assert_eq!(share(&[]), Estimate::NONE);
        assert_eq!(share(&ones(1, 1)), Estimate { value: Some(1.0), low: None, high: None, accounts: 1 });
    }
}
