//! `PUT` of accounts, people and subscriptions, for those who sync from a warehouse.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};
use tenure_ingest::http::{self, BATCH_BYTES_MAX, Kind};

use crate::app::App;
use crate::error::ApiError;

/// Takes rows of one kind; those that are wrong are told by index, the others are taken.
pub async fn entities(State(app): State<App>, Path(kind): Path<String>, headers: HeaderMap, body: Bytes) -> Result<Json<Value>, ApiError> {
    let kind = Kind::parse(&kind)
        .ok_or_else(|| ApiError::NotFound { what: "kind of entities", name: format!("{kind}: accounts, people, subscriptions") })?;
    let now = app.now();
    let text = http::open(&body, BATCH_BYTES_MAX)?;
    let source = app.sources.of(&headers, &text, now).await?;
    let intake = http::entities(kind, &text, now)?;
    let bad: Vec<Value> = intake.bad.iter().map(|b| json!({ "index": b.index, "code": b.code, "message": b.message })).collect();
    app.service.offer(source.id.as_str(), now, &intake).await?;
    Ok(Json(json!({ "success": true, "quarantined": bad })))
}
