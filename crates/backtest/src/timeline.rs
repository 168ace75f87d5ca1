//! What a replay shows of one account: when it was a customer, in which stage and segments, when rules fired, when the outcome came.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenure_engine::{AlertReason, AlertState, Happened, Outcome};
use tenure_model::Instant;

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

    fn is_open(&self) -> bool {
        self.until == Instant::NEVER
    }

    /// Is an instant within?
    pub fn covers(&self, at: Instant) -> bool {
        self.from <= at && at < self.until
    }
}

/// Those that are still open end.
fn end_open<'s>(stays: impl IntoIterator<Item = &'s mut Stay>, at: Instant) {
    stays.into_iter().filter(|stay| stay.is_open()).for_each(|stay| stay.until = at);
}

/// A rule fired.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// From firing to resolving.
    pub stay: Stay,
    /// The person, for rules of persons.
    pub person: Option<Arc<str>>,
    /// Why it ended; None while it has not.
    pub ended: Option<AlertReason>,
    /// Whose it was when it fired.
    pub owner: Option<Arc<str>>,
}

/// One account through the whole replay.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Whose.
    pub account: Arc<str>,
    /// When it was a customer.
    pub lives: Vec<Stay>,
    /// Stages in their order; each ends where the next begins.
    pub stages: Vec<(Stay, usize)>,
    /// When it was a member, by segment.
    pub segments: BTreeMap<usize, Vec<Stay>>,
    /// Episodes by rule, in order of their beginning.
    pub episodes: BTreeMap<usize, Vec<Episode>>,
    /// When the outcome came, ascending.
    pub outcomes: Vec<Instant>,
}

impl Timeline {
    /// Of an account of which nothing is known yet.
    pub fn new(account: Arc<str>) -> Timeline {
        Timeline {
            account,
            lives: Vec::new(),
            stages: Vec::new(),
            segments: BTreeMap::new(),
            episodes: BTreeMap::new(),
            outcomes: Vec::new(),
        }
    }

    /// Takes what happened. `owner`: whose the account is; asked for where a rule fires that is `watched`.
    pub fn take(&mut self, outcome: &Outcome, watched: impl Fn(usize) -> bool, owner: impl FnOnce(usize) -> Option<Arc<str>>) {
        let at = outcome.at;
        match &outcome.what {
            Happened::Born | Happened::Restarted => self.lives.push(Stay::since(at)),
            Happened::Ended => {
                end_open(&mut self.lives, at);
                end_open(self.stages.iter_mut().map(|(stay, _)| stay), at);
            }
            Happened::Stage { to, .. } => {
                end_open(self.stages.iter_mut().map(|(stay, _)| stay), at);
                self.stages.push((Stay::since(at), *to));
            }
            Happened::Segment { person: None, segment, member } => {
                let stays = self.segments.entry(*segment).or_default();
                end_open(&mut *stays, at);
                if *member {
                    stays.push(Stay::since(at));
                }
            }
            Happened::Alert { person, rule, state, why, .. } if watched(*rule) => {
                let episodes = self.episodes.entry(*rule).or_default();
                match state {
                    AlertState::Firing => {
                        episodes.push(Episode { stay: Stay::since(at), person: person.clone(), ended: None, owner: owner(*rule) });
                    }
                    AlertState::Inactive | AlertState::Pending => {
                        for episode in episodes.iter_mut().filter(|e| e.stay.is_open() && e.person == *person) {
                            episode.stay.until = at;
                            episode.ended = Some(*why);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Is it a customer then?
    pub fn is_live(&self, at: Instant) -> bool {
        self.lives.iter().any(|stay| stay.covers(at))
    }

    /// Its stage then.
    pub fn stage(&self, at: Instant) -> Option<usize> {
        self.stages.iter().find(|(stay, _)| stay.covers(at)).map(|(_, stage)| *stage)
    }

    /// Is it a member then?
    pub fn is_member(&self, segment: usize, at: Instant) -> bool {
        self.segments.get(&segment).is_some_and(|stays| stays.iter().any(|stay| stay.covers(at)))
    }

    /// The first outcome after an instant, up to and with another.
    pub fn outcome_within(&self, after: Instant, until: Instant) -> Option<Instant> {
        let next = *self.outcomes.get(self.outcomes.partition_point(|at| *at <= after))?;
        (next <= until).then_some(next)
    }
}
