//! The past as it was known at an instant, without what came in later: events that had not arrived, and merges that nobody had decided.

use std::collections::{BTreeMap, BTreeSet};

use tenure_history::{Archive, Arrived, Event, Resolver};
use tenure_model::Instant;
use tenure_store::Store;

use crate::Result;

/// Which accounts have other events than the archive has them with, and which these are.
pub(crate) struct Known {
    arrived: Arrived,
    /// Accounts with events that arrived later.
    late: BTreeSet<String>,
    /// Accounts that later merges concern, before and after.
    merged: BTreeSet<String>,
    /// Their events as they were resolved then.
    resolved: BTreeMap<String, Vec<Event>>,
}

impl Known {
    /// Reads what came in after an instant.
    pub async fn read(at: Instant, archive: &Archive, store: &Store) -> Result<Known> {
        let (earlier, later): (Vec<_>, Vec<_>) = store.merge_list().await?.into_iter().partition(|merge| merge.at <= at);
        let resolver = if later.is_empty() { None } else { Some(Resolver::new(&store.memberships_known(at).await?, &earlier)) };
        let arrived = archive.arrived(at);
        tokio::task::block_in_place(|| {
            let late = archive.late(&arrived)?;
            let (merged, resolved) = match resolver {
                None => Default::default(),
                Some(resolver) => {
                    let merged = archive.concerned(&resolver)?;
                    let resolved = archive.resolved_by(&resolver, &merged, at)?;
                    (merged, resolved)
                }
            };
            Ok(Known { arrived, late, merged, resolved })
        })
    }

    /// The accounts that have other events than the archive has them with.
    pub fn apart(&self) -> impl Iterator<Item = &str> {
        let resolved = self.resolved.keys().filter(|id| !self.merged.contains(*id) && !self.late.contains(*id));
        let merged = self.merged.iter().filter(|id| !self.late.contains(*id));
        self.late.iter().chain(merged).chain(resolved).map(String::as_str)
    }

    /// The accounts with events that arrived later: how many.
    pub fn late(&self) -> usize {
        self.late.len()
    }

    /// The events of an account up to an instant.
    pub fn events(&self, archive: &Archive, account: &str, until: Instant) -> Result<Vec<Event>> {
        let mut events = match self.resolved.get(account) {
            Some(events) => events.iter().filter(|event| event.time <= until).cloned().collect(),
            None if self.merged.contains(account) => Vec::new(),
            None => archive.account(account, Some(until))?,
        };
        events.retain(|event| self.arrived.holds(event.received_at));
        Ok(events)
    }
}
