//! A scorecard held against an outcome: does a lower score foretell it, how early, for whom, and by which of its measures?

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

/// A reading of the card. Small: there are millions.
#[derive(Clone, Copy)]
struct Read<'t> {
    timeline: &'t Timeline,
    /// Number of the account.
    account: u32,
    /// Number of the reading in the timeline.
    number: u32,
}

impl<'t> Read<'t> {
    fn reading(&self) -> &'t Reading {
        &self.timeline.readings[self.number as usize]
    }
}

/// A reading whose horizon is known.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'t> {
    read: Read<'t>,
    pub outcome: bool,
}

impl<'t> Seen<'t> {
    /// Number of the account; readings of one account stand together, these numbers ascend.
    pub fn account(&self) -> usize {
        self.read.account as usize
    }

    pub fn reading(&self) -> &'t Reading {
        self.read.reading()
    }

    /// The scores of the card's measures, if they were read.
    pub fn measures(&self) -> &'t [f64] {
        self.read.timeline.measures.get(self.read.number as usize).map_or(&[], Vec::as_slice)
    }

    /// With a score, if it has one.
    pub fn scored(&self, score: Option<f64>) -> Option<Scored> {
        score.map(|score| Scored { account: self.read.account, score, outcome: self.outcome })
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
    let ends: Vec<Instant> = (terms.from.0..=terms.to.0).map(|day| terms.calendar.last_instant(Day(day))).collect();
    let end = |day: Day| ends[(day.0 - terms.from.0) as usize];
    let of_account = |(account, timeline): (u32, &'t Timeline)| {
        let of_card = move |(_, r): &(u32, &Reading)| usize::from(r.card) == card && within.holds(timeline, end(r.day));
        (0..).zip(&timeline.readings).filter(of_card).map(move |(number, _)| Read { timeline, account, number })
    };
    let count = timelines.clone().map(|timeline| timeline.readings.len()).sum();
    let readings: Vec<Read<'t>> = at_most(count, (0..).zip(timelines).flat_map(of_account));
    let known = followed(terms, &ends, &readings, 0);
    let part = |name: &str, of: &dyn Fn(&Timeline, &Reading) -> bool| {
        let seen: Vec<Seen<'_>> = at_most(known.len(), known.iter().filter(|s| of(s.read.timeline, s.reading())).copied());
        Slice { name: name.to_owned(), auc: auc(&scores(&seen)), base_rate: rate(&seen, |_| true).1, readings: seen.len() }
    };
    let in_segment = |(s, segment): (usize, &tenure_model::definition::Segment)| {
        part(&segment.name, &|timeline, reading| timeline.is_member(s, end(reading.day)))
    };
    let in_stage = |(s, stage): (usize, &tenure_model::definition::Stage)| part(&stage.name, &|_, reading| reading.stage() == Some(s));
    let scored = || readings.iter().map(Read::reading).filter(|reading| reading.score().is_some());
    let at_lead = |days: &i32| {
        let scores = if *days == 0 { scores(&known) } else { scores(&followed(terms, &ends, &readings, *days)) };
        AtLead { days: *days, auc: auc(&scores), readings: scores.len(), followed: scores.iter().filter(|s| s.outcome).count() }
    };
    let rest = || ScoreFindings {
        scorecard: definition.name.clone(),
        readings: readings.len(),
        accounts: readings.chunk_by(|a, b| a.account == b.account).count(),
        scored: scored().count(),
        coverage: spread(at_most(readings.len(), scored().filter_map(Reading::coverage))),
        leads: Vec::new(),
        base_rate: rate(&known, |_| true).1,
        bands: bands(definition, &known),
        deciles: if brief { vec![] } else { deciles(&known) },
        stability: stability(&readings),
        segments: model.segments.iter().enumerate().filter(|_| !brief).map(in_segment).collect(),
        stages: model.stages.iter().enumerate().filter(|_| !brief).map(in_stage).collect(),
        measures: measures(definition, &known),
        suggestion: suggest(definition, terms, &known),
    };
    // Sorting for the areas takes about as long as all else.
    std::thread::scope(|scope| {
        let leads = scope.spawn(|| leads.iter().map(at_lead).collect());
        let findings = rest();
        ScoreFindings { leads: leads.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), ..findings }
    })
}

/// The readings for which it is known whether the outcome came within the horizon that begins so many days after their date, unless the account is gone
/// by then. `ends`: of the period's dates.
fn followed<'t>(terms: &Terms, ends: &[Instant], readings: &[Read<'t>], lead: i32) -> Vec<Seen<'t>> {
    let horizon = |end: &Instant| {
        let from = terms.calendar.add(*end, Span::Days(lead), 1);
        terms.is_known(from).then(|| (from, terms.horizon(from)))
    };
    let horizons: Vec<Option<(Instant, Instant)>> = ends.iter().map(horizon).collect();
    let seen = |read: &Read<'t>| {
        let day = read.reading().day.0 - terms.from.0;
        let (from, until) = horizons[day as usize].filter(|(from, _)| read.timeline.is_live(*from))?;
        Some(Seen { read: *read, outcome: read.timeline.outcome_within(from, until).is_some() })
    };
    at_most(readings.len(), readings.iter().filter_map(seen))
}

/// Collects what at most so many come of: memory is taken once.
fn at_most<T>(count: usize, items: impl Iterator<Item = T>) -> Vec<T> {
    let mut all = Vec::with_capacity(count);
    all.extend(items);
    all
}

pub(crate) fn scores(seen: &[Seen<'_>]) -> Vec<Scored> {
    at_most(seen.len(), seen.iter().filter_map(|s| s.scored(s.reading().score())))
}

/// Of the readings wanted, how many there are, and how often the outcome followed them.
fn rate(seen: &[Seen<'_>], wanted: impl Fn(&Seen<'_>) -> bool) -> (usize, Estimate) {
    let parts = parts(seen, &wanted);
    (parts.iter().map(|part| part.of).sum::<f64>() as usize, share(&parts))
}

/// By number of the account: how many readings, and how many of them the outcome followed.
fn parts(seen: &[Seen<'_>], wanted: &dyn Fn(&Seen<'_>) -> bool) -> Vec<Part> {
    let mut parts = vec![Part::default(); seen.last().map_or(0, |s| s.account() + 1)];
    for s in seen.iter().filter(|s| wanted(s)) {
        parts[s.account()].of += 1.0;
        parts[s.account()].hits += f64::from(u8::from(s.outcome));
    }
    parts
}

fn bands(card: &Scorecard, seen: &[Seen<'_>]) -> Vec<BandRate> {
    let mut better: Option<Vec<Part>> = None;
    let numbers = 0..=card.bands.len();
    let rates = numbers.map(|band| {
        let parts = parts(seen, &|s| s.reading().band() == Some(band));
        let rate = BandRate {
            band: band_name(card, band).to_owned(),
            readings: parts.iter().map(|part| part.of).sum::<f64>() as usize,
            rate: share(&parts),
            over_better: better.take().map(|better| lift(&parts.iter().copied().zip(better).collect::<Vec<_>>())),
        };
        better = Some(parts);
        rate
    });
    rates.collect()
}

fn deciles(seen: &[Seen<'_>]) -> Vec<Decile> {
    let mut scores: Vec<f64> = seen.iter().filter_map(|s| s.reading().score()).collect();
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
        let (readings, rate) = rate(seen, |s| s.reading().score().is_some_and(|score| from <= score && score <= to));
        deciles.push(Decile { from, to, readings, rate });
        done = until;
    }
    deciles
}

fn stability(readings: &[Read<'_>]) -> Stability {
    let (mut changes, mut days) = (0, 0);
    for (earlier, later) in readings.iter().zip(readings.iter().skip(1)).filter(|(earlier, later)| earlier.account == later.account) {
        // A break in the readings is no change.
        if later.reading().day.0 - earlier.reading().day.0 == crate::watch::READ_EVERY
            && let (Some(was), Some(is)) = (earlier.reading().band(), later.reading().band())
        {
            days += crate::watch::READ_EVERY;
            changes += usize::from(was != is);
        }
    }
    Stability { changes, per_account_month: (days > 0).then(|| changes as f64 * 30.0 / f64::from(days)) }
}

fn measures(card: &Scorecard, seen: &[Seen<'_>]) -> Vec<MeasureFindings> {
    let seen: Vec<Seen<'_>> = seen.iter().filter(|s| !s.measures().is_empty()).copied().collect();
    if seen.is_empty() {
        return Vec::new();
    }
    let shares = shares(card);
    let names = card.groups.iter().flat_map(|group| group.measures.iter().map(|measure| (&group.name, &measure.name)));
    let found = names.enumerate().map(|(i, (group, measure))| {
        let own = |s: &Seen<'_>| s.measures().get(i).copied().filter(|score| !score.is_nan());
        let alone: Vec<Scored> = seen.iter().filter_map(|s| s.scored(own(s))).collect();
        let both = seen.iter().filter_map(|s| {
            let mut without = s.measures().to_vec();
            *without.get_mut(i)? = f64::NAN;
            Some((s.scored(weighted(card, s.measures()))?, s.scored(weighted(card, &without))?))
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
