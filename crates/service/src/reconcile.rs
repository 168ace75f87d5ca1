//! What changes where accounts are told anew, by another model or from imports: the ledger is brought up to what holds now, and facts that are
//! otherwise become so now. Nothing is deleted, and what was told before stays as it was told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;
use tenure_engine::{Account, AlertState as State, Life};
use tenure_live::Live;
use tenure_model::{Instant, Model, Value};
use tenure_store::{Alert, AlertState, Merges, NewMessage, NewOutcome, Restatement, RuleHistory, Write};

use crate::existing::Existing;
use crate::outcome::deliverable;
use crate::told::message;

/// Everything that taking over writes.
#[derive(Default)]
pub(crate) struct Reconciled {
    opened: Vec<Alert>,
    resumed: Vec<String>,
    closed: Vec<(String, &'static str)>,
    messages: Vec<NewMessage>,
    facts: Vec<(Arc<str>, Vec<NewOutcome>)>,
    now: Instant,
}

/// What stood before: the ledger, the model, and the accounts where they are known.
pub(crate) struct Before<'a> {
    pub ledger: Vec<Alert>,
    pub merges: Merges,
    /// With the model that takes over.
    pub history: RuleHistory,
    /// None: there was none.
    pub model: Option<&'a Model>,
    /// None: they were told from history, and what was told of them stands in the store.
    pub live: Option<&'a Live>,
}

impl Reconciled {
    /// Compares what stands now with what stood before.
    pub fn new(live: &Live, before: &Before<'_>, position: i64, now: Instant, live_from: Option<Instant>) -> Reconciled {
        let mut reconciled = Reconciled { now, ..Reconciled::default() };
        let model = live.engine().model();
        let existing = Existing::new(model, &before.history);
        let known: BTreeMap<&str, &Alert> = before.ledger.iter().map(|alert| (alert.key.as_str(), alert)).collect();
        let mut firing = BTreeSet::new();
        for account in live.accounts() {
            for (rule, person, since) in fires(model, &account) {
                let definition = &model.alerts[rule];
                let key = Alert::key(&definition.name, account.id(), person, since);
                firing.insert(key.clone());
                // A rule that was renamed goes on under the key that it had.
                let was = definition.was.as_deref().map(|was| Alert::key(was, account.id(), person, since));
                if let Some(was) = was.filter(|was| known.get(was.as_str()).is_some_and(|alert| alert.resolved.is_none())) {
                    firing.insert(was);
                    continue;
                }
                match known.get(key.as_str()) {
                    Some(alert) if alert.resolved.is_some() => reconciled.resumed.push(key),
                    Some(_) => {}
                    None => {
                        let Some(state) = existing.opened_as(rule, since) else { continue };
                        let owner = definition.owner.and_then(|o| account.value(o).as_text().map(str::to_owned));
                        if state != AlertState::Silent && deliverable(since, now, live_from) {
                            reconciled.messages.push(message(&key, account.id(), &definition.name, owner.as_deref(), since, now));
                        }
                        let alert = Alert::new(definition, &model.revision, account.id(), person, since);
                        reconciled.opened.push(Alert { owner, state, ..alert });
                    }
                }
            }
            if let Some(stood) = before.live.and_then(|live| live.account(account.id()))
                && let Some(old) = before.model
            {
                let facts = facts(old, &stood, model, &account, position, now);
                if !facts.is_empty() {
                    reconciled.facts.push((account.id().clone(), facts));
                }
            }
        }
        for alert in before.ledger.iter().filter(|a| a.resolved.is_none() && a.opened_at <= now && !firing.contains(&a.key)) {
            let reason = before.history.why_gone(alert, model, &before.merges);
            reconciled.closed.push((alert.key.clone(), reason));
        }
        reconciled
    }

    /// Writes it.
    pub async fn write(&self, write: &mut Write) -> tenure_store::Result<()> {
        write.open_alerts(&self.opened).await?;
        for key in &self.resumed {
            write.resume_alert(key).await?;
        }
        for (key, reason) in &self.closed {
            write.resolve_alert(key, self.now, reason).await?;
        }
        let restatements: Vec<Restatement<'_>> =
            self.facts.iter().map(|(account, facts)| Restatement { account, from: self.now, facts }).collect();
        write.replace_outcomes(&restatements).await?;
        write.enqueue(&self.messages, self.now).await?;
        Ok(())
    }
}

/// The alerts of an account that fire: rule, person, since when.
pub(crate) fn fires<'a>(model: &'a Model, account: &'a Account) -> impl Iterator<Item = (usize, Option<&'a str>, Instant)> {
    let firing = |(state, since): (State, Instant)| (state == State::Firing).then_some(since);
    model.alerts.iter().enumerate().flat_map(move |(rule, definition)| {
        let of_account = (!definition.person).then(|| firing(account.alert(rule))).flatten().map(|since| (rule, None, since));
        let people = account.people().enumerate().filter(move |_| definition.person);
        let of_people = people.filter_map(move |(n, (id, ..))| Some((rule, Some(&**id), firing(account.person_alert(n, rule))?)));
        of_account.into_iter().chain(of_people)
    })
}

/// What of an account is otherwise by another model, under names: its stage, its segments.
fn facts(old: &Model, stood: &Account, new: &Model, stands: &Account, position: i64, now: Instant) -> Vec<NewOutcome> {
    let mut facts = Vec::new();
    let mut tell = |kind: &str, subject: &str, detail: serde_json::Value| {
        facts.push(NewOutcome {
            position,
            account: stands.id().to_string(),
            at: now,
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            revision: new.revision.clone(),
            detail: detail.to_string(),
        });
    };
    if stood.life() == Life::Unborn || stands.life() == Life::Unborn {
        return facts;
    }
    let stage = |model: &Model, account: &Account| account.stage().and_then(|s| model.stages.get(s)).map(|s| s.name.clone());
    let (from, to) = (stage(old, stood), stage(new, stands));
    if let Some(to) = to.filter(|to| from.as_ref() != Some(to)) {
        tell("stage", &to, json!({ "from": from, "by": "model" }));
    }
    let members = |model: &Model, account: &Account| -> BTreeSet<String> {
        let is_member = |column| *account.value(column) == Value::Bool(true);
        model.segments.iter().filter(|s| is_member(s.column)).map(|s| s.name.clone()).collect()
    };
    let (were, are) = (members(old, stood), members(new, stands));
    for segment in were.symmetric_difference(&are) {
        tell("segment", segment, json!({ "member": are.contains(segment), "person": null, "by": "model" }));
    }
    facts
}
