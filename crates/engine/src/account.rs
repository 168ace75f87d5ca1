//! The state of one account: its row of values, its signals, and where its state machines stand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tenure_model::definition::{Builtin, ColumnId};
use tenure_model::input::OverrideKind;
use tenure_model::time::{Day, Instant};
use tenure_model::{Model, Value};

use crate::alert::Machine;
use crate::bits::Bits;
use crate::input::Change;
use crate::outcome::{AlertState, MilestoneStatus};
use crate::plan::{Plan, RowPlan};
use crate::signal::Signal;
use crate::subscription::Subscriptions;

/// Is the account a customer?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Nothing dated is known of it yet.
    Unborn,
    /// It is evaluated.
    Live,
    /// It has no live subscription since then; frozen.
    Ended(Instant),
}

/// What accounts and persons have in common: values, signals, wake-up times, and what waits for the next microsecond.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub row: Vec<Value>,
    pub signals: Vec<Signal>,
    /// By node: when time alone may change it.
    pub wake: Vec<i64>,
    pub lagged: Bits,
    /// By column of a `peak:`: when it was reached.
    pub peaks: BTreeMap<ColumnId, Instant>,
}

impl Body {
    pub fn new(columns: usize, plan: &RowPlan) -> Body {
        Body {
            row: vec![Value::Null; columns],
            signals: plan.signals.iter().map(|s| Signal::new(s.need, s.horizon)).collect(),
            wake: vec![i64::MAX; plan.width],
            lagged: Bits::new(plan.width),
            peaks: BTreeMap::new(),
        }
    }

    /// The earliest wake-up.
    #[inline]
    pub fn next_wake(&self) -> i64 {
        self.wake.iter().copied().min().unwrap_or(i64::MAX)
    }

    fn bytes(&self) -> usize {
        self.row.capacity() * size_of::<Value>()
            + self.signals.iter().map(|s| size_of::<Signal>() + s.bytes()).sum::<usize>()
            + self.wake.capacity() * 8
    }
}

/// A person at the account.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub id: Arc<str>,
    pub member: bool,
    pub body: Body,
    pub alerts: Vec<Machine>,
}

/// Where the lifecycle stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct StageState {
    pub stage: usize,
    pub entered_at: Instant,
    /// The date of that.
    pub entered_on: Day,
    /// Set by hand: automatic moves rest until then.
    pub held_until: Option<Instant>,
}

/// Where a milestone stands; None before it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MilestoneState {
    /// Its status.
    pub status: Option<MilestoneStatus>,
    /// Since when.
    pub since: Option<Instant>,
    /// When it is or was due.
    pub due: Option<Instant>,
    /// It was past due when it started: no alert.
    pub silent: bool,
}

/// An override in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// `total`, `group:<name>` or `measure:<name>`.
    pub target: String,
    /// What it does.
    pub how: OverrideKind,
    /// 0–100.
    pub value: f64,
    /// Until when.
    pub until: Option<Instant>,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Instant,
}

/// The health score as it stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct HealthState {
    pub card: Option<usize>,
    pub band: Option<usize>,
    pub overrides: Vec<Override>,
    /// Last score of measures that keep it, and since which date they have had none; by (card, measure number in the card).
    pub kept: FxHashMap<(usize, usize), (f64, Option<Day>)>,
}

/// The values of a column on past dates, sparse: a value stands until the next one.
#[derive(Clone, Debug, Default)]
pub(crate) struct DayLog(pub VecDeque<(Day, Value)>);

impl DayLog {
    /// Notes the value at the last instant of a date and forgets what no look back of `days` can reach.
    pub fn note(&mut self, day: Day, value: &Value, days: i32) {
        if self.0.back().is_none_or(|b| !b.1.same(value)) {
            self.0.push_back((day, value.clone()));
        }
        while self.0.len() > 1 && self.0[1].0.0 < day.0 - days {
            self.0.pop_front();
        }
    }

    /// The value at the last instant of a date; NULL before the first.
    pub fn at(&self, day: Day) -> Value {
        let i = self.0.partition_point(|e| e.0 <= day);
        if i == 0 { Value::Null } else { self.0[i - 1].1.clone() }
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// The persons an account knows, numbered. Whoever replays an account gives all of them at once: then nobody is looked up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ordinals {
    pub ids: Vec<Arc<str>>,
    /// Made when somebody is looked up.
    pub by_id: FxHashMap<Arc<str>, u32>,
}

impl Ordinals {
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn id(&self, ordinal: usize) -> &Arc<str> {
        &self.ids[ordinal]
    }

    /// The ordinals of these persons, each different from the others; new ones get the next.
    pub fn ordinals_of(&mut self, ids: &[Arc<str>]) -> Vec<u32> {
        if self.ids.is_empty() {
            self.ids = ids.to_vec();
            return (0..ids.len() as u32).collect();
        }
        if self.by_id.is_empty() && !ids.is_empty() {
            self.by_id = self.ids.iter().cloned().zip(0..).collect();
        }
        let mut ordinal = |id: &Arc<str>| {
            let next = self.ids.len() as u32;
            let ordinal = *self.by_id.entry(id.clone()).or_insert(next);
            if ordinal == next {
                self.ids.push(id.clone());
            }
            ordinal
        };
        ids.iter().map(&mut ordinal).collect()
    }
}

/// Everything the engine keeps of one account.
#[derive(Clone, Debug)]
pub struct Account {
    pub(crate) id: Arc<str>,
    pub(crate) life: Life,
    /// Advanced up to and with this instant.
    pub(crate) at: Instant,
    /// The last instant that was evaluated.
    pub(crate) evaluated: Instant,
    pub(crate) today: Day,
    /// Where today begins, and where it ends.
    pub(crate) midnight: Instant,
    pub(crate) next_midnight: Instant,
    pub(crate) body: Body,
    /// How many evaluations in a row came from lagged values.
    pub(crate) lags: u32,
    pub(crate) born: Instant,
    pub(crate) tenure: u32,
    pub(crate) tenure_started: Option<Instant>,
    /// `started_at` as the row has it, with its date.
    pub(crate) started: Option<(Instant, Day)>,
    /// Undated changes that came before the account was born.
    pub(crate) assumed: Vec<Change>,
    pub(crate) started_trait: Value,
    pub(crate) subscriptions: Subscriptions,
    /// When subscriptions alone change something next.
    pub(crate) facts_wake: Instant,
    pub(crate) stage: StageState,
    pub(crate) milestones: Vec<MilestoneState>,
    pub(crate) health: HealthState,
    pub(crate) alerts: Vec<Machine>,
    pub(crate) logs: Vec<DayLog>,
    pub(crate) children: BTreeMap<Arc<str>, Vec<Value>>,
    pub(crate) people: Vec<Person>,
    pub(crate) known: Ordinals,
    /// Members of each person segment.
    pub(crate) people_in: Vec<u32>,
    /// The earliest wake-up of any person.
    pub(crate) people_wake: i64,
}

impl Account {
    pub(crate) fn new(id: Arc<str>, model: &Model, plan: &Plan) -> Account {
        let mut body = Body::new(model.account.len(), &plan.account);
        for (builtin, value) in [(Builtin::Id, Value::Text(id.clone())), (Builtin::Subscriptions, Value::Number(0.0))] {
            if let Some(slot) = body.row.get_mut(plan.slot(builtin)) {
                *slot = value;
            }
        }
        for segment in &model.segments {
            body.row[segment.column as usize] = Value::Bool(false);
        }
        for (i, column) in model.account.iter().enumerate() {
            if matches!(column.source, tenure_model::definition::Source::Alert(_)) {
                body.row[i] = Value::Bool(false);
            }
        }
        Account {
            id,
            life: Life::Unborn,
            at: Instant::MIN,
            evaluated: Instant::MIN,
            today: Day(i32::MIN),
            midnight: Instant::NEVER,
            next_midnight: Instant::NEVER,
            body,
            lags: 0,
            born: Instant::NEVER,
            tenure: 1,
            tenure_started: None,
            started: None,
            assumed: Vec::new(),
            started_trait: Value::Null,
            subscriptions: Subscriptions::default(),
            facts_wake: Instant::NEVER,
            stage: StageState::default(),
            milestones: vec![MilestoneState::default(); model.milestones.len()],
            health: HealthState::default(),
            alerts: vec![Machine::default(); model.alerts.len()],
            logs: vec![DayLog::default(); plan.logs.len()],
            children: BTreeMap::new(),
            people: Vec::new(),
            known: Ordinals::default(),
            people_in: vec![0; model.person_segments.len()],
            people_wake: i64::MAX,
        }
    }

    /// Its id.
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// Is it a customer?
    pub fn life(&self) -> Life {
        self.life
    }

    /// Up to and with which instant it has been advanced.
    pub fn at(&self) -> Instant {
        self.at
    }

    /// The last instant at which it was evaluated.
    pub fn evaluated(&self) -> Instant {
        self.evaluated
    }

    /// When its present tenure was first seen: the first instant of the account, or of its return.
    pub fn born(&self) -> Instant {
        self.born
    }

    /// 1 for the first tenure, 2 after the first return, …
    pub fn tenure(&self) -> u32 {
        self.tenure
    }

    /// Its values, in the order of `Model::account`.
    pub fn row(&self) -> &[Value] {
        &self.body.row
    }

    /// One of its values.
    pub fn value(&self, column: ColumnId) -> &Value {
        self.body.row.get(column as usize).unwrap_or(&Value::Null)
    }

    /// Index of its stage, if it is born and the model has stages.
    pub fn stage(&self) -> Option<usize> {
        (self.life != Life::Unborn).then_some(self.stage.stage)
    }

    /// Index of the scorecard that applied when its health was computed last; None where none did.
    pub fn card(&self) -> Option<usize> {
        self.health.card
    }

    /// Index of its band in that card, the lowest last; None without a score.
    pub fn band(&self) -> Option<usize> {
        self.health.band
    }

    /// Until when its stage is held by hand, if it is.
    pub fn stage_held_until(&self) -> Option<Instant> {
        self.stage.held_until
    }

    /// Where its milestones stand, in the model's order.
    pub fn milestones(&self) -> &[MilestoneState] {
        &self.milestones
    }

    /// The overrides in force.
    pub fn overrides(&self) -> &[Override] {
        &self.health.overrides
    }

    /// Index of the scorecard that applies.
    pub fn scorecard(&self) -> Option<usize> {
        self.health.card
    }

    /// State of each alert rule, with since when.
    pub fn alert(&self, rule: usize) -> (AlertState, Instant) {
        self.alerts.get(rule).map_or((AlertState::Inactive, Instant::MIN), |m| (m.state, m.since))
    }

    /// Its persons: id, member now?, values in the order of `Model::person`.
    pub fn people(&self) -> impl Iterator<Item = (&Arc<str>, bool, &[Value])> {
        self.people.iter().map(|p| (&p.id, p.member, p.body.row.as_slice()))
    }

    /// State of an alert rule of persons for one of them, by position in `people`.
    pub fn person_alert(&self, person: usize, rule: usize) -> (AlertState, Instant) {
        self.people.get(person).and_then(|p| p.alerts.get(rule)).map_or((AlertState::Inactive, Instant::MIN), |m| (m.state, m.since))
    }

    /// Bytes it takes, nearly.
    pub fn bytes(&self) -> usize {
        size_of::<Account>()
            + self.body.bytes()
            + self.subscriptions.bytes()
            + self.milestones.len() * size_of::<MilestoneState>()
            + self.alerts.len() * size_of::<Machine>()
            + self.logs.iter().map(|l| size_of::<DayLog>() + l.0.capacity() * size_of::<(Day, Value)>()).sum::<usize>()
            + self
                .people
                .iter()
                .map(|p| size_of::<Person>() + p.id.len() + p.body.bytes() + p.alerts.len() * size_of::<Machine>())
                .sum::<usize>()
    }

    /// The next instant at which time alone may change it.
    #[inline]
    pub fn next_timer(&self) -> Instant {
        match self.life {
            Life::Unborn => Instant::NEVER,
            Life::Ended(_) => self.facts_wake,
            Life::Live => {
                if self.lags > 0 {
                    return self.evaluated.next();
                }
                let wake = self.body.next_wake().min(self.people_wake).min(self.facts_wake.0);
                Instant(wake.min(self.next_midnight.0))
            }
        }
    }
}
