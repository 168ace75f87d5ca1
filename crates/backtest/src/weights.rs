//! Weights for the measures of a scorecard, fitted to earlier readings and tried on later ones.

use serde::Serialize;
use tenure_engine::weighted;
use tenure_model::definition::Scorecard;
use tenure_model::time::Day;

use crate::scorecard::{Seen, shares};
use crate::statistics::{Estimate, Scored, auc, fit, gain};
use crate::terms::Terms;

/// Weights that an earlier part of the period suggests, and what they are worth in a later part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suggestion {
    /// Fitted to readings up to this date …
    #[serde(serialize_with = "crate::written::day")]
    pub fitted_to: Day,
    /// … whose horizon ends before this one, from which on they are tried.
    #[serde(serialize_with = "crate::written::day")]
    pub tried_from: Day,
    /// How many readings it was fitted to.
    pub fitted: usize,
    /// On how many it was tried.
    pub tried: usize,
    /// By measure: group, measure, its share of all weights now and as suggested, in percent.
    pub weights: Vec<Weight>,
    /// How well the present weights tell on what was tried, before overrides, caps and floors.
    pub present: Estimate,
    /// How well the suggested ones tell.
    pub suggested: Estimate,
    /// The one minus the other.
    pub gain: Estimate,
    /// Is the gain more than noise: all of its interval above 0?
    pub is_worth_it: bool,
}

/// The weight of a measure.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Weight {
    pub group: String,
    pub measure: String,
    pub present: f64,
    pub suggested: f64,
}

/// The later part of the dates, on which weights are tried.
const TRIED: f64 = 0.3;
/// Readings that are fitted to, at most: of more, every second, third … is taken.
const FITTED_MAX: usize = 50_000;
/// Outcomes among them, at least.
const OUTCOMES_MIN: usize = 20;

/// Fits weights; None where measures were not read, or too few outcomes are there.
pub(crate) fn suggest(card: &Scorecard, terms: &Terms, seen: &[Seen<'_>]) -> Option<Suggestion> {
    let filled = |s: &Seen<'_>| -> Option<(Vec<f64>, f64)> {
        let total = weighted(card, s.measures())?;
        // What is missing is left out of a score: as if it were like the rest.
        Some((s.measures().iter().map(|score| if score.is_nan() { total } else { *score }).collect(), total))
    };
    let mut dates: Vec<Day> = seen.iter().map(|s| s.reading().day).collect();
    dates.sort_unstable();
    dates.dedup();
    let tried_from = *dates.get((dates.len() as f64 * (1.0 - TRIED)) as usize)?;
    let before = terms.calendar.midnight(tried_from);
    let is_earlier = |day: Day| terms.horizon(terms.calendar.last_instant(day)) < before;
    let fitted_to = dates.iter().copied().filter(|day| is_earlier(*day)).max()?;
    let earlier = || seen.iter().filter(|s| s.reading().day <= fitted_to);
    let every = earlier().count().div_ceil(FITTED_MAX).max(1);
    let (rows, outcomes): (Vec<Vec<f64>>, Vec<bool>) = earlier().step_by(every).filter_map(|s| Some((filled(s)?.0, s.outcome))).unzip();
    if outcomes.iter().filter(|o| **o).count() < OUTCOMES_MIN {
        return None;
    }
    let fit = fit(&rows, &outcomes)?;
    let by_fit = |row: &[f64]| row.iter().zip(&fit.weights).map(|(score, weight)| score * weight).sum::<f64>() / 100.0;
    let later = seen.iter().filter(|s| s.reading().day >= tried_from).filter_map(|s| {
        let (row, total) = filled(s)?;
        Some((s.scored(Some(total))?, s.scored(Some(by_fit(&row)))?))
    });
    let (present, suggested): (Vec<Scored>, Vec<Scored>) = later.unzip();
    let names = card.groups.iter().flat_map(|group| group.measures.iter().map(|measure| (&group.name, &measure.name)));
    let weights = names.zip(shares(card)).zip(&fit.weights).map(|(((group, measure), present), suggested)| Weight {
        group: group.clone(),
        measure: measure.clone(),
        present,
        suggested: *suggested,
    });
    let gain = gain(&suggested, &present);
    Some(Suggestion {
        fitted_to,
        tried_from,
        fitted: rows.len(),
        tried: present.len(),
        weights: weights.collect(),
        is_worth_it: gain.low.is_some_and(|low| low > 0.0),
        present: auc(&present),
        suggested: auc(&suggested),
        gain,
    })
}
