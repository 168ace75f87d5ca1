//! The life of an account: its beginning, what subscriptions say of it, its end, its return.

use tenure_model::Value;
use tenure_model::definition::{Builtin, Source};
use tenure_model::time::Instant;

use crate::Engine;
use crate::account::{Account, Life, MilestoneState, StageState};
use crate::evaluate::Step;
use crate::input::{Inputs, SubscriptionField, What};
use crate::outcome::{AlertReason, AlertState, Happened, MovedBy};
use crate::subscription::Facts;

impl Engine {
    /// The first instant of an account: its first dated input, or an assumed start before it. Of subscriptions only their starts begin anything.
    pub(crate) fn birth(&self, account: &Account, inputs: &Inputs<'_>) -> Option<Instant> {
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
}

impl Step<'_> {
    /// The account comes to life.
    pub(crate) fn begin(&mut self) {
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

    /// What subscriptions and traits say of the account's life: its facts, its end, its return.
    pub(crate) fn facts(&mut self) {
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
}
