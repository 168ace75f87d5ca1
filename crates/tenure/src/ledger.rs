//! The ledger of alerts: each firing once, under a key of rule, entity and episode; closed when its condition no longer holds, or history no longer
//! has it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use anyhow::Result;
use serde_json::Value as Json;
use tenure_engine::Engine;
use tenure_model::Instant;
use tenure_model::definition::{OnExisting, Revision};
use tenure_store::alerts::{LEARNED_LATE, MERGED, RULE_CHANGED, RULE_REMOVED};
use tenure_store::{Alert, AlertState, AppliedModel, Merges, Store};
use tenure_tables::evaluated::derived::Firing;

/// What became of the ledger.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recorded {
    /// Alerts that were not in it.
    pub new: u64,
    /// Open ones that history no longer has.
    pub closed: u64,
}

/// Brings the ledger up to a history that ends at `until`: new firings are opened, those that ended resolved, those it no longer has closed.
/// Nothing is deleted, and what was opened after `until` stays as it is.
pub async fn record(store: &Store, engine: &Engine, firings: &[Firing], until: Instant) -> Result<Recorded> {
    let model = engine.model();
    let known: BTreeMap<String, Alert> = store.alerts().await?.into_iter().map(|alert| (alert.key.clone(), alert)).collect();
    let past = Past::new(store.models().await?);
    let since: Vec<Option<Instant>> =
        model.alerts.iter().map(|rule| (rule.on_existing != OnExisting::Fire).then(|| past.since(&rule.name, &rule.definition))).collect();
    let mut history = BTreeSet::new();
    let mut alerts = Vec::with_capacity(firings.len());
    for firing in firings {
        let rule = &model.alerts[firing.rule];
        let key = Alert::key(&rule.name, &firing.account, firing.person.as_deref(), firing.at);
        history.insert(key.clone());
        // It began before the rule was applied.
        let existing = since[firing.rule].is_some_and(|since| firing.at < since);
        if existing && rule.on_existing == OnExisting::Ignore && !known.contains_key(&key) {
            continue;
        }
        alerts.push(Alert {
            owner: firing.owner.as_ref().map(|o| o.to_string()),
            resolved: firing.resolved.map(|(at, why)| (at, why.name().to_owned())),
            state: if existing { AlertState::Silent } else { AlertState::Open },
            ..Alert::new(rule, &model.revision, &firing.account, firing.person.as_deref(), firing.at)
        });
    }
    let mut write = store.write().await?;
    let mut recorded = Recorded { new: write.open_alerts(&alerts).await?, closed: 0 };
    for alert in &alerts {
        match (&alert.resolved, known.get(&alert.key).map(|k| &k.resolved)) {
            (Some((at, reason)), Some(None)) => write.resolve_alert(&alert.key, *at, reason).await?,
            (None, Some(Some((at, _)))) if *at <= until => write.resume_alert(&alert.key).await?,
            _ => {}
        }
    }
    let merges = store.merges().await?;
    for alert in known.values().filter(|a| a.resolved.is_none() && a.opened_at <= until && !history.contains(&a.key)) {
        let defined = model.alerts.iter().find(|rule| rule.name == alert.rule).map(|rule| &rule.definition);
        let reason = match defined {
            _ if is_merged(&merges, alert) => MERGED,
            None => RULE_REMOVED,
            Some(defined) if past.defined_otherwise(&alert.revision, &alert.rule, defined) => RULE_CHANGED,
            Some(_) => LEARNED_LATE,
        };
        write.resolve_alert(&alert.key, until, reason).await?;
        recorded.closed += 1;
    }
    write.commit().await?;
    Ok(recorded)
}

fn is_merged(merges: &Merges, alert: &Alert) -> bool {
    merges.account(&alert.account) != alert.account || alert.person.as_deref().is_some_and(|person| merges.person(person) != person)
}

/// The models that were applied, the present one last; each with its rules as it defines them, read once they are asked for.
struct Past(Vec<(AppliedModel, OnceLock<BTreeMap<String, Json>>)>);

impl Past {
    fn new(models: Vec<AppliedModel>) -> Past {
        Past(models.into_iter().map(|model| (model, OnceLock::new())).collect())
    }

    /// Since when a rule has been defined as it is.
    fn since(&self, rule: &str, defined: &Json) -> Instant {
        let same = self.0.iter().rev().take_while(|past| rules(past).get(rule) == Some(defined));
        same.last().map_or(Instant::MIN, |(model, _)| model.applied_at)
    }

    /// Was the rule another one in the model of a revision?
    fn defined_otherwise(&self, revision: &Revision, rule: &str, defined: &Json) -> bool {
        self.0.iter().rfind(|(model, _)| model.revision == *revision).is_some_and(|past| rules(past).get(rule) != Some(defined))
    }
}

/// The rules of a model; none where it cannot be read any more.
fn rules((model, rules): &(AppliedModel, OnceLock<BTreeMap<String, Json>>)) -> &BTreeMap<String, Json> {
    rules.get_or_init(|| {
        let files: Vec<(String, String)> = model.files.iter().map(|(path, text)| (path.clone(), text.clone())).collect();
        let model = tenure_model::check(&files).ok();
        model.into_iter().flat_map(|model| model.alerts).map(|rule| (rule.name, rule.definition)).collect()
    })
}
