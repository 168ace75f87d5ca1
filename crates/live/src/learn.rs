//! What was said beside the journal: whose events are, as an import makes it known to all accounts at once.

use std::sync::Arc;

use tenure_ingest::Resolver;

use crate::population::Live;

impl Live {
    /// Takes over a resolver that was made of everything that the store has; what only this one knows yet stays known. Nobody is told anew at once:
    /// the accounts that the import has to do with are to be made `known` afterwards. Those that events of merged persons have named wait for the
    /// archive to be settled.
    pub fn learn(&mut self, mut all: Resolver) {
        for merge in self.resolver.merges() {
            all.learn_merge(merge);
        }
        for membership in self.resolver.told() {
            all.learn(membership);
        }
        let before = std::mem::replace(&mut self.resolver, all);
        let is_new = |id: &str| before.account(id) == id && self.resolver.account(id) != id;
        let gone: Vec<String> = self.resolver.merges().filter(|m| m.account && is_new(&m.from)).map(|m| m.from.clone()).collect();
        for id in &gone {
            self.join(id);
        }
        let people: Vec<(String, Arc<str>)> = self
            .resolver
            .merges()
            .filter(|m| !m.account && before.person(&m.from) == m.from)
            .map(|m| (m.from.clone(), self.resolver.person(&m.from).into()))
            .collect();
        for (was, person) in &people {
            for account in self.join_person(was, person) {
                self.unsettle(account, self.position);
            }
        }
        // Those whose account is still not known wait on.
        for mut event in std::mem::take(&mut self.homeless).into_values().flatten() {
            event.rename(&self.resolver);
            self.settle(event);
        }
    }
}
