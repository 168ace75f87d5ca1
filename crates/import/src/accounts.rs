//! Which accounts a file is about: those that are to be told anew from their history when it is in.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int32Type;
use tenure_ingest::{Inputs, Resolver, batch};
use tenure_model::input::Entity;

/// The accounts and persons that a file names, whether or not what it says is new.
#[derive(Clone, Debug, Default)]
pub struct Concerned {
    accounts: BTreeSet<String>,
    /// Named without an account.
    people: BTreeSet<String>,
    relates: bool,
}

impl Concerned {
    pub(crate) fn add(&mut self, chunk: &Inputs) {
        for version in &chunk.versions {
            match &version.entity {
                Entity::Account(id) | Entity::Subscription(id, _) => insert(&mut self.accounts, id),
                Entity::Person(id) => insert(&mut self.people, id),
            }
        }
        for membership in &chunk.memberships {
            insert(&mut self.accounts, &membership.account);
            // Events at another account may be ambiguous now.
            insert(&mut self.people, &membership.person);
        }
        for merge in &chunk.merges {
            let ids = if merge.account { &mut self.accounts } else { &mut self.people };
            insert(ids, &merge.from);
            insert(ids, &merge.into);
        }
        self.relates |= !chunk.memberships.is_empty() || !chunk.merges.is_empty();
        chunk.events.iter().for_each(|events| self.add_events(events));
    }

    fn add_events(&mut self, events: &RecordBatch) {
        let accounts = events.column(batch::ACCOUNT).as_dictionary::<Int32Type>();
        let people = events.column(batch::PERSON).as_dictionary::<Int32Type>();
        let mut named = [vec![false; accounts.values().len()], vec![false; people.values().len()]];
        for row in 0..events.num_rows() {
            if accounts.is_valid(row) {
                named[0][accounts.keys().value(row) as usize] = true;
            } else if people.is_valid(row) {
                named[1][people.keys().value(row) as usize] = true;
            }
        }
        let [of_accounts, of_people] = named;
        for (ids, values, named) in [(&mut self.accounts, accounts.values(), of_accounts), (&mut self.people, people.values(), of_people)] {
            let texts = values.as_string::<i32>();
            named.iter().enumerate().filter(|(_, named)| **named).for_each(|(key, _)| insert(ids, texts.value(key)));
        }
    }

    /// Does it say who belongs where, or which ids mean the same? Then events of before may be another account's.
    pub fn relates(&self) -> bool {
        self.relates
    }

    /// The canonical ids of the accounts, as a resolver knows whose persons are.
    pub fn accounts(&self, resolver: &Resolver) -> BTreeSet<Arc<str>> {
        let own = self.accounts.iter().map(|id| resolver.account(id));
        let of_people = self.people.iter().flat_map(|id| resolver.stays(resolver.person(id))).map(|stay| resolver.account(stay.account()));
        own.chain(of_people).map(Arc::from).collect()
    }
}

fn insert(ids: &mut BTreeSet<String>, id: &str) {
    if !ids.contains(id) {
        ids.insert(id.to_owned());
    }
}
