//! Figures with intervals, of observations that belong to accounts: what one account does twice is not two accounts.

mod auc;
mod fit;
mod lift;
mod share;
mod spread;

pub use auc::{Scored, auc, gain};
pub use fit::{Fit, fit};
pub use lift::lift;
pub use share::share;
pub use spread::{Spread, spread};

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// The level of all intervals.
pub const LEVEL: f64 = 0.95;

/// What one account adds to a ratio: so many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Part {
    /// How many.
    pub hits: f64,
    /// Of how many.
    pub of: f64,
}

/// A figure, and between which bounds it lies at `LEVEL`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The figure; None where there is nothing to compute it from.
    pub value: Option<f64>,
    /// The lower bound; None where too few accounts are there for one.
    pub low: Option<f64>,
    /// The upper bound.
    pub high: Option<f64>,
    /// The accounts that it rests on.
    pub accounts: usize,
}

impl Estimate {
    /// Of nothing.
    pub const NONE: Estimate = Estimate { value: None, low: None, high: None, accounts: 0 };
}

/// The quantile of Student's t for an interval of `LEVEL` that rests on so many accounts; None for fewer than two.
fn quantile(accounts: usize) -> Option<f64> {
    let freedom = accounts.checked_sub(1).filter(|n| *n > 0)? as f64;
    StudentsT::new(0.0, 1.0, freedom).ok().map(|t| t.inverse_cdf(0.5 + LEVEL / 2.0))
}

/// m / (m − 1): estimates of variances from m accounts are that much too small.
fn correction(accounts: usize) -> f64 {
    accounts as f64 / (accounts as f64 - 1.0)
}
