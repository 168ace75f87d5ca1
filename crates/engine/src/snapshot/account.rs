//! The parts of an account, in the order in which they are written.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tenure_model::Value;
use tenure_model::input::{Decision, OverrideKind};
use tenure_model::time::{Day, Instant};

use super::{Broken, Reader, Saved, Writer, saved};
use crate::Engine;
use crate::account::{Account, Body, DayLog, HealthState, Life, MilestoneState, Ordinals, Override, Person, StageState};
use crate::alert::Machine;
use crate::input::{Change, SubscriptionField, What};
use crate::outcome::{AlertState, MilestoneStatus};
use crate::plan::RowPlan;
use crate::signal::Signal;

saved!(StageState { stage, entered_at, entered_on, held_until });
saved!(MilestoneState { status, since, due, silent });
saved!(Machine { state, since, released, fired });
saved!(Override { target, how, value, until, author, reason, at });

/// Writes the account, whose id has been written.
pub(super) fn save(engine: &Engine, account: &Account, w: &mut Writer<'_>) {
    account.life.save(w);
    account.at.save(w);
    account.evaluated.save(w);
    account.today.save(w);
    account.midnight.save(w);
    account.next_midnight.save(w);
    account.body.save(w);
    account.lags.save(w);
    account.born.save(w);
    account.tenure.save(w);
    account.tenure_started.save(w);
    account.started.save(w);
    account.assumed.save(w);
    account.started_trait.save(w);
    account.subscriptions.save(w);
    account.facts_wake.save(w);
    account.stage.save(w);
    account.milestones.iter().for_each(|m| m.save(w));
    account.health.save(w);
    account.alerts.iter().for_each(|m| m.save(w));
    account.logs.iter().for_each(|log| log.save(w));
    w.length(account.children.len());
    for (child, exports) in &account.children {
        child.save(w);
        exports.iter().for_each(|value| value.save(w));
    }
    account.known.save(w);
    if engine.plan.has_people {
        for person in &account.people {
            person.member.save(w);
            person.body.save(w);
            person.alerts.iter().for_each(|m| m.save(w));
        }
        account.people_in.iter().for_each(|n| n.save(w));
        Instant(account.people_wake).save(w);
    }
}

/// Reads the account.
pub(super) fn restore(engine: &Engine, r: &mut Reader<'_>) -> Result<Account, Broken> {
    let (model, plan) = (&engine.model, &engine.plan);
    let mut account = Account::new(r.own().clone(), model, plan);
    account.life = Life::restore(r)?;
    account.at = Instant::restore(r)?;
    account.evaluated = Instant::restore(r)?;
    account.today = Day::restore(r)?;
    account.midnight = Instant::restore(r)?;
    account.next_midnight = Instant::restore(r)?;
    account.body.restore(&plan.account, r)?;
    account.lags = u32::restore(r)?;
    account.born = Instant::restore(r)?;
    account.tenure = u32::restore(r)?;
    account.tenure_started = Option::restore(r)?;
    account.started = Option::restore(r)?;
    account.assumed = Vec::restore(r)?;
    account.started_trait = Value::restore(r)?;
    account.subscriptions = Saved::restore(r)?;
    account.facts_wake = Instant::restore(r)?;
    account.stage = StageState::restore(r)?;
    let stages = model.stages.len();
    if account.stage.stage >= stages.max(1) {
        return Err(Broken("the model has no such stage"));
    }
    each(&mut account.milestones, r)?;
    account.health = HealthState::restore(r)?;
    let bands = account.health.card.map(|card| engine.band_names.get(card).map_or(0, Vec::len));
    if bands == Some(0) || account.health.band.is_some_and(|band| band >= bands.unwrap_or(0)) {
        return Err(Broken("the model has no such scorecard or band"));
    }
    each(&mut account.alerts, r)?;
    each(&mut account.logs, r)?;
    for _ in 0..r.length()? {
        let child = Arc::restore(r)?;
        let mut exports = vec![Value::Null; plan.exports.len()];
        each(&mut exports, r)?;
        account.children.insert(child, exports);
    }
    account.known = Ordinals::restore(r)?;
    if plan.has_people {
        for i in 0..account.known.len() {
            let mut person = Person {
                id: account.known.id(i).clone(),
                member: bool::restore(r)?,
                body: Body::new(model.person.len(), &plan.person),
                alerts: vec![Machine::default(); model.alerts.len()],
            };
            person.body.restore(&plan.person, r)?;
            each(&mut person.alerts, r)?;
            account.people.push(person);
        }
        each(&mut account.people_in, r)?;
        account.people_wake = Instant::restore(r)?.0;
    }
    Ok(account)
}

/// As many as the model says.
fn each<T: Saved>(of: &mut [T], r: &mut Reader<'_>) -> Result<(), Broken> {
    for one in of {
        *one = T::restore(r)?;
    }
    Ok(())
}

impl Body {
    fn save(&self, w: &mut Writer<'_>) {
        self.row.iter().for_each(|value| value.save(w));
        self.signals.iter().for_each(|signal| signal.save(w));
        self.wake.iter().for_each(|wake| Instant(*wake).save(w));
        let lagged: Vec<u32> = (0..self.wake.len()).filter(|n| self.lagged.contains(*n)).map(|n| n as u32).collect();
        lagged.save(w);
        self.peaks.iter().map(|(slot, at)| (*slot, *at)).collect::<Vec<_>>().save(w);
    }

    /// Into a new body of the same plan.
    fn restore(&mut self, plan: &RowPlan, r: &mut Reader<'_>) -> Result<(), Broken> {
        each(&mut self.row, r)?;
        for (signal, plan) in self.signals.iter_mut().zip(&plan.signals) {
            *signal = Signal::restore(plan.need, plan.horizon, r)?;
        }
        for wake in &mut self.wake {
            *wake = Instant::restore(r)?.0;
        }
        for n in Vec::<u32>::restore(r)? {
            if n as usize >= plan.width {
                return Err(Broken("the model has no such node"));
            }
            self.lagged.insert(n as usize);
        }
        let peaks: Vec<(u32, Instant)> = Vec::restore(r)?;
        if peaks.iter().any(|(slot, _)| *slot as usize >= self.row.len()) {
            return Err(Broken("the model has no such column"));
        }
        self.peaks = BTreeMap::from_iter(peaks);
        Ok(())
    }
}

impl Saved for Life {
    fn save(&self, w: &mut Writer<'_>) {
        match self {
            Life::Unborn => w.byte(0),
            Life::Live => w.byte(1),
            Life::Ended(at) => {
                w.byte(2);
                at.save(w);
            }
        }
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        Ok(match r.byte()? {
            0 => Life::Unborn,
            1 => Life::Live,
            2 => Life::Ended(Instant::restore(r)?),
            _ => return Err(Broken("a life has no such form")),
        })
    }
}

impl Saved for HealthState {
    fn save(&self, w: &mut Writer<'_>) {
        self.card.save(w);
        self.band.save(w);
        self.overrides.save(w);
        let kept: Vec<_> = self.kept.iter().map(|(measure, kept)| (*measure, *kept)).collect();
        kept.save(w);
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        let (card, band, overrides) = (Option::restore(r)?, Option::restore(r)?, Vec::restore(r)?);
        Ok(HealthState { card, band, overrides, kept: Vec::restore(r)?.into_iter().collect() })
    }
}

impl Saved for DayLog {
    fn save(&self, w: &mut Writer<'_>) {
        self.0.save(w);
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        VecDeque::restore(r).map(DayLog)
    }
}

impl Saved for Ordinals {
    fn save(&self, w: &mut Writer<'_>) {
        self.ids.save(w);
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        Ok(Ordinals { ids: Vec::restore(r)?, by_id: Default::default() })
    }
}

/// An enum without fields is the number of its variant.
macro_rules! variants {
    ($name:ident { $($variant:ident),+ }) => {
        impl Saved for $name {
            fn save(&self, w: &mut Writer<'_>) {
                w.byte(*self as u8);
            }

            fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
                let all = [$($name::$variant),+];
                all.get(usize::from(r.byte()?)).copied().ok_or(Broken("there is no such variant"))
            }
        }
    };
}
variants!(MilestoneStatus { Pending, Reached, Missed, ReachedLate, Waived });
variants!(AlertState { Pending, Firing, Inactive });
variants!(OverrideKind { Set, Cap, Floor });
variants!(SubscriptionField { Product, Plan, Seats, Mrr, Arr, StartedAt, TrialEndsAt, RenewalAt, EndedAt, CardExpiresAt });

impl Saved for Change {
    fn save(&self, w: &mut Writer<'_>) {
        self.at.save(w);
        match &self.what {
            What::Trait(slot, value) => {
                w.byte(0);
                slot.save(w);
                value.save(w);
            }
            What::PersonTrait(person, slot, value) => {
                w.byte(1);
                person.save(w);
                slot.save(w);
                value.save(w);
            }
            What::Member(person, member) => {
                w.byte(2);
                person.save(w);
                member.save(w);
            }
            What::Subscription(id, field, value) => {
                w.byte(3);
                id.save(w);
                field.save(w);
                value.save(w);
            }
            What::Decision(decision) => {
                w.byte(4);
                // Rare, and made of text: as the journal has it.
                serde_json::to_string(decision.as_ref()).unwrap_or_default().save(w);
            }
            What::Child(id, value) => {
                w.byte(5);
                id.save(w);
                value.as_ref().map(|(export, value)| (u32::from(*export), value.clone())).save(w);
            }
        }
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        let at = Instant::restore(r)?;
        let what = match r.byte()? {
            0 => What::Trait(u32::restore(r)?, Value::restore(r)?),
            1 => What::PersonTrait(u32::restore(r)?, u32::restore(r)?, Value::restore(r)?),
            2 => What::Member(u32::restore(r)?, bool::restore(r)?),
            3 => What::Subscription(Arc::restore(r)?, SubscriptionField::restore(r)?, Value::restore(r)?),
            4 => {
                let decision: Decision = serde_json::from_str(&String::restore(r)?).map_err(|_| Broken("a decision cannot be read"))?;
                What::Decision(Arc::new(decision))
            }
            5 => What::Child(Arc::restore(r)?, Option::<(u32, Value)>::restore(r)?.map(|(export, value)| (export as u16, value))),
            _ => return Err(Broken("a change has no such form")),
        };
        Ok(Change { at, what })
    }
}
