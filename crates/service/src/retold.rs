//! The ledger of an account whose history is told anew: alerts that it has no more are closed, and those that it has end when it says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenure_engine::{AlertState, Happened, Outcome};
use tenure_live::Live;
use tenure_model::Instant;
use tenure_store::alerts::LEARNED_LATE;
use tenure_store::{Alert, Write};

use crate::outcome::alert_key;
use crate::reconcile::fires;

/// When and why an alert's condition ceased to hold.
type End = (Instant, &'static str);

/// What is told anew.
pub(crate) struct Retold {
    account: Arc<str>,
    /// Later than that.
    after: Instant,
    /// The keys of the episodes that there are, with their ends.
    episodes: BTreeMap<String, Option<End>>,
    /// Ends of episodes that began before: rule, person, end.
    earlier: Vec<(String, Option<Arc<str>>, End)>,
}

impl Retold {
    /// Of an account, and of everything that happened to it after an instant.
    pub fn of(live: &Live, account: &Arc<str>, after: Instant, outcomes: &[Outcome]) -> Retold {
        let model = live.engine().model();
        let mut retold = Retold { account: account.clone(), after, episodes: BTreeMap::new(), earlier: vec![] };
        // By rule and person: the episode that goes on.
        let mut going_on: BTreeMap<(usize, Option<Arc<str>>), Option<String>> = BTreeMap::new();
        for outcome in outcomes.iter().filter(|o| o.at > after) {
            let Happened::Alert { person, rule, state, why, .. } = &outcome.what else { continue };
            let before = going_on.insert((*rule, person.clone()), alert_key(model, account, outcome));
            let end = (outcome.at, why.name());
            match (state, before) {
                (AlertState::Firing, _) => retold.episodes.extend(alert_key(model, account, outcome).map(|key| (key, None))),
                (AlertState::Inactive, Some(Some(key))) => _ = retold.episodes.insert(key, Some(end)),
                (AlertState::Inactive, None) => retold.earlier.push((model.alerts[*rule].name.clone(), person.clone(), end)),
                _ => {}
            }
        }
        let stands = live.account(account);
        for (rule, person, since) in stands.iter().flat_map(|account| fires(model, account)) {
            let key = Alert::key(&model.alerts[rule].name, account, person, since);
            retold.episodes.entry(key).or_insert(None);
        }
        retold
    }

    /// Writes it down, now.
    pub async fn write(&self, write: &mut Write, now: Instant) -> tenure_store::Result<()> {
        for (key, end) in &self.episodes {
            write.retell_alert(key, *end).await?;
        }
        for (rule, person, end) in &self.earlier {
            write.retell_alert_of(&self.account, rule, person.as_deref(), self.after, *end).await?;
        }
        let keys: BTreeSet<&str> = self.episodes.keys().map(String::as_str).collect();
        write.withdraw_alerts_but(&self.account, self.after, &keys, now, LEARNED_LATE).await?;
        Ok(())
    }
}
