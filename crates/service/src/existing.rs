//! Episodes of alerts that began before their rule was applied, and what becomes of them (`on_existing`).

use std::collections::BTreeMap;

use tenure_model::definition::OnExisting;
use tenure_model::{Instant, Model};
use tenure_store::{AlertState, RuleHistory};

/// The rules for which they are not like others, by index: since when each is applied, and what becomes of those from before.
#[derive(Debug, Default)]
pub(crate) struct Existing(BTreeMap<usize, (Instant, OnExisting)>);

impl Existing {
    pub fn new(model: &Model, history: &RuleHistory) -> Existing {
        let rules = model.alerts.iter().enumerate().filter(|(_, rule)| rule.on_existing != OnExisting::Fire);
        Existing(rules.map(|(i, rule)| (i, (history.since(&rule.name, &rule.definition), rule.on_existing))).collect())
    }

    /// The state in which an episode of a rule that began at an instant is opened; None: it is not in the ledger.
    pub fn opened_as(&self, rule: usize, began: Instant) -> Option<AlertState> {
        match self.0.get(&rule) {
            Some((since, OnExisting::Ignore)) if began < *since => None,
            Some((since, OnExisting::Silent)) if began < *since => Some(AlertState::Silent),
            _ => Some(AlertState::Open),
        }
    }
}
