//! Advances one account over a span: its inputs and timers in order of time, each distinct instant evaluated once.

use std::sync::Arc;

use tenure_model::definition::{Builtin, Column, ColumnId, Source};
use tenure_model::input::{Action, Decision};
use tenure_model::time::{Day, Instant};
use tenure_model::{Model, Value};

use crate::Engine;
use crate::account::{Account, Body, Life, MilestoneState, Override, Person, StageState};
use crate::bits::Bits;
use crate::evaluate::{Step, Touched};
use crate::feed::{Arrival, EventRow, feed, feed_all};
use crate::health::HealthNow;
use crate::input::{Change, Inputs, SubscriptionField, What};
use crate::outcome::{AlertReason, AlertState, Happened, MilestoneStatus, MovedBy, Sink};
use crate::plan::{Plan, RowPlan, Task};
use crate::sampled::Sheet;
use crate::subscription::Facts;

/// At which instants accounts are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// At every instant of an input or timer.
    #[default]
    Exact,
    /// As exact, but every definition is evaluated at every instant, whether anything it reads changed or not: what tests compare with.
    Thorough,
    /// Once a date, at its last instant, beginning with the eve of `from`: faster, for exploring; it says of itself that it is sampled.
    Daily {
        /// The first date; what came before is looked at once.
        from: Day,
    },
    /// One evaluation at the end of the span: a look at the metrics; what has a history (stages, alerts with `for`) begins with it.
    Once,
}

/// An evaluation may follow another a microsecond later this often before it counts as an oscillation.
const LAGS_MAX: u32 = 8;

/// So many events at one evaluation are fed signal by signal.
const MANY: usize = 16;

/// An input that lies before what has been advanced over: the account has to be replayed from its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an input of {input} is late: the account has been advanced to {at}; replay it from its history")]
pub struct Late {
    /// Instant of the input.
    pub input: Instant,
    /// Where the account is.
    pub at: Instant,
}

/// Memory that is used again from instant to instant, and from account to account. It keeps nothing of them.
#[derive(Debug, Default)]
pub struct Scratch {
    dirty: Bits,
    /// The account's ordinals of `Inputs::people`.
    people: Vec<u32>,
    event: EventRow,
    health: HealthNow,
    pub(crate) sheet: Sheet,
}

impl Engine {
    /// The state of an account of which nothing is known yet.
    pub fn account(&self, id: impl Into<Arc<str>>) -> Account {
        Account::new(id.into(), &self.model, &self.plan)
    }

    /// Advances an account over (account.at, to] with all its inputs in that span. Batching changes no result: two advances give what one gives.
    ///
    /// # Errors
    /// [`Late`] if an input lies at or before `account.at`; nothing has changed then.
    pub fn advance(&self, account: &mut Account, inputs: &Inputs<'_>, to: Instant, mode: Mode, sink: &mut dyn Sink) -> Result<(), Late> {
        self.advance_in(&mut Scratch::default(), account, inputs, to, mode, sink)
    }

    /// As `advance`, in memory that served other accounts: for those who advance many.
    ///
    /// # Errors
    /// As `advance`.
    pub fn advance_in(
        &self,
        scratch: &mut Scratch,
        account: &mut Account,
        inputs: &Inputs<'_>,
        to: Instant,
        mode: Mode,
        sink: &mut dyn Sink,
    ) -> Result<(), Late> {
        let first = inputs
            .events
            .time
            .first()
            .map(|t| Instant(*t))
            .into_iter()
            .chain(inputs.changes.iter().map(|c| c.at).find(|at| *at != Instant::MIN))
            .min();
        if let Some(input) = first.filter(|t| *t <= account.at) {
            return Err(Late { input, at: account.at });
        }
        scratch.dirty.reset(self.plan.account.width);
        scratch.people = account.ordinals_of(inputs.people, &self.model, &self.plan);
        scratch.event.reset(self.model.properties.len(), &scratch.people);
        let mut cursor = Cursor { event: 0, change: 0 };
        if account.life == Life::Unborn {
            let Some(born) = self.birth(account, inputs).filter(|born| *born <= to) else {
                account.assume(inputs.changes, &scratch.people);
                account.at = to;
                return Ok(());
            };
            if born > to {
                account.at = to;
                return Ok(());
            }
            account.born = born;
            let first = match mode {
                Mode::Exact | Mode::Thorough => born,
                Mode::Daily { from } => born.max(self.model.calendar.last_instant(Day(from.0.saturating_sub(1)))).min(to),
                Mode::Once => to,
            };
            self.instant(account, inputs, &mut cursor, scratch, first, mode, sink);
        }
        match mode {
            Mode::Exact | Mode::Thorough => loop {
                let t = cursor.next(inputs).min(account.next_timer());
                if t > to {
                    break;
                }
                self.instant(account, inputs, &mut cursor, scratch, t, mode, sink);
            },
            Mode::Once => {
                if account.evaluated < to {
                    self.instant(account, inputs, &mut cursor, scratch, to, mode, sink);
                }
            }
            Mode::Daily { .. } => {
                loop {
                    let t = self.model.calendar.last_instant(account.today);
                    if t > to {
                        break;
                    }
                    if t > account.evaluated {
                        if self.quiet_dates(account, inputs, &mut cursor, scratch, to, sink) > 0 {
                            continue;
                        }
                        self.instant(account, inputs, &mut cursor, scratch, t, mode, sink);
                    }
                    self.next_day(account, sink);
                }
                if account.evaluated < to {
                    self.instant(account, inputs, &mut cursor, scratch, to, mode, sink);
                }
            }
        }
        account.at = to;
        Ok(())
    }

    /// The first instant of an account: its first dated input, or an assumed start before it. Of subscriptions only their starts begin anything.
    fn birth(&self, account: &Account, inputs: &Inputs<'_>) -> Option<Instant> {
        let started = self.plan.started_trait;
        let created = self.plan.traits.get("created_at").copied();
        let undated = account.assumed.iter().chain(inputs.changes.iter().take_while(|c| c.at == Instant::MIN));
        let assumed = undated.filter_map(|c| match &c.what {
            What::Trait(slot, value) if Some(*slot) == started || Some(*slot) == created => value.as_instant(&self.model.calendar),
            What::Subscription(_, SubscriptionField::StartedAt, value) => value.as_instant(&self.model.calendar),
            _ => None,
        });
        let begins = |what: &What| match what {
            What::Subscription(_, field, _) => *field == SubscriptionField::StartedAt,
            _ => true,
        };
        let dated = inputs.changes.iter().find(|c| c.at != Instant::MIN && begins(&c.what)).map(|c| c.at);
        assumed.chain(dated).chain(inputs.events.time.first().map(|t| Instant(*t))).min()
    }

    /// One instant: takes what comes in at it, then evaluates.
    #[allow(clippy::too_many_arguments)]
    fn instant(
        &self,
        account: &mut Account,
        inputs: &Inputs<'_>,
        cursor: &mut Cursor,
        scratch: &mut Scratch,
        t: Instant,
        mode: Mode,
        sink: &mut dyn Sink,
    ) {
        let mut midnight = false;
        if account.life == Life::Unborn {
            self.today(account, self.model.calendar.day(t));
        }
        while t >= account.next_midnight {
            self.next_day(account, sink);
            midnight = true;
        }
        let round = if account.lags > 0 && t == account.evaluated.next() { account.lags } else { 0 };
        account.lags = 0;
        scratch.dirty.clear();
        let people = std::mem::take(&mut scratch.people);
        let mut event = std::mem::take(&mut scratch.event);
        let mut step = self.step(account, scratch, sink, t);
        step.daily = midnight;
        let live_before = step.account.life == Life::Live;
        cursor.take(&mut step, inputs, &people, &mut event);
        step.facts();
        let live = step.account.life == Life::Live;
        if live {
            if mode == Mode::Thorough {
                (0..self.plan.account.width).for_each(|n| step.dirty.insert(n));
                step.everyone();
            }
            if midnight || matches!(mode, Mode::Daily { .. } | Mode::Once) || !live_before {
                step.daily = true;
                step.dirty.union(&self.plan.account.daily);
                step.touched = Touched::All;
            }
            step.dirty.union(&step.account.body.lagged);
            step.account.body.lagged.clear();
            if round > 0 {
                step.touched = Touched::All;
            }
            step.wake_due();
            if matches!(mode, Mode::Daily { .. } | Mode::Once) {
                step.settle();
            } else {
                step.run();
            }
            if step.account.lags > 0 {
                step.account.lags = round + 1;
                if step.account.lags > LAGS_MAX {
                    step.oscillated();
                }
            }
        }
        account.evaluated = t;
        scratch.people = people;
        scratch.event = event;
    }

    /// An evaluation at an instant, with nothing dirty yet.
    pub(crate) fn step<'a>(&'a self, account: &'a mut Account, scratch: &'a mut Scratch, sink: &'a mut dyn Sink, t: Instant) -> Step<'a> {
        let Scratch { dirty, health, .. } = scratch;
        Step { engine: self, account, sink, dirty, t, daily: false, touched: Touched::Some(vec![]), shared: vec![], health, scored: None }
    }

    /// A date is over.
    #[inline]
    pub(crate) fn next_day(&self, account: &mut Account, sink: &mut dyn Sink) {
        if account.life == Life::Live {
            for (i, (column, days)) in self.plan.logs.iter().enumerate() {
                account.logs[i].note(account.today, &account.body.row[*column as usize], *days);
            }
            sink.day(account, account.today);
        }
        account.today = Day(account.today.0 + 1);
        account.midnight = account.next_midnight;
        account.next_midnight = self.model.calendar.midnight(Day(account.today.0 + 1));
    }

    fn today(&self, account: &mut Account, day: Day) {
        account.today = day;
        account.midnight = self.model.calendar.midnight(day);
        account.next_midnight = self.model.calendar.midnight(Day(day.0 + 1));
    }
}

/// How far the inputs have been taken.
pub(crate) struct Cursor {
    event: usize,
    pub change: usize,
}

impl Cursor {
    #[inline]
    fn next(&self, inputs: &Inputs<'_>) -> Instant {
        let event = inputs.events.time.get(self.event).copied().unwrap_or(i64::MAX);
        let change = inputs.changes.get(self.change).map_or(i64::MAX, |c| c.at.0);
        Instant(event.min(change))
    }

    /// Takes everything up to and with the step's instant.
    fn take(&mut self, step: &mut Step<'_>, inputs: &Inputs<'_>, people: &[u32], row: &mut EventRow) {
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
    /// Makes dirty what is due by time alone.
    pub(crate) fn wake_due(&mut self) {
        for (n, wake) in self.account.body.wake.iter().enumerate() {
            if *wake <= self.t.0 {
                self.dirty.insert(n);
            }
        }
    }

    /// Sampled: what would follow microseconds later is settled at the same instant.
    pub(crate) fn settle(&mut self) {
        self.run();
        for _ in 0..LAGS_MAX {
            if self.account.lags == 0 {
                break;
            }
            self.account.lags = 0;
            self.dirty.union(&self.account.body.lagged);
            self.account.body.lagged.clear();
            self.touched = Touched::All;
            self.run();
        }
        if self.account.lags > 0 {
            self.oscillated();
        }
    }

    /// The account comes to life.
    fn begin(&mut self) {
        self.account.life = Life::Live;
        self.account.facts_wake = Instant::MIN;
        (0..self.engine.plan.account.width).for_each(|n| self.dirty.insert(n));
        self.tell(Happened::Born, vec![]);
        self.first_stage();
        let own: Vec<u32> = (0..self.account.known.len() as u32).collect();
        std::mem::take(&mut self.account.assumed).iter().for_each(|change| self.change(change, &own));
    }

    fn first_stage(&mut self) {
        self.account.stage = StageState { entered_at: self.t, entered_on: self.account.today, ..StageState::default() };
        if let Some(first) = self.engine.model.stages.iter().position(|s| s.first) {
            self.enter_stage(first, MovedBy::Beginning, vec![]);
        }
    }

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

    fn change(&mut self, change: &Change, people: &[u32]) {
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
    fn tell_exports(&mut self, before: Option<Arc<str>>) {
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

    /// What subscriptions and traits say of the account's life: its facts, its end, its return.
    fn facts(&mut self) {
        let engine = self.engine;
        let calendar = &engine.model.calendar;
        if self.account.facts_wake > self.t {
            return;
        }
        let facts = self.account.subscriptions.at(self.t, calendar);
        self.account.facts_wake = facts.next;
        match (self.account.life, self.account.subscriptions.ended(&facts, engine.model.grace, calendar)) {
            (Life::Live, Some(end)) if self.t >= end => return self.end(),
            (Life::Live, Some(end)) => self.account.facts_wake = facts.next.min(end),
            (Life::Ended(_), _) if facts.live > 0 => self.restart(&facts),
            _ => {}
        }
        if self.account.life != Life::Live {
            return;
        }
        if self.account.tenure_started.is_none() {
            self.account.tenure_started = facts.started_at;
        }
        let given = self.account.started_trait.as_instant(calendar).filter(|_| self.account.tenure == 1);
        let started = given.or(self.account.tenure_started).unwrap_or(self.account.born);
        self.account.started = Some((started, calendar.day(started)));
        if self.write(engine.plan.started, Value::Time(started)) {
            self.everyone(); // `since` of persons counts from it
        }
        if !facts.any {
            return;
        }
        for (builtin, value) in [
            (Builtin::Arr, facts.arr),
            (Builtin::Mrr, facts.mrr),
            (Builtin::Seats, facts.seats),
            (Builtin::Subscriptions, Value::Number(facts.live as f64)),
            (Builtin::Plan, facts.plan),
            (Builtin::Product, facts.product),
            (Builtin::RenewalAt, facts.renewal_at),
            (Builtin::TrialEndsAt, facts.trial_ends_at),
            (Builtin::CardExpiresAt, facts.card_expires_at),
        ] {
            // A declared trait of that name has taken the builtin's place: then the slot is unknown here.
            self.write(engine.plan.slot(builtin), value);
        }
    }

    /// The account has no live subscription any more.
    fn end(&mut self) {
        self.account.life = Life::Ended(self.t);
        self.dirty.clear();
        for rule in 0..self.account.alerts.len() {
            if self.account.alerts[rule].end(self.t) {
                self.tell(
                    Happened::Alert { person: None, rule, state: AlertState::Inactive, since: self.t, why: AlertReason::Ended },
                    vec![],
                );
            }
        }
        self.end_people_alerts();
        if let (Some(parent), false) = (self.parent(), self.engine.plan.exports.is_empty()) {
            self.tell(Happened::Export { parent, value: None }, vec![]);
        }
        self.tell(Happened::Ended, vec![]);
    }

    /// It came back: a new tenure.
    fn restart(&mut self, facts: &Facts) {
        let engine = self.engine;
        let account = &mut *self.account;
        account.life = Life::Live;
        account.tenure += 1;
        account.born = self.t;
        account.tenure_started = facts.started_at;
        account.milestones.fill(MilestoneState::default());
        account.health.kept.clear();
        (account.health.card, account.health.band) = (None, None);
        account.logs.iter_mut().for_each(|l| l.clear());
        account.body.forget_peaks();
        account.people.iter_mut().for_each(|p| p.body.forget_peaks());
        // What is read as of the previous instant is as of a newborn's: of the tenure before, nothing is left.
        for slot in engine.plan.account.lagging() {
            let alert = matches!(engine.model.account[slot].source, Source::Alert(_));
            account.body.row[slot] = if alert { Value::Bool(false) } else { Value::Null };
        }
        (0..engine.plan.account.width).for_each(|n| self.dirty.insert(n));
        self.everyone();
        engine.plan.shared.iter().for_each(|s| self.copy_to_people(s.0));
        self.shared.extend(engine.plan.shared.iter().map(|s| s.0));
        self.tell(Happened::Restarted, vec![]);
        self.first_stage();
        if self.parent().is_some() && !engine.plan.exports.is_empty() {
            self.tell_exports(None);
        }
    }

    /// Gives up on values that keep changing each other, and says so.
    fn oscillated(&mut self) {
        let model = &self.engine.model;
        let plan = &self.engine.plan.account;
        let mut nodes: Vec<String> =
            plan.circle(&self.account.body.lagged).into_iter().map(|n| name_of(model, plan, &model.account, n)).collect();
        self.account.body.lagged.clear();
        for person in &mut self.account.people {
            let mut from = 0;
            while let Some(n) = person.body.lagged.take_from(from) {
                from = n;
                nodes.push(format!("person.{}", name_of(model, &self.engine.plan.person, &model.person, n)));
            }
            person.body.lagged.clear();
        }
        nodes.sort();
        nodes.dedup();
        self.account.lags = 0;
        self.tell(Happened::Oscillated { nodes }, vec![]);
    }
}

/// A definition's name, else that of the column it writes.
fn name_of(model: &Model, plan: &RowPlan, columns: &[Column], n: usize) -> String {
    let node = &plan.nodes[n];
    match (node.task, node.out.and_then(|s| columns.get(s as usize))) {
        (Task::Milestone(m), _) => model.milestones[m].name.clone(),
        (Task::Alert(a), _) => model.alerts[a].name.clone(),
        (_, Some(column)) => column.name.clone(),
        (task, None) => format!("{task:?}").to_lowercase(),
    }
}

impl Account {
    /// Keeps undated changes until the account is born, with its own ordinals of persons.
    fn assume(&mut self, changes: &[Change], people: &[u32]) {
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
    fn ordinals_of(&mut self, ids: &[Arc<str>], model: &Model, plan: &Plan) -> Vec<u32> {
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
