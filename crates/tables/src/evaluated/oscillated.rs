//! Which accounts kept changing without settling, and which definitions changed each other.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Accounts that did not settle, and the definitions that kept changing in them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Oscillated {
    /// Accounts with at least one instant at which they did not settle.
    pub accounts: BTreeSet<String>,
    /// Names of metrics, segments, milestones, alerts, …
    pub definitions: BTreeSet<String>,
}

impl Oscillated {
    /// An account did not settle at an instant.
    pub fn add(&mut self, account: &str, definitions: Vec<String>) {
        if !self.accounts.contains(account) {
            self.accounts.insert(account.to_owned());
        }
        self.definitions.extend(definitions);
    }

    /// Adds what another thread has found.
    pub fn merge(&mut self, other: Oscillated) {
        self.accounts.extend(other.accounts);
        self.definitions.extend(other.definitions);
    }
}
