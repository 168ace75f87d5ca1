//! One instant of one account: dirty nodes in the order of the layers, until nothing more changes at this instant.

use std::sync::Arc;

use tenure_model::definition::{Builtin, ColumnId, MetricDef, Missing, Scorecard};
use tenure_model::time::{Day, Instant};
use tenure_model::{Program, Value};

use crate::Engine;
use crate::account::{Account, Life, Override};
use crate::bits::Bits;
use crate::health::{self, HealthNow};
use crate::metric::{self, Moment};
use crate::outcome::{AlertReason, AlertState, Happened, MilestoneStatus, MovedBy, Outcome, Sink};
use crate::plan::{Layer, Task};

/// The evaluation of one account at one instant.
pub(crate) struct Step<'a> {
    pub engine: &'a Engine,
    pub account: &'a mut Account,
    pub sink: &'a mut dyn Sink,
    pub dirty: &'a mut Bits,
    pub t: Instant,
    /// A date has begun, or a sample is taken: what may change with the date is dirty.
    pub daily: bool,
    /// Persons that something happened to.
    pub touched: Touched,
    /// Columns of the account that persons read and that changed at this instant.
    pub shared: Vec<ColumnId>,
    /// Memory for a score in the making.
    pub health: &'a mut HealthNow,
    /// The score, where it was computed in a column.
    pub scored: Option<Scored>,
}

/// A score of a card.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scored {
    pub card: usize,
    pub score: Option<f64>,
    pub coverage: Option<f64>,
}

/// Which persons have to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Touched {
    All,
    Some(Vec<u32>),
}

/// Writes of a layer that reads itself as of the previous instant, until the layer is through.
type Deferred = Vec<(ColumnId, Value)>;

impl Step<'_> {
    /// Evaluates until nothing more changes at this instant. What has to wait for the next microsecond is left in `lagged`.
    pub fn run(&mut self) {
        let has_people = self.engine.plan.has_people;
        if has_people {
            self.people_metrics_and_segments();
        }
        let mut deferred: Deferred = Vec::new();
        let mut layer = Layer::Metrics;
        let mut from = 0;
        loop {
            match self.dirty.take_from(from) {
                Some(n) => {
                    let next = self.engine.plan.account.nodes[n].layer;
                    if next != layer && !deferred.is_empty() {
                        self.dirty.insert(n);
                        self.flush(&mut deferred);
                        layer = next;
                        continue;
                    }
                    layer = next;
                    from = n;
                    self.node(n, &mut deferred);
                }
                None if !deferred.is_empty() => self.flush(&mut deferred),
                None => break,
            }
        }
        if has_people {
            self.share();
            self.people_alerts();
        }
        if !self.account.body.lagged.is_empty() {
            self.account.lags = self.account.lags.max(1);
        }
    }

    pub fn moment(&self) -> Moment<'_> {
        Moment { t: self.t, today: self.account.today, calendar: &self.engine.model.calendar, started: self.account.started.map(|s| s.1) }
    }

    fn flush(&mut self, deferred: &mut Deferred) {
        for (slot, value) in deferred.drain(..) {
            self.write(slot as usize, value);
        }
    }

    /// Writes a value; if it changed, its readers are dirty now or a microsecond later.
    #[inline]
    pub fn write(&mut self, slot: usize, value: Value) -> bool {
        let Some(old) = self.account.body.row.get_mut(slot) else { return false };
        if old.same(&value) {
            return false;
        }
        *old = value;
        let (now, later) = &self.engine.plan.account.readers[slot];
        self.dirty.union(now);
        self.account.body.lagged.union(later);
        if !self.engine.plan.exports.is_empty() {
            self.export(slot);
        }
        if self.engine.plan.shared_slots.contains(slot) {
            self.shared.push(slot as ColumnId);
        }
        true
    }

    /// Tells the parent of a column it rolls up. Only live accounts count.
    fn export(&mut self, slot: usize) {
        if self.account.life != Life::Live {
            return;
        }
        let Some(i) = self.engine.plan.exports.iter().position(|c| *c as usize == slot) else { return };
        if let Some(parent) = self.parent() {
            let value = self.account.body.row[slot].clone();
            self.tell(Happened::Export { parent, value: Some((i as u16, value)) }, vec![]);
        }
    }

    pub fn parent(&self) -> Option<Arc<str>> {
        match &self.account.body.row[self.engine.plan.parent? as usize] {
            Value::Text(id) if **id != *self.account.id => Some(id.clone()),
            _ => None,
        }
    }

    pub fn tell(&mut self, what: Happened, inputs: Vec<(ColumnId, Value)>) {
        self.sink.outcome(self.account, Outcome { at: self.t, what, inputs });
    }

    fn inputs(&self, program: Option<&Program>) -> Vec<(ColumnId, Value)> {
        program.map_or_else(Vec::new, |p| p.reads().iter().map(|s| (*s, self.account.body.row[*s as usize].clone())).collect())
    }

    fn node(&mut self, n: usize, deferred: &mut Deferred) {
        let engine = self.engine;
        let model = &engine.model;
        let node = &engine.plan.account.nodes[n];
        let out = node.out.map_or(usize::MAX, |s| s as usize);
        match node.task {
            Task::Age => {
                let age = self.account.started.map(|(_, day)| self.account.today.0 - day.0);
                self.write(out, age.map_or(Value::Null, |a| Value::Number(f64::from(a))));
            }
            Task::DaysUntil(slot) => {
                let day = self.account.body.row[slot as usize].as_day(&model.calendar);
                let value = day.map_or(Value::Null, |d| Value::Number(f64::from(d.0 - self.account.today.0)));
                self.write(out, value);
            }
            Task::Metric(m) => {
                let (value, wake) = match &model.metrics[m].def {
                    MetricDef::Events { aggregate, window, .. } => {
                        let signal = &self.account.body.signals[engine.plan.account.metric_signal[m]];
                        metric::of_events(signal, *aggregate, *window, &self.account.body.row, &self.moment())
                    }
                    MetricDef::Sql(program) => metric::of_program(program, &self.account.body.row, self.t),
                    MetricDef::PeopleIn(segment) => (Value::Number(f64::from(self.account.people_in[*segment])), i64::MAX),
                    MetricDef::Ago { of, days } => (self.ago(*of, *days), i64::MAX),
                    MetricDef::Peak(of) => (self.account.body.peak(*of, model.metrics[m].column, self.t), i64::MAX),
                    MetricDef::Children { of, how } => (health::children(&engine.plan, self.account, *of, *how), i64::MAX),
                };
                self.account.body.wake[n] = wake;
                self.write(out, value);
            }
            Task::Segment(s) => {
                let program = &model.segments[s].when;
                let member = program.holds(&self.account.body.row, self.t);
                self.account.body.wake[n] = metric::wake(program, &self.account.body.row, self.t);
                if self.write(out, Value::Bool(member)) && self.sink.wants_detail() {
                    let inputs = self.inputs(Some(program));
                    self.tell(Happened::Segment { person: None, segment: s, member }, inputs);
                }
            }
            Task::Stage => self.stage(n),
            Task::DaysInStage => {
                let days = self.account.today.0 - self.account.stage.entered_on.0;
                self.write(out, Value::Number(f64::from(days)));
            }
            Task::StageLate => {
                let deadline = engine.stage_deadline(self.account);
                let late = deadline.is_some_and(|d| self.t >= d);
                self.account.body.wake[n] = deadline.filter(|d| *d > self.t).map_or(i64::MAX, |d| d.0);
                self.write(out, Value::Bool(late));
            }
            Task::Milestone(m) => self.milestone(n, m, deferred),
            Task::Health => self.health(n),
            Task::HealthChange(days) => {
                let slot = engine.plan.slot(Builtin::Health);
                let before = self.ago(slot as u32, days).as_number();
                let change = self.account.body.row[slot].as_number().zip(before).map(|(now, before)| now - before);
                self.write(out, change.map_or(Value::Null, Value::Number));
            }
            Task::Alert(a) => self.alert(n, a, deferred),
        }
    }

    fn ago(&self, of: ColumnId, days: i32) -> Value {
        let log = self.engine.plan.logs.iter().position(|l| l.0 == of);
        log.map_or(Value::Null, |i| self.account.logs[i].at(Day(self.account.today.0 - days)))
    }

    fn stage(&mut self, n: usize) {
        let engine = self.engine;
        let stages = &engine.model.stages;
        let (row, t) = (&self.account.body.row, self.t);
        let present = self.account.stage.stage;
        let wake = stages.iter().filter_map(|s| s.when.as_ref()).map(|p| metric::wake(p, row, t)).min().unwrap_or(i64::MAX);
        self.account.body.wake[n] = wake;
        if let Some(until) = self.account.stage.held_until {
            if t < until {
                self.account.body.wake[n] = until.0;
                return;
            }
            self.account.stage.held_until = None;
        }
        let row = &self.account.body.row;
        let holds = |i: usize| stages[i].when.as_ref().map(|p| p.holds(row, t));
        let forward = (present + 1..stages.len()).find(|i| !stages[*i].manual && holds(*i) == Some(true));
        let moved = match forward {
            Some(to) => Some((to, MovedBy::Condition, stages[to].when.as_ref())),
            None => match stages[present].back_to {
                Some(to) if holds(present) != Some(true) => Some((to, MovedBy::BackTo, stages[present].when.as_ref())),
                _ => None,
            },
        };
        if let Some((to, by, program)) = moved {
            let inputs = self.inputs(program);
            self.enter_stage(to, by, inputs);
        }
    }

    /// Moves to a stage at this instant.
    pub fn enter_stage(&mut self, to: usize, by: MovedBy, inputs: Vec<(ColumnId, Value)>) {
        let from = (by != MovedBy::Beginning).then_some(self.account.stage.stage);
        self.account.stage.stage = to;
        self.account.stage.entered_at = self.t;
        self.account.stage.entered_on = self.account.today;
        let engine = self.engine;
        self.write(engine.plan.slot(Builtin::Stage), Value::Text(engine.stage_names[to].clone()));
        self.write(engine.plan.slot(Builtin::StageEnteredAt), Value::Time(self.t));
        if engine.plan.has_people {
            self.wake_person_alerts(|_| true);
        }
        self.tell(Happened::Stage { from, to, by }, inputs);
    }

    fn milestone(&mut self, n: usize, m: usize, deferred: &mut Deferred) {
        let engine = self.engine;
        let milestone = &engine.model.milestones[m];
        let row = &self.account.body.row;
        let t = self.t;
        let mut state = self.account.milestones[m];
        let before = state.status;
        if state.status.is_none() {
            let in_segment = milestone.segments.is_empty()
                || milestone.segments.iter().any(|s| row[engine.model.segments[*s].column as usize].as_bool() == Some(true));
            if milestone.stage.is_none_or(|s| s == self.account.stage.stage) && in_segment {
                state.status = Some(MilestoneStatus::Pending);
            }
        }
        let holds = milestone.reached.holds(row, t);
        let mut wake = metric::wake(&milestone.reached, row, t);
        if state.status == Some(MilestoneStatus::Pending) {
            state.due =
                milestone.due.and_then(|d| Some(d.at(row[d.anchor as usize].as_instant(&engine.model.calendar)?, &engine.model.calendar)));
            match state.due {
                Some(due) if t > due => {
                    state.silent = before.is_none();
                    state.status = Some(if holds && !state.silent { MilestoneStatus::ReachedLate } else { MilestoneStatus::Missed });
                    if holds && state.silent {
                        state.status = Some(MilestoneStatus::ReachedLate);
                    }
                }
                _ if holds => state.status = Some(MilestoneStatus::Reached),
                Some(due) if t == due => state.status = Some(MilestoneStatus::Missed),
                Some(due) => wake = wake.min(due.0),
                None => {}
            }
        } else if state.status == Some(MilestoneStatus::Missed) && holds {
            state.status = Some(MilestoneStatus::ReachedLate);
        }
        if !matches!(state.status, None | Some(MilestoneStatus::Pending | MilestoneStatus::Missed)) {
            wake = i64::MAX;
        }
        self.account.body.wake[n] = wake;
        if state.status == before {
            self.account.milestones[m] = state;
            return;
        }
        state.since = Some(t);
        self.account.milestones[m] = state;
        let inputs = self.inputs(Some(&milestone.reached));
        self.settle_milestone(m, state.status, state.due, inputs);
        if let (Some(slot), Some(status)) = (milestone.column, state.status) {
            deferred.push((slot, Value::Text(engine.status_names[status as usize].clone())));
        }
    }

    /// Reports a milestone's new status and wakes its alert.
    pub fn settle_milestone(&mut self, m: usize, status: Option<MilestoneStatus>, due: Option<Instant>, inputs: Vec<(ColumnId, Value)>) {
        let Some(status) = status else { return };
        if let Some(alert) = self.engine.model.milestones[m].alert {
            let node = self.engine.plan.alert_nodes[alert];
            if node != usize::MAX {
                self.dirty.insert(node);
            }
        }
        self.tell(Happened::Milestone { milestone: m, status, due }, inputs);
    }

    /// Evaluates health, whose node is `n`.
    pub fn health(&mut self, n: usize) {
        let engine = self.engine;
        if let Some(scored) = self.scored {
            let band = scored.score.map(|s| health::band_after(&engine.model, self.account, scored.card, s));
            return self.settle_health(Some(scored.card), band, scored.score, scored.coverage);
        }
        let mut wake = if self.account.health.overrides.is_empty() { i64::MAX } else { self.overrides() };
        let at = health::At { t: self.t, today: self.account.today, calendar: &engine.model.calendar, started: self.account.started };
        let mut now = std::mem::take(self.health);
        health::health(&engine.model, &engine.plan, self.account, &at, &mut now);
        if let Some(index) = now.card {
            let card = &engine.model.scorecards[index];
            wake = wake.min(self.health_wake(card));
            self.keep_scores(index, card, &now);
        }
        self.account.body.wake[n] = wake;
        for (slot, score) in engine.score_columns(&now) {
            self.write(slot, score.map_or(Value::Null, Value::Number));
        }
        self.settle_health(now.card, now.band, now.score, now.coverage);
        *self.health = now;
    }

    /// Notes a score, and tells what of it changed.
    fn settle_health(&mut self, card: Option<usize>, band: Option<usize>, score: Option<f64>, coverage: Option<f64>) {
        let engine = self.engine;
        let mut changed = self.account.health.card != card;
        let moved = changed || self.account.health.band != band;
        self.account.health.card = card;
        self.account.health.band = band;
        let number = |x: Option<f64>| x.map_or(Value::Null, Value::Number);
        changed |= self.write(engine.plan.slot(Builtin::Health), number(score));
        changed |= self.write(engine.plan.slot(Builtin::HealthCoverage), number(coverage));
        let name = || card.zip(band).map(|(c, b)| engine.band_names[c][b].clone());
        // Bands of different cards may have the same name: then it has not changed.
        let band_changed = moved && self.write(engine.plan.slot(Builtin::HealthBand), name().map_or(Value::Null, Value::Text));
        if (band_changed || (changed && self.sink.wants_scores())) && self.sink.wants_detail() {
            self.tell(Happened::Health { card, score, coverage, band: name(), band_changed }, vec![]);
        }
    }

    /// Drops the overrides that are over, and says when the next one will be.
    fn overrides(&mut self) -> i64 {
        let t = self.t;
        let overrides = &mut self.account.health.overrides;
        let expired: Vec<Override> = overrides.extract_if(.., |o| o.until.is_some_and(|u| t >= u)).collect();
        let next = overrides.iter().filter_map(|o| o.until).map(|u| u.0).min().unwrap_or(i64::MAX);
        for o in expired {
            self.tell(Happened::OverrideExpired { target: o.target, how: o.how, value: o.value }, vec![]);
        }
        next
    }

    /// When time alone may change a condition of the card.
    fn health_wake(&self, card: &Scorecard) -> i64 {
        let measures = card.groups.iter().flat_map(|g| &g.measures).filter_map(|m| m.when.as_ref());
        let limits = card.caps.iter().chain(&card.floors).map(|l| &l.when);
        limits.chain(measures).map(|p| metric::wake(p, &self.account.body.row, self.t)).min().unwrap_or(i64::MAX)
    }

    /// Notes the scores that stand in for missing ones later (`missing: keep`).
    fn keep_scores(&mut self, index: usize, card: &Scorecard, now: &HealthNow) {
        let measures = card.groups.iter().flat_map(|g| &g.measures).zip(now.groups.iter().flat_map(|g| &g.measures));
        for (number, (_, m)) in measures.enumerate().filter(|(_, (m, _))| matches!(m.missing, Missing::Keep(_))) {
            let kept = &mut self.account.health.kept;
            match m.computed.filter(|_| !m.stood_in) {
                Some(score) => {
                    kept.insert((index, number), (score, None));
                }
                None => {
                    if let Some((_, missing_since @ None)) = kept.get_mut(&(index, number)) {
                        *missing_since = Some(self.account.today);
                    }
                }
            }
        }
    }

    fn alert(&mut self, n: usize, a: usize, deferred: &mut Deferred) {
        let engine = self.engine;
        let rule = &engine.model.alerts[a];
        let row = &self.account.body.row;
        let scope = (rule.stages.is_empty() || rule.stages.contains(&self.account.stage.stage))
            && (rule.segments.is_empty()
                || rule.segments.iter().any(|s| row[engine.model.segments[*s].column as usize].as_bool() == Some(true)));
        let missed = engine.milestones_of[a].iter().any(|m| {
            let state = &self.account.milestones[*m];
            state.status == Some(MilestoneStatus::Missed) && !state.silent
        });
        let condition = rule.when.as_ref().is_some_and(|p| p.holds(row, self.t));
        let active = missed || (scope && condition);
        let mut wake = rule.when.as_ref().map_or(i64::MAX, |p| metric::wake(p, row, self.t));
        let (changed, timer) = self.account.alerts[a].step(rule, active, self.t, &engine.model.calendar);
        wake = wake.min(timer.0);
        self.account.body.wake[n] = wake;
        if changed {
            let machine = &self.account.alerts[a];
            let (state, since) = (machine.state, machine.since);
            let why = match (active, engine.milestones_of[a].is_empty()) {
                (true, _) if missed => AlertReason::MilestoneMissed,
                (true, _) => AlertReason::Condition,
                (false, false) if rule.when.is_none() => AlertReason::MilestoneSettled,
                (false, _) => AlertReason::NoLonger,
            };
            let inputs = self.inputs(rule.when.as_ref());
            self.tell(Happened::Alert { person: None, rule: a, state, since, why }, inputs);
            if let Some(slot) = engine.plan.account.nodes[n].out {
                deferred.push((slot, Value::Bool(state == AlertState::Firing)));
            }
        }
    }
}
