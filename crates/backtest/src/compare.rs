//! Two models side by side on the same history: who stands elsewhere by the other, which alerts come and go, and how the figures differ.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tenure_model::time::Instant;
use tenure_model::{Model, definition::OnExisting};

use crate::findings::{Answer, Findings, ModelFindings, SignSummary, Summary, Undated};
use crate::run::Ready;
use crate::scorecard::ScoreFindings;
use crate::sign::{Sign, SignKind};
use crate::timeline::Timeline;

/// A model and what a replay of it showed.
#[derive(Clone, Copy)]
pub struct Side<'s> {
    /// The model.
    pub model: &'s Model,
    /// By account.
    pub timelines: &'s [Timeline],
}

/// What is otherwise by another model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// As of when accounts are compared.
    #[serde(serialize_with = "crate::written::instant", deserialize_with = "crate::written::read_instant")]
    pub at: Instant,
    /// Accounts that are customers then, by either.
    pub accounts: usize,
    /// By alert rule: how often it fires.
    pub alerts: Vec<AlertDifference>,
    /// By segment: who belongs to it.
    pub segments: Vec<SegmentDifference>,
    /// From which stage to which, and how many accounts; the commonest first.
    pub stages: Vec<Move>,
    /// From which band to which.
    pub bands: Vec<Move>,
    /// The accounts that stand elsewhere.
    pub changed: Vec<AccountDifference>,
}

/// So many accounts stand there instead of here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// By the first model; None: nowhere.
    pub from: Option<String>,
    /// By the second.
    pub to: Option<String>,
    /// How many accounts.
    pub accounts: usize,
}

/// How often an alert rule fires.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlertDifference {
    /// Its name, in the second model if it is there.
    pub alert: String,
    /// Its name in the first, where it is another.
    pub was: Option<String>,
    /// Firings in the period by the first model; None: it has no such rule.
    pub fired_before: Option<usize>,
    /// By the second.
    pub fired_after: Option<usize>,
    /// Firing at the end by both.
    pub stay: usize,
    /// Firing at the end by the second only: they would fire at once.
    pub start: usize,
    /// Firing at the end by the first only.
    pub stop: usize,
    /// What the second model does with accounts that match already: `ignore`, `fire` or `silent`.
    pub on_existing: Option<String>,
}

/// Who belongs to a segment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SegmentDifference {
    /// Its name.
    pub segment: String,
    /// Members by both.
    pub stay: usize,
    /// By the second only.
    pub enter: usize,
    /// By the first only.
    pub leave: usize,
}

/// Where an account stands otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AccountDifference {
    /// Which.
    pub account: Arc<str>,
    /// Its stage by the first model and by the second, where they differ.
    pub stage: Option<(Option<String>, Option<String>)>,
    /// Its band.
    pub band: Option<(Option<String>, Option<String>)>,
    /// Segments that it is in by the second only.
    pub enters: Vec<String>,
    /// By the first only.
    pub leaves: Vec<String>,
    /// Alerts that fire by the second only; of persons as `rule(person)`.
    pub starts: Vec<String>,
    /// By the first only.
    pub stops: Vec<String>,
}

impl AccountDifference {
    fn is_any(&self) -> bool {
        self.stage.is_some()
            || self.band.is_some()
            || [&self.enters, &self.leaves, &self.starts, &self.stops].iter().any(|names| !names.is_empty())
    }
}

/// Where an account stands at an instant.
#[derive(Default)]
struct Standing {
    stage: Option<String>,
    band: Option<String>,
    segments: BTreeSet<String>,
    /// Rule, person.
    alerts: BTreeSet<(String, Option<Arc<str>>)>,
}

/// Compares where accounts stand at an instant, and which alerts fired from another one on until then.
pub fn compare(old: Side<'_>, new: Side<'_>, from: Instant, at: Instant) -> Comparison {
    let renamed = Renamed::between(old.model, new.model);
    let by_account = |side: Side<'_>| -> BTreeMap<Arc<str>, usize> {
        side.timelines.iter().enumerate().map(|(i, timeline)| (timeline.account.clone(), i)).collect()
    };
    let (before, after) = (by_account(old), by_account(new));
    let ids: BTreeSet<&Arc<str>> = before.keys().chain(after.keys()).collect();
    let mut found = Found::new(old.model, new.model, &renamed);
    found.fired(old, new, from, at, &renamed);
    let mut accounts = 0;
    for id in ids {
        let was = before.get(id).map(|i| standing(old, &old.timelines[*i], at, &renamed)).unwrap_or_default();
        let is = after.get(id).map(|i| standing(new, &new.timelines[*i], at, &Renamed::default())).unwrap_or_default();
        let live = |side: Side<'_>, of: &BTreeMap<Arc<str>, usize>| of.get(id).is_some_and(|i| side.timelines[*i].is_live(at));
        accounts += usize::from(live(old, &before) || live(new, &after));
        found.account(id, was, is);
    }
    found.comparison(at, accounts)
}

/// What names of the first model are called in the second, where it says so (`was:`).
#[derive(Default)]
struct Renamed {
    stages: BTreeMap<String, String>,
    alerts: BTreeMap<String, String>,
}

impl Renamed {
    fn between(old: &Model, new: &Model) -> Renamed {
        let stage = |was: &String| old.stages.iter().any(|s| s.name == *was);
        let alert = |was: &String| old.alerts.iter().any(|a| a.name == *was);
        Renamed {
            stages: new.stages.iter().filter_map(|s| Some((s.was.clone().filter(stage)?, s.name.clone()))).collect(),
            alerts: new.alerts.iter().filter_map(|a| Some((a.was.clone().filter(alert)?, a.name.clone()))).collect(),
        }
    }
}

fn name(names: &BTreeMap<String, String>, name: &str) -> String {
    names.get(name).cloned().unwrap_or_else(|| name.to_owned())
}

fn standing(side: Side<'_>, timeline: &Timeline, at: Instant, renamed: &Renamed) -> Standing {
    if !timeline.is_live(at) {
        return Standing::default();
    }
    let model = side.model;
    let mut standing = Standing { band: timeline.band(at).map(|band| band.to_string()), ..Standing::default() };
    for (sign, episodes) in &timeline.episodes {
        for episode in episodes.iter().filter(|episode| episode.stay.covers(at)) {
            match sign {
                Sign::Stage(_) => standing.stage = Some(name(&renamed.stages, sign.name(model))),
                Sign::Segment(_) => drop(standing.segments.insert(sign.name(model).to_owned())),
                Sign::Rule(_) => drop(standing.alerts.insert((name(&renamed.alerts, sign.name(model)), episode.person.clone()))),
                _ => {}
            }
        }
    }
    standing
}

/// What differs, in the making.
struct Found {
    alerts: Vec<AlertDifference>,
    segments: Vec<SegmentDifference>,
    stages: BTreeMap<(Option<String>, Option<String>), usize>,
    bands: BTreeMap<(Option<String>, Option<String>), usize>,
    changed: Vec<AccountDifference>,
}

impl Found {
    /// Of the second model's definitions, then of those that only the first one has.
    fn new(old: &Model, new: &Model, renamed: &Renamed) -> Found {
        let mut alerts: Vec<AlertDifference> = new
            .alerts
            .iter()
            .map(|rule| AlertDifference {
                alert: rule.name.clone(),
                was: renamed.alerts.iter().find(|(_, is)| **is == rule.name).map(|(was, _)| was.clone()),
                on_existing: Some(on_existing(rule.on_existing).to_owned()),
                ..AlertDifference::default()
            })
            .collect();
        for rule in &old.alerts {
            let now = name(&renamed.alerts, &rule.name);
            if !alerts.iter().any(|alert| alert.alert == now) {
                alerts.push(AlertDifference { alert: now, ..AlertDifference::default() });
            }
        }
        let mut segments: Vec<String> = new.segments.iter().map(|s| s.name.clone()).collect();
        segments.extend(old.segments.iter().map(|s| s.name.clone()).filter(|name| !new.segments.iter().any(|s| s.name == *name)));
        Found {
            alerts,
            segments: segments.into_iter().map(|segment| SegmentDifference { segment, ..SegmentDifference::default() }).collect(),
            stages: BTreeMap::new(),
            bands: BTreeMap::new(),
            changed: Vec::new(),
        }
    }

    /// Counts the firings of each rule.
    fn fired(&mut self, old: Side<'_>, new: Side<'_>, from: Instant, at: Instant, renamed: &Renamed) {
        let count = |side: Side<'_>, rule: usize| {
            let episodes = side.timelines.iter().flat_map(|timeline| timeline.episodes(Sign::Rule(rule)));
            episodes.filter(|episode| from <= episode.stay.from && episode.stay.from <= at).count()
        };
        for alert in &mut self.alerts {
            let rule =
                |model: &Model, called: &dyn Fn(&str) -> String| model.alerts.iter().position(|rule| called(&rule.name) == alert.alert);
            alert.fired_before = rule(old.model, &|known| name(&renamed.alerts, known)).map(|i| count(old, i));
            alert.fired_after = rule(new.model, &str::to_owned).map(|i| count(new, i));
        }
    }

    fn account(&mut self, id: &Arc<str>, was: Standing, is: Standing) {
        let mut difference = AccountDifference { account: id.clone(), ..AccountDifference::default() };
        if was.stage != is.stage {
            *self.stages.entry((was.stage.clone(), is.stage.clone())).or_default() += 1;
            difference.stage = Some((was.stage, is.stage));
        }
        if was.band != is.band {
            *self.bands.entry((was.band.clone(), is.band.clone())).or_default() += 1;
            difference.band = Some((was.band, is.band));
        }
        for segment in &mut self.segments {
            match (was.segments.contains(&segment.segment), is.segments.contains(&segment.segment)) {
                (true, true) => segment.stay += 1,
                (true, false) => {
                    segment.leave += 1;
                    difference.leaves.push(segment.segment.clone());
                }
                (false, true) => {
                    segment.enter += 1;
                    difference.enters.push(segment.segment.clone());
                }
                (false, false) => {}
            }
        }
        let shown = |(rule, person): &(String, Option<Arc<str>>)| {
            person.as_ref().map_or_else(|| rule.clone(), |person| format!("{rule}({person})"))
        };
        for alert in &mut self.alerts {
            let of = |alerts: &BTreeSet<(String, Option<Arc<str>>)>| {
                alerts.iter().filter(|(rule, _)| *rule == alert.alert).cloned().collect::<BTreeSet<_>>()
            };
            let (before, after) = (of(&was.alerts), of(&is.alerts));
            alert.stay += before.intersection(&after).count();
            alert.start += after.difference(&before).count();
            alert.stop += before.difference(&after).count();
            difference.starts.extend(after.difference(&before).map(shown));
            difference.stops.extend(before.difference(&after).map(shown));
        }
        if difference.is_any() {
            self.changed.push(difference);
        }
    }

    fn comparison(self, at: Instant, accounts: usize) -> Comparison {
        let moves = |of: BTreeMap<(Option<String>, Option<String>), usize>| {
            let mut moves: Vec<Move> = of.into_iter().map(|((from, to), accounts)| Move { from, to, accounts }).collect();
            moves.sort_by_key(|m| std::cmp::Reverse(m.accounts));
            moves
        };
        Comparison {
            at,
            accounts,
            alerts: self.alerts,
            segments: self.segments,
            stages: moves(self.stages),
            bands: moves(self.bands),
            changed: self.changed,
        }
    }
}

fn on_existing(policy: OnExisting) -> &'static str {
    match policy {
        OnExisting::Ignore => "ignore",
        OnExisting::Fire => "fire",
        OnExisting::Silent => "silent",
    }
}

/// The figures of two models, sign by sign and card by card; None where a model does not have it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Signs of the second model, then those that only the first one has.
    pub signs: Vec<SignPair>,
    /// Scorecards alike.
    pub scorecards: Vec<CardPair>,
}

/// A sign by both models.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct SignPair {
    pub kind: SignKind,
    pub name: String,
    pub before: Option<Summary>,
    pub after: Option<Summary>,
}

/// A scorecard by both models.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct CardPair {
    pub scorecard: String,
    pub before: Option<ScoreFindings>,
    pub after: Option<ScoreFindings>,
}

/// Two models side by side: accounts and figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SideBySide {
    /// Who stands elsewhere at the end of the period, and which alerts fired in it.
    pub comparison: Comparison,
    /// The figures of both.
    pub figures: Figures,
    /// Accounts that rest on traits without a date, by each.
    pub undated: [Undated; 2],
}

/// Compares what a backtest of one model found with what that of another did; both are about everything.
pub fn side_by_side(first: (&Ready, &[Timeline], &Findings), second: (&Ready, &[Timeline], &Findings)) -> SideBySide {
    let (before, after) = (side(first), side(second));
    let terms = &first.0.terms;
    let (from, at) = (terms.calendar.midnight(terms.from), terms.calendar.last_instant(terms.to).min(terms.known));
    let comparison = compare(before, after, from, at);
    let figures = match (&first.2.answer, &second.2.answer) {
        (Answer::Model(before), Answer::Model(after)) => figures(before, after),
        _ => Figures { signs: vec![], scorecards: vec![] },
    };
    SideBySide { comparison, figures, undated: [first.2.undated.clone(), second.2.undated.clone()] }
}

fn side<'s>((ready, timelines, _): (&'s Ready, &'s [Timeline], &Findings)) -> Side<'s> {
    Side { model: ready.prepared.engine.model(), timelines }
}

/// Puts the figures of two models side by side, by name.
pub fn figures(before: &ModelFindings, after: &ModelFindings) -> Figures {
    let key = |sign: &SignSummary| (sign.kind, sign.name.clone());
    let find =
        |all: &ModelFindings, wanted: &(SignKind, String)| all.signs.iter().find(|sign| key(sign) == *wanted).map(|sign| sign.of.clone());
    let card = |all: &ModelFindings, name: &str| all.scorecards.iter().find(|card| card.scorecard == name).cloned();
    let mut signs: Vec<(SignKind, String)> = after.signs.iter().map(key).collect();
    signs.extend(before.signs.iter().map(key).filter(|wanted| find(after, wanted).is_none()));
    let mut cards: Vec<String> = after.scorecards.iter().map(|card| card.scorecard.clone()).collect();
    cards.extend(before.scorecards.iter().map(|c| c.scorecard.clone()).filter(|name| card(after, name).is_none()));
    let pair = |wanted: (SignKind, String)| SignPair {
        before: find(before, &wanted),
        after: find(after, &wanted),
        kind: wanted.0,
        name: wanted.1,
    };
    Figures {
        signs: signs.into_iter().map(pair).collect(),
        scorecards: cards
            .into_iter()
            .map(|name| CardPair { before: card(before, &name), after: card(after, &name), scorecard: name })
            .collect(),
    }
}
