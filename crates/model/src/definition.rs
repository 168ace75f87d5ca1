//! The checked model: what the engine runs. Built from files by `check`, never by hand; every reference is an index that exists.
//!
//! A condition reads one row of values, in the order of `Model::account` (or `Model::person`, or `EventRow` for `where:`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::condition::Program;
use crate::time::{Calendar, Instant, Span};
use crate::value::Kind;

/// Index of a column in `Model::account` or `Model::person`.
pub type ColumnId = u32;

/// The content hash of a model: the same definitions, the same revision, whatever the files and comments.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub String);

/// Everything a company has defined, checked.
#[derive(Clone, Debug)]
pub struct Model {
    /// Content hash.
    pub revision: Revision,
    /// What the hash is of: by section (`metrics`, `lifecycle.stages` …), the definitions by name as they were written; a list of pairs where their
    /// order has meaning.
    pub definitions: serde_json::Value,
    /// Dates and midnights.
    pub calendar: Calendar,
    /// An account is ended only after so long without a live subscription.
    pub grace: Span,
    /// Event names that some definition mentions; `EventId` indexes it.
    pub event_names: Vec<String>,
    /// Event properties that some definition reads.
    pub properties: Vec<Property>,
    /// The row of an account. Always begins with the built-in columns.
    pub account: Vec<Column>,
    /// The row of a person; columns with `Source::Account` are copied from its account's row.
    pub person: Vec<Column>,
    /// In order of dependency: a metric comes after those it reads as of the same instant.
    pub metrics: Vec<Metric>,
    /// Of persons, in order of dependency.
    pub person_metrics: Vec<Metric>,
    /// In order of dependency.
    pub segments: Vec<Segment>,
    /// Of persons, in order of dependency.
    pub person_segments: Vec<Segment>,
    /// In file order.
    pub stages: Vec<Stage>,
    /// In file order.
    pub milestones: Vec<Milestone>,
    /// In file order.
    pub scorecards: Vec<Scorecard>,
    /// In file order.
    pub alerts: Vec<AlertRule>,
    /// In file order; issue of tasks comes later, alerts name them.
    pub playbooks: Vec<Playbook>,
}

/// Index into `Model::event_names`.
pub type EventId = u16;

/// An event property that some definition reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Its key; dots descend into objects.
    pub name: String,
    /// Declared, or inferred from its use.
    pub kind: Kind,
}

/// The row that `where:` reads: the event's name, its person's id, then `Model::properties`.
pub struct EventRow;

impl EventRow {
    /// Slot of the event's name.
    pub const NAME: u32 = 0;
    /// Slot of the person's id.
    pub const PERSON: u32 = 1;
    /// Slot of the first of `Model::properties`.
    pub const PROPERTIES: u32 = 2;
}

/// A column of the account's or person's row.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// As conditions write it: `logins_7d`, `milestone('first_value')`, `account.stage`.
    pub name: String,
    /// Type.
    pub kind: Kind,
    /// Where its value comes from.
    pub source: Source,
    /// One sentence for people.
    pub description: Option<String>,
}

/// Where a column's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A trait of that name.
    Trait,
    /// Index into `metrics` or `person_metrics`.
    Metric(usize),
    /// Index into `segments` or `person_segments`.
    Segment(usize),
    /// Given by the engine.
    Builtin(Builtin),
    /// `health_change_<n>d`.
    HealthChange(i32),
    /// Status text of a milestone.
    Milestone(usize),
    /// `measure('x')`: the score of the measure of this name in whichever card applies; index into `Model::measure_names`' order by name.
    Measure,
    /// `measure_group('x')`.
    MeasureGroup,
    /// Is the alert firing?
    Alert(usize),
    /// In a person's row: that column of the account.
    Account(ColumnId),
}

/// Columns the engine gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Builtin {
    Id,
    StartedAt,
    AgeDays,
    Arr,
    Mrr,
    Seats,
    Subscriptions,
    Plan,
    Product,
    RenewalAt,
    TrialEndsAt,
    CardExpiresAt,
    DaysToRenewal,
    DaysToTrialEnd,
    DaysToCardExpiry,
    Stage,
    StageEnteredAt,
    DaysInStage,
    StageLate,
    Health,
    HealthCoverage,
    HealthBand,
}

impl Builtin {
    /// All of them with name and type, in the order in which they open `Model::account`.
    pub const ALL: &'static [(Builtin, &'static str, Kind)] = &[
        (Builtin::Id, "id", Kind::Text),
        (Builtin::StartedAt, "started_at", Kind::Time),
        (Builtin::AgeDays, "age_days", Kind::Number),
        (Builtin::Arr, "arr", Kind::Number),
        (Builtin::Mrr, "mrr", Kind::Number),
        (Builtin::Seats, "seats", Kind::Number),
        (Builtin::Subscriptions, "subscriptions", Kind::Number),
        (Builtin::Plan, "plan", Kind::Text),
        (Builtin::Product, "product", Kind::Text),
        (Builtin::RenewalAt, "renewal_at", Kind::Time),
        (Builtin::TrialEndsAt, "trial_ends_at", Kind::Time),
        (Builtin::CardExpiresAt, "card_expires_at", Kind::Time),
        (Builtin::DaysToRenewal, "days_to_renewal", Kind::Number),
        (Builtin::DaysToTrialEnd, "days_to_trial_end", Kind::Number),
        (Builtin::DaysToCardExpiry, "days_to_card_expiry", Kind::Number),
        (Builtin::Stage, "stage", Kind::Text),
        (Builtin::StageEnteredAt, "stage_entered_at", Kind::Time),
        (Builtin::DaysInStage, "days_in_stage", Kind::Number),
        (Builtin::StageLate, "stage_late", Kind::Bool),
        (Builtin::Health, "health", Kind::Number),
        (Builtin::HealthCoverage, "health_coverage", Kind::Number),
        (Builtin::HealthBand, "health_band", Kind::Text),
    ];

    /// Its column in an account's row: built-in columns open every row, in their own order.
    pub fn column(self) -> ColumnId {
        Builtin::ALL.iter().position(|known| known.0 == self).unwrap_or_default() as ColumnId
    }
}

/// A metric of an account or person.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Name.
    pub name: String,
    /// Its column in the row.
    pub column: ColumnId,
    /// Type of its value.
    pub kind: Kind,
    /// How it is computed.
    pub def: MetricDef,
    /// For people.
    pub label: Option<String>,
    /// For people.
    pub description: Option<String>,
}

/// How a metric is computed.
#[derive(Clone, Debug)]
pub enum MetricDef {
    /// From events.
    Events {
        /// What is taken of them.
        aggregate: Aggregate,
        /// Which ones.
        events: Events,
        /// `where:`; reads the `EventRow`.
        filter: Option<Program>,
        /// When.
        window: Window,
    },
    /// How many of the account's persons are in this person segment.
    PeopleIn(usize),
    /// A column as of the last instant of the date so many days ago.
    Ago {
        /// Which column: always a metric's.
        of: ColumnId,
        /// Days back.
        days: i32,
    },
    /// The greatest value that a metric of the same row has had in this tenure, at any instant of evaluation.
    Peak(ColumnId),
    /// Over child accounts.
    Children {
        /// Which column of the child.
        of: ColumnId,
        /// How.
        how: RollUp,
    },
    /// An expression over the row.
    Sql(Program),
}

/// What is taken of the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// How many.
    Count,
    /// Sum of `properties[i]`.
    Sum(usize),
    /// Mean of `properties[i]`.
    Avg(usize),
    /// Least.
    Min(usize),
    /// Greatest.
    Max(usize),
    /// At the latest time.
    Last(usize),
    /// How many different values of it; NULL is none.
    Distinct(usize),
    /// Different persons.
    People,
    /// Different dates.
    Days,
    /// Different event names of the list.
    Events,
    /// Dates since the last (since `started_at` without any).
    Since,
    /// Instant of the first.
    FirstTime,
    /// Instant of the last.
    LastTime,
    /// Did it happen?
    Ever,
}

/// Which events a metric reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Events {
    /// All.
    Any,
    /// Of these names.
    Named(Vec<EventId>),
}

/// When an event counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// All up to T.
    Lifetime,
    /// `days` dates, ending `offset` dates before the date of T.
    Days {
        /// Length.
        days: i32,
        /// How far back it ends.
        offset: i32,
    },
    /// (T − offset − micros, T − offset].
    Exact {
        /// Length in microseconds.
        micros: i64,
        /// How far back it ends, in microseconds.
        offset: i64,
    },
    /// [anchor, anchor + length), or without an end.
    From {
        /// A time or date column.
        anchor: ColumnId,
        /// Length.
        length: Option<Span>,
    },
    /// [anchor − length, anchor).
    Before {
        /// A time or date column.
        anchor: ColumnId,
        /// Length.
        length: Span,
    },
}

/// How children's values become the parent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RollUp {
    /// Sum.
    Sum,
    /// Mean.
    Mean,
    /// Least; the worst of a health score.
    Min,
    /// Greatest.
    Max,
    /// Mean weighted by another column of the child.
    Weighted(ColumnId),
}

/// A named condition.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Name.
    pub name: String,
    /// Its column in the row.
    pub column: ColumnId,
    /// The condition.
    pub when: Program,
    /// For people.
    pub label: Option<String>,
    /// For people.
    pub description: Option<String>,
}

/// A step of the lifecycle.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Name.
    pub name: String,
    /// The name it had in the model before.
    pub was: Option<String>,
    /// Where accounts begin. Exactly one stage.
    pub first: bool,
    /// When accounts enter it by themselves.
    pub when: Option<Program>,
    /// Where they return to when `when` no longer holds; index into `stages`.
    pub back_to: Option<usize>,
    /// Entered by hand only.
    pub manual: bool,
    /// Expected length by segment index, first match; None is the default.
    pub expected: Vec<(Option<usize>, Span)>,
    /// For people.
    pub label: Option<String>,
    /// For people.
    pub description: Option<String>,
}

/// Something to be reached.
#[derive(Clone, Debug)]
pub struct Milestone {
    /// Name.
    pub name: String,
    /// The name it had in the model before.
    pub was: Option<String>,
    /// It starts in this stage only; index into `stages`.
    pub stage: Option<usize>,
    /// It starts for members of any of these segments; empty is everyone.
    pub segments: Vec<usize>,
    /// The condition.
    pub reached: Program,
    /// By when.
    pub due: Option<Due>,
    /// Alert that fires when it is missed; index into `alerts`.
    pub alert: Option<usize>,
    /// Its status column, if some condition reads it.
    pub column: Option<ColumnId>,
    /// For people.
    pub label: Option<String>,
    /// For people.
    pub description: Option<String>,
}

/// A due time: an anchor and an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// A time or date column.
    pub anchor: ColumnId,
    /// How far from it.
    pub offset: Offset,
    /// Before the anchor instead of after it.
    pub before: bool,
}

/// How far from an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offset {
    /// A span.
    Span(Span),
    /// Monday to Friday.
    BusinessDays(i32),
}

impl Due {
    /// The due instant for an anchor's instant.
    pub fn at(&self, anchor: Instant, calendar: &Calendar) -> Instant {
        let sign = if self.before { -1 } else { 1 };
        match self.offset {
            Offset::Span(span) => calendar.add(anchor, span, sign),
            Offset::BusinessDays(days) => calendar.add_business_days(anchor, sign * days),
        }
    }
}

/// A health score for some accounts.
#[derive(Clone, Debug)]
pub struct Scorecard {
    /// Name.
    pub name: String,
    /// For members of any of these; empty is everyone.
    pub segments: Vec<usize>,
    /// In any of these stages; empty is all.
    pub stages: Vec<usize>,
    /// From best to worst.
    pub bands: Vec<Band>,
    /// The band below all of `bands`.
    pub lowest: String,
    /// A band is kept until the score leaves it by this much.
    pub hysteresis: f64,
    /// What it is made of.
    pub groups: Vec<Group>,
    /// The total is at most `at` while the condition holds.
    pub caps: Vec<Limit>,
    /// The total is at least `at` while the condition holds.
    pub floors: Vec<Limit>,
    /// For accounts with children: their healths instead of own measures.
    pub roll_up: Option<RollUp>,
    /// For people.
    pub label: Option<String>,
}

/// A range of scores, from its bound upwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Name.
    pub name: String,
    /// Lower bound.
    pub from: f64,
    /// Is the bound itself outside?
    pub exclusive: bool,
}

/// A weighted part of a scorecard.
#[derive(Clone, Debug)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Weight among the groups.
    pub weight: f64,
    /// What it is made of.
    pub measures: Vec<Measure>,
}

/// A column mapped to 0–100.
#[derive(Clone, Debug)]
pub struct Measure {
    /// Name.
    pub name: String,
    /// What it reads.
    pub column: ColumnId,
    /// Weight in its group; 0 is for information.
    pub weight: f64,
    /// Applies only where this holds.
    pub when: Option<Program>,
    /// Applies only from this age on.
    pub min_age: Option<Span>,
    /// First match applies.
    pub curves: Vec<Curve>,
    /// What a missing value scores.
    pub missing: Missing,
}

/// How a value becomes a score, for some accounts.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Only for members of this segment.
    pub segment: Option<usize>,
    /// From this age on.
    pub min_age: Option<Span>,
    /// Below this age.
    pub max_age: Option<Span>,
    /// The mapping.
    pub shape: Shape,
}

/// The mapping of a value to a score.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// (value, score), ascending by value; linear between, clamped outside.
    Points(Vec<(f64, f64)>),
    /// First rule that holds.
    Steps(Vec<Step>),
    /// By text; None is `else`.
    Map(BTreeMap<String, f64>, Option<f64>),
}

/// One rule of steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The comparison with a number; None is `else`.
    pub test: Option<(Comparison, f64)>,
    /// The score.
    pub score: f64,
}

/// A comparison in steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Comparison {
    Less,
    AtMost,
    AtLeast,
    Greater,
    Equal,
}

impl std::fmt::Display for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Comparison::Less => "<",
            Comparison::AtMost => "<=",
            Comparison::AtLeast => ">=",
            Comparison::Greater => ">",
            Comparison::Equal => "=",
        })
    }
}

/// What a measure without a value scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Missing {
    /// Left out; the others of the group count for it.
    Exclude,
    /// 0.
    Zero,
    /// 50.
    Neutral,
    /// The last score for that long, then left out.
    Keep(Span),
}

/// A cap or floor.
#[derive(Clone, Debug)]
pub struct Limit {
    /// While this holds …
    pub when: Program,
    /// … the total is at most or at least this.
    pub at: f64,
}

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// What a new rule does with those it already holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum OnExisting {
    Fire,
    Ignore,
    Silent,
}

/// A condition that needs someone when it begins to hold.
#[derive(Clone, Debug)]
pub struct AlertRule {
    /// Name.
    pub name: String,
    /// The name it had in the model before.
    pub was: Option<String>,
    /// Of persons instead of accounts; then conditions read the person's row.
    pub person: bool,
    /// The condition; None where only milestones fire it.
    pub when: Option<Program>,
    /// Members of any of these only (segments of the account, or of the person for `person`); empty is everyone.
    pub segments: Vec<usize>,
    /// In any of these stages of the account only; empty is all.
    pub stages: Vec<usize>,
    /// Must hold so long before it fires.
    pub for_: Span,
    /// Must not hold so long before it resolves.
    pub keep_firing_for: Span,
    /// Fires again only so long after it fired.
    pub cooldown: Span,
    /// How urgent.
    pub severity: Severity,
    /// What happens to those it already holds for.
    pub on_existing: OnExisting,
    /// Whose it is: a text column of the account's row.
    pub owner: Option<ColumnId>,
    /// The plan.
    pub playbook: Option<String>,
    /// For people.
    pub title: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// As written: tells whether the rule is another one than it was in an earlier model.
    pub definition: serde_json::Value,
}

/// A template of dated tasks, as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Playbook {
    /// Name.
    pub name: String,
    /// As written.
    pub definition: serde_json::Value,
}
