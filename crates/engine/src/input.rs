//! What comes in for one account beside its events: changes in order, made from versions, memberships and decisions.

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tenure_model::definition::ColumnId;
use tenure_model::input::{Action, Decision, Entity, Membership, Version};
use tenure_model::time::Instant;
use tenure_model::{Calendar, Kind, Model, Value};

use crate::events::Events;
use crate::plan::Plan;

/// One change of what is known about an account, at an instant.
#[derive(Clone, Debug)]
pub struct Change {
    /// From when the engine may know it; `Instant::MIN` for what is assumed from the beginning.
    pub at: Instant,
    /// What.
    pub what: What,
}

/// What changes.
#[derive(Clone, Debug)]
pub enum What {
    /// A trait of the account has this value now.
    Trait(ColumnId, Value),
    /// A trait of a person (index into `Inputs::people`) has this value now.
    PersonTrait(u32, ColumnId, Value),
    /// A person belongs to the account, or no longer.
    Member(u32, bool),
    /// A field of a subscription has this value now.
    Subscription(Arc<str>, SubscriptionField, Value),
    /// A teammate decided.
    Decision(Arc<Decision>),
    /// A child account's exported column (index into the model's exports) has this value; None: it is no child any more.
    Child(Arc<str>, Option<(u16, Value)>),
}

/// Everything about one account that lies in the span to be advanced over (for a replay: everything there is).
#[derive(Clone, Copy, Debug, Default)]
pub struct Inputs<'a> {
    /// Ids of the persons that events and changes speak of.
    pub people: &'a [Arc<str>],
    /// Sorted by time.
    pub events: Events<'a>,
    /// Sorted by `at`; see [`sort`].
    pub changes: &'a [Change],
}

/// A field of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum SubscriptionField {
    Product,
    Plan,
    Seats,
    Mrr,
    Arr,
    StartedAt,
    TrialEndsAt,
    RenewalAt,
    EndedAt,
    CardExpiresAt,
}

/// The fields of subscriptions that are read.
pub(crate) const SUBSCRIPTION_FIELDS: &[&str] =
    &["product", "plan", "seats", "mrr", "arr", "started_at", "trial_ends_at", "renewal_at", "ended_at", "card_expires_at", "cancelled_at"];

impl SubscriptionField {
    fn named(name: &str) -> Option<(SubscriptionField, Kind)> {
        use SubscriptionField::*;
        Some(match name {
            "product" => (Product, Kind::Text),
            "plan" => (Plan, Kind::Text),
            "seats" => (Seats, Kind::Number),
            "mrr" => (Mrr, Kind::Number),
            "arr" => (Arr, Kind::Number),
            "started_at" => (StartedAt, Kind::Time),
            "trial_ends_at" => (TrialEndsAt, Kind::Time),
            "renewal_at" => (RenewalAt, Kind::Time),
            "ended_at" => (EndedAt, Kind::Time),
            "card_expires_at" => (CardExpiresAt, Kind::Time),
            _ => return None,
        })
    }
}

/// A version whose value could not be read as the declared type: it counts as NULL, and is reported.
#[derive(Clone, Debug, PartialEq)]
pub struct Unreadable {
    /// Whose.
    pub entity: Entity,
    /// Which field.
    pub field: String,
    /// What stood there.
    pub value: String,
    /// What was expected.
    pub kind: Kind,
}

/// Turns what is stored about one account into changes in order.
///
/// A field's value at an instant is, of the versions visible by then, the one valid latest (then known latest, then the greatest as JSON text,
/// so that the order of arrival decides nothing). Only real changes come out, but after the instant from which somebody goes on.
pub struct Changes<'m> {
    model: &'m Model,
    plan: &'m Plan,
    people: FxHashMap<Arc<str>, u32>,
    ids: Vec<Arc<str>>,
    out: Vec<Change>,
    unreadable: Vec<Unreadable>,
    /// After it, also what repeats a value comes out.
    open: Instant,
}

impl<'m> Changes<'m> {
    pub(crate) fn new(model: &'m Model, plan: &'m Plan, people: &[Arc<str>]) -> Self {
        Changes {
            model,
            plan,
            people: FxHashMap::default(),
            ids: people.to_vec(),
            out: Vec::new(),
            unreadable: Vec::new(),
            open: Instant::NEVER,
        }
    }

    /// For those who go on from an instant and may yet learn of what lies after it: what repeats a value then comes out, too.
    pub fn open_after(mut self, at: Instant) -> Self {
        self.open = at;
        self
    }

    /// The index of a person, new if unknown.
    pub fn person(&mut self, id: &str) -> u32 {
        if self.people.is_empty() {
            self.people = self.ids.iter().cloned().zip(0..).collect();
        }
        if let Some(i) = self.people.get(id) {
            return *i;
        }
        let (id, i): (Arc<str>, u32) = (id.into(), self.ids.len() as u32);
        self.ids.push(id.clone());
        self.people.insert(id, i);
        i
    }

    /// Adds versions of the account, its persons and its subscriptions, in any order.
    pub fn versions<'v>(&mut self, versions: impl IntoIterator<Item = &'v Version>) {
        let mut fields: FxHashMap<(&Entity, &str), Vec<&Version>> = FxHashMap::default();
        for version in versions {
            fields.entry((&version.entity, &version.field)).or_default().push(version);
        }
        let mut fields: Vec<_> = fields.into_iter().collect();
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        let mut cancelled: FxHashMap<&Entity, Instant> = FxHashMap::default();
        for ((entity, field), versions) in &fields {
            if *field == "cancelled_at" && matches!(entity, Entity::Subscription(..)) {
                // A cancellation is known once it is told, and not before it comes.
                let told = |v: &&Version| {
                    let at = Value::from_json(&v.value, Kind::Time, &self.model.calendar)?.as_instant(&self.model.calendar)?;
                    Some(at.max(v.visible_from()))
                };
                let at = versions.iter().filter_map(told).min();
                if let Some(at) = at {
                    cancelled.insert(entity, at);
                }
            }
        }
        for ((entity, field), versions) in fields {
            self.field(entity, field, versions, cancelled.get(entity).copied());
        }
    }

    fn field(&mut self, entity: &Entity, field: &str, mut versions: Vec<&Version>, cancelled: Option<Instant>) {
        let calendar = &self.model.calendar;
        let (kind, target): (Kind, Box<dyn Fn(&mut Self, Value) -> What>) = match entity {
            Entity::Account(_) => {
                let Some(slot) = self.plan.traits.get(field).copied() else { return };
                (self.model.account[slot as usize].kind, Box::new(move |_, value| What::Trait(slot, value)))
            }
            Entity::Person(id) => {
                let Some(slot) = self.plan.person_traits.get(field).copied() else { return };
                let person = self.person(id);
                (self.model.person[slot as usize].kind, Box::new(move |_, value| What::PersonTrait(person, slot, value)))
            }
            Entity::Subscription(_, id) => {
                let Some((field, kind)) = SubscriptionField::named(field) else { return };
                let id: Arc<str> = id.as_str().into();
                (kind, Box::new(move |_, value| What::Subscription(id.clone(), field, value)))
            }
        };
        let calendar = calendar.clone();
        let ended = matches!(entity, Entity::Subscription(..)) && field == "ended_at";
        let visible = |v: &Version| -> Instant {
            let mut at = v.visible_from();
            if ended && v.known_from.is_none() {
                // The end of a contract is known from its cancellation, else when it comes.
                let end = read(v, kind, &calendar).as_instant(&calendar).unwrap_or(Instant::MIN);
                at = at.max(cancelled.map_or(end, |c| c.min(end)));
            }
            at
        };
        versions.sort_by(|a, b| visible(a).cmp(&visible(b)).then_with(|| rank(a, b)));
        let mut best: Option<&Version> = None;
        let mut last: Option<(Instant, Value)> = None;
        let mut i = 0;
        while i < versions.len() {
            let at = visible(versions[i]);
            while i < versions.len() && visible(versions[i]) == at {
                if best.is_none_or(|b| rank(b, versions[i]) != Ordering::Greater) {
                    best = Some(versions[i]);
                }
                i += 1;
            }
            let Some(best) = best else { continue };
            if Value::from_json(&best.value, kind, &calendar).is_none() {
                self.unreadable.push(Unreadable { entity: entity.clone(), field: field.to_owned(), value: best.value.to_string(), kind });
            }
            let value = read(best, kind, &calendar);
            // A date for what was assumed is news: an account may begin with it.
            let is_news = |last: &(Instant, Value)| last.0 == Instant::MIN || !last.1.same(&value);
            if at > self.open || last.as_ref().is_none_or(is_news) {
                let what = target(self, value.clone());
                self.out.push(Change { at, what });
                last = Some((at, value));
            }
        }
    }

    /// Adds memberships of persons in this account: all of them at once. A person is there while any of them goes on.
    pub fn memberships<'v>(&mut self, memberships: impl IntoIterator<Item = &'v Membership>) {
        let span = |m: &Membership| (m.from.unwrap_or(Instant::MIN), m.until.unwrap_or(Instant::NEVER));
        let stays = memberships.into_iter().map(|m| (self.person(&m.person), span(m)));
        let mut stays: Vec<(u32, (Instant, Instant))> = stays.filter(|(_, (from, until))| from < until).collect();
        stays.sort();
        stays.dedup_by(|next, stay| {
            let joined = stay.0 == next.0 && next.1.0 <= stay.1.1;
            if joined {
                stay.1.1 = stay.1.1.max(next.1.1);
            }
            joined
        });
        for (person, (from, until)) in stays {
            self.out.push(Change { at: from, what: What::Member(person, true) });
            if until != Instant::NEVER {
                self.out.push(Change { at: until, what: What::Member(person, false) });
            }
        }
    }

    /// Adds decisions of teammates.
    pub fn decisions<'v>(&mut self, decisions: impl IntoIterator<Item = &'v Decision>) {
        self.out.extend(decisions.into_iter().map(|d| Change { at: d.at, what: What::Decision(Arc::new(d.clone())) }));
    }

    /// Adds what children reported.
    pub fn children(&mut self, changes: impl IntoIterator<Item = Change>) {
        self.out.extend(changes);
    }

    /// The ids of persons, the changes in order, and what could not be read.
    pub fn finish(mut self) -> (Vec<Arc<str>>, Vec<Change>, Vec<Unreadable>) {
        sort(&mut self.out);
        (self.ids, self.out, self.unreadable)
    }
}

/// Sorts changes by instant and, within one, into an order that does not depend on their arrival. What a child reports keeps its order.
pub fn sort(changes: &mut [Change]) {
    changes.sort_by(|a, b| {
        a.at.cmp(&b.at).then_with(|| place(&a.what).cmp(&place(&b.what))).then_with(|| content(&a.what).cmp(&content(&b.what)))
    });
}

/// What decides the order within an instant: the kind, then whose and which it is.
fn place(what: &What) -> (u8, u32, u32, &str) {
    match what {
        What::Member(p, joins) => (u8::from(*joins), *p, 0, ""), // who leaves and returns at one instant is there
        What::Trait(slot, _) => (2, *slot, 0, ""),
        What::PersonTrait(p, slot, _) => (3, *p, *slot, ""),
        What::Subscription(id, field, _) => (4, *field as u32, 0, id),
        What::Child(id, _) => (5, 0, 0, id),
        What::Decision(d) => (6, u32::from(action_rank(&d.action).0), 0, &d.author),
    }
}

/// Then the content.
fn content(what: &What) -> String {
    match what {
        What::Member(..) => String::new(),
        What::Trait(_, v) | What::PersonTrait(_, _, v) | What::Subscription(_, _, v) => v.to_string(),
        What::Child(..) => String::new(), // in the order in which the child told it: the last one stands
        What::Decision(d) => format!("{:?} {}", action_rank(&d.action), d.reason),
    }
}

/// Ending something comes before setting it, so that both at one instant leave it set.
fn action_rank(action: &Action) -> (u8, String) {
    let rank = match action {
        Action::ReleaseStage | Action::ClearOverride { .. } => 0,
        _ => 1,
    };
    (rank, format!("{action:?}"))
}

/// Which of two versions stands: the one valid later, then known later, then the greater text.
fn rank(a: &Version, b: &Version) -> Ordering {
    let valid = |v: &Version| v.valid_from.unwrap_or(Instant::MIN);
    valid(a).cmp(&valid(b)).then(a.known_from.cmp(&b.known_from)).then_with(|| a.value.to_string().cmp(&b.value.to_string()))
}

fn read(version: &Version, kind: Kind, calendar: &Calendar) -> Value {
    Value::from_json(&version.value, kind, calendar).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stays of ann, by days; what comes out as `+day` and `-day`.
    fn stays(stays: &[(Option<i64>, Option<i64>)]) -> String {
        let model = tenure_model::check(&[]).unwrap();
        let plan = Plan::new(&model);
        let mut changes = Changes::new(&model, &plan, &[]);
        let day = |d: &Option<i64>| d.map(|d| Instant(d * tenure_model::time::DAY));
        let all: Vec<Membership> = stays
            .iter()
            .map(|(from, until)| Membership { person: "ann".into(), account: "acme".into(), from: day(from), until: day(until) })
            .collect();
        changes.memberships(&all);
        let told = changes.finish().1.into_iter().map(|change| {
            let What::Member(_, joins) = change.what else { unreachable!() };
            let sign = if joins { '+' } else { '-' };
            if change.at == Instant::MIN { format!("{sign}always") } else { format!("{sign}{}", change.at.0 / tenure_model::time::DAY) }
        });
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_person_is_there_while_any_stay_goes_on() {
        let d = Some;
        for (told, expected) in [
            (&[(d(1), d(5))][..], "+1 -5"),
            (&[(d(1), d(5)), (d(3), d(9))], "+1 -9"),
            (&[(d(3), d(4)), (d(1), d(9))], "+1 -9"),
            (&[(d(1), d(5)), (d(3), None)], "+1"),
            (&[(d(1), d(5)), (d(5), d(9))], "+1 -9"),
            (&[(d(1), d(5)), (d(6), d(9))], "+1 -5 +6 -9"),
            (&[(None, d(5)), (d(2), d(9))], "+always -9"),
            (&[(None, None), (d(2), d(3))], "+always"),
            (&[(d(5), d(5))], ""),
            (&[(d(5), d(2))], ""),
            (&[(d(5), d(2)), (d(1), d(3))], "+1 -3"),
        ] {
            assert_eq!(stays(told), expected, "{told:?}");
        }
    }
}
