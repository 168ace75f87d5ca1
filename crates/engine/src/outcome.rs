//! What an advance brings forth: every change of a fact, with what the deciding condition read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tenure_model::Value;
use tenure_model::definition::ColumnId;
use tenure_model::input::OverrideKind;
use tenure_model::time::{Day, Instant};

use crate::account::Account;

/// Something that happened to an account at an instant.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// When.
    pub at: Instant,
    /// What.
    pub what: Happened,
    /// The row's columns that the deciding condition read, as it read them.
    pub inputs: Vec<(ColumnId, Value)>,
}

/// What happened. Numbers index the model's definitions.
#[derive(Clone, Debug, PartialEq)]
pub enum Happened {
    /// The account is known from now on.
    Born,
    /// It has no live subscription any more: scores and timers freeze.
    Ended,
    /// It has one again: a new tenure.
    Restarted,
    /// It moved to a stage.
    Stage {
        /// From where; None at the beginning.
        from: Option<usize>,
        /// To where.
        to: usize,
        /// Why.
        by: MovedBy,
    },
    /// It (or a person) entered or left a segment.
    Segment {
        /// The person, for person segments.
        person: Option<Arc<str>>,
        /// Index into `segments` or `person_segments`.
        segment: usize,
        /// Entered or left.
        member: bool,
    },
    /// A milestone changed its status.
    Milestone {
        /// Index.
        milestone: usize,
        /// The new status.
        status: MilestoneStatus,
        /// Its due time then.
        due: Option<Instant>,
    },
    /// The health score changed.
    Health {
        /// Index of the card that applies.
        card: Option<usize>,
        /// 0–100.
        score: Option<f64>,
        /// 0–1.
        coverage: Option<f64>,
        /// Name of the band.
        band: Option<Arc<str>>,
        /// Did the band change?
        band_changed: bool,
    },
    /// An alert changed its state.
    Alert {
        /// The person, for alerts of persons.
        person: Option<Arc<str>>,
        /// Index of the rule.
        rule: usize,
        /// The new state.
        state: AlertState,
        /// When this episode fired (or began to be pending): part of its dedupe key.
        since: Instant,
        /// Why it changed.
        why: AlertReason,
    },
    /// An override ended by itself.
    OverrideExpired {
        /// `total`, `group:<name>`, `measure:<name>`.
        target: String,
        /// What it did.
        how: OverrideKind,
        /// Its value.
        value: f64,
    },
    /// Lagged values did not settle within eight evaluations.
    Oscillated {
        /// Names of the definitions that kept changing.
        nodes: Vec<String>,
    },
    /// A column that a parent rolls up has a new value; None: not its child any more.
    Export {
        /// The parent's id.
        parent: Arc<str>,
        /// Index into the exports, and the value.
        value: Option<(u16, Value)>,
    },
}

/// Why a stage was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovedBy {
    /// It is where accounts begin.
    Beginning,
    /// Its condition held.
    Condition,
    /// The condition of the stage before no longer held, and it goes back here.
    BackTo,
    /// A teammate set it.
    Hand,
}

/// Status of a milestone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum MilestoneStatus {
    Pending,
    Reached,
    Missed,
    ReachedLate,
    Waived,
}

impl MilestoneStatus {
    /// As conditions read it.
    pub fn name(self) -> &'static str {
        match self {
            MilestoneStatus::Pending => "pending",
            MilestoneStatus::Reached => "reached",
            MilestoneStatus::Missed => "missed",
            MilestoneStatus::ReachedLate => "reached late",
            MilestoneStatus::Waived => "waived",
        }
    }
}

/// State of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum AlertState {
    Pending,
    Firing,
    Inactive,
}

impl AlertState {
    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            AlertState::Pending => "pending",
            AlertState::Firing => "firing",
            AlertState::Inactive => "resolved",
        }
    }
}

/// Why an alert changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertReason {
    /// Its condition (with stage and segment) began to hold, or held for long enough.
    Condition,
    /// Its condition no longer holds.
    NoLonger,
    /// The milestone it stands for was missed.
    MilestoneMissed,
    /// The milestone was reached late or waived.
    MilestoneSettled,
    /// The account ended, or the person left.
    Ended,
}

impl AlertReason {
    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            AlertReason::Condition => "condition holds",
            AlertReason::NoLonger => "condition no longer holds",
            AlertReason::MilestoneMissed => "milestone missed",
            AlertReason::MilestoneSettled => "milestone reached late or waived",
            AlertReason::Ended => "account ended or person left",
        }
    }
}

/// Who takes what an advance brings forth.
pub trait Sink {
    /// Something happened. `account` is as it is at that instant.
    fn outcome(&mut self, account: &Account, outcome: Outcome);

    /// A date of the model's zone is over; `account` is as of its last instant. Not called for accounts that are not live.
    fn day(&mut self, account: &Account, day: Day) {
        let _ = (account, day);
    }

    /// The next date, from one on, of which `day` is to be called: evaluations that sample may pass over what comes before, where nothing else is to be told.
    fn wanted_from(&self, day: Day) -> Day {
        day
    }

    /// Is every change of a health score wanted, or only those of the band? Scores change on most dates.
    fn wants_scores(&self) -> bool {
        true
    }

    /// Are changes of health and segments wanted? A caller that only wants state saves their cost.
    fn wants_detail(&self) -> bool {
        true
    }
}

/// Takes nothing: for callers that only want the state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Sink for Nothing {
    fn outcome(&mut self, _: &Account, _: Outcome) {}

    fn wants_detail(&self) -> bool {
        false
    }
}

/// Keeps everything.
impl Sink for Vec<Outcome> {
    fn outcome(&mut self, _: &Account, outcome: Outcome) {
        self.push(outcome);
    }
}
