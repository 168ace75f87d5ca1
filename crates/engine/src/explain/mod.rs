//! Why: a tree from an outcome through conditions, measures and metrics down to the events that count, and what would change it.
//!
//! Nothing of it is stored: the account is replayed to the instant, and each decision explained from the row it was made on.

mod alert;
mod change;
mod column;
mod events;
mod health;
mod lifecycle;
mod peak;
mod recorder;
mod tree;
mod words;

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value as Json, json};
use tenure_model::definition::Builtin;
use tenure_model::input::Version;
use tenure_model::time::Instant;
use tenure_model::{Program, Value};

use crate::account::{Account, Life};
use crate::advance::{Late, Mode};
use crate::input::Inputs;
use crate::{Engine, band_name};

pub use change::WouldChange;
pub use tree::Reason;

use crate::health::HealthNow;
use column::Scene;
use recorder::{Key, Members, Moment, Recorder};

/// What is to be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The health score.
    Health,
    /// The stage.
    Stage,
    /// Membership in a segment (of the account).
    Segment(String),
    /// The status of a milestone.
    Milestone(String),
    /// The state of an alert; with the person for alerts of persons.
    Alert(String, Option<String>),
    /// The value of a metric or any other column.
    Column(String),
}

/// What the engine is told beside the inputs, so that it can show them.
pub trait Evidence {
    /// An event as people should see it, by its index in `Inputs::events`.
    fn event(&self, index: usize) -> Json;
    /// The versions of a trait of the account, in any order.
    fn versions(&self, field: &str) -> Vec<Version>;
    /// How many events to show of one metric, the latest; those beyond are counted.
    fn events_max(&self) -> usize {
        EVENTS_SHOWN_MAX
    }
}

/// Why something is as it is.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// Whose.
    pub account: Arc<str>,
    /// As of.
    #[serde(serialize_with = "words::as_text")]
    pub as_of: Instant,
    /// Of which model.
    pub revision: String,
    /// What is explained.
    pub subject: String,
    /// How it is.
    pub outcome: Json,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "words::as_text_if_any")]
    pub since: Option<Instant>,
    /// When the account ended, if it has: everything stands as it stood then.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "words::as_text_if_any")]
    pub ended_at: Option<Instant>,
    /// The reasons: of what was decided as of then, of the rest as of now.
    pub because: Vec<Reason>,
    /// The single changes that would change it now; empty: no single one would.
    pub would_change: Vec<WouldChange>,
}

/// It cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum Unexplained {
    /// The model has no such thing.
    #[error("the model has no {kind} {name:?}{}", .nearest.as_ref().map(|n| format!("; did you mean {n}?")).unwrap_or_default())]
    Unknown {
        /// Segment, milestone, alert, column.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// The nearest name.
        nearest: Option<String>,
    },
    /// The account is not known at that instant.
    #[error("nothing dated is known of the account {0} at that time")]
    NotYet(Arc<str>),
    /// Should not happen with a fresh account.
    #[error(transparent)]
    Late(#[from] Late),
}

/// Events shown of one metric unless the evidence says otherwise; what is more is counted.
pub const EVENTS_SHOWN_MAX: usize = 100;

impl Engine {
    /// Explains a subject of an account as of an instant. `inputs` is its whole history.
    ///
    /// # Errors
    /// [`Unexplained`] where the subject is not in the model or the account not yet known.
    pub fn explain(
        &self,
        id: &Arc<str>,
        inputs: &Inputs<'_>,
        evidence: &dyn Evidence,
        at: Instant,
        subject: &Subject,
    ) -> Result<Explanation, Unexplained> {
        let mut account = self.account(id.clone());
        let mut recorder = Recorder::new(self.model());
        self.advance(&mut account, inputs, at, Mode::Exact, &mut recorder)?;
        if account.life() == Life::Unborn {
            return Err(Unexplained::NotYet(id.clone()));
        }
        let ended_at = if let Life::Ended(t) = account.life() { Some(t) } else { None };
        let members = recorder.members(&account);
        // Between the last evaluation and the instant asked for nothing changes; an ended account stands as it stood just before its end.
        let now = ended_at.map_or(at, |end| end.plus(-1));
        let teller = Teller { engine: self, account: &account, recorder: &recorder, members, inputs, evidence, now };
        let (outcome, since, because, would_change) = match subject {
            Subject::Health => teller.health(),
            Subject::Stage => teller.stage(),
            Subject::Segment(name) => teller.segment(name)?,
            Subject::Milestone(name) => teller.milestone(name)?,
            Subject::Alert(name, person) => teller.alert(name, person.as_deref())?,
            Subject::Column(name) => teller.column(name)?,
        };
        Ok(Explanation {
            account: id.clone(),
            as_of: at,
            revision: self.model().revision.0.clone(),
            subject: subject.to_string(),
            outcome,
            since,
            ended_at,
            because,
            would_change,
        })
    }
}

impl Explanation {
    /// The outcome for people, rounded: `72.4 yellow, coverage 90 %, -3.1 in 30 days`.
    pub fn headline(&self) -> String {
        let Json::Object(health) = &self.outcome else { return words::plain_json(&self.outcome) };
        let number = |key: &str| health.get(key).and_then(Json::as_f64);
        let band = health.get("band").and_then(Json::as_str).map_or_else(String::new, |b| format!(" {b}"));
        let coverage = number("coverage").map_or_else(String::new, |c| format!(", coverage {:.0} %", c * 100.0));
        let change = number("change_30d").map_or_else(String::new, |c| format!(", {c:+.1} in 30 days"));
        format!("{}{band}{coverage}{change}", words::score(number("score")))
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Subject::Health => f.write_str("health"),
            Subject::Stage => f.write_str("stage"),
            Subject::Segment(name) => write!(f, "segment {name}"),
            Subject::Milestone(name) => write!(f, "milestone {name}"),
            Subject::Alert(name, None) => write!(f, "alert {name}"),
            Subject::Alert(name, Some(person)) => write!(f, "alert {name}({person})"),
            Subject::Column(name) => f.write_str(name),
        }
    }
}

/// How it is, since when, why, and what would change it.
type Told = (Json, Option<Instant>, Vec<Reason>, Vec<WouldChange>);

/// Everything an explanation is told from.
pub(crate) struct Teller<'a> {
    pub engine: &'a Engine,
    pub account: &'a Account,
    pub recorder: &'a Recorder,
    /// Who is in which person segment now.
    pub members: Members,
    pub inputs: &'a Inputs<'a>,
    pub evidence: &'a dyn Evidence,
    /// The instant asked for; of an ended account the last one before its end.
    pub now: Instant,
}

impl Teller<'_> {
    /// The scene as of the instant asked for.
    fn now(&self) -> Scene<'_> {
        if let (Life::Ended(_), Some(end)) = (self.account.life(), self.recorder.last.get(&Key::Ended)) {
            return Scene { at: self.now, ..self.scene(end) };
        }
        Scene { teller: self, row: self.account.row(), person: None, members: &self.members, at: self.now, depth: 0 }
    }

    fn scene<'s>(&'s self, moment: &'s Moment) -> Scene<'s> {
        Scene { teller: self, row: &moment.row, person: moment.person.as_deref(), members: &moment.members, at: moment.at, depth: 0 }
    }

    fn unknown<'n>(kind: &'static str, name: &str, names: impl Iterator<Item = &'n str>) -> Unexplained {
        let nearest = tenure_model::diagnostic::nearest(name, names).map(str::to_owned);
        Unexplained::Unknown { kind, name: name.to_owned(), nearest }
    }

    fn flips(&self, program: &Program, row: &[Value], towards: &str) -> Vec<WouldChange> {
        change::of_program(program, row, self.now, towards)
    }

    fn column(&self, name: &str) -> Result<Told, Unexplained> {
        let columns = &self.engine.model().account;
        let unknown = || Self::unknown("column", name, columns.iter().map(|c| c.name.as_str()));
        let slot = columns.iter().position(|c| c.name == name).ok_or_else(unknown)?;
        let reason = self.now().column(slot as u32);
        Ok((self.account.value(slot as u32).to_json(), None, vec![reason], vec![]))
    }

    fn health(&self) -> Told {
        let calendar = &self.engine.model().calendar;
        let at = crate::health::At { t: self.now, today: calendar.day(self.now), calendar, started: self.account.started };
        let mut now = HealthNow::default();
        crate::health::health(self.engine.model(), &self.engine.plan, self.account, &at, &mut now);
        let Some(card) = now.card.map(|c| &self.engine.model().scorecards[c]) else {
            return (Json::Null, None, vec![Reason::new("card", "no scorecard applies to this account in its stage and segments")], vec![]);
        };
        let because = vec![health::reason(&self.now(), card, &now)];
        let would_change = health::would_change(self, card, &now);
        let slot = self.engine.plan.slot(Builtin::Health);
        let outcome = json!({
            "score": self.account.value(slot as u32).to_json(),
            "coverage": now.coverage,
            "band": now.band.map(|b| band_name(card, b)),
            "change_30d": self.engine.health_change(self.account, 30),
        });
        (outcome, self.recorder.last.get(&Key::Band).map(|m| m.at), because, would_change)
    }
}
