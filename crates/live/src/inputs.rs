//! Inputs find the accounts that they have to do with.

use std::collections::BTreeSet;
use std::sync::Arc;

use tenure_engine::What;
use tenure_ingest::Resolver;
use tenure_model::input::{Decision, Entity, Membership, Merge, Version};
use tenure_model::{Instant, Value};

use crate::keys::Key;
use crate::population::{EVERYBODY, Live};
use crate::recent::Recent;
use crate::silence::Gap;
use crate::slot::Slot;

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

impl Live {
    /// What is taken from now on stands there in the journal.
    pub fn at_position(&mut self, position: i64) {
        self.position = position;
    }

    /// A request came from a source: it is not silent.
    pub fn heard(&mut self, source: &str, at: Instant) {
        self.sources.heard(source, at);
    }

    /// What people declare of a source that was heard.
    pub fn declare(&mut self, source: &str, gap: Gap) {
        self.sources.declare(source, gap);
    }

    /// It knows of the sources what another one has heard.
    pub fn hear_as(&mut self, other: &Live) {
        self.sources = other.sources.clone();
    }

    /// Has an account's history told already what is being taken?
    fn knows(&self, i: usize) -> bool {
        self.position <= self.shelf.see(i).through.said
    }

    /// Takes an event. False where it was seen before.
    pub fn event(&mut self, said: Said<'_>) -> bool {
        if let Some(id) = said.message_id
            && !self.keys.note(Key::of(said.source, id), said.arrived)
        {
            self.duplicates += 1;
            return false;
        }
        let account = |id| self.index.get_key_value(id).map_or_else(|| Arc::from(id), |(known, _)| known.clone());
        let mut recent = Recent {
            time: said.time,
            position: said.position,
            given_account: said.account.map(account),
            name: self.name(said.name),
            person: None,
            given_person: said.person.map(Into::into),
            source: self.name(said.source),
            properties: said.properties.map(Into::into),
            message_id: said.message_id.map(Into::into),
            arrived: said.arrived,
        };
        recent.rename(&self.resolver);
        let new = self.settle(recent);
        self.duplicates += u64::from(!new);
        new
    }

    /// Gives an event to its account, or keeps it until that is known. False where the account has it already.
    pub(crate) fn settle(&mut self, event: Recent) -> bool {
        let account: Option<Arc<str>> = whose(&self.resolver, &event).0.map(Into::into);
        let Some(account) = account else {
            let person = event.person.clone().unwrap_or_else(|| "".into());
            self.homeless.entry(person).or_default().push(event);
            return true;
        };
        let i = self.slot(account);
        self.note_named(i, &event);
        let new = self.slot_mut(i).event(event);
        self.touch(i);
        new
    }

    /// Remembers where a person has events that name the account.
    pub(crate) fn note_named(&mut self, i: usize, event: &Recent) {
        if let (Some(_), Some(person)) = (&event.given_account, &event.person)
            && event.position != Recent::ARCHIVED
        {
            let last = self.named.entry(person.clone()).or_default().entry(i).or_insert(event.position);
            *last = event.position.max(*last);
        }
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
                if self.knows(i) {
                    return;
                }
                self.slot_mut(i).want(Instant::MIN);
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
        if self.knows(i) {
            return;
        }
        if !plain {
            return self.slot_mut(i).want(at);
        }
        let value = Value::from_json(&version.value, kind, &self.engine.model().calendar).unwrap_or_default();
        self.slot_mut(i).change(at, person, |ordinal| match person {
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
        if self.engine.reads_people() && !self.knows(i) {
            self.slot_mut(i).want(membership.from.unwrap_or(Instant::MIN));
        }
        self.touch(i);
        let person: Arc<str> = self.resolver.person(&membership.person).into();
        // What was another account's may be nobody's now: where the person was at both at that time.
        let accounts: Vec<Arc<str>> = self.resolver.stays(&person).iter().map(|stay| stay.account().into()).collect();
        accounts.into_iter().for_each(|account| self.unsettle(account, self.position));
        self.settle_homeless(&person);
    }

    fn settle_homeless(&mut self, person: &Arc<str>) {
        for event in self.homeless.remove(person).unwrap_or_default() {
            self.settle(event);
        }
    }

    /// Takes a merge: accounts that either id has to do with are told anew.
    pub fn merge(&mut self, merge: &Merge) {
        let was = self.resolver.person(&merge.from).to_owned();
        if !self.resolver.learn_merge(merge) {
            return;
        }
        if merge.account {
            let into = self.join(&merge.from);
            self.slot_mut(into).want(Instant::MIN);
            self.touch(into);
            self.unsettle(self.shelf.id(into).clone(), self.position);
            return;
        }
        let person: Arc<str> = self.resolver.person(&merge.into).into();
        let mut accounts: BTreeSet<Arc<str>> = self.resolver.stays(&person).iter().map(|s| s.account().into()).collect();
        accounts.extend(self.join_person(&was, &person));
        for account in accounts {
            let i = self.slot(account.clone());
            self.slot_mut(i).want(Instant::MIN);
            self.touch(i);
            self.unsettle(account, self.position);
        }
        for id in [merge.from.as_str(), merge.into.as_str()] {
            for mut event in self.homeless.remove(id).unwrap_or_default() {
                event.person = Some(person.clone());
                self.settle(event);
            }
        }
    }

    /// Of a person who turns out to be another one, what is kept goes to that one. Gives the accounts that events of either have named.
    pub(crate) fn join_person(&mut self, was: &str, person: &Arc<str>) -> Vec<Arc<str>> {
        let of_before = self.named.remove(was).unwrap_or_default();
        let named = self.named.entry(person.clone()).or_default();
        named.extend(of_before);
        let named = named.keys().map(|i| self.shelf.id(*i).clone()).collect();
        // Of whom the archive has events that name an account, nobody here knows.
        self.unsettle(EVERYBODY.into(), self.position);
        named
    }

    /// Of an account that was merged into another one an empty place is left; what waited there goes to the one that stays.
    pub(crate) fn join(&mut self, gone: &str) -> usize {
        let into = self.slot(self.resolver.account(gone).into());
        if let Some(from) = self.index.get(gone).copied().filter(|from| *from != into) {
            let empty = Slot::new(self.engine.account(gone));
            let gone = std::mem::replace(self.slot_mut(from), empty);
            for event in gone.recent() {
                self.slot_mut(into).event(event.clone());
            }
        }
        into
    }

    /// Takes what a teammate decided.
    pub fn decision(&mut self, decision: &Decision) {
        let i = self.slot(self.resolver.account(&decision.account).into());
        if self.knows(i) {
            return;
        }
        self.slot_mut(i).change(decision.at, None, |_| What::Decision(Arc::new(decision.clone())));
        self.touch(i);
    }

    fn name(&mut self, text: &str) -> Arc<str> {
        if let Some(name) = self.names.get(text) {
            return name.clone();
        }
        let name: Arc<str> = text.into();
        self.names.insert(text.into(), name.clone());
        name
    }
}

/// The account and the person of an event, by what is known now.
pub(crate) fn whose<'a>(resolver: &'a Resolver, event: &'a Recent) -> (Option<&'a str>, Option<&'a str>) {
    let person = event.given_person.as_deref().map(|given| resolver.person(given));
    (resolver.whose(event.given_account.as_deref(), person, event.time).ok(), person)
}
