//! What a replay shows of one account: when it was a customer, which signs were there from when until when, its bands and scores, and when the outcome
//! came.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenure_engine::{Account, AlertState, Happened, MilestoneStatus, Outcome, Upstream};
use tenure_model::definition::Builtin;
use tenure_model::{Day, Instant};

use crate::sign::Sign;

/// From an instant (inclusive) to another (exclusive; `NEVER`: still).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub struct Stay {
    pub from: Instant,
    pub until: Instant,
}

impl Stay {
    fn since(from: Instant) -> Stay {
        Stay { from, until: Instant::NEVER }
    }

    /// Has it not ended?
    pub fn is_open(&self) -> bool {
        self.until == Instant::NEVER
    }

    /// Is an instant within?
    pub fn covers(&self, at: Instant) -> bool {
        self.from <= at && at < self.until
    }
}

/// A sign was there.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// From when until when.
    pub stay: Stay,
    /// The person, for signs of persons.
    pub person: Option<Arc<str>>,
    /// Whose the account was when it began.
    pub owner: Option<Arc<str>>,
}

/// A milestone has another status.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Status {
    /// Since when.
    pub at: Instant,
    /// Which.
    pub is: MilestoneStatus,
    /// When it is due.
    pub due: Option<Instant>,
}

/// A score at the end of a date. Small: there are millions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The date.
    pub day: Day,
    /// Number of the scorecard.
    pub card: u16,
    stage: u16,
    band: u16,
    score: f64,
    coverage: f32,
}

/// Stands for no number.
const NONE: u16 = u16::MAX;

impl Reading {
    /// What is read of an account as it stands; None where no card applies.
    pub fn of(account: &Account, day: Day) -> Option<Reading> {
        let number = |builtin: Builtin| account.value(builtin.column()).as_number();
        let small = |n: Option<usize>| n.and_then(|n| u16::try_from(n).ok()).unwrap_or(NONE);
        Some(Reading {
            day,
            card: u16::try_from(account.card()?).ok()?,
            stage: small(account.stage()),
            band: small(account.band()),
            score: number(Builtin::Health).unwrap_or(f64::NAN),
            coverage: number(Builtin::HealthCoverage).unwrap_or(f64::NAN) as f32,
        })
    }

    /// 0 to 100; None without data.
    pub fn score(&self) -> Option<f64> {
        (!self.score.is_nan()).then_some(self.score)
    }

    /// 0 to 1.
    pub fn coverage(&self) -> Option<f64> {
        (!self.coverage.is_nan()).then_some(f64::from(self.coverage))
    }

    /// Number of the stage.
    pub fn stage(&self) -> Option<usize> {
        (self.stage != NONE).then_some(usize::from(self.stage))
    }

    /// Number of the band in the card, the lowest last.
    pub fn band(&self) -> Option<usize> {
        (self.band != NONE).then_some(usize::from(self.band))
    }
}

/// One account through the whole replay.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Whose.
    pub account: Arc<str>,
    /// When it was a customer.
    pub lives: Vec<Stay>,
    /// When which sign was there, in order of the beginning.
    pub episodes: BTreeMap<Sign, Vec<Episode>>,
    /// By milestone.
    pub milestones: BTreeMap<usize, Vec<Status>>,
    /// Bands, each until the next; None: no score.
    pub bands: Vec<(Instant, Option<Arc<str>>)>,
    /// Scores, by date.
    pub readings: Vec<Reading>,
    /// Of each reading the scores of the card's measures, NaN without one; empty unless they are wanted.
    pub measures: Vec<Vec<f64>>,
    /// When the outcome came, ascending.
    pub outcomes: Vec<Instant>,
    /// The traits that it has without a date.
    pub undated: Upstream,
    /// The signs that hold of it, or of a person of it, also while it is no customer.
    holding: BTreeSet<(Sign, Option<Arc<str>>)>,
}

impl Timeline {
    /// Of an account of which nothing is known yet.
    pub fn new(account: Arc<str>) -> Timeline {
        Timeline {
            account,
            lives: Vec::new(),
            episodes: BTreeMap::new(),
            milestones: BTreeMap::new(),
            bands: Vec::new(),
            readings: Vec::new(),
            measures: Vec::new(),
            outcomes: Vec::new(),
            undated: Upstream::default(),
            holding: BTreeSet::new(),
        }
    }

    /// Takes what happened. `owner`: whose the account is, for a sign.
    pub fn take(&mut self, outcome: &Outcome, owner: impl Fn(Sign) -> Option<Arc<str>>) {
        let at = outcome.at;
        match &outcome.what {
            Happened::Born | Happened::Restarted => {
                self.lives.push(Stay { from: at, until: Instant::NEVER });
                // Segments are told only when they change, also across an end.
                for (sign, person) in self.holding.clone() {
                    self.begin(sign, person, at, &owner);
                }
            }
            Happened::Ended => {
                let stays = self.lives.iter_mut().chain(self.episodes.values_mut().flatten().map(|episode| &mut episode.stay));
                stays.filter(|stay| stay.is_open()).for_each(|stay| stay.until = at);
            }
            // What is decided about an account that has ended begins nothing.
            Happened::Stage { .. } | Happened::Milestone { .. } if !self.lives.last().is_some_and(Stay::is_open) => {}
            Happened::Stage { from, to, .. } => {
                if let Some(from) = from {
                    self.end(Sign::Stage(*from), &None, at);
                }
                self.begin(Sign::Stage(*to), None, at, &owner);
            }
            Happened::Segment { person, segment, member } => {
                let sign = if person.is_some() { Sign::PersonSegment(*segment) } else { Sign::Segment(*segment) };
                if *member {
                    self.holding.insert((sign, person.clone()));
                    self.begin(sign, person.clone(), at, &owner);
                } else {
                    self.holding.remove(&(sign, person.clone()));
                    self.end(sign, person, at);
                }
            }
            Happened::Milestone { milestone, status, due } => {
                self.milestones.entry(*milestone).or_default().push(Status { at, is: *status, due: *due });
                match status {
                    MilestoneStatus::Missed => self.begin(Sign::Missed(*milestone), None, at, &owner),
                    MilestoneStatus::Pending | MilestoneStatus::Waived => self.end(Sign::Missed(*milestone), &None, at),
                    MilestoneStatus::Reached | MilestoneStatus::ReachedLate => {
                        self.end(Sign::Missed(*milestone), &None, at);
                        self.begin(Sign::Reached(*milestone), None, at, &owner);
                    }
                }
            }
            Happened::Health { band, band_changed: true, .. } => self.bands.push((at, band.clone())),
            Happened::Alert { person, rule, state, .. } => match state {
                AlertState::Firing => self.begin(Sign::Rule(*rule), person.clone(), at, &owner),
                AlertState::Inactive | AlertState::Pending => self.end(Sign::Rule(*rule), person, at),
            },
            _ => {}
        }
    }

    fn begin(&mut self, sign: Sign, person: Option<Arc<str>>, at: Instant, owner: impl Fn(Sign) -> Option<Arc<str>>) {
        self.episodes.entry(sign).or_default().push(Episode { stay: Stay::since(at), person, owner: owner(sign) });
    }

    fn end(&mut self, sign: Sign, person: &Option<Arc<str>>, at: Instant) {
        let Some(episodes) = self.episodes.get_mut(&sign) else { return };
        for episode in episodes.iter_mut().rev().filter(|episode| episode.stay.is_open() && episode.person == *person) {
            episode.stay.until = at;
        }
        // What began and ended at once was not there.
        episodes.retain(|episode| episode.stay.from < episode.stay.until);
    }

    /// When a sign was there.
    pub fn episodes(&self, sign: Sign) -> &[Episode] {
        self.episodes.get(&sign).map_or(&[], Vec::as_slice)
    }

    /// Was a sign there then?
    pub fn has(&self, sign: Sign, at: Instant) -> bool {
        self.episodes(sign).iter().any(|episode| episode.stay.covers(at))
    }

    /// Is it a customer then?
    pub fn is_live(&self, at: Instant) -> bool {
        self.lives.iter().any(|stay| stay.covers(at))
    }

    /// Is it a member of a segment then?
    pub fn is_member(&self, segment: usize, at: Instant) -> bool {
        self.has(Sign::Segment(segment), at)
    }

    /// Its stage then.
    pub fn stage(&self, at: Instant) -> Option<usize> {
        let stages = self.episodes.range(Sign::Stage(0)..=Sign::Stage(usize::MAX));
        let mut there = stages.filter_map(|(sign, episodes)| match sign {
            Sign::Stage(stage) if episodes.iter().any(|episode| episode.stay.covers(at)) => Some(*stage),
            _ => None,
        });
        there.next()
    }

    /// Its band then.
    pub fn band(&self, at: Instant) -> Option<&Arc<str>> {
        let last = self.bands.partition_point(|(since, _)| *since <= at).checked_sub(1)?;
        self.bands.get(last).filter(|_| self.is_live(at))?.1.as_ref()
    }

    /// The first outcome after an instant, up to and with another.
    pub fn outcome_within(&self, after: Instant, until: Instant) -> Option<Instant> {
        let next = *self.outcomes.get(self.outcomes.partition_point(|at| *at <= after))?;
        (next <= until).then_some(next)
    }
}
