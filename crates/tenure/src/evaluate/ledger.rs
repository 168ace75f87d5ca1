//! The ledger of alerts: each firing once, under a key of rule, entity and episode; resolved when its condition no longer holds.

use anyhow::Result;
use tenure_engine::Engine;
use tenure_store::{Alert, AlertState, Store};

use super::derived::{Firing, reason_name};

/// Records firings that are not in the ledger yet and resolves those that ended. What is there is never undone. Gives how many were new.
pub async fn record(store: &Store, engine: &Engine, firings: &[Firing]) -> Result<u64> {
    let model = engine.model();
    let alerts: Vec<Alert> = firings
        .iter()
        .map(|f| {
            let rule = &model.alerts[f.rule];
            Alert {
                key: Alert::key(&rule.name, &f.account, f.person.as_deref(), f.at),
                rule: rule.name.clone(),
                account: f.account.to_string(),
                person: f.person.as_ref().map(|p| p.to_string()),
                opened_at: f.at,
                revision: model.revision.clone(),
                severity: rule.severity,
                owner: f.owner.as_ref().map(|o| o.to_string()),
                title: rule.title.clone(),
                playbook: rule.playbook.clone(),
                resolved: f.resolved.map(|(at, why)| (at, reason_name(why).to_owned())),
                state: AlertState::Open,
            }
        })
        .collect();
    let mut write = store.write().await?;
    let new = write.open_alerts(&alerts).await?;
    for alert in &alerts {
        if let Some((at, reason)) = &alert.resolved {
            write.resolve_alert(&alert.key, *at, reason).await?;
        }
    }
    write.commit().await?;
    Ok(new)
}
