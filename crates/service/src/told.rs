//! What happened in a step, as rows of the store: facts, the ledger, the outbox.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenure_engine::{AlertState, Happened};
use tenure_live::{Change, Live, Silence};
use tenure_model::Instant;
use tenure_store::{Alert, MessageId, NewMessage, NewOutcome, Restatement, Write};

use crate::existing::Existing;
use crate::outcome::{alert_key, deliverable, outcome_of};
use crate::retold::Retold;

/// The recipient of what concerns the running of the workspace: whoever is an admin when it is delivered.
const OPERATORS: &str = "role:admin";

/// What happened, as rows.
#[derive(Default)]
pub(crate) struct Told {
    facts: Vec<(Arc<str>, Instant, Vec<NewOutcome>)>,
    opened: Vec<Alert>,
    /// Account, rule, person, when, why.
    resolved: Vec<(Arc<str>, String, Option<String>, Instant, &'static str)>,
    restated: Vec<Retold>,
    messages: Vec<NewMessage>,
}

impl Told {
    pub fn of(live: &Live, changes: &[Change], position: i64, now: Instant, live_from: Option<Instant>, existing: &Existing) -> Told {
        let model = live.engine().model();
        let mut told = Told::default();
        // A later change of an account in one step comes after, or in place of, an earlier one.
        let mut latest: BTreeMap<Arc<str>, (Option<Instant>, Vec<tenure_engine::Outcome>)> = BTreeMap::new();
        for change in changes {
            let entry = latest.entry(change.account.clone()).or_default();
            if let Some(after) = change.restated {
                entry.1.retain(|o| o.at <= after);
                entry.0 = Some(entry.0.map_or(after, |before| before.min(after)));
            }
            entry.1.extend(change.outcomes.iter().cloned());
        }
        for (account, (restated, outcomes)) in latest {
            let rows: Vec<NewOutcome> = outcomes.iter().filter_map(|o| outcome_of(model, &account, position, o)).collect();
            let from = restated.map(Instant::next).into_iter().chain(rows.first().map(|r| r.at)).min();
            for outcome in &outcomes {
                let Happened::Alert { person, rule: number, state, why, .. } = &outcome.what else { continue };
                let rule = &model.alerts[*number];
                match (state, alert_key(model, &account, outcome)) {
                    (AlertState::Firing, Some(key)) => {
                        let Some(state) = existing.opened_as(*number, outcome.at) else { continue };
                        let owner = rule.owner.and_then(|o| live.account(&account)?.value(o).as_text().map(str::to_owned));
                        if state != tenure_store::AlertState::Silent && deliverable(outcome.at, now, live_from) {
                            told.messages.push(message(&key, &account, &rule.name, owner.as_deref(), outcome.at, now));
                        }
                        let alert = Alert::new(rule, &model.revision, &account, person.as_deref(), outcome.at);
                        told.opened.push(Alert { owner, state, ..alert });
                    }
                    // Of what is told anew, it is told there.
                    (AlertState::Inactive, _) if restated.is_none_or(|after| outcome.at <= after) => {
                        let person = person.as_ref().map(|p| p.to_string());
                        told.resolved.push((account.clone(), rule.name.clone(), person, outcome.at, why.name()));
                    }
                    _ => {}
                }
            }
            if let Some(after) = restated {
                told.restated.push(Retold::of(live, &account, after, &outcomes));
            }
            if let Some(from) = from {
                told.facts.push((account, from, rows));
            }
        }
        told
    }

    /// Sources that fell silent: one message each to those who run the workspace.
    pub fn silences(&mut self, silences: &[Silence], now: Instant) {
        for Silence { source, since, .. } in silences.iter().filter(|s| s.silent) {
            let key = format!("silence/{source}/{}", since.0);
            let payload = serde_json::json!({ "source": &**source, "since": since.to_string() });
            self.messages.push(NewMessage {
                id: MessageId::of(&tenure_live::Key::of("silence", &key).to_string()),
                dedupe_key: key,
                kind: "source_silent".to_owned(),
                recipient: OPERATORS.to_owned(),
                payload: payload.to_string(),
                due_at: now,
            });
        }
    }

    pub async fn write(&self, write: &mut Write, now: Instant) -> tenure_store::Result<()> {
        let restatements: Vec<Restatement<'_>> =
            self.facts.iter().map(|(account, from, facts)| Restatement { account, from: *from, facts }).collect();
        write.replace_outcomes(&restatements).await?;
        write.open_alerts(&self.opened).await?;
        for (account, rule, person, at, why) in &self.resolved {
            write.resolve_alert_of(account, rule, person.as_deref(), *at, why).await?;
        }
        for retold in &self.restated {
            retold.write(write, now).await?;
        }
        write.enqueue(&self.messages, now).await?;
        Ok(())
    }
}

pub(crate) fn message(key: &str, account: &str, rule: &str, owner: Option<&str>, at: Instant, now: Instant) -> NewMessage {
    let payload = serde_json::json!({ "alert": key, "account": account, "rule": rule, "opened_at": at.to_string() });
    NewMessage {
        id: MessageId::of(&tenure_live::Key::of("alert", key).to_string()),
        dedupe_key: format!("alert/{key}"),
        kind: "alert".to_owned(),
        recipient: owner.unwrap_or_default().to_owned(),
        payload: payload.to_string(),
        due_at: now,
    }
}
