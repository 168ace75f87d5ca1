//! The quarantine: items that could not be taken, with the reason; mended and taken after all, or discarded.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenure_ingest::http::again;
use tenure_store::{QuarantineId, QuarantineStatus, Quarantined, transact};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::audit::Change;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Body, Params};
use crate::page::{LIMIT_MAX, Limit, before, next};

/// What became of an item.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = QuarantineStatus)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing yet.
    #[default]
    Waiting,
    /// It was taken after all.
    Replayed,
    /// It will not be taken.
    Discarded,
}

impl From<Status> for QuarantineStatus {
    fn from(status: Status) -> QuarantineStatus {
        match status {
            Status::Waiting => QuarantineStatus::Waiting,
            Status::Replayed => QuarantineStatus::Replayed,
            Status::Discarded => QuarantineStatus::Discarded,
        }
    }
}

/// An item.
#[derive(Serialize, ToSchema)]
#[schema(as = QuarantineItem)]
pub struct Item {
    /// Its id.
    #[schema(example = "qrt_812-0")]
    id: String,
    /// The source it came from.
    source: String,
    /// The endpoint it came to.
    #[schema(example = "track")]
    endpoint: String,
    /// When.
    #[schema(format = DateTime)]
    received_at: String,
    /// Why it was not taken: a stable code.
    #[schema(example = "no_event")]
    reason: String,
    /// Why, in words.
    #[schema(example = "a track without event")]
    message: String,
    /// A body with this item alone, as it came.
    #[schema(example = "{\"userId\":\"u\"}")]
    raw: String,
}

impl From<Quarantined> for Item {
    fn from(item: Quarantined) -> Item {
        Item {
            id: item.id.to_string(),
            source: item.source.to_string(),
            endpoint: item.endpoint,
            received_at: item.received_at.to_string(),
            reason: item.reason,
            message: item.message,
            raw: String::from_utf8_lossy(&item.raw).into_owned(),
        }
    }
}

/// A page of items.
#[derive(Serialize, ToSchema)]
#[schema(as = QuarantinePage)]
pub struct Items {
    /// Newest first.
    items: Vec<Item>,
    /// How many wait, by reason.
    waiting: BTreeMap<String, u64>,
    /// Give it as `cursor` for the next page; null on the last.
    next: Option<String>,
}

/// Which items.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ItemsAsked {
    /// `waiting` (without it), `replayed` or `discarded`.
    #[param(inline)]
    status: Option<Status>,
    /// At most so many.
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The items in quarantine, newest first.
#[utoipa::path(get, path = "/api/v1/quarantine", tag = "quarantine", params(ItemsAsked), responses((status = 200, description = "A page", body = Items)))]
pub async fn quarantine(State(app): State<App>, Params(asked): Params<ItemsAsked>) -> Result<Json<Items>, ApiError> {
    let page = before(asked.cursor.as_deref(), asked.limit)?;
    let found = app.store().quarantined(asked.status.unwrap_or_default().into(), &page).await?;
    let waiting = app.store().quarantine_counts().await?;
    let next = next(&page, &found, |item: &Quarantined| (item.received_at, item.id.as_str()));
    Ok(Json(Items { items: found.into_iter().map(Item::from).collect(), waiting, next }))
}

/// An item's new body.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mended {
    /// A body with this item alone, as its endpoint takes it.
    #[schema(example = "{\"userId\":\"u\",\"event\":\"login\"}")]
    raw: String,
}

/// Mends an item that waits. It still waits: replay it next.
#[utoipa::path(put, path = "/api/v1/quarantine/{id}", tag = "quarantine", request_body = Mended, params(("id" = String, Path, description = "The item", example = "qrt_812-0")),
    responses((status = 204, description = "Mended")))]
pub async fn mend(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<Mended>,
) -> Result<axum::http::StatusCode, ApiError> {
    let missing = || ApiError::NotFound { what: "waiting item", name: id.clone() };
    let item = app.store().waiting(&[id.parse().map_err(|_| missing())?]).await?.pop().ok_or_else(missing)?;
    let was = String::from_utf8_lossy(&item.raw).into_owned();
    let change = Change::new(&app, &caller, "quarantine.mend", &id).before(json!({ "raw": was })).after(json!({ "raw": asked.raw }));
    transact!(app.store(), "quarantine", |write| {
        write.mend_quarantined(&item.id, &item.reason, &item.message, asked.raw.as_bytes()).await?;
        change.write(write).await
    })?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// Which items.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Their ids: at most 500.
    #[schema(example = json!(["qrt_812-0"]))]
    ids: Vec<String>,
}

impl Which {
    async fn waiting(&self, app: &App) -> Result<Vec<Quarantined>, ApiError> {
        if self.ids.len() > LIMIT_MAX as usize {
            return Err(ApiError::TooLarge(format!("at most {LIMIT_MAX} ids")));
        }
        let bad = |id: &String| ApiError::Bad { code: "bad_id", message: format!("`{id}` is no id of an item in quarantine") };
        let ids = self.ids.iter().map(|id| id.parse::<QuarantineId>().map_err(|_| bad(id))).collect::<Result<Vec<_>, _>>()?;
        Ok(app.store().waiting(&ids).await?)
    }
}

/// What became of items that were replayed.
#[derive(Serialize, ToSchema)]
pub struct Replayed {
    /// Ids of those that were taken.
    taken: Vec<String>,
    /// Those that are still wrong, with what is wrong now: they wait on.
    still_wrong: Vec<Item>,
}

/// Reads items again, and takes those that are right now, at the times they came in with.
#[utoipa::path(post, path = "/api/v1/quarantine/replay", tag = "quarantine", request_body = Which, responses((status = 200, description = "What became of them", body = Replayed)))]
pub async fn replay_quarantine(State(app): State<App>, caller: Caller, Body(asked): Body<Which>) -> Result<Json<Replayed>, ApiError> {
    let mut replayed = Replayed { taken: vec![], still_wrong: vec![] };
    for item in asked.waiting(&app).await? {
        match take(&app, &item).await? {
            None => {
                let change = Change::new(&app, &caller, "quarantine.replay", item.id.as_str());
                transact!(app.store(), "quarantine", |write| {
                    write.mark_quarantined(std::slice::from_ref(&item.id), QuarantineStatus::Replayed).await?;
                    change.write(write).await
                })?;
                replayed.taken.push(item.id.to_string());
            }
            Some((reason, message)) => {
                transact!(app.store(), "quarantine", |write| write.mend_quarantined(&item.id, &reason, &message, &item.raw).await)?;
                replayed.still_wrong.push(Quarantined { reason, message, ..item }.into());
            }
        }
    }
    Ok(Json(replayed))
}

/// Takes an item; what is wrong with it, where something still is.
async fn take(app: &App, item: &Quarantined) -> Result<Option<(String, String)>, ApiError> {
    let Ok(raw) = std::str::from_utf8(&item.raw) else { return Ok(Some(("invalid_json".to_owned(), "it is no text".to_owned()))) };
    let intake = match again(&item.endpoint, raw, item.received_at) {
        Ok(intake) => intake,
        Err(refused) => return Ok(Some((refused.code().to_owned(), refused.to_string()))),
    };
    if let Some(bad) = intake.bad.first() {
        return Ok(Some((bad.code.as_str().to_owned(), bad.message.clone())));
    }
    app.service.offer(item.source.as_str(), app.now(), &intake).await?;
    Ok(None)
}

/// What became of items that were discarded.
#[derive(Serialize, ToSchema)]
pub struct Discarded {
    /// How many.
    discarded: u64,
}

/// Discards items: they are kept, and not taken.
#[utoipa::path(post, path = "/api/v1/quarantine/discard", tag = "quarantine", request_body = Which, responses((status = 200, description = "How many", body = Discarded)))]
pub async fn discard(State(app): State<App>, caller: Caller, Body(asked): Body<Which>) -> Result<Json<Discarded>, ApiError> {
    let ids: Vec<QuarantineId> = asked.waiting(&app).await?.into_iter().map(|item| item.id).collect();
    let change = Change::new(&app, &caller, "quarantine.discard", &format!("{} items", ids.len())).after(json!({ "ids": ids }));
    let discarded = transact!(app.store(), "quarantine", |write| {
        let discarded = write.mark_quarantined(&ids, QuarantineStatus::Discarded).await?;
        change.write(write).await?;
        Ok(discarded)
    })?;
    Ok(Json(Discarded { discarded }))
}
