//! Persons of an account at one instant: their metrics and segments before the account's, their alerts after it.

use tenure_model::Value;
use tenure_model::definition::{ColumnId, MetricDef};
use tenure_model::time::Instant;

use crate::account::Person;
use crate::bits::Bits;
use crate::evaluate::{Step, Touched};
use crate::metric::{self, Moment};
use crate::outcome::{AlertReason, AlertState, Happened};
use crate::plan::Task;

/// What persons brought forth, to be told once nothing of them is borrowed.
type Told = Vec<(Happened, Vec<(ColumnId, Value)>)>;

impl Step<'_> {
    /// The persons to look at: those touched, and at some timer's instant those it is due for.
    fn due(&self) -> Vec<u32> {
        let all = 0..self.account.people.len() as u32;
        match &self.touched {
            Touched::All => all.collect(),
            Touched::Some(touched) => {
                let mut due = touched.clone();
                if self.account.people_wake <= self.t.0 {
                    due.extend(all.filter(|i| self.account.people[*i as usize].body.next_wake() <= self.t.0));
                }
                due.sort_unstable();
                due.dedup();
                due
            }
        }
    }

    /// Evaluates the metrics and segments of the persons that are due.
    pub(crate) fn people_metrics_and_segments(&mut self) {
        let engine = self.engine;
        let due = self.due();
        if due.is_empty() {
            return;
        }
        let (t, today, started) = (self.t, self.account.today, self.account.started.map(|s| s.1));
        let moment = Moment { t, today, calendar: &engine.model.calendar, started };
        let mut told: Told = Vec::new();
        let mut counted = Bits::new(engine.model.person_segments.len());
        let detail = self.sink.wants_detail();
        for i in due.iter().map(|i| *i as usize) {
            let Some(person) = self.account.people.get_mut(i).filter(|p| p.member) else { continue };
            let mut dirty = std::mem::replace(&mut person.body.lagged, Bits::new(engine.plan.person.width));
            if self.daily {
                dirty.union(&engine.plan.person.daily);
            }
            for (n, wake) in person.body.wake.iter().enumerate() {
                if *wake <= self.t.0 {
                    dirty.insert(n);
                }
            }
            let mut from = 0;
            while let Some(n) = dirty.take_from(from) {
                from = n;
                person_node(engine, person, n, &moment, &mut dirty, |segment, member, inputs| {
                    let count = &mut self.account.people_in[segment];
                    *count = if member { *count + 1 } else { count.saturating_sub(1) };
                    counted.insert(segment);
                    if detail {
                        told.push((Happened::Segment { person: None, segment, member }, inputs));
                    }
                });
            }
            for (what, _) in &mut told {
                if let Happened::Segment { person: id @ None, .. } = what {
                    *id = Some(person.id.clone());
                }
            }
            if !person.body.lagged.is_empty() {
                self.account.lags = self.account.lags.max(1);
            }
            self.account.people_wake = self.account.people_wake.min(person.body.next_wake());
        }
        told.into_iter().for_each(|(what, inputs)| self.tell(what, inputs));
        for segment in 0..engine.model.person_segments.len() {
            if counted.contains(segment) {
                engine.plan.people_in[segment].iter().for_each(|n| self.dirty.insert(*n));
            }
        }
    }

    /// Copies to persons the columns of the account that changed: their alerts see them at once, the rest a microsecond later.
    pub(crate) fn share(&mut self) {
        let shared = std::mem::take(&mut self.shared);
        for slot in shared {
            self.copy_to_people(slot);
            self.account.lags = self.account.lags.max(1);
        }
    }

    /// Copies one column of the account to its persons.
    pub(crate) fn copy_to_people(&mut self, slot: ColumnId) {
        let plan = &self.engine.plan;
        for to in plan.shared.iter().filter(|s| s.0 == slot).map(|s| s.1 as usize) {
            let value = self.account.body.row[slot as usize].clone();
            let readers = &plan.person.readers[to];
            for person in &mut self.account.people {
                person.body.row[to] = value.clone();
                person.body.lagged.union(&readers.0);
                person.body.lagged.union(&readers.1);
            }
            self.touched = Touched::All;
            self.wake_person_alerts(|n| readers.0.contains(n));
        }
    }

    /// Makes everything of all persons dirty.
    pub(crate) fn everyone(&mut self) {
        for person in &mut self.account.people {
            (0..self.engine.plan.person.width).for_each(|n| person.body.lagged.insert(n));
        }
        self.wake_person_alerts(|_| true);
        self.touched = Touched::All;
    }

    /// Makes the alerts of all persons due at this instant, where the node is wanted.
    pub(crate) fn wake_person_alerts(&mut self, wanted: impl Fn(usize) -> bool) {
        for n in self.engine.plan.person_alert_nodes.iter().copied().filter(|n| *n != usize::MAX && wanted(*n)) {
            for person in &mut self.account.people {
                person.body.wake[n] = i64::MIN;
            }
            self.account.people_wake = i64::MIN;
        }
    }

    /// Looks at the alerts of persons that are due.
    pub(crate) fn people_alerts(&mut self) {
        let engine = self.engine;
        if self.account.people_wake > self.t.0 {
            return;
        }
        let stage = self.account.stage.stage;
        let mut told: Told = Vec::new();
        for person in self.account.people.iter_mut().filter(|p| p.member) {
            for (a, rule) in engine.model.alerts.iter().enumerate().filter(|(_, r)| r.person) {
                let n = engine.plan.person_alert_nodes[a];
                if person.body.wake[n] > self.t.0 {
                    continue;
                }
                let row = &person.body.row;
                let member = |s: &usize| row[engine.model.person_segments[*s].column as usize].as_bool() == Some(true);
                let scope = (rule.stages.is_empty() || rule.stages.contains(&stage))
                    && (rule.segments.is_empty() || rule.segments.iter().any(member));
                let active = scope && rule.when.as_ref().is_some_and(|p| p.holds(row, self.t));
                let wake = rule.when.as_ref().map_or(i64::MAX, |p| metric::wake(p, row, self.t));
                let (changed, timer) = person.alerts[a].step(rule, active, self.t, &engine.model.calendar);
                person.body.wake[n] = wake.min(timer.0);
                if changed {
                    let (state, since) = (person.alerts[a].state, person.alerts[a].since);
                    let why = if active { AlertReason::Condition } else { AlertReason::NoLonger };
                    let inputs = rule.when.iter().flat_map(|p| p.reads()).map(|i| (*i, row[*i as usize].clone())).collect();
                    told.push((Happened::Alert { person: Some(person.id.clone()), rule: a, state, since, why }, inputs));
                }
            }
        }
        told.into_iter().for_each(|(what, inputs)| self.tell(what, inputs));
        self.account.people_wake = self.account.people.iter().filter(|p| p.member).map(|p| p.body.next_wake()).min().unwrap_or(i64::MAX);
    }

    /// A person joins or leaves the account.
    pub(crate) fn set_member(&mut self, person: u32, member: bool) {
        let engine = self.engine;
        let i = person as usize;
        if self.account.people[i].member == member {
            return;
        }
        self.account.people[i].member = member;
        if member {
            let width = engine.plan.person.width;
            let body = &mut self.account.people[i].body;
            (0..width).for_each(|n| body.lagged.insert(n));
            if let Touched::Some(touched) = &mut self.touched {
                touched.push(person);
            }
            return;
        }
        let mut told: Told = Vec::new();
        let (t, person) = (self.t, &mut self.account.people[i]);
        for (s, segment) in engine.model.person_segments.iter().enumerate() {
            let slot = segment.column as usize;
            if person.body.row[slot].as_bool() == Some(true) {
                person.body.row[slot] = Value::Bool(false);
                self.account.people_in[s] = self.account.people_in[s].saturating_sub(1);
                engine.plan.people_in[s].iter().for_each(|n| self.dirty.insert(*n));
                told.push((Happened::Segment { person: Some(person.id.clone()), segment: s, member: false }, vec![]));
            }
        }
        end_alerts(person, t, &mut told);
        person.body.wake.fill(i64::MAX);
        told.into_iter().for_each(|(what, inputs)| self.tell(what, inputs));
    }

    /// Ends the alerts of all persons: the account ended.
    pub(crate) fn end_people_alerts(&mut self) {
        let mut told: Told = Vec::new();
        let t = self.t;
        self.account.people.iter_mut().for_each(|p| end_alerts(p, t, &mut told));
        told.into_iter().for_each(|(what, inputs)| self.tell(what, inputs));
    }
}

fn end_alerts(person: &mut Person, t: Instant, told: &mut Told) {
    for (rule, machine) in person.alerts.iter_mut().enumerate() {
        if machine.end(t) {
            let what =
                Happened::Alert { person: Some(person.id.clone()), rule, state: AlertState::Inactive, since: t, why: AlertReason::Ended };
            told.push((what, vec![]));
        }
    }
}

/// Evaluates one node of a person. `entered` is told of each segment entered or left.
fn person_node(
    engine: &crate::Engine,
    person: &mut Person,
    n: usize,
    moment: &Moment<'_>,
    dirty: &mut Bits,
    mut entered: impl FnMut(usize, bool, Vec<(ColumnId, Value)>),
) {
    let plan = &engine.plan.person;
    let node = &plan.nodes[n];
    let body = &mut person.body;
    let (value, wake) = match node.task {
        Task::Metric(m) => match &engine.model.person_metrics[m].def {
            MetricDef::Events { aggregate, window, .. } => {
                metric::of_events(&body.signals[plan.metric_signal[m]], *aggregate, *window, &body.row, moment)
            }
            MetricDef::Sql(program) => metric::of_program(program, &body.row, moment.t),
            MetricDef::Peak(of) => (body.peak(*of, engine.model.person_metrics[m].column, moment.t), i64::MAX),
            _ => (Value::Null, i64::MAX),
        },
        Task::Segment(s) => {
            let program = &engine.model.person_segments[s].when;
            (Value::Bool(program.holds(&body.row, moment.t)), metric::wake(program, &body.row, moment.t))
        }
        _ => {
            body.wake[n] = i64::MIN; // an alert: looked at after the account
            return;
        }
    };
    body.wake[n] = wake;
    let Some(slot) = node.out.map(|s| s as usize) else { return };
    if body.row[slot].same(&value) {
        return;
    }
    if let (Task::Segment(s), Some(member)) = (node.task, value.as_bool()) {
        let program = &engine.model.person_segments[s].when;
        entered(s, member, program.reads().iter().map(|i| (*i, body.row[*i as usize].clone())).collect());
    }
    body.row[slot] = value;
    dirty.union(&plan.readers[slot].0);
    body.lagged.union(&plan.readers[slot].1);
}
