//! How much likelier an outcome is after a sign than at any time.

use super::{Estimate, Part, correction, quantile, share};

/// Precision divided by the base rate: 1 where the sign says nothing. `parts`: of each account its signs (hits: those that the outcome followed) and
/// its days at risk (hits: those that it followed).
///
/// The interval is that of the logarithm by the delta method, each account one observation of both ratios together. Without a hit the upper bound is
/// that of the precision divided by the base rate.
pub fn lift(parts: &[(Part, Part)]) -> Estimate {
    let sum = |of: &dyn Fn(&(Part, Part)) -> f64| parts.iter().map(of).sum::<f64>();
    let (hits, signs) = (sum(&|p| p.0.hits), sum(&|p| p.0.of));
    let (followed, days) = (sum(&|p| p.1.hits), sum(&|p| p.1.of));
    let accounts = parts.iter().filter(|p| p.0.of > 0.0).count();
    if signs == 0.0 || followed == 0.0 {
        return Estimate { accounts, ..Estimate::NONE };
    }
    let (precision, base) = (hits / signs, followed / days);
    let value = Some(precision / base);
    let Some(t) = quantile(accounts) else { return Estimate { value, accounts, ..Estimate::NONE } };
    if hits == 0.0 {
        let precision = share(&parts.iter().map(|p| p.0).collect::<Vec<_>>());
        return Estimate { value, low: Some(0.0), high: precision.high.map(|high| high / base), accounts };
    }
    let influence = |p: &(Part, Part)| (p.0.hits - precision * p.0.of) / hits - (p.1.hits - base * p.1.of) / followed;
    let deviation = (correction(accounts) * sum(&|p| influence(p).powi(2))).sqrt();
    let bound = |side: f64| Some((precision / base) * (side * t * deviation).exp());
    Estimate { value, low: bound(-1.0), high: bound(1.0), accounts }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(hits: u32, of: u32) -> Part {
        Part { hits: f64::from(hits), of: f64::from(of) }
    }

    #[test]
    fn a_sign_that_says_everything() {
        // Of a hundred accounts twenty end; the sign comes before all of these and nowhere else.
        let mut parts = vec![(part(0, 0), part(0, 100)); 80];
        parts.extend([(part(1, 1), part(30, 100)); 20]);
        let estimate = lift(&parts);
        assert!((estimate.value.unwrap() - 10_000.0 / 600.0).abs() < 1e-9);
        assert!(estimate.low.unwrap() > 1.0);
    }

    #[test]
    fn without_hits_or_outcomes() {
        let parts = vec![(part(0, 1), part(3, 100)); 30];
        let estimate = lift(&parts);
        assert_eq!((estimate.value, estimate.low), (Some(0.0), Some(0.0)));
        assert!(estimate.high.unwrap() > 1.0);
        assert_eq!(lift(&[(part(0, 1), part(0, 100))]).value, None);
        assert_eq!(lift(&[]), Estimate::NONE);
    }
}
