//! What was said beside the journal: whose events are, as an import makes it known to all accounts at once.

use tenure_ingest::Resolver;

use crate::population::Live;

impl Live {
    /// Takes over a resolver that was made of everything that the store has; what only this one knows yet stays known. Nobody is told anew by it:
    /// the accounts that the import has to do with are to be made `known` afterwards.
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
        // Those whose account is still not known wait on.
        for mut event in std::mem::take(&mut self.homeless).into_values().flatten() {
            event.rename(&self.resolver);
            self.settle(event);
        }
    }
}
