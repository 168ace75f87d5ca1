//! One step of the engine: what came in is taken, due accounts are advanced, and everything that follows is committed at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tenure_engine::{AlertState, Happened};
use tenure_ingest::journal::Record;
use tenure_live::{Change, Live, PastSaid, Said, Step};
use tenure_model::Instant;
use tenure_model::input::{Decision, Entity, Membership, Merge, Version};
use tenure_store::{
    Alert, Mark, MessageId, NewMessage, NewOutcome, QuarantineId, QuarantineStatus, Quarantined, Restatement, SourceId, Write, transact,
};

use crate::journal::Committed;
use crate::outcome::{alert_key, deliverable, outcome_of};
use crate::past::{past, reports};
use crate::service::{Inner, News};
use crate::status::Status;
use crate::{Result, TIMERS_MAX};

/// Who wrote down what came over the journal.
const AUTHOR: &str = "ingest";

/// What batches say beside events.
#[derive(Default)]
struct Unwritten {
    versions: Vec<Version>,
    memberships: Vec<Membership>,
    merges: Vec<Merge>,
    decisions: Vec<Decision>,
    bad: Vec<Quarantined>,
}

/// Takes batches in, advances what is due and commits. Is more due than one step does?
pub(crate) async fn step(inner: &Inner, batches: &[Committed]) -> Result<bool> {
    let now = (inner.clock)();
    let unwritten = take(inner, batches);
    let mut changes: Vec<Change> = Vec::new();
    let mut evaluated = 0;
    let more = loop {
        let rebuilt = rebuild(inner, &unwritten, now).await?;
        let step = tokio::task::block_in_place(|| inner.live().advance(now, TIMERS_MAX));
        evaluated += rebuilt.evaluated + step.evaluated;
        Status::add(&inner.status.rebuilt, rebuilt.evaluated as u64);
        changes.extend(rebuilt.changes);
        changes.extend(step.changes);
        if inner.live().wanting().is_empty() {
            break step.more;
        }
    };
    let position = batches.last().map(|b| b.position);
    if position.is_some() || !changes.is_empty() {
        commit(inner, &unwritten, &changes, position, now).await?;
    }
    let status = &inner.status;
    Status::add(&status.steps, 1);
    Status::add(&status.evaluated, evaluated as u64);
    status.accounts.store(inner.live().len() as u64, Ordering::Relaxed);
    if let Some(last) = batches.last() {
        let items: u64 = batches.iter().map(|b| b.batch.len() as u64).sum();
        status.backlog.fetch_sub(items.min(status.backlog.load(Ordering::Relaxed)), Ordering::Relaxed);
        status.engine_position.store(last.position, Ordering::Relaxed);
        status.lag_micros.store((inner.clock)().0 - last.received_at.0, Ordering::Relaxed);
    }
    status.step_micros.store((inner.clock)().0 - now.0, Ordering::Relaxed);
    if !changes.is_empty() {
        let revision = inner.live().engine().model().revision.clone();
        let accounts = changes.iter().map(|c| c.account.clone()).collect();
        // Nobody may be listening.
        let _ = inner.news.send(Arc::new(News { at: now, revision, accounts }));
    }
    Ok(more)
}

/// Gives the living accounts what the batches say.
fn take(inner: &Inner, batches: &[Committed]) -> Unwritten {
    let mut unwritten = Unwritten::default();
    let written = inner.status.engine_position.load(Ordering::Relaxed);
    let mut live = inner.live();
    let before = live.duplicates();
    for committed in batches {
        let position = committed.position;
        for (n, (origin, record)) in committed.batch.records().enumerate() {
            let new = (position > written).then_some(&mut unwritten);
            record_in(&mut live, record, new, || Quarantined {
                id: QuarantineId::of(&format!("{position}-{n}")),
                source: source(origin.source),
                received_at: origin.received_at,
                reason: String::new(),
                message: String::new(),
                raw: vec![],
                endpoint: String::new(),
                status: QuarantineStatus::Waiting,
            });
        }
        for (origin, event) in committed.batch.events() {
            live.event(Said {
                position,
                arrived: origin.received_at,
                source: origin.source,
                account: event.account.as_deref(),
                person: event.person.as_deref(),
                name: &event.name,
                time: event.time,
                message_id: Some(&event.message_id),
                properties: event.properties.as_deref(),
            });
        }
    }
    inner.unsettled().extend(live.resettled());
    Status::add(&inner.status.duplicates, live.duplicates() - before);
    Status::add(&inner.status.quarantined, unwritten.bad.len() as u64);
    unwritten
}

/// The source as the quarantine names it.
fn source(text: &str) -> SourceId {
    text.parse().unwrap_or_else(|_| SourceId::of("unknown"))
}

fn record_in(live: &mut Live, record: &Record, new: Option<&mut Unwritten>, quarantined: impl FnOnce() -> Quarantined) {
    let mut nowhere = Unwritten::default();
    let unwritten = new.unwrap_or(&mut nowhere);
    match record {
        Record::Version(version) => {
            live.version(version);
            unwritten.versions.push(version.clone());
        }
        Record::Membership(membership) => {
            live.membership(membership);
            unwritten.memberships.push(membership.clone());
        }
        Record::Belongs(said) => {
            let stays = live.resolver().stays(live.resolver().person(&said.person));
            let account = live.resolver().account(&said.account);
            if stays.iter().any(|s| s.account() == account && s.is_open()) {
                return;
            }
            let from = said.from.filter(|_| !stays.is_empty());
            let membership = Membership { from, ..said.clone() };
            live.membership(&membership);
            unwritten.memberships.push(membership);
        }
        Record::Merge(merge) => {
            live.merge(merge);
            unwritten.merges.push(merge.clone());
        }
        Record::Link(link) => {
            // The first link of an anonymous id is a merge; a later one with another user would make two people one.
            let free = live.resolver().person(&link.anonymous) == link.anonymous && link.anonymous != link.known;
            if free {
                let merge = link.clone().into_merge();
                live.merge(&merge);
                unwritten.merges.push(merge);
            }
        }
        Record::Decision(decision) => {
            live.decision(decision);
            unwritten.decisions.push(decision.clone());
        }
        Record::Bad(bad) => unwritten.bad.push(Quarantined {
            reason: bad.code.as_str().to_owned(),
            message: bad.message.clone(),
            raw: bad.raw.clone().into_bytes(),
            endpoint: bad.endpoint.clone(),
            ..quarantined()
        }),
        _ => {}
    }
}

/// Gives accounts their history where their inputs are too late for what is in memory; children before their parents.
async fn rebuild(inner: &Inner, unwritten: &Unwritten, now: Instant) -> Result<Step> {
    let mut step = Step::default();
    let wanting = inner.live().wanting();
    for account in wanting {
        let said = of_account(&inner.live(), unwritten, &account);
        let mut past = past(&inner.store, &inner.data, &account, said).await?;
        let engine = inner.live().engine().clone();
        if !engine.exports().is_empty() {
            let children: Vec<Arc<str>> = {
                let live = inner.live();
                let is_child = |a: &&tenure_engine::Account| engine.parent(a).as_deref() == Some(&*account);
                live.accounts().filter(is_child).map(|a| a.id().clone()).collect()
            };
            for child in children {
                let said = of_account(&inner.live(), unwritten, &child);
                let of_child = crate::past::past(&inner.store, &inner.data, &child, said).await?;
                let live = inner.live();
                let at = live.account(&child).map_or(Instant::MIN, |a| a.at());
                past.children.extend(reports(&engine, &child, &of_child, live.recent(&child), &account, at));
            }
        }
        tokio::task::block_in_place(|| inner.live().give(&account, past, now, &mut step));
    }
    Ok(step)
}

/// What of the present step concerns an account.
fn of_account(live: &Live, unwritten: &Unwritten, account: &str) -> PastSaid {
    let resolver = live.resolver();
    let is_of = |version: &&Version| match &version.entity {
        Entity::Account(id) | Entity::Subscription(id, _) => resolver.account(id) == account,
        Entity::Person(id) => resolver.stays(resolver.person(id)).iter().any(|s| s.account() == account),
    };
    PastSaid {
        versions: unwritten.versions.iter().filter(is_of).cloned().collect(),
        memberships: unwritten.memberships.iter().filter(|m| resolver.account(&m.account) == account).cloned().collect(),
        decisions: unwritten.decisions.iter().filter(|d| resolver.account(&d.account) == account).cloned().collect(),
    }
}

/// Everything that follows from a step, at once.
async fn commit(inner: &Inner, unwritten: &Unwritten, changes: &[Change], position: Option<i64>, now: Instant) -> Result<()> {
    let mark = position.unwrap_or_else(|| inner.status.engine_position.load(Ordering::Relaxed));
    let told = Told::of(&inner.live(), changes, mark, now, inner.live_from);
    let lease = inner.lease.lock().await.clone();
    transact!(inner.store, "step", |write| {
        write.fenced(&lease).await?;
        write.add_versions(0, &unwritten.versions).await?;
        write.add_memberships(0, &unwritten.memberships).await?;
        for merge in &unwritten.merges {
            write.add_merge(merge, AUTHOR).await?;
        }
        for decision in &unwritten.decisions {
            write.add_decision(decision).await?;
        }
        write.quarantine(&unwritten.bad).await?;
        told.write(write, now).await?;
        write.set_mark(Mark::Engine, mark, now).await
    })?;
    Ok(())
}

/// What happened, as rows.
#[derive(Default)]
struct Told {
    facts: Vec<(Arc<str>, Instant, Vec<NewOutcome>)>,
    opened: Vec<Alert>,
    /// Account, rule, person, when, why.
    resolved: Vec<(Arc<str>, String, Option<String>, Instant, &'static str)>,
    /// Accounts whose ledger may hold alerts that were not so after all: later than this instant, and not among these keys.
    restated: Vec<(Arc<str>, Instant, BTreeSet<String>)>,
    messages: Vec<NewMessage>,
}

impl Told {
    fn of(live: &Live, changes: &[Change], position: i64, now: Instant, live_from: Option<Instant>) -> Told {
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
            let keys: BTreeSet<String> = outcomes.iter().filter_map(|o| alert_key(model, &account, o)).collect();
            for outcome in &outcomes {
                let Happened::Alert { person, rule, state, why, .. } = &outcome.what else { continue };
                let rule = &model.alerts[*rule];
                match (state, alert_key(model, &account, outcome)) {
                    (AlertState::Firing, Some(key)) => {
                        let owner = rule.owner.and_then(|o| live.account(&account)?.value(o).as_text().map(str::to_owned));
                        if deliverable(outcome.at, now, live_from) {
                            told.messages.push(message(&key, &account, &rule.name, owner.as_deref(), outcome.at, now));
                        }
                        told.opened.push(Alert {
                            key,
                            rule: rule.name.clone(),
                            account: account.to_string(),
                            person: person.as_ref().map(|p| p.to_string()),
                            opened_at: outcome.at,
                            revision: model.revision.clone(),
                            severity: rule.severity,
                            owner,
                            title: rule.title.clone(),
                            playbook: rule.playbook.clone(),
                            resolved: None,
                            state: tenure_store::AlertState::Open,
                        });
                    }
                    (AlertState::Inactive, _) => {
                        let person = person.as_ref().map(|p| p.to_string());
                        told.resolved.push((account.clone(), rule.name.clone(), person, outcome.at, why.name()));
                    }
                    _ => {}
                }
            }
            if let Some(after) = restated {
                told.restated.push((account.clone(), after, keys));
            }
            if let Some(from) = from {
                told.facts.push((account, from, rows));
            }
        }
        told
    }

    async fn write(&self, write: &mut Write, now: Instant) -> tenure_store::Result<()> {
        let restatements: Vec<Restatement<'_>> =
            self.facts.iter().map(|(account, from, facts)| Restatement { account, from: *from, facts }).collect();
        write.replace_outcomes(&restatements).await?;
        write.open_alerts(&self.opened).await?;
        for (account, rule, person, at, why) in &self.resolved {
            write.resolve_alert_of(account, rule, person.as_deref(), *at, why).await?;
        }
        for (account, after, keys) in &self.restated {
            write.resolve_alerts_but(account, *after, keys, now, "learned late").await?;
        }
        write.enqueue(&self.messages, now).await?;
        Ok(())
    }
}

fn message(key: &str, account: &str, rule: &str, owner: Option<&str>, at: Instant, now: Instant) -> NewMessage {
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
