//! What an account and its persons did.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use tenure_history::Event;
use utoipa::{IntoParams, ToSchema};

use super::past::{Past, time};
use crate::app::App;
use crate::error::ApiError;
use crate::extract::Params;
use crate::page::{Limit, cursor, read_cursor};

/// Which events.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// From this time on.
    #[param(example = "2026-06-01")]
    from: Option<String>,
    /// Before this time.
    to: Option<String>,
    /// Of this name.
    #[param(example = "login")]
    name: Option<String>,
    /// Of this person.
    person: Option<String>,
    /// At most so many.
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A page of events.
#[derive(Serialize, ToSchema)]
pub struct Events {
    /// Newest first, each with everything that is known of it: name, time, person, source, message id, when it arrived, properties.
    #[schema(value_type = Vec<serde_json::Value>)]
    events: Vec<Event>,
    /// How many there are on all pages.
    count: usize,
    /// Give it as `cursor` for the next page; null on the last.
    next: Option<String>,
}

/// The events of an account, newest first.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/events", tag = "accounts", params(("id" = String, Path, description = "The account", example = "acme"), Asked),
    responses((status = 200, description = "A page", body = Events)))]
pub async fn events(State(app): State<App>, Path(id): Path<String>, Params(asked): Params<Asked>) -> Result<Json<Events>, ApiError> {
    let limit = Limit::of(asked.limit)? as usize;
    let past = Past::of(&app, &id).await?;
    let bound = |name, text: &Option<String>| text.as_deref().map(|text| time(name, text, past.calendar())).transpose();
    let (from, to) = (bound("from", &asked.from)?, bound("to", &asked.to)?);
    // Events are in a settled order: how many stand before the next page says where it begins.
    let end = asked.cursor.as_deref().map(read_cursor::<usize>).transpose()?;
    let is_asked = |e: &Event| {
        from.is_none_or(|from| e.time >= from)
            && to.is_none_or(|to| e.time < to)
            && asked.name.as_ref().is_none_or(|name| e.name == *name)
            && asked.person.as_ref().is_none_or(|person| e.person_id.as_ref() == Some(person))
    };
    let count = past.history.events.iter().filter(|e| is_asked(e)).count();
    let mut places = past.history.events.iter().enumerate().take(end.unwrap_or(usize::MAX)).rev().filter(|(_, e)| is_asked(e));
    let page: Vec<(usize, &Event)> = places.by_ref().take(limit).collect();
    let next = page.last().filter(|_| places.next().is_some()).and_then(|(place, _)| cursor(place));
    Ok(Json(Events { events: page.into_iter().map(|(_, e)| e.clone()).collect(), count, next }))
}
