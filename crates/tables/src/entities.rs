//! Accounts, people and subscriptions as tables: one row each, with the latest value of every field.

use std::collections::{BTreeMap, BTreeSet};

use crate::Result;
use datafusion::arrow::record_batch::RecordBatch;
use serde_json::Value as Json;
use tenure_model::definition::{Column, Source};
use tenure_model::input::{Entity, Version, subscription};
use tenure_model::{Calendar, Kind, Model};
use tenure_store::Store;

use super::columns::Columns;

/// Entities and their latest values.
type Rows = BTreeMap<(String, String), BTreeMap<String, Json>>;

/// Accounts: `id`, then every trait.
pub(super) async fn accounts(store: &Store, model: Option<&Model>) -> Result<RecordBatch> {
    let mut rows = Rows::new();
    for page in store.inputs(tenure_store::PAGE_ROWS).await? {
        for inputs in page.read().await? {
            let row = rows.entry((inputs.account, String::new())).or_default();
            latest(row, inputs.versions.into_iter().filter(|v| matches!(v.entity, Entity::Account(_))));
        }
    }
    table(&["id"], &rows, &kinds(model.map(|m| m.account.as_slice())), model)
}

/// People: `id`, `account_id` (where they belong to one account only), then every trait.
pub(super) async fn people(store: &Store, model: Option<&Model>) -> Result<RecordBatch> {
    let mut rows = Rows::new();
    for person in store.people().await? {
        let accounts: BTreeSet<&str> = person.memberships.iter().filter(|m| m.until.is_none()).map(|m| m.account.as_str()).collect();
        let account = if accounts.len() == 1 { accounts.first().copied().unwrap_or_default().to_owned() } else { String::new() };
        latest(rows.entry((person.person, account)).or_default(), person.versions);
    }
    table(&["id", "account_id"], &rows, &kinds(model.map(|m| m.person.as_slice())), model)
}

/// Subscriptions: `account_id`, `id`, then every field.
pub(super) async fn subscriptions(store: &Store, model: Option<&Model>) -> Result<RecordBatch> {
    let mut rows = Rows::new();
    for page in store.inputs(tenure_store::PAGE_ROWS).await? {
        for version in page.read().await?.into_iter().flat_map(|inputs| inputs.versions) {
            if let Entity::Subscription(account, id) = &version.entity {
                let row = rows.entry((account.clone(), id.clone())).or_default();
                latest(row, [version]);
            }
        }
    }
    let kind = |field: &str| match field {
        "product" | "plan" => Kind::Text,
        "seats" | "mrr" | "arr" => Kind::Number,
        _ => Kind::Time,
    };
    let kinds = subscription::FIELDS.iter().map(|field| ((*field).to_owned(), kind(field))).collect();
    table(&["account_id", "id"], &rows, &kinds, model)
}

/// Takes over versions in their order: the last one of a field stands.
fn latest(row: &mut BTreeMap<String, Json>, versions: impl IntoIterator<Item = Version>) {
    row.extend(versions.into_iter().map(|v| (v.field, v.value)));
}

/// Traits and their declared kinds.
fn kinds(columns: Option<&[Column]>) -> BTreeMap<String, Kind> {
    columns.into_iter().flatten().filter(|c| c.source == Source::Trait).map(|c| (c.name.clone(), c.kind)).collect()
}

/// One row for each entity; a declared field is a column even where nobody has it.
fn table(ids: &[&str], rows: &Rows, kinds: &BTreeMap<String, Kind>, model: Option<&Model>) -> Result<RecordBatch> {
    let calendar = model.map_or_else(Calendar::utc, |m| m.calendar.clone());
    let mut columns = Columns::default();
    columns.text(ids[0], rows.keys().map(|(first, _)| Some(first)));
    if let Some(second) = ids.get(1) {
        columns.text(second, rows.keys().map(|(_, second)| Some(second).filter(|s| !s.is_empty())));
    }
    let fields: BTreeSet<&String> =
        rows.values().flat_map(BTreeMap::keys).chain(kinds.keys()).filter(|f| !ids.contains(&f.as_str())).collect();
    for field in fields {
        let values: Vec<Option<&Json>> = rows.values().map(|row| row.get(field)).collect();
        columns.json(field, &values, kinds.get(field).copied().unwrap_or(Kind::Any), &calendar);
    }
    columns.batch()
}
