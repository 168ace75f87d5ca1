//! What inputs do to an account: its events feed signals, its changes and decisions write values.

use std::sync::Arc;

use tenure_model::definition::{Builtin, ColumnId, Source};
use tenure_model::input::{Action, Decision};
use tenure_model::time::Instant;
use tenure_model::{Model, Value};

use crate::Engine;
use crate::account::{Account, Body, Life, MilestoneState, Override, Person};
use crate::advance::Scratch;
use crate::evaluate::{Step, Touched};
use crate::feed::{Arrival, EventRow, feed, feed_all};
use crate::input::{Change, Inputs, What};
use crate::outcome::{Happened, MilestoneStatus, MovedBy};
use crate::plan::Plan;

/// So many events at one evaluation are fed signal by signal.
const MANY: usize = 16;

/// How far the inputs have been taken.
pub(crate) struct Cursor {
    pub event: usize,
    pub change: usize,
}

impl Cursor {
    #[inline]
    pub fn next(&self, inputs: &Inputs<'_>) -> Instant {
        let event = inputs.events.time.get(self.event).copied().unwrap_or(i64::MAX);
        let change = inputs.changes.get(self.change).map_or(i64::MAX, |c| c.at.0);
        Instant(event.min(change))
    }

    /// Takes everything up to and with the step's instant.
    pub fn take(&mut self, step: &mut Step<'_>, inputs: &Inputs<'_>, people: &[u32], row: &mut EventRow) {
        if step.account.life == Life::Unborn {
            step.begin();
        }
        while let Some(change) = inputs.changes.get(self.change).filter(|c| c.at <= step.t) {
            // A sample takes many instants at once, in their order; at one instant changes come first.
            while inputs.events.time.get(self.event).is_some_and(|e| *e < change.at.0) {
                step.event(self.event, inputs, people, row);
                self.event += 1;
            }
            self.change += 1;
            step.change(change, people);
        }
        let events = &inputs.events;
        let end = self.event + events.time[self.event..].partition_point(|e| *e <= step.t.0);
        if end - self.event >= MANY && !step.engine.plan.has_people {
            step.many_events(self.event..end, inputs, people, row);
        } else {
            (self.event..end).for_each(|i| step.event(i, inputs, people, row));
        }
        self.event = end;
    }
}

impl Cursor {
    /// Feeds the events up to and with an instant to the account's signals, without evaluating anything.
    pub fn feed(&mut self, engine: &Engine, account: &mut Account, inputs: &Inputs<'_>, scratch: &mut Scratch, until: Instant) {
        let from = self.event;
        self.event = from + inputs.events.time[from..].partition_point(|t| *t <= until.0);
        let Scratch { people, event, .. } = scratch;
        feed_all(engine, &mut account.body, inputs, from..self.event, people, event);
    }
}

impl Step<'_> {
    #[inline]
    fn event(&mut self, i: usize, inputs: &Inputs<'_>, people: &[u32], row: &mut EventRow) {
        let plan = &self.engine.plan;
        let events = &inputs.events;
        let time = Instant(events.time[i]);
        let known = usize::from(events.name[i]).min(plan.event_names.len());
        let person = people.get(events.person[i] as usize).copied().unwrap_or(u32::MAX);
        let day = if time >= self.account.midnight { self.account.today } else { row.day(time, &self.engine.model.calendar) };
        row.filled = false;
        let arrival = Arrival { i, time, day, person, inputs, names: &plan.event_names };
        let (fed, nodes) = &plan.account.dispatch[known];
        feed(&plan.account, fed, &mut self.account.body, &arrival, row);
        self.dirty.union(nodes);
        if plan.has_people && person != u32::MAX {
            self.set_member(person, true);
            let (fed, nodes) = &plan.person.dispatch[known];
            let body = &mut self.account.people[person as usize].body;
            feed(&plan.person, fed, body, &arrival, row);
            body.lagged.union(nodes);
            if let Touched::Some(touched) = &mut self.touched {
                touched.push(person);
            }
        }
    }

    /// As `event`, of many at once, where nothing reads persons one by one.
    fn many_events(&mut self, range: std::ops::Range<usize>, inputs: &Inputs<'_>, people: &[u32], row: &mut EventRow) {
        let plan = &self.engine.plan;
        for name in &inputs.events.name[range.clone()] {
            self.dirty.union(&plan.account.dispatch[usize::from(*name).min(plan.event_names.len())].1);
        }
        feed_all(self.engine, &mut self.account.body, inputs, range, people, row);
    }

    pub(crate) fn change(&mut self, change: &Change, people: &[u32]) {
        let engine = self.engine;
        match &change.what {
            What::Trait(slot, value) => self.set_trait(*slot, value.clone()),
            What::PersonTrait(person, slot, value) => {
                let Some(person) = people.get(*person as usize).copied().filter(|_| engine.plan.has_people) else { return };
                let body = &mut self.account.people[person as usize].body;
                let slot = *slot as usize;
                if !body.row[slot].same(value) {
                    body.row[slot] = value.clone();
                    body.lagged.union(&engine.plan.person.readers[slot].0);
                    if let Touched::Some(touched) = &mut self.touched {
                        touched.push(person);
                    }
                }
            }
            What::Member(person, member) => {
                if let Some(person) = people.get(*person as usize).copied().filter(|_| engine.plan.has_people) {
                    self.set_member(person, *member);
                }
            }
            What::Subscription(id, field, value) => {
                self.account.subscriptions.set(id, *field, value.clone());
                self.account.facts_wake = Instant::MIN;
            }
            What::Decision(decision) => self.decision(decision),
            What::Child(child, value) => {
                match value {
                    None => {
                        self.account.children.remove(child);
                    }
                    Some((export, value)) => {
                        let width = engine.plan.exports.len();
                        let row = self.account.children.entry(child.clone()).or_insert_with(|| vec![Value::Null; width]);
                        if let Some(slot) = row.get_mut(usize::from(*export)) {
                            *slot = value.clone();
                        }
                    }
                }
                self.dirty.union(&engine.plan.child_nodes);
            }
        }
    }

    fn set_trait(&mut self, slot: ColumnId, value: Value) {
        let plan = &self.engine.plan;
        if slot as usize >= self.account.body.row.len() {
            return;
        }
        if plan.started_trait == Some(slot) {
            self.account.started_trait = value;
            self.account.facts_wake = Instant::MIN;
            return;
        }
        let is_parent = plan.parent == Some(slot);
        let before = if is_parent { self.parent() } else { None };
        self.write(slot as usize, value);
        if plan.shared_slots.contains(slot as usize) {
            // A trait is an input: persons read it at this instant.
            self.shared.retain(|s| *s != slot);
            self.copy_to_people(slot);
        }
        // An account that has ended counts nowhere; when it comes back, its parent is told.
        if is_parent && self.account.life == Life::Live && !plan.exports.is_empty() && before != self.parent() {
            self.tell_exports(before);
        }
    }

    /// Leaves the parent before and tells the present one everything.
    pub(crate) fn tell_exports(&mut self, before: Option<Arc<str>>) {
        if let Some(parent) = before {
            self.tell(Happened::Export { parent, value: None }, vec![]);
        }
        if let Some(parent) = self.parent() {
            for (i, column) in self.engine.plan.exports.iter().enumerate() {
                let value = self.account.body.row[*column as usize].clone();
                self.tell(Happened::Export { parent: parent.clone(), value: Some((i as u16, value)) }, vec![]);
            }
        }
    }

    fn decision(&mut self, decision: &Decision) {
        let engine = self.engine;
        match &decision.action {
            Action::SetStage { stage, until } => {
                let Some(to) = engine.model.stages.iter().position(|s| s.name == *stage) else { return };
                self.account.stage.held_until = Some(until.unwrap_or(Instant::NEVER));
                if to != self.account.stage.stage {
                    self.enter_stage(to, MovedBy::Hand, vec![]);
                }
                self.mark(engine.plan.stage);
            }
            Action::ReleaseStage => {
                self.account.stage.held_until = None;
                self.mark(engine.plan.stage);
            }
            Action::Override { target, how, value, until } => {
                self.account.health.overrides.retain(|o| !(o.target == *target && o.how == *how));
                self.account.health.overrides.push(Override {
                    target: target.clone(),
                    how: *how,
                    value: *value,
                    until: *until,
                    author: decision.author.clone(),
                    reason: decision.reason.clone(),
                    at: decision.at,
                });
                self.mark(engine.plan.health);
            }
            Action::ClearOverride { target } => {
                self.account.health.overrides.retain(|o| o.target != *target);
                self.mark(engine.plan.health);
            }
            Action::Waive { milestone } => {
                let Some(m) = engine.model.milestones.iter().position(|x| x.name == *milestone) else { return };
                let state = &mut self.account.milestones[m];
                if matches!(state.status, None | Some(MilestoneStatus::Pending | MilestoneStatus::Missed)) {
                    *state = MilestoneState { status: Some(MilestoneStatus::Waived), since: Some(self.t), ..*state };
                    let due = state.due;
                    self.settle_milestone(m, Some(MilestoneStatus::Waived), due, vec![]);
                    if let Some(slot) = engine.model.milestones[m].column {
                        self.write(slot as usize, Value::Text(engine.status_names[MilestoneStatus::Waived as usize].clone()));
                    }
                }
            }
        }
    }

    fn mark(&mut self, node: usize) {
        if node != usize::MAX {
            self.dirty.insert(node);
        }
    }
}

impl Account {
    /// Keeps undated changes until the account is born, with its own ordinals of persons.
    pub(crate) fn assume(&mut self, changes: &[Change], people: &[u32]) {
        let own = |person: u32| people.get(person as usize).copied().unwrap_or(u32::MAX);
        self.assumed.extend(changes.iter().take_while(|c| c.at == Instant::MIN).map(|c| {
            let what = match &c.what {
                What::Member(person, member) => What::Member(own(*person), *member),
                What::PersonTrait(person, slot, value) => What::PersonTrait(own(*person), *slot, value.clone()),
                other => other.clone(),
            };
            Change { at: c.at, what }
        }));
    }

    /// The account's own ordinals of these persons; new ones are added, members from their first input on.
    pub(crate) fn ordinals_of(&mut self, ids: &[Arc<str>], model: &Model, plan: &Plan) -> Vec<u32> {
        if plan.has_people {
            let known = self.known.len();
            let ordinals = self.known.ordinals_of(ids);
            for i in known..self.known.len() {
                self.people.push(new_person(self.known.id(i), &self.body.row, model, plan));
            }
            return ordinals;
        }
        self.known.ordinals_of(ids)
    }
}

fn new_person(id: &Arc<str>, account: &[Value], model: &Model, plan: &Plan) -> Person {
    let mut body = Body::new(model.person.len(), &plan.person);
    for (i, column) in model.person.iter().enumerate() {
        match column.source {
            Source::Builtin(Builtin::Id) => body.row[i] = Value::Text(id.clone()),
            Source::Segment(_) => body.row[i] = Value::Bool(false),
            Source::Account(slot) => body.row[i] = account[slot as usize].clone(),
            _ => {}
        }
    }
    Person { id: id.clone(), member: false, body, alerts: vec![Default::default(); model.alerts.len()] }
}
