//! Signs: what of a model begins and ends for an account and may foretell something.

use serde::Serialize;
use tenure_model::Model;
use tenure_model::time::{DAY, Span};

/// A definition that says something of accounts at times. Numbers index the model's definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sign {
    /// An alert rule fires.
    Rule(usize),
    /// The account is a member of a segment.
    Segment(usize),
    /// One of its persons is.
    PersonSegment(usize),
    /// The account is in a stage.
    Stage(usize),
    /// A milestone is missed, and neither reached nor waived yet.
    Missed(usize),
    /// A milestone is reached, perhaps late.
    Reached(usize),
}

/// What kind of definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignKind {
    /// An alert rule.
    Alert,
    /// A segment of accounts, or of persons.
    Segment,
    /// A stage.
    Stage,
    /// A milestone that was missed.
    Missed,
    /// A milestone that was reached.
    Reached,
}

impl SignKind {
    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            SignKind::Alert => "alert",
            SignKind::Segment => "segment",
            SignKind::Stage => "stage",
            SignKind::Missed => "missed",
            SignKind::Reached => "reached",
        }
    }
}

/// Where a sign can be at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// For members of any of these; empty is everyone.
    pub segments: Vec<usize>,
    /// In any of these stages; empty is all.
    pub stages: Vec<usize>,
    /// Whole days that it waits before it begins.
    pub wait: i32,
}

impl Sign {
    /// All of a model: alert rules, milestones, stages, segments. Not the rule that stands for an outcome.
    pub fn all(model: &Model) -> Vec<Sign> {
        let of = |n: usize, sign: fn(usize) -> Sign| (0..n).map(sign);
        of(model.alerts.len(), Sign::Rule)
            .chain((0..model.milestones.len()).flat_map(|m| [Sign::Missed(m), Sign::Reached(m)]))
            .chain(of(model.stages.len(), Sign::Stage))
            .chain(of(model.segments.len(), Sign::Segment))
            .chain(of(model.person_segments.len(), Sign::PersonSegment))
            .filter(|sign| sign.kind() != SignKind::Alert || sign.name(model) != crate::outcome::NAME)
            .collect()
    }

    /// What kind of definition it is.
    pub fn kind(self) -> SignKind {
        match self {
            Sign::Rule(_) => SignKind::Alert,
            Sign::Segment(_) | Sign::PersonSegment(_) => SignKind::Segment,
            Sign::Stage(_) => SignKind::Stage,
            Sign::Missed(_) => SignKind::Missed,
            Sign::Reached(_) => SignKind::Reached,
        }
    }

    /// The definition's name.
    pub fn name(self, model: &Model) -> &str {
        match self {
            Sign::Rule(i) => &model.alerts[i].name,
            Sign::Segment(i) => &model.segments[i].name,
            Sign::PersonSegment(i) => &model.person_segments[i].name,
            Sign::Stage(i) => &model.stages[i].name,
            Sign::Missed(i) | Sign::Reached(i) => &model.milestones[i].name,
        }
    }

    /// Where it can be.
    pub fn scope(self, model: &Model) -> Scope {
        match self {
            Sign::Rule(i) => {
                let rule = &model.alerts[i];
                // Segments of a rule of persons are those of persons.
                let segments = if rule.person { vec![] } else { rule.segments.clone() };
                Scope { segments, stages: rule.stages.clone(), wait: days(rule.for_) }
            }
            _ => Scope::default(),
        }
    }
}

/// Whole days of a span.
fn days(span: Span) -> i32 {
    match span {
        Span::Days(days) => days,
        Span::Months(months) => 31 * months,
        Span::Exact(micros) => (micros / DAY) as i32,
    }
}
