//! Records of the store as tables: memberships, versions, decisions, imports and the ledger of alerts.

use crate::Result;
use datafusion::arrow::record_batch::RecordBatch;
use tenure_model::input::{Action, Entity, Version};
use tenure_store::{Alert, AlertState, Store};

use super::columns::Columns;

/// Who belongs where: `person_id`, `account_id`, `valid_from`, `valid_until`.
pub(super) async fn memberships(store: &Store) -> Result<RecordBatch> {
    let all = store.memberships().await?;
    let mut columns = Columns::default();
    columns.text("person_id", all.iter().map(|m| Some(&m.person)));
    columns.text("account_id", all.iter().map(|m| Some(&m.account)));
    columns.time("valid_from", all.iter().map(|m| m.from));
    columns.time("valid_until", all.iter().map(|m| m.until));
    columns.batch()
}

/// Every value ever said: `entity`, `account_id`, `id`, `field`, `value` (JSON), `valid_from`, `known_from`.
pub(super) async fn versions(store: &Store) -> Result<RecordBatch> {
    let mut all: Vec<Version> = Vec::new();
    for page in store.inputs(tenure_store::PAGE_ROWS).await? {
        all.extend(page.read().await?.into_iter().flat_map(|inputs| inputs.versions).filter(|v| !matches!(v.entity, Entity::Person(_))));
    }
    all.extend(store.people().await?.into_iter().flat_map(|person| person.versions));
    let mut columns = Columns::default();
    let entity = |v: &Version| match &v.entity {
        Entity::Account(id) => ("account", Some(id.clone()), id.clone()),
        Entity::Person(id) => ("person", None, id.clone()),
        Entity::Subscription(account, id) => ("subscription", Some(account.clone()), id.clone()),
    };
    columns.text("entity", all.iter().map(|v| Some(entity(v).0)));
    columns.text("account_id", all.iter().map(|v| entity(v).1));
    columns.text("id", all.iter().map(|v| Some(entity(v).2)));
    columns.text("field", all.iter().map(|v| Some(&v.field)));
    columns.text("value", all.iter().map(|v| Some(v.value.to_string())));
    columns.time("valid_from", all.iter().map(|v| v.valid_from));
    columns.time("known_from", all.iter().map(|v| v.known_from));
    columns.batch()
}

/// Ids that went, with those that stay: `kind` (`account`, `person`), `from_id`, `into_id`, `at`.
pub(super) async fn merges(store: &Store) -> Result<RecordBatch> {
    let all = store.merge_list().await?;
    let mut columns = Columns::default();
    columns.text("kind", all.iter().map(|m| Some(if m.account { "account" } else { "person" })));
    columns.text("from_id", all.iter().map(|m| Some(&m.from)));
    columns.text("into_id", all.iter().map(|m| Some(&m.into)));
    columns.time("at", all.iter().map(|m| Some(m.at)));
    columns.batch()
}

/// What teammates decided: `position`, `account_id`, `at`, `author`, `reason`, `action` (JSON).
pub(super) async fn decisions(store: &Store) -> Result<RecordBatch> {
    let merges = store.merges().await?;
    let all = store.decisions().await?;
    let actions = all.iter().map(|d| Ok(action_json(&d.decision.action)?.to_string())).collect::<Result<Vec<_>>>()?;
    let mut columns = Columns::default();
    columns.integer("position", all.iter().map(|d| d.position));
    columns.text("account_id", all.iter().map(|d| Some(merges.account(&d.decision.account))));
    columns.time("at", all.iter().map(|d| Some(d.decision.at)));
    columns.text("author", all.iter().map(|d| Some(&d.decision.author)));
    columns.text("reason", all.iter().map(|d| Some(&d.decision.reason)));
    columns.text("action", actions.iter().map(Some));
    columns.batch()
}

/// Files that were imported, with what they gave.
pub(super) async fn imports(store: &Store) -> Result<RecordBatch> {
    let all = store.imports().await?;
    let statuses = all.iter().map(|i| serde_json::to_value(i.status)).collect::<Result<Vec<_>, _>>()?;
    let mut columns = Columns::default();
    columns.integer("id", all.iter().map(|i| i.id));
    columns.text("kind", all.iter().map(|i| Some(&i.key.kind)));
    columns.text("file", all.iter().map(|i| Some(&i.file)));
    columns.text("source", all.iter().map(|i| Some(&i.key.source)));
    columns.text("content_hash", all.iter().map(|i| Some(&i.key.content_hash)));
    columns.time("dated", all.iter().map(|i| i.key.dated));
    columns.integer("rows", all.iter().map(|i| i.counts.rows as i64));
    columns.integer("new", all.iter().map(|i| i.counts.accepted as i64));
    columns.integer("known", all.iter().map(|i| i.counts.duplicates as i64));
    columns.integer("rejected", all.iter().map(|i| i.counts.rejected as i64));
    columns.integer("conflicts", all.iter().map(|i| i.counts.conflicts as i64));
    columns.time("started_at", all.iter().map(|i| Some(i.started_at)));
    columns.time("finished_at", all.iter().map(|i| i.finished_at));
    columns.text("status", statuses.iter().map(|s| s.as_str()));
    columns.text("author", all.iter().map(|i| Some(&i.author).filter(|author| !author.is_empty())));
    columns.text("error", all.iter().map(|i| i.error.as_ref()));
    columns.batch()
}

/// The ledger of alerts: opened by the engine, worked on by people.
pub(super) async fn ledger(store: &Store) -> Result<RecordBatch> {
    let all = store.alerts().await?;
    let severities = all.iter().map(|a| serde_json::to_value(a.severity)).collect::<Result<Vec<_>, _>>()?;
    let state = |alert: &Alert| match &alert.state {
        AlertState::Open | AlertState::Silent if alert.resolved.is_some() => "resolved",
        _ if alert.is_withdrawn() => "resolved",
        AlertState::Open => "open",
        AlertState::Silent => "silent",
        AlertState::Acknowledged { .. } => "acknowledged",
        AlertState::Snoozed { .. } => "snoozed",
        AlertState::Closed { .. } => "closed",
    };
    let by = |state: &AlertState| match state {
        AlertState::Open | AlertState::Silent => None,
        AlertState::Acknowledged { by, .. } | AlertState::Snoozed { by, .. } | AlertState::Closed { by, .. } => Some(by.clone()),
    };
    let closing = |state: &AlertState| match state {
        AlertState::Closed { how, reason, .. } => {
            (serde_json::to_value(how).ok().and_then(|v| v.as_str().map(str::to_owned)), Some(reason.clone()))
        }
        _ => (None, None),
    };
    let mut columns = Columns::default();
    columns.text("key", all.iter().map(|a| Some(&a.key)));
    columns.text("rule", all.iter().map(|a| Some(&a.rule)));
    columns.text("account_id", all.iter().map(|a| Some(&a.account)));
    columns.text("person_id", all.iter().map(|a| a.person.as_ref()));
    columns.text("severity", severities.iter().map(|s| s.as_str()));
    columns.text("owner", all.iter().map(|a| a.owner.as_ref()));
    columns.text("title", all.iter().map(|a| a.title.as_ref()));
    columns.text("playbook", all.iter().map(|a| a.playbook.as_ref()));
    columns.time("opened_at", all.iter().map(|a| Some(a.opened_at)));
    columns.time("resolved_at", all.iter().map(|a| a.resolved.as_ref().map(|r| r.0)));
    columns.text("resolved_reason", all.iter().map(|a| a.resolved.as_ref().map(|r| &r.1)));
    columns.text("state", all.iter().map(|a| Some(state(a))));
    columns.text("by", all.iter().map(|a| by(&a.state)));
    columns.text("closed_as", all.iter().map(|a| closing(&a.state).0));
    columns.text("closed_reason", all.iter().map(|a| closing(&a.state).1));
    columns.text("revision", all.iter().map(|a| Some(&a.revision.0)));
    columns.batch()
}

/// As JSON with times as text.
pub fn action_json(action: &Action) -> Result<serde_json::Value> {
    let mut json = serde_json::to_value(action)?;
    if let Some(until) = json.get_mut("until")
        && let Some(micros) = until.as_i64()
    {
        *until = tenure_model::Instant(micros).to_string().into();
    }
    Ok(json)
}
