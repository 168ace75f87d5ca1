//! Scenarios: stories with expected outcomes, read from YAML (docs/reference/scenario.md).
//!
//! Times stay as written until the model's zone is known; what `?` asks for keeps its place, so that an answer can be written there.

mod expect;
mod read;

use std::ops::Range;

use serde_json::{Map, Value as Json};

pub use expect::{Expectation, Expected, Subject};
pub use read::parse;

use crate::input::{self, Action, OverrideKind};
use crate::time::{Calendar, Instant, Span};

/// A story.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it tells.
    pub name: String,
    /// Folder of the model, relative to the scenario's; None: the folder above.
    pub model: Option<String>,
    /// In the order in which things arrive.
    pub steps: Vec<Step>,
}

/// What arrives at one instant, and what must hold after it.
#[derive(Clone, Debug)]
pub struct Step {
    /// Line in the file, from 1.
    pub line: usize,
    /// When.
    pub at: Moment,
    /// Whom it speaks of.
    pub account: String,
    /// Traits of the account; null removes one.
    pub traits: Map<String, Json>,
    /// Persons who are members of the account from now on, and their traits.
    pub people: Vec<Record>,
    /// Subscriptions of the account and their fields.
    pub subscriptions: Vec<Record>,
    /// Events of the account.
    pub events: Vec<Event>,
    /// What teammates decide about the account.
    pub decisions: Vec<Decision>,
    /// Accounts that have this one as parent from now on.
    pub children: Vec<String>,
    /// What must hold.
    pub expect: Vec<Expectation>,
}

/// When a step is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Moment {
    /// At this time.
    At(Stamp),
    /// So long after the step before.
    After(Span),
}

impl Moment {
    /// The instant. `before`: that of the step before; there is always one for a jump.
    pub fn instant(&self, before: Instant, calendar: &Calendar) -> Instant {
        match self {
            Moment::At(stamp) => stamp.instant(calendar),
            Moment::After(span) => calendar.add(before, *span, 1),
        }
    }
}

/// A time that can be read, as written: of the model's zone unless it has an offset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stamp(String);

impl Stamp {
    /// None where the text is no time.
    pub fn new(text: &str) -> Option<Stamp> {
        Calendar::utc().parse(text).map(|_| Stamp(text.trim().into()))
    }

    /// The instant, in a zone.
    pub fn instant(&self, calendar: &Calendar) -> Instant {
        calendar.parse(&self.0).unwrap_or_default()
    }
}

/// A person or subscription: its id and fields.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// Id.
    pub id: String,
    /// Fields; null removes one.
    pub fields: Map<String, Json>,
}

/// One event, or several alike.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// Its message id: the same id again is the same event.
    pub id: Option<String>,
    /// Name.
    pub name: String,
    /// Whose; None: the account's own.
    pub person: Option<String>,
    /// Properties.
    pub properties: Map<String, Json>,
    /// When it happened, if not at the step's instant; before it, it arrives late.
    pub time: Option<Stamp>,
    /// How often.
    pub times: u32,
    /// How long after each other.
    pub every: Span,
}

impl Event {
    /// The instants at which it happens; `at`: the step's.
    pub fn instants(&self, at: Instant, calendar: &Calendar) -> impl Iterator<Item = Instant> {
        let first = self.time.as_ref().map_or(at, |stamp| stamp.instant(calendar));
        let (every, calendar) = (self.every, calendar.clone());
        (0..self.times).map(move |n| calendar.add(first, every, i32::try_from(n).unwrap_or(i32::MAX)))
    }
}

/// What a teammate decides.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
    /// What.
    pub choice: Choice,
}

/// As `input::Action`, with times as written.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum Choice {
    SetStage { stage: String, until: Option<Stamp> },
    ReleaseStage,
    Override { target: String, how: OverrideKind, value: f64, until: Option<Stamp> },
    ClearOverride { target: String },
    Waive { milestone: String },
}

impl Decision {
    /// As the engine takes it.
    pub fn input(&self, account: &str, at: Instant, calendar: &Calendar) -> input::Decision {
        let instant = |stamp: &Option<Stamp>| stamp.as_ref().map(|s| s.instant(calendar));
        let action = match &self.choice {
            Choice::SetStage { stage, until } => Action::SetStage { stage: stage.clone(), until: instant(until) },
            Choice::ReleaseStage => Action::ReleaseStage,
            Choice::Override { target, how, value, until } => {
                Action::Override { target: target.clone(), how: *how, value: *value, until: instant(until) }
            }
            Choice::ClearOverride { target } => Action::ClearOverride { target: target.clone() },
            Choice::Waive { milestone } => Action::Waive { milestone: milestone.clone() },
        };
        input::Decision { account: account.into(), at, author: self.author.clone(), reason: self.reason.clone(), action }
    }
}

/// The text with answers in the place of what asked for them, everything else as it stands. Places that overlap an earlier one are left.
pub fn complete(text: &str, answers: &[(Range<usize>, String)]) -> String {
    let mut sorted: Vec<&(Range<usize>, String)> = answers.iter().collect();
    sorted.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(text.len() + 16 * sorted.len());
    let mut at = 0;
    for (range, answer) in sorted {
        let Some(before) = text.get(at..range.start) else { continue };
        out.push_str(before);
        out.push_str(answer);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or(""));
    out
}
