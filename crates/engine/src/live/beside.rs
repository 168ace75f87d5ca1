//! What the live table keeps of an account beside its row: where its state machines stand, and dates that conditions count from.

use tenure_model::definition::{ColumnId, MetricDef, Missing, Source};
use tenure_model::time::{Day, Instant};
use tenure_model::{Model, Span, Value};

use crate::account::{Account, Life};
use crate::health::{At, stands_in};
use crate::outcome::{AlertState, MilestoneStatus};
use crate::plan::{Plan, Task};

/// What of a model the table needs to know to fill itself.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Columns from whose date dates are counted (`days_to_renewal`).
    pub until: Vec<ColumnId>,
    /// The ages that scorecards ask for.
    pub ages: Vec<Span>,
    /// Measures that keep their score: card, number in the card, for how long.
    pub keeps: Vec<(usize, usize, Span)>,
    /// Changes of health: the log and how many dates back.
    pub before: Vec<(usize, i32)>,
    /// The most lengths that a stage expects.
    expected: usize,
    /// By slot: is it a trait that only computed columns read? Any other change makes a row stale.
    plain: Vec<bool>,
    milestones: usize,
    alerts: usize,
}

impl Shape {
    pub fn new(model: &Model, plan: &Plan) -> Shape {
        let (mut until, mut before, mut ages, mut keeps) = (vec![], vec![], vec![], vec![]);
        let mut plain: Vec<bool> = model.account.iter().map(|c| c.source == Source::Trait).collect();
        for (n, node) in plan.account.nodes.iter().enumerate() {
            let events = |m: usize| !matches!(model.metrics[m].def, MetricDef::Sql(_) | MetricDef::Peak(_));
            match node.task {
                Task::DaysUntil(slot) => until.push(slot),
                Task::HealthChange(days) => before.push((0, days)),
                // What comes from events, persons or children is not computed in columns.
                Task::Metric(m) if events(m) => plan.account.read_by(n).for_each(|slot| plain[slot] = false),
                Task::Milestone(m) => model.milestones[m].due.iter().for_each(|due| plain[due.anchor as usize] = false),
                _ => {}
            }
        }
        let others = plan.exports.iter().chain(plan.shared.iter().map(|s| &s.0)).chain(&plan.parent).chain(&plan.started_trait);
        others.for_each(|slot| plain[*slot as usize] = false);
        for (card, scorecard) in model.scorecards.iter().enumerate() {
            for (number, measure) in scorecard.groups.iter().flat_map(|g| &g.measures).enumerate() {
                ages.extend(measure.min_age);
                ages.extend(measure.curves.iter().flat_map(|c| [c.min_age, c.max_age]).flatten());
                if let Missing::Keep(span) = measure.missing {
                    keeps.push((card, number, span));
                }
            }
        }
        let mut different: Vec<Span> = Vec::new();
        ages.into_iter().for_each(|age| {
            if !different.contains(&age) {
                different.push(age)
            }
        });
        Shape {
            until,
            ages: different,
            keeps,
            before,
            expected: model.stages.iter().map(|s| s.expected.len()).max().unwrap_or(0),
            plain,
            milestones: model.milestones.len(),
            alerts: model.alerts.len(),
        }
    }
}

/// What stands in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing.
    Vacant,
    /// An account that is not evaluated: not yet born, or ended.
    Frozen,
    /// An account that is evaluated.
    Live,
}

/// Where a milestone stands, as far as its condition decides something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    NotStarted,
    Pending,
    Missed,
    /// Missed when it started: that fires no alert.
    MissedSilently,
    Settled,
}

/// Row by row. Dates and scores are numbers, NaN for none.
#[derive(Clone, Debug, Default)]
pub(super) struct Beside {
    pub place: Vec<Place>,
    /// When time alone may change the account.
    pub timer: Vec<i64>,
    /// Something was put by hand that only an advance can follow.
    pub touched: Vec<bool>,
    /// Its score rests on overrides or on children.
    pub apart: Vec<bool>,
    /// Its stage; `u32::MAX` without one.
    pub stage: Vec<u32>,
    /// Its stage is set by hand.
    pub held: Vec<bool>,
    pub entered_on: Vec<f64>,
    pub started_on: Vec<f64>,
    /// By expected length of its stage: when it is over.
    pub deadlines: Vec<Vec<i64>>,
    /// By age of `Shape`: the date from which on it is that old.
    pub old_on: Vec<Vec<f64>>,
    /// By column of `Shape::until`: its date.
    pub until: Vec<Vec<f64>>,
    /// By milestone.
    pub milestones: Vec<Vec<Standing>>,
    pub dues: Vec<Vec<i64>>,
    /// By alert: does it stand as its condition held?
    pub alerts: Vec<Vec<bool>>,
    /// Its scorecard; `u32::MAX` without one.
    pub card: Vec<u32>,
    /// By measure of `Shape::keeps`: the score that stands in for a missing one today.
    pub kept: Vec<Vec<f64>>,
    /// By change of `Shape::before`: health at the end of that date.
    pub before: Vec<Vec<f64>>,
}

impl Beside {
    pub fn new(shape: &Shape) -> Beside {
        Beside {
            deadlines: vec![vec![]; shape.expected],
            old_on: vec![vec![]; shape.ages.len()],
            until: vec![vec![]; shape.until.len()],
            milestones: vec![vec![]; shape.milestones],
            dues: vec![vec![]; shape.milestones],
            alerts: vec![vec![]; shape.alerts],
            kept: vec![vec![]; shape.keeps.len()],
            before: vec![vec![]; shape.before.len()],
            ..Beside::default()
        }
    }

    pub fn resize(&mut self, rows: usize) {
        self.place.resize(rows, Place::Vacant);
        self.timer.resize(rows, i64::MAX);
        [&mut self.touched, &mut self.apart, &mut self.held].into_iter().chain(&mut self.alerts).for_each(|c| c.resize(rows, false));
        [&mut self.stage, &mut self.card].into_iter().for_each(|c| c.resize(rows, u32::MAX));
        let numbers = [&mut self.entered_on, &mut self.started_on].into_iter().chain(&mut self.old_on).chain(&mut self.until);
        numbers.chain(&mut self.kept).chain(&mut self.before).for_each(|c| c.resize(rows, f64::NAN));
        self.deadlines.iter_mut().chain(&mut self.dues).for_each(|c| c.resize(rows, i64::MAX));
        self.milestones.iter_mut().for_each(|c| c.resize(rows, Standing::NotStarted));
    }

    pub fn remove(&mut self, row: usize) {
        self.place[row] = Place::Vacant;
        self.timer[row] = i64::MAX;
        self.touched[row] = false;
    }

    pub fn set(&mut self, row: usize, account: &Account, model: &Model, shape: &Shape) {
        let calendar = &model.calendar;
        self.place[row] = if account.life == Life::Live { Place::Live } else { Place::Frozen };
        self.timer[row] = account.next_timer().0;
        self.touched[row] = false;
        if account.life != Life::Live {
            return;
        }
        let card = account.health.card;
        let rolls_up = card.is_some_and(|c| model.scorecards[c].roll_up.is_some()) && !account.children.is_empty();
        self.apart[row] = rolls_up || !account.health.overrides.is_empty();
        self.card[row] = card.map_or(u32::MAX, |c| c as u32);
        self.stage[row] = account.stage().filter(|_| !model.stages.is_empty()).map_or(u32::MAX, |s| s as u32);
        self.held[row] = account.stage.held_until.is_some();
        self.entered_on[row] = f64::from(account.stage.entered_on.0);
        let expected = model.stages.get(account.stage.stage).map_or(&[][..], |s| &s.expected);
        for (deadlines, (_, span)) in self.deadlines.iter_mut().zip(expected) {
            deadlines[row] = calendar.add(account.stage.entered_at, *span, 1).0;
        }
        self.started_on[row] = account.started.map_or(f64::NAN, |(_, day)| f64::from(day.0));
        for (old_on, age) in self.old_on.iter_mut().zip(&shape.ages) {
            old_on[row] = match (account.started, age) {
                (None, _) => f64::NAN,
                (Some((_, day)), Span::Days(days)) => f64::from(day.0) + f64::from(*days),
                (Some((start, _)), other) => f64::from(calendar.day(calendar.add(start, *other, 1)).0),
            };
        }
        for (until, slot) in self.until.iter_mut().zip(&shape.until) {
            until[row] = account.value(*slot).as_day(calendar).map_or(f64::NAN, |day| f64::from(day.0));
        }
        for ((standing, due), state) in self.milestones.iter_mut().zip(&mut self.dues).zip(account.milestones()) {
            standing[row] = match state.status {
                None => Standing::NotStarted,
                Some(MilestoneStatus::Pending) => Standing::Pending,
                Some(MilestoneStatus::Missed) if state.silent => Standing::MissedSilently,
                Some(MilestoneStatus::Missed) => Standing::Missed,
                Some(_) => Standing::Settled,
            };
            due[row] = state.due.map_or(i64::MAX, |due| due.0);
        }
        for (stands, machine) in self.alerts.iter_mut().zip(&account.alerts) {
            stands[row] = match machine.state {
                AlertState::Inactive => false,
                AlertState::Pending => true,
                AlertState::Firing => machine.released.is_none(),
            };
        }
        let at = At { t: account.evaluated, today: account.today, calendar, started: account.started };
        for (kept, (card, number, span)) in self.kept.iter_mut().zip(&shape.keeps) {
            kept[row] = stands_in(*span, account.health.kept.get(&(*card, *number)).copied(), &at).unwrap_or(f64::NAN);
        }
        for (before, (log, days)) in self.before.iter_mut().zip(&shape.before) {
            before[row] = account.logs[*log].at(Day(account.today.0 - days)).as_number().unwrap_or(f64::NAN);
        }
    }

    pub fn put(&mut self, row: usize, column: ColumnId, value: &Value, model: &Model, shape: &Shape) {
        self.touched[row] |= self.apart[row] || !shape.plain[column as usize];
        for (until, _) in self.until.iter_mut().zip(&shape.until).filter(|(_, slot)| **slot == column) {
            until[row] = value.as_day(&model.calendar).map_or(f64::NAN, |day| f64::from(day.0));
        }
    }

    /// Is something due by time alone?
    pub fn is_due(&self, row: usize, now: Instant) -> bool {
        self.timer[row] <= now.0
    }

    pub fn bytes(&self) -> usize {
        let numbers = 2 + self.old_on.len() + self.until.len() + self.kept.len() + self.before.len();
        let times = 1 + self.deadlines.len() + self.dues.len();
        self.place.len() * (4 + 2 * 4 + 8 * (numbers + times) + self.milestones.len() + self.alerts.len())
    }
}
