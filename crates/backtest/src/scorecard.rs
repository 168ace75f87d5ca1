//! A scorecard held against an outcome: does a lower score foretell it, how early, for whom, and by which of its measures?

use std::collections::BTreeMap;

use serde::Serialize;
use tenure_engine::{band_name, weighted};
use tenure_model::time::{Day, Instant, Span};
use tenure_model::{Model, definition::Scorecard};

use crate::statistics::{Estimate, Part, Scored, Spread, auc, gain, lift, share, spread};
use crate::tally::Within;
use crate::terms::Terms;
use crate::timeline::{Reading, Timeline};
use crate::weights::{Suggestion, suggest};

/// What the past says about a scorecard. Scores are read once a week, at the end of the date.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoreFindings {
    /// The scorecard.
    pub scorecard: String,
    /// Times that the card applied, and accounts.
    pub readings: usize,
    /// Accounts to which it applied.
    pub accounts: usize,
    /// How many of the readings had a score.
    pub scored: usize,
    /// Coverage, where there was a score.
    pub coverage: Option<Spread>,
    /// How well the score tells apart what the outcome follows, so many days earlier.
    pub leads: Vec<AtLead>,
    /// Of the readings whose horizon is known, those that the outcome followed.
    pub base_rate: Estimate,
    /// From best to worst.
    pub bands: Vec<BandRate>,
    /// From the lowest scores to the highest; scores that are equal stay together.
    pub deciles: Vec<Decile>,
    /// How often bands changed.
    pub stability: Stability,
    /// Among the members of each segment, at no lead.
    pub segments: Vec<Slice>,
    /// In each stage.
    pub stages: Vec<Slice>,
    /// What each measure says; empty where measures were not read.
    pub measures: Vec<MeasureFindings>,
    /// Weights that would have foretold more; None where there is too little to fit them to.
    pub suggestion: Option<Suggestion>,
}

/// How well scores foretell, some days earlier.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtLead {
    /// The outcome must come within the horizon that begins so many days after the score was read; who is no customer by then is left out.
    pub days: i32,
    /// The area under the ROC curve: 0.5 is chance, 1 tells all apart.
    pub auc: Estimate,
    /// Readings with a score whose horizon is known.
    pub readings: usize,
    /// Those that the outcome followed.
    pub followed: usize,
}

/// How often the outcome followed a band.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BandRate {
    /// Its name.
    pub band: String,
    /// Readings in it whose horizon is known.
    pub readings: usize,
    /// Those that the outcome followed.
    pub rate: Estimate,
    /// That rate over the rate of the next better band: above 1 where the bands are in the right order.
    pub over_better: Option<Estimate>,
}

/// How often the outcome followed a tenth of the scores.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decile {
    /// The lowest score in it.
    pub from: f64,
    /// The highest.
    pub to: f64,
    /// Readings.
    pub readings: usize,
    /// Those that the outcome followed.
    pub rate: Estimate,
}

/// How often bands changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stability {
    /// Changes from one band to another, from one reading to the next; having no score is no band.
    pub changes: usize,
    /// The same for each account and month of 30 days.
    pub per_account_month: Option<f64>,
}

/// Readings of a segment or in a stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slice {
    /// The segment or stage.
    pub name: String,
    /// How well the score tells apart what the outcome follows.
    pub auc: Estimate,
    /// How often it follows.
    pub base_rate: Estimate,
    /// Readings whose horizon is known, with a score or without.
    pub readings: usize,
}

/// What one measure says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MeasureFindings {
    /// Its group.
    pub group: String,
    /// Its name.
    pub measure: String,
    /// Its share of all weights, in percent.
    pub weight: f64,
    /// The share of readings in which it had a score.
    pub coverage: f64,
    /// How well it tells alone.
    pub auc: Estimate,
    /// What it adds: the area with all measures minus that without it. Both before overrides, caps and floors.
    pub adds: Estimate,
}

/// A reading whose horizon is known.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'t> {
    /// Number of the account.
    pub account: usize,
    pub reading: &'t Reading,
    /// The scores of the card's measures, if they were read.
    pub measures: &'t [f64],
    pub outcome: bool,
}

impl Seen<'_> {
    fn scored(&self, score: Option<f64>) -> Option<Scored> {
        score.map(|score| Scored { account: self.account, score, outcome: self.outcome })
    }
}

/// Holds a scorecard against what came. `leads`: days. `brief`: only how well it tells, and the rates of its bands.
#[allow(clippy::too_many_arguments)]
pub fn score<'t>(
    model: &Model,
    card: usize,
    terms: &Terms,
    timelines: impl Iterator<Item = &'t Timeline> + Clone,
    within: &Within,
    leads: &[i32],
    brief: bool,
) -> ScoreFindings {
    let definition = &model.scorecards[card];
    let readings = || {
        timelines.clone().enumerate().flat_map(|(account, timeline)| {
            let all = timeline
                .readings
                .iter()
                .enumerate()
                .filter(|(_, r)| usize::from(r.card) == card && within.holds(timeline, end(terms, r.day)));
            all.map(move |(i, reading)| (account, timeline, reading, timeline.measures.get(i).map_or(&[][..], Vec::as_slice)))
        })
    };
    let at_lead = |days: i32| {
        readings().filter_map(move |(account, timeline, reading, measures)| {
            let outcome = followed(terms, timeline, reading.day, days)?;
            Some((timeline, Seen { account, reading, measures, outcome }))
        })
    };
    let with_timelines: Vec<(&Timeline, Seen<'_>)> = at_lead(0).collect();
    let known: Vec<Seen<'_>> = with_timelines.iter().map(|(_, seen)| *seen).collect();
    let part = |name: &str, of: &dyn Fn(&Timeline, &Reading) -> bool| {
        let seen: Vec<Seen<'_>> =
            with_timelines.iter().filter(|(timeline, seen)| of(timeline, seen.reading)).map(|(_, seen)| *seen).collect();
        let scores = scores(&seen);
        Slice { name: name.to_owned(), auc: auc(&scores), base_rate: rate(&seen, |_| true).1, readings: seen.len() }
    };
    let in_segment = |(s, segment): (usize, &tenure_model::definition::Segment)| {
        part(&segment.name, &|timeline, reading| timeline.is_member(s, end(terms, reading.day)))
    };
    let in_stage = |(s, stage): (usize, &tenure_model::definition::Stage)| part(&stage.name, &|_, reading| reading.stage() == Some(s));
    let accounts =
        timelines.clone().filter(|t| t.readings.iter().any(|r| usize::from(r.card) == card && within.holds(t, end(terms, r.day)))).count();
    ScoreFindings {
        scorecard: definition.name.clone(),
        readings: readings().count(),
        accounts,
        scored: readings().filter(|(_, _, reading, _)| reading.score().is_some()).count(),
        coverage: spread(readings().filter(|(_, _, r, _)| r.score().is_some()).filter_map(|(_, _, r, _)| r.coverage()).collect()),
        leads: leads
            .iter()
            .map(|days| {
                let scores = scores(&at_lead(*days).map(|(_, seen)| seen).collect::<Vec<_>>());
                AtLead { days: *days, auc: auc(&scores), readings: scores.len(), followed: scores.iter().filter(|s| s.outcome).count() }
            })
            .collect(),
        base_rate: rate(&known, |_| true).1,
        bands: bands(definition, &known),
        deciles: if brief { vec![] } else { deciles(&known) },
        stability: stability(readings().map(|(account, _, reading, _)| (account, reading))),
        segments: model.segments.iter().enumerate().filter(|_| !brief).map(in_segment).collect(),
        stages: model.stages.iter().enumerate().filter(|_| !brief).map(in_stage).collect(),
        measures: measures(definition, &known),
        suggestion: suggest(definition, terms, &known),
    }
}

fn end(terms: &Terms, day: Day) -> Instant {
    terms.calendar.last_instant(day)
}

/// Did the outcome come within the horizon that begins so many days after a date? None where that is not known, or the account is gone by then.
fn followed(terms: &Terms, timeline: &Timeline, day: Day, lead: i32) -> Option<bool> {
    let from = terms.calendar.add(end(terms, day), Span::Days(lead), 1);
    let asked = terms.is_known(from) && timeline.is_live(from);
    asked.then(|| timeline.outcome_within(from, terms.horizon(from)).is_some())
}

pub(crate) fn scores(seen: &[Seen<'_>]) -> Vec<Scored> {
    seen.iter().filter_map(|s| s.scored(s.reading.score())).collect()
}

/// Of the readings wanted, how many there are, and how often the outcome followed them.
fn rate(seen: &[Seen<'_>], wanted: impl Fn(&Seen<'_>) -> bool) -> (usize, Estimate) {
    let parts = parts(seen, &wanted);
    (parts.values().map(|part| part.of).sum::<f64>() as usize, share(&parts.into_values().collect::<Vec<_>>()))
}

/// By account: how many readings, and how many of them the outcome followed.
fn parts(seen: &[Seen<'_>], wanted: &dyn Fn(&Seen<'_>) -> bool) -> BTreeMap<usize, Part> {
    let mut parts: BTreeMap<usize, Part> = BTreeMap::new();
    for s in seen.iter().filter(|s| wanted(s)) {
        let part = parts.entry(s.account).or_default();
        part.of += 1.0;
        part.hits += f64::from(u8::from(s.outcome));
    }
    parts
}

fn bands(card: &Scorecard, seen: &[Seen<'_>]) -> Vec<BandRate> {
    let of = |band: usize| parts(seen, &|s| s.reading.band() == Some(band));
    let numbers = 0..=card.bands.len();
    let rates = numbers.map(|band| {
        let (readings, rate) = rate(seen, |s| s.reading.band() == Some(band));
        let over_better = band.checked_sub(1).map(|better| {
            let (worse, better) = (of(band), of(better));
            let accounts: std::collections::BTreeSet<usize> = worse.keys().chain(better.keys()).copied().collect();
            let part = |parts: &BTreeMap<usize, Part>, account: &usize| parts.get(account).copied().unwrap_or_default();
            lift(&accounts.iter().map(|account| (part(&worse, account), part(&better, account))).collect::<Vec<_>>())
        });
        BandRate { band: band_name(card, band).to_owned(), readings, rate, over_better }
    });
    rates.collect()
}

fn deciles(seen: &[Seen<'_>]) -> Vec<Decile> {
    let mut scores: Vec<f64> = seen.iter().filter_map(|s| s.reading.score()).collect();
    scores.sort_unstable_by(f64::total_cmp);
    let mut deciles: Vec<Decile> = Vec::new();
    let mut done = 0;
    for tenth in 1..=10 {
        // Up to and with all that are equal to the last one.
        let until = (scores.len() * tenth).div_ceil(10);
        let Some(last) = until.checked_sub(1).and_then(|i| scores.get(i)) else { continue };
        let until = scores.partition_point(|score| score <= last);
        if until <= done {
            continue;
        }
        let (from, to) = (scores[done], scores[until - 1]);
        let (readings, rate) = rate(seen, |s| s.reading.score().is_some_and(|score| from <= score && score <= to));
        deciles.push(Decile { from, to, readings, rate });
        done = until;
    }
    deciles
}

fn stability<'r>(readings: impl Iterator<Item = (usize, &'r Reading)>) -> Stability {
    let (mut changes, mut days) = (0, 0);
    let mut last: Option<(usize, &Reading)> = None;
    for (account, reading) in readings {
        // A break in the readings is no change.
        if let Some((before, earlier)) = last
            && before == account
            && reading.day.0 - earlier.day.0 == crate::watch::READ_EVERY
            && let (Some(was), Some(is)) = (earlier.band(), reading.band())
        {
            days += crate::watch::READ_EVERY;
            changes += usize::from(was != is);
        }
        last = Some((account, reading));
    }
    Stability { changes, per_account_month: (days > 0).then(|| changes as f64 * 30.0 / f64::from(days)) }
}

fn measures(card: &Scorecard, seen: &[Seen<'_>]) -> Vec<MeasureFindings> {
    let seen: Vec<Seen<'_>> = seen.iter().filter(|s| !s.measures.is_empty()).copied().collect();
    if seen.is_empty() {
        return Vec::new();
    }
    let shares = shares(card);
    let names = card.groups.iter().flat_map(|group| group.measures.iter().map(|measure| (&group.name, &measure.name)));
    let found = names.enumerate().map(|(i, (group, measure))| {
        let own = |s: &Seen<'_>| s.measures.get(i).copied().filter(|score| !score.is_nan());
        let alone: Vec<Scored> = seen.iter().filter_map(|s| s.scored(own(s))).collect();
        let both = seen.iter().filter_map(|s| {
            let mut without = s.measures.to_vec();
            *without.get_mut(i)? = f64::NAN;
            Some((s.scored(weighted(card, s.measures))?, s.scored(weighted(card, &without))?))
        });
        let (with, without): (Vec<Scored>, Vec<Scored>) = both.unzip();
        MeasureFindings {
            group: group.clone(),
            measure: measure.clone(),
            weight: shares[i],
            coverage: alone.len() as f64 / seen.len() as f64,
            auc: auc(&alone),
            adds: gain(&with, &without),
        }
    });
    found.collect()
}

/// Each measure's share of all weights, in percent, where all have a score.
pub(crate) fn shares(card: &Scorecard) -> Vec<f64> {
    let groups: f64 = card.groups.iter().map(|group| group.weight).sum();
    let of_group = |group: &tenure_model::definition::Group| {
        let all: f64 = group.measures.iter().map(|m| m.weight).sum();
        let weight = group.weight;
        group.measures.iter().map(move |m| 100.0 * weight / groups * m.weight / all).collect::<Vec<_>>()
    };
    card.groups.iter().flat_map(of_group).map(|share| if share.is_finite() { share } else { 0.0 }).collect()
}
