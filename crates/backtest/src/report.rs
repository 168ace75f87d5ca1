//! All accounts' tallies of a sign together: its figures, with intervals.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tenure_model::time::{DAY, Day};

use crate::statistics::{Estimate, Part, Spread, lift, share, spread};
use crate::tally::{Case, Confusion, Tally, Verdict};
use crate::terms::Terms;

/// How often it fired, and for whom.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Load {
    /// Firings.
    pub fires: usize,
    /// Accounts for which it fired.
    pub accounts: usize,
    /// Firings that had not resolved when the replay ended.
    pub open: usize,
    /// Days from firing to resolving, of those that resolved.
    pub days: Option<Spread>,
    /// By week. Weeks without any firing are there, too.
    pub by_week: Vec<OfWeek>,
    /// By whose the account was.
    pub by_owner: Vec<OfOwner>,
}

/// Firings of a week.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OfWeek {
    /// The Monday that begins it, in the model's zone.
    #[serde(serialize_with = "crate::written::day")]
    pub week: Day,
    /// Firings.
    pub fires: usize,
}

/// Firings for the accounts of one owner.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfOwner {
    /// Whose the accounts were when it fired; None: nobody's.
    pub owner: Option<Arc<str>>,
    /// Firings.
    pub fires: usize,
    /// Firings per week of the period.
    pub per_week: f64,
}

/// How good it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// Firings by how they turned out, and outcomes that none foretold.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// Outcomes in the period.
    pub outcomes: usize,
    /// Of the firings whose horizon is known, those that the outcome followed.
    pub precision: Estimate,
    /// Of the outcomes that could be foreseen, those before which it fired within the horizon.
    pub recall: Estimate,
    /// Of the days on which an account was in its scope, those that the outcome followed.
    pub base_rate: Estimate,
    /// Precision over base rate.
    pub lift: Estimate,
    /// Days from the first firing within the horizon to the outcome.
    pub lead_days: Option<Spread>,
    /// Account-days.
    pub confusion: Confusion,
}

/// How good a rule was by the tallies of some accounts.
pub fn quality(tallies: &[Tally]) -> Quality {
    let mut confusion = Confusion::default();
    tallies.iter().for_each(|tally| confusion.add(&tally.days));
    let count = |verdict: &Verdict| tallies.iter().map(|tally| tally.verdicts[*verdict as usize] as usize).sum::<usize>();
    let verdicts: BTreeMap<Verdict, usize> =
        Verdict::ALL.iter().map(|verdict| (*verdict, count(verdict))).filter(|(_, count)| *count > 0).collect();
    let parts = |of: fn(&Tally) -> Part| tallies.iter().map(of).collect::<Vec<_>>();
    let (precision, base) = (parts(Tally::precision), parts(|tally| tally.days.base()));
    let leads: Vec<f64> = tallies.iter().flat_map(|tally| tally.leads.iter().copied()).collect();
    let unforetold = [Verdict::Miss, Verdict::Early, Verdict::Unforeseeable].iter().filter_map(|v| verdicts.get(v)).sum::<usize>();
    Quality {
        outcomes: leads.len() + unforetold,
        verdicts,
        precision: share(&precision),
        recall: share(&parts(Tally::recall)),
        base_rate: share(&base),
        lift: lift(&precision.into_iter().zip(base).collect::<Vec<_>>()),
        lead_days: spread(leads),
        confusion,
    }
}

/// How much work a rule made.
pub fn load(terms: &Terms, tallies: &[Tally]) -> Load {
    let cases: Vec<&Case> = tallies.iter().flat_map(Tally::fired).collect();
    let mut by_week: BTreeMap<Day, usize> = (week(terms.from).0..=week(terms.to).0).step_by(7).map(|day| (Day(day), 0)).collect();
    let mut by_owner: BTreeMap<Option<Arc<str>>, usize> = BTreeMap::new();
    for case in &cases {
        if let Some(at) = case.fired {
            *by_week.entry(week(terms.calendar.day(at))).or_default() += 1;
        }
        *by_owner.entry(case.owner.clone()).or_default() += 1;
    }
    let lengths = cases.iter().filter_map(|case| Some((case.resolved?.0 - case.fired?.0) as f64 / DAY as f64));
    Load {
        fires: cases.len(),
        accounts: tallies.iter().filter(|tally| tally.fires() > 0).count(),
        open: cases.iter().filter(|case| case.resolved.is_none()).count(),
        days: spread(lengths.collect()),
        by_week: by_week.into_iter().map(|(week, fires)| OfWeek { week, fires }).collect(),
        by_owner: by_owner.into_iter().map(|(owner, fires)| OfOwner { owner, fires, per_week: fires as f64 / terms.weeks() }).collect(),
    }
}

/// The Monday of its week. Day 0, 1970-01-01, was a Thursday.
fn week(day: Day) -> Day {
    Day(day.0 - (day.0 + 3).rem_euclid(7))
}
