//! Subscriptions of an account: which are live at an instant, what they add up to, and when that changes next.

use std::cmp::Ordering;
use std::sync::Arc;

use tenure_model::time::Instant;
use tenure_model::{Calendar, Span, Value};

use crate::input::SubscriptionField;
use crate::snapshot::{Broken, Reader, Saved, Writer, saved};

/// What is known of one subscription.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    id: Arc<str>,
    fields: [Value; 10],
}

/// All subscriptions of an account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscriptions {
    all: Vec<Subscription>,
    /// Has there ever been a live one?
    had: bool,
}

/// What the live ones add up to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub live: usize,
    /// Is any of them known to have a start?
    pub any: bool,
    pub started_at: Option<Instant>,
    pub arr: Value,
    pub mrr: Value,
    pub seats: Value,
    pub plan: Value,
    pub product: Value,
    pub renewal_at: Value,
    pub trial_ends_at: Value,
    pub card_expires_at: Value,
    /// The latest end of one that is over, if none is live.
    pub ended_at: Option<Instant>,
    /// When any of this may change by time alone.
    pub next: Instant,
}

impl Subscription {
    fn field(&self, field: SubscriptionField) -> &Value {
        &self.fields[field as usize]
    }

    fn instant(&self, field: SubscriptionField, calendar: &Calendar) -> Option<Instant> {
        self.field(field).as_instant(calendar)
    }
}

impl Subscriptions {
    pub fn set(&mut self, id: &Arc<str>, field: SubscriptionField, value: Value) {
        let i = match self.all.binary_search_by(|s| s.id.cmp(id)) {
            Ok(i) => i,
            Err(i) => {
                self.all.insert(i, Subscription { id: id.clone(), fields: Default::default() });
                i
            }
        };
        self.all[i].fields[field as usize] = value;
    }

    /// The facts at an instant.
    pub fn at(&mut self, t: Instant, calendar: &Calendar) -> Facts {
        use SubscriptionField::*;
        let mut facts = Facts { next: Instant::NEVER, ..Facts::default() };
        let mut live: Vec<&Subscription> = Vec::new();
        for s in &self.all {
            let Some(start) = s.instant(StartedAt, calendar) else { continue };
            facts.any = true;
            let end = s.instant(EndedAt, calendar).unwrap_or(Instant::NEVER);
            if t < start {
                facts.next = facts.next.min(start);
            } else if t < end {
                facts.next = facts.next.min(end);
                live.push(s);
            } else {
                facts.ended_at = facts.ended_at.max(Some(end));
            }
        }
        facts.live = live.len();
        if !live.is_empty() {
            self.had = true;
            facts.ended_at = None;
        }
        let sum = |field| {
            let known: Vec<f64> = live.iter().filter_map(|s| s.field(field).as_number()).collect();
            if known.is_empty() { Value::Null } else { Value::number(known.iter().sum()) }
        };
        let least = |field: SubscriptionField| live.iter().filter_map(|s| s.instant(field, calendar)).min();
        let next = |field: SubscriptionField| live.iter().filter_map(|s| s.instant(field, calendar)).min().map_or(Value::Null, Value::Time);
        (facts.arr, facts.mrr, facts.seats) = (sum(Arr), sum(Mrr), sum(Seats));
        facts.started_at = least(StartedAt);
        facts.renewal_at = next(RenewalAt);
        facts.trial_ends_at = next(TrialEndsAt);
        facts.card_expires_at = next(CardExpiresAt);
        let main = live.iter().max_by(|a, b| {
            let arr = |s: &Subscription| s.field(Arr).as_number().unwrap_or(f64::NEG_INFINITY);
            arr(a).partial_cmp(&arr(b)).unwrap_or(Ordering::Equal).then_with(|| b.id.cmp(&a.id))
        });
        if let Some(main) = main {
            facts.plan = main.field(Plan).clone();
            facts.product = main.field(Product).clone();
        }
        facts
    }

    /// When the account counts as ended: `grace` after the last end, if it ever was live and is not now.
    pub fn ended(&self, facts: &Facts, grace: Span, calendar: &Calendar) -> Option<Instant> {
        if facts.live > 0 || !self.had {
            return None;
        }
        facts.ended_at.map(|end| calendar.add(end, grace, 1))
    }

    pub fn bytes(&self) -> usize {
        self.all.capacity() * size_of::<Subscription>()
    }
}

saved!(Subscriptions { all, had });

impl Saved for Subscription {
    fn save(&self, w: &mut Writer<'_>) {
        self.id.save(w);
        self.fields.iter().for_each(|value| value.save(w));
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        let mut one = Subscription { id: Arc::restore(r)?, fields: Default::default() };
        for value in &mut one.fields {
            *value = Value::restore(r)?;
        }
        Ok(one)
    }
}
