//! The answer to a question: figures of the rule as a whole, by segment, and for each threshold, and the cases behind them.

use serde::Serialize;
use tenure_model::Instant;

use crate::question::Prepared;
use crate::report::{Load, Quality, load, quality};
use crate::rule::{Case, Tally, Terms, tally};
use crate::timeline::Timeline;

/// What the past says about a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// How much work it made.
    pub load: Load,
    /// How good it was.
    pub quality: Quality,
    /// How good it was for the members of each segment.
    pub segments: Vec<(String, Quality)>,
    /// The same with other thresholds, in the order asked for.
    pub sweep: Vec<Threshold>,
    /// Firings, and outcomes that none foretold; by account, then time.
    pub cases: Vec<Case>,
}

/// A rule with another number in its condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// The number as written.
    pub number: String,
    /// Firings.
    pub fires: usize,
    /// Firings per week of the period.
    pub fires_per_week: f64,
    /// How good it was.
    #[serde(flatten)]
    pub quality: Quality,
}

/// Computes the findings. `segments`: only of accounts that are members of any of them at the time; empty is all.
pub fn findings(prepared: &Prepared, terms: &Terms, timelines: &[Timeline], segments: &[usize]) -> Findings {
    let asked = |timeline: &Timeline, at: Instant| segments.is_empty() || segments.iter().any(|s| timeline.is_member(*s, at));
    let tallies = tallies(prepared, terms, timelines, prepared.rule, asked);
    let by_segment = prepared.model.segments.iter().enumerate().map(|(number, segment)| {
        let within = |timeline: &Timeline, at: Instant| asked(timeline, at) && timeline.is_member(number, at);
        (segment.name.clone(), quality(&self::tallies(prepared, terms, timelines, prepared.rule, within)))
    });
    let sweep = prepared.variants.iter().map(|(number, rule)| {
        let tallies = self::tallies(prepared, terms, timelines, *rule, asked);
        let fires = tallies.iter().flat_map(Tally::fired).count();
        Threshold { number: number.clone(), fires, fires_per_week: fires as f64 / terms.weeks(), quality: quality(&tallies) }
    });
    Findings {
        load: load(terms, &tallies),
        quality: quality(&tallies),
        segments: by_segment.collect(),
        sweep: sweep.collect(),
        cases: tallies.iter().flat_map(|tally| tally.cases.iter().cloned()).collect(),
    }
}

fn tallies(
    prepared: &Prepared,
    terms: &Terms,
    timelines: &[Timeline],
    rule: usize,
    wanted: impl Fn(&Timeline, Instant) -> bool,
) -> Vec<Tally> {
    timelines.iter().map(|timeline| tally(terms, rule, prepared.alert(rule), timeline, |at| wanted(timeline, at))).collect()
}
