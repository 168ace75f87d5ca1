//! All accounts: inputs find theirs, timers ring, and what happens is handed out.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tenure_engine::{Account, Engine, EventTable, Happened, Outcome, What};
use tenure_ingest::Resolver;
use tenure_ingest::resolver::account_among;
use tenure_model::input::{Decision, Entity, Membership, Merge, Version};
use tenure_model::{Instant, Value};

use crate::keys::{Key, Keys};
use crate::recent::Recent;
use crate::slot::{Ran, Slot};

/// An event as it comes from the journal.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// Its batch's position in the journal.
    pub position: i64,
    /// When it arrived.
    pub arrived: Instant,
    /// Where it came from.
    pub source: &'a str,
    /// As sent.
    pub account: Option<&'a str>,
    /// As sent.
    pub person: Option<&'a str>,
    /// What.
    pub name: &'a str,
    /// When.
    pub time: Instant,
    /// As sent.
    pub message_id: Option<&'a str>,
    /// The text of a JSON object.
    pub properties: Option<&'a str>,
}

/// The whole history of an account: what `Live` does not keep in memory.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Events of the archive, resolved, with `Recent::ARCHIVED` as position.
    pub events: Vec<Recent>,
    /// What was said and decided.
    pub said: PastSaid,
    /// What children reported.
    pub children: Vec<tenure_engine::Change>,
}

/// Everything that was said and decided about an account.
#[derive(Clone, Debug, Default)]
pub struct PastSaid {
    /// Versions of fields of the account, its persons and its subscriptions.
    pub versions: Vec<Version>,
    /// Its persons.
    pub memberships: Vec<Membership>,
    /// What teammates decided.
    pub decisions: Vec<Decision>,
}

/// An account as a replay left it.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Its state.
    pub account: Account,
    /// What is known already to change later, sorted. Its persons are indexes into `people`.
    pub changes: Vec<tenure_engine::Change>,
    /// Ids of persons.
    pub people: Vec<Arc<str>>,
}

/// What happened to an account in a step.
#[derive(Clone, Debug)]
pub struct Change {
    /// Whose.
    pub account: Arc<str>,
    /// What was told after this instant no longer holds: `outcomes` stand in its place. None: they come after all that was told.
    pub restated: Option<Instant>,
    /// In order of time.
    pub outcomes: Vec<Outcome>,
}

/// What a step brought.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// Accounts to which something happened.
    pub changes: Vec<Change>,
    /// Accounts that were evaluated.
    pub evaluated: usize,
    /// More is due than was allowed: call again.
    pub more: bool,
}

/// The living accounts.
pub struct Live {
    engine: Arc<Engine>,
    empty: EventTable,
    slots: Vec<Slot>,
    index: FxHashMap<Arc<str>, usize>,
    names: FxHashMap<Box<str>, Arc<str>>,
    resolver: Resolver,
    keys: Keys,
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    touched: Vec<usize>,
    /// Events of persons whose account is not known, by person; those without person are under "".
    homeless: FxHashMap<Arc<str>, Vec<Recent>>,
    duplicates: u64,
    /// Accounts that earlier events may belong to by what became known since these were last asked for.
    resettled: BTreeSet<Arc<str>>,
}

impl Live {
    /// Nobody yet.
    pub fn new(engine: Arc<Engine>, resolver: Resolver, keys: Keys) -> Live {
        let empty = EventTable::new(engine.model());
        Live {
            engine,
            empty,
            slots: vec![],
            index: FxHashMap::default(),
            names: FxHashMap::default(),
            resolver,
            keys,
            timers: BinaryHeap::new(),
            touched: vec![],
            homeless: FxHashMap::default(),
            duplicates: 0,
            resettled: BTreeSet::new(),
        }
    }

    /// The compiled model.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Whose event, as known now.
    pub fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    /// Which messages were seen lately.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The accounts as they stand.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.slots.iter().map(|s| &s.head)
    }

    /// An account as it stands, by any of its ids.
    pub fn account(&self, id: &str) -> Option<&Account> {
        self.index.get(self.resolver.account(id)).map(|i| &self.slots[*i].head)
    }

    /// Events of an account that the archive may not have yet.
    pub fn recent(&self, id: &str) -> &[Recent] {
        self.index.get(id).map_or(&[], |i| self.slots[*i].recent())
    }

    /// How many accounts.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many events were seen before, since the start.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Accounts to which events of the archive may belong by what became known since the last call: settle the archive, then make them `known`.
    pub fn resettled(&mut self) -> BTreeSet<Arc<str>> {
        std::mem::take(&mut self.resettled)
    }

    /// How many events wait for their account to be known.
    pub fn homeless(&self) -> usize {
        self.homeless.values().map(Vec::len).sum()
    }

    /// Sets an account as a replay left it, with the changes that lie ahead of it and the persons they speak of.
    pub fn place(&mut self, placed: Placed) {
        let i = self.slot(placed.account.id().clone());
        self.slots[i] = Slot::placed(placed);
        self.set_timer(i);
    }

    /// Makes an account known whose history is to be given.
    pub fn known(&mut self, id: &str) {
        let i = self.slot(id.into());
        self.slots[i].want(Instant::MIN);
        self.touch(i);
    }

    fn slot(&mut self, id: Arc<str>) -> usize {
        if let Some(i) = self.index.get(&id) {
            return *i;
        }
        let i = self.slots.len();
        self.slots.push(Slot::new(self.engine.account(id.clone())));
        self.index.insert(id, i);
        i
    }

    fn touch(&mut self, i: usize) {
        if self.touched.last() != Some(&i) {
            self.touched.push(i);
        }
    }

    fn name(&mut self, text: &str) -> Arc<str> {
        if let Some(name) = self.names.get(text) {
            return name.clone();
        }
        let name: Arc<str> = text.into();
        self.names.insert(text.into(), name.clone());
        name
    }

    /// Takes an event. False where it was seen before.
    pub fn event(&mut self, said: Said<'_>) -> bool {
        if let Some(id) = said.message_id
            && !self.keys.note(Key::of(said.source, id), said.arrived)
        {
            self.duplicates += 1;
            return false;
        }
        let recent = Recent {
            time: said.time,
            position: said.position,
            name: self.name(said.name),
            person: said.person.map(|p| self.resolver.person(p).into()),
            given_account: said.account.map(|a| a.into()),
            given_person: said.person.map(|p| p.into()),
            source: self.name(said.source),
            properties: said.properties.map(Into::into),
            message_id: said.message_id.map(Into::into),
            arrived: said.arrived,
        };
        self.settle(recent);
        true
    }

    /// Gives an event to its account, or keeps it until that is known.
    fn settle(&mut self, event: Recent) {
        let account: Option<Arc<str>> = match (&event.given_account, &event.person) {
            (Some(account), _) => Some(self.resolver.account(account).into()),
            (None, Some(person)) => account_among(self.resolver.stays(person), event.time).ok().map(Into::into),
            (None, None) => None,
        };
        let Some(account) = account else {
            let person = event.person.clone().unwrap_or_else(|| "".into());
            self.homeless.entry(person).or_default().push(event);
            return;
        };
        let i = self.slot(account);
        self.slots[i].event(event);
        self.touch(i);
    }

    /// Takes a version of a field. What is not just the newest word on a trait is told from the account's whole history.
    pub fn version(&mut self, version: &Version) {
        let at = version.visible_from();
        let plain = version.valid_from.is_some_and(|valid| version.known_from.is_none_or(|known| known <= valid));
        let of_account = |live: &mut Live, id: Arc<str>, person: Option<&str>| {
            let i = live.slot(id);
            live.trait_of(i, at, plain, person, version);
            live.touch(i);
        };
        match &version.entity {
            Entity::Account(id) => of_account(self, self.resolver.account(id).into(), None),
            Entity::Subscription(id, _) => {
                let i = self.slot(self.resolver.account(id).into());
                self.slots[i].want(Instant::MIN);
                self.touch(i);
            }
            Entity::Person(id) => {
                let person: Arc<str> = self.resolver.person(id).into();
                let mut accounts: Vec<Arc<str>> = self.resolver.stays(&person).iter().map(|s| s.account().into()).collect();
                accounts.sort();
                accounts.dedup();
                for account in accounts {
                    of_account(self, account, Some(&person));
                }
            }
        }
    }

    fn trait_of(&mut self, i: usize, at: Instant, plain: bool, person: Option<&str>, version: &Version) {
        let Some((slot, kind)) = self.engine.trait_slot(&version.field, person.is_some()) else { return };
        if !plain {
            return self.slots[i].want(at);
        }
        let value = Value::from_json(&version.value, kind, &self.engine.model().calendar).unwrap_or_default();
        self.slots[i].change(at, person, |ordinal| match person {
            Some(_) => What::PersonTrait(ordinal, slot, value),
            None => What::Trait(slot, value),
        });
    }

    /// Takes a membership: the person's events that waited for it find their account.
    pub fn membership(&mut self, membership: &Membership) {
        if !self.resolver.learn(membership) {
            return;
        }
        let i = self.slot(self.resolver.account(&membership.account).into());
        if self.engine.reads_people() {
            self.slots[i].want(membership.from.unwrap_or(Instant::MIN));
        }
        self.touch(i);
        self.resettled.insert(self.slots[i].head.id().clone());
        let person: Arc<str> = self.resolver.person(&membership.person).into();
        self.settle_homeless(&person);
    }

    fn settle_homeless(&mut self, person: &Arc<str>) {
        for event in self.homeless.remove(person).unwrap_or_default() {
            self.settle(event);
        }
    }

    /// Takes a merge: accounts that either id has to do with are told anew.
    pub fn merge(&mut self, merge: &Merge) {
        if !self.resolver.learn_merge(merge) {
            return;
        }
        if merge.account {
            let into = self.slot(self.resolver.account(&merge.into).into());
            if let Some(from) = self.index.get(merge.from.as_str()).copied().filter(|from| *from != into) {
                let gone = std::mem::replace(&mut self.slots[from], Slot::new(self.engine.account(merge.from.as_str())));
                gone.recent().iter().for_each(|r| self.slots[into].event(r.clone()));
            }
            self.slots[into].want(Instant::MIN);
            self.touch(into);
            self.resettled.insert(self.slots[into].head.id().clone());
            return;
        }
        let person: Arc<str> = self.resolver.person(&merge.into).into();
        let accounts: Vec<Arc<str>> = self.resolver.stays(&person).iter().map(|s| s.account().into()).collect();
        for account in accounts {
            let i = self.slot(account.clone());
            self.slots[i].want(Instant::MIN);
            self.touch(i);
            self.resettled.insert(account);
        }
        for id in [merge.from.as_str(), merge.into.as_str()] {
            for mut event in self.homeless.remove(id).unwrap_or_default() {
                event.person = Some(person.clone());
                self.settle(event);
            }
        }
    }

    /// Takes what a teammate decided.
    pub fn decision(&mut self, decision: &Decision) {
        let i = self.slot(self.resolver.account(&decision.account).into());
        self.slots[i].change(decision.at, None, |_| What::Decision(Arc::new(decision.clone())));
        self.touch(i);
    }

    /// The accounts that cannot go on without their history, with the instant from which it is told anew.
    pub fn wanting(&self) -> Vec<Arc<str>> {
        let mut wanting: Vec<usize> = self.touched.iter().copied().filter(|i| self.slots[*i].wants.is_some()).collect();
        wanting.sort_unstable();
        wanting.dedup();
        wanting.into_iter().map(|i| self.slots[i].head.id().clone()).collect()
    }

    /// Gives an account its history.
    pub fn give(&mut self, account: &str, past: Past, now: Instant, step: &mut Step) {
        let Some(i) = self.index.get(account).copied() else { return };
        let ran = self.slots[i].rebuild(&self.engine, &self.empty, past, now);
        step.evaluated += 1;
        self.took(i, ran, step);
    }

    /// Takes the inputs and timers that are due, of at most so many accounts whose timers ring.
    pub fn advance(&mut self, now: Instant, timers_max: usize) -> Step {
        let mut step = Step::default();
        let touched = std::mem::take(&mut self.touched);
        for i in touched {
            if self.slots[i].wants.is_some() {
                self.touched.push(i);
            } else {
                self.run(i, now, &mut step);
            }
        }
        let mut rung = 0;
        while let Some(Reverse((at, i))) = self.timers.peek().copied().filter(|t| t.0.0 <= now) {
            if rung == timers_max {
                step.more = true;
                break;
            }
            self.timers.pop();
            if self.slots[i].timer == at && self.slots[i].wants.is_none() {
                self.slots[i].timer = Instant::NEVER;
                self.run(i, now, &mut step);
                rung += 1;
            }
        }
        step
    }

    /// When the next timer rings.
    pub fn next_timer(&self) -> Instant {
        self.timers.peek().map_or(Instant::NEVER, |t| t.0.0)
    }

    fn run(&mut self, i: usize, now: Instant, step: &mut Step) {
        let ran = self.slots[i].run(&self.engine, &self.empty, now);
        step.evaluated += 1;
        self.took(i, ran, step);
    }

    fn took(&mut self, i: usize, ran: Ran, step: &mut Step) {
        self.set_timer(i);
        let Ran { restated, mut outcomes, parents } = ran;
        let child = self.slots[i].head.id().clone();
        let mut reports = Vec::new();
        outcomes.retain(|o| match &o.what {
            Happened::Export { parent, value } => {
                reports.push((o.at, parent.clone(), value.clone()));
                false
            }
            _ => true,
        });
        for (at, parent, value) in reports {
            let p = self.slot(parent);
            self.slots[p].change(at, None, |_| What::Child(child.clone(), value));
            if let Some(after) = restated {
                self.slots[p].want(after.next());
            }
            self.touch(p);
        }
        for (parent, after) in parents.into_iter().zip(std::iter::repeat(restated)) {
            let p = self.slot(parent);
            self.slots[p].want(after.map_or(Instant::MIN, Instant::next));
            self.touch(p);
        }
        if !outcomes.is_empty() || restated.is_some() {
            step.changes.push(Change { account: child, restated, outcomes });
        }
    }

    fn set_timer(&mut self, i: usize) {
        let next = self.slots[i].next();
        if next != self.slots[i].timer {
            self.slots[i].timer = next;
            if next != Instant::NEVER {
                self.timers.push(Reverse((next, i)));
            }
        }
    }

    /// The archive has everything up to this position of the journal: what nothing else needs is forgotten.
    pub fn archived(&mut self, position: i64) {
        self.slots.iter_mut().for_each(|s| s.forget(position));
        for events in self.homeless.values_mut() {
            events.retain(|e| e.position > position);
        }
        self.homeless.retain(|_, events| !events.is_empty());
    }
}
