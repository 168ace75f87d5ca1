//! The ledger of alerts: each firing once, under a key of rule, entity and episode; closed when its condition no longer holds, or history no longer
//! has it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use tenure_engine::Engine;
use tenure_model::Instant;
use tenure_model::definition::OnExisting;
use tenure_store::{Alert, AlertState, AppliedModel, RuleHistory, Store, Write};
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
/// Nothing is deleted, and what was opened after `until` stays as it is. `applied`: the model that the history is told by.
pub async fn record(
    store: &Store,
    write: &mut Write,
    applied: &AppliedModel,
    engine: &Engine,
    firings: &[Firing],
    until: Instant,
) -> Result<Recorded> {
    let model = engine.model();
    let known: BTreeMap<String, Alert> = store.alerts().await?.into_iter().map(|alert| (alert.key.clone(), alert)).collect();
    let past = RuleHistory::new(store.models().await?).with(applied);
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
        let reason = past.why_gone(alert, model, &merges);
        write.resolve_alert(&alert.key, until, reason).await?;
        recorded.closed += 1;
    }
    Ok(recorded)
}
