//! The engine: state and inputs of an account in, a new state and its outcomes out. Pure: time is an argument; nothing is read, nothing drawn.
//!
//! `advance` is the one function. The live service, replays over the past, scenarios and previews all call it.

mod account;
mod advance;
mod alert;
mod bits;
mod columns;
mod curve;
mod evaluate;
mod events;
pub mod explain;
mod feed;
mod fields;
mod health;
mod input;
mod intake;
mod life;
mod live;
mod metric;
mod outcome;
mod peak;
mod people;
mod plan;
mod sampled;
pub mod scenario;
mod scores;
mod signal;
pub mod snapshot;
mod subscription;
mod upstream;

use std::sync::Arc;

use tenure_model::definition::ColumnId;
use tenure_model::time::Instant;
use tenure_model::{Kind, Model, Value};

pub use account::{Account, Life, MilestoneState, Override};
pub use advance::{Late, Mode, Scratch};
pub use curve::score;
pub use events::{EventTable, Events, NO_PROPERTIES, NOBODY, OTHER_NAME};
pub use health::{GroupNow, HealthNow, MeasureNow, band, band_name, weighted};
pub use input::{Change, Changes, Inputs, SubscriptionField, Unreadable, What, sort};
pub use live::LiveTable;
pub use outcome::{AlertReason, AlertState, Happened, MilestoneStatus, MovedBy, Nothing, Outcome, Sink};
pub use upstream::{Decides, Upstream};

use plan::Plan;

/// A model, compiled to be advanced.
#[derive(Clone, Debug)]
pub struct Engine {
    model: Arc<Model>,
    plan: Plan,
    /// What sampled replays compute in columns; None: nothing.
    columns: Option<columns::Columns>,
    stage_names: Vec<Arc<str>>,
    status_names: Vec<Arc<str>>,
    /// By card, best band first, the lowest last.
    band_names: Vec<Vec<Arc<str>>>,
    /// The names of all of these.
    names: snapshot::Names,
    /// By alert: the milestones whose missing fires it.
    milestones_of: Vec<Vec<usize>>,
}

impl Engine {
    /// Compiles a model.
    pub fn new(model: Arc<Model>) -> Engine {
        let plan = Plan::new(&model);
        let statuses = [
            MilestoneStatus::Pending,
            MilestoneStatus::Reached,
            MilestoneStatus::Missed,
            MilestoneStatus::ReachedLate,
            MilestoneStatus::Waived,
        ];
        let stage_names: Vec<Arc<str>> = model.stages.iter().map(|s| s.name.as_str().into()).collect();
        let status_names: Vec<Arc<str>> = statuses.iter().map(|s| s.name().into()).collect();
        let band_names: Vec<Vec<Arc<str>>> = model
            .scorecards
            .iter()
            .map(|c| c.bands.iter().map(|b| b.name.as_str()).chain([c.lowest.as_str()]).map(Arc::from).collect())
            .collect();
        Engine {
            names: snapshot::Names::new(stage_names.iter().chain(&status_names).chain(band_names.iter().flatten())),
            stage_names,
            status_names,
            band_names,
            milestones_of: (0..model.alerts.len())
                .map(|a| model.milestones.iter().enumerate().filter(|(_, m)| m.alert == Some(a)).map(|(i, _)| i).collect())
                .collect(),
            columns: columns::Columns::new(&model, &plan),
            plan,
            model,
        }
    }

    /// Do sampled replays of this model compute in columns?
    pub fn computes_columns(&self) -> bool {
        self.columns.is_some()
    }

    /// The same engine, computing nothing in columns: slower, and what tests compare with.
    pub fn date_by_date(mut self) -> Engine {
        self.columns = None;
        self
    }

    /// The model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// A builder of changes for one account; `people` are the ids that its events speak of, in their order.
    pub fn changes(&self, people: &[Arc<str>]) -> Changes<'_> {
        Changes::new(&self.model, &self.plan, people)
    }

    /// Where a trait of accounts (or of persons) stands in their row, and its type; None where the model does not declare it.
    pub fn trait_slot(&self, field: &str, of_person: bool) -> Option<(ColumnId, Kind)> {
        let (slots, columns) = match of_person {
            false => (&self.plan.traits, &self.model.account),
            true => (&self.plan.person_traits, &self.model.person),
        };
        slots.get(field).map(|slot| (*slot, columns[*slot as usize].kind))
    }

    /// The account to which it reports what parents roll up; None where nothing is rolled up or it has no parent.
    pub fn parent(&self, account: &Account) -> Option<Arc<str>> {
        match account.value(self.plan.parent?) {
            Value::Text(id) if !self.plan.exports.is_empty() && id != account.id() => Some(id.clone()),
            _ => None,
        }
    }

    /// Does any definition look at persons one by one?
    pub fn reads_people(&self) -> bool {
        self.plan.has_people
    }

    /// The columns that parents roll up, in the order of `Happened::Export`.
    pub fn exports(&self) -> &[ColumnId] {
        &self.plan.exports
    }

    /// The health of an account as it stands, with groups and measures.
    pub fn health(&self, account: &Account) -> HealthNow {
        if account.life() == Life::Unborn {
            return HealthNow::default();
        }
        let at = health::At { t: account.evaluated, today: account.today, calendar: &self.model.calendar, started: account.started };
        let mut now = HealthNow::default();
        health::health(&self.model, &self.plan, account, &at, &mut now);
        now
    }

    /// The columns `measure('…')` and `measure_group('…')` with their scores.
    pub(crate) fn score_columns<'a>(&'a self, now: &'a HealthNow) -> impl Iterator<Item = (usize, Option<f64>)> + 'a {
        let (slots, known) = match now.card {
            Some(card) => (self.plan.score_slots.get(card), true),
            None => (self.plan.score_slots.first(), false),
        };
        slots.into_iter().flatten().map(move |s| {
            let score = s.of.filter(|_| known).and_then(|(group, measure)| match measure {
                Some(m) => now.groups[group].measures[m].score,
                None => now.groups[group].score,
            });
            (s.slot as usize, score)
        })
    }

    /// Health now minus as of the last instant of the date so many days ago (at most 30, or as many as the model reads); None where either is unknown.
    pub fn health_change(&self, account: &Account, days: i32) -> Option<f64> {
        let slot = self.plan.slot(tenure_model::definition::Builtin::Health) as ColumnId;
        let log = self.plan.logs.iter().position(|l| l.0 == slot)?;
        let last = match account.life() {
            Life::Unborn => return None,
            // A sampled account whose date is over stands at the beginning of the next one.
            Life::Live => account.evaluated,
            Life::Ended(at) => at.plus(-1),
        };
        let today = self.model.calendar.day(last);
        let before = account.logs[log].at(tenure_model::Day(today.0 - days)).as_number()?;
        Some(account.value(slot).as_number()? - before)
    }

    /// When the account's stage is late; None where nothing is expected of it.
    pub fn stage_deadline(&self, account: &Account) -> Option<Instant> {
        let stage = self.model.stages.get(account.stage.stage)?;
        let member = |s: usize| account.value(self.model.segments[s].column).as_bool() == Some(true);
        let span = stage.expected.iter().find(|(segment, _)| segment.is_none_or(member))?.1;
        Some(self.model.calendar.add(account.stage.entered_at, span, 1))
    }
}
