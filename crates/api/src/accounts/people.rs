//! The persons of an account, and what it pays for.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenure_engine::Nothing;
use tenure_model::input::{Entity, Version};
use tenure_model::{Instant, definition::Source};
use utoipa::{IntoParams, ToSchema};

use super::past::{Past, as_of};
use crate::app::App;
use crate::error::ApiError;
use crate::extract::Params;

/// A person at an account.
#[derive(Serialize, ToSchema)]
pub struct Person {
    /// Their id.
    #[schema(example = "ann@acme.com")]
    id: String,
    /// Do they belong to it now?
    member: bool,
    /// When they did something last.
    last_seen_at: Option<String>,
    /// How many events of this account are theirs.
    events: usize,
    /// What was said of them: the latest of every trait.
    traits: BTreeMap<String, Value>,
    /// Their metrics and segments, where the model has some.
    values: BTreeMap<String, Value>,
}

/// The persons of an account.
#[derive(Serialize, ToSchema)]
pub struct People {
    /// By id.
    people: Vec<Person>,
}

/// As of when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AsOf {
    /// As of then; a date means its last instant. Without: now.
    #[param(example = "2026-06-01")]
    as_of: Option<String>,
}

/// The persons of an account: those who belong to it, and those who did something there.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/people", tag = "accounts", params(("id" = String, Path, description = "The account", example = "acme"), AsOf),
    responses((status = 200, description = "The persons", body = People)))]
pub async fn people(State(app): State<App>, Path(id): Path<String>, Params(asked): Params<AsOf>) -> Result<Json<People>, ApiError> {
    let past = Past::of(&app, &id).await?;
    let at = as_of(&app, asked.as_of.as_deref(), past.calendar())?;
    let account = past.as_of(at, &mut Nothing)?;
    let mut people: BTreeMap<&str, Person> = BTreeMap::new();
    let new = |id: &str| Person {
        id: id.to_owned(),
        member: false,
        last_seen_at: None,
        events: 0,
        traits: BTreeMap::new(),
        values: BTreeMap::new(),
    };
    for m in past.history.said.memberships.iter().filter(|m| m.from.is_none_or(|from| from <= at)) {
        let person = people.entry(&m.person).or_insert_with(|| new(&m.person));
        person.member |= m.until.is_none_or(|until| at < until);
    }
    for event in past.history.events.iter().filter(|e| e.time <= at) {
        let Some(id) = event.person_id.as_deref() else { continue };
        let person = people.entry(id).or_insert_with(|| new(id));
        person.events += 1;
        // Events come in order of time.
        person.last_seen_at = Some(event.time.to_string());
    }
    for (field, value, entity) in latest(&past.history.said.versions, at) {
        if let Entity::Person(id) = entity
            && let Some(person) = people.get_mut(id.as_str())
        {
            person.traits.insert(field.to_owned(), value.clone());
        }
    }
    let columns = &past.engine.model().person;
    for (id, _, row) in account.people() {
        let Some(person) = people.get_mut(&**id) else { continue };
        let own = columns.iter().zip(row).filter(|(c, v)| matches!(c.source, Source::Metric(_) | Source::Segment(_)) && !v.is_null());
        person.values = own.map(|(column, value)| (column.name.clone(), value.to_json())).collect();
    }
    Ok(Json(People { people: people.into_values().collect() }))
}

/// A subscription.
#[derive(Serialize, ToSchema)]
pub struct Subscription {
    /// Its id.
    #[schema(example = "sub_1")]
    id: String,
    /// Its fields: product, plan, seats, mrr, arr, and when it starts, renews, ends …
    fields: BTreeMap<String, Value>,
}

/// What an account pays for.
#[derive(Serialize, ToSchema)]
pub struct Subscriptions {
    /// By id.
    subscriptions: Vec<Subscription>,
}

/// The subscriptions of an account, as known at a time.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/subscriptions", tag = "accounts", params(("id" = String, Path, description = "The account", example = "acme"), AsOf),
    responses((status = 200, description = "The subscriptions", body = Subscriptions)))]
pub async fn subscriptions(
    State(app): State<App>,
    Path(id): Path<String>,
    Params(asked): Params<AsOf>,
) -> Result<Json<Subscriptions>, ApiError> {
    let past = Past::of(&app, &id).await?;
    let at = as_of(&app, asked.as_of.as_deref(), past.calendar())?;
    let mut found: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
    for (field, value, entity) in latest(&past.history.said.versions, at) {
        if let Entity::Subscription(_, id) = entity {
            found.entry(id).or_default().insert(field.to_owned(), value.clone());
        }
    }
    let subscriptions = found.into_iter().map(|(id, fields)| Subscription { id: id.to_owned(), fields }).collect();
    Ok(Json(Subscriptions { subscriptions }))
}

/// What is known at an instant, in order: of each field, the last one stands.
fn latest(versions: &[Version], at: Instant) -> impl Iterator<Item = (&str, &Value, &Entity)> {
    let mut known: Vec<&Version> = versions.iter().filter(|v| v.visible_from() <= at).collect();
    known.sort_by_key(|v| v.visible_from());
    known.into_iter().map(|v| (v.field.as_str(), &v.value, &v.entity))
}
