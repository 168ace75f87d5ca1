//! CloudEvents: structured, batched, or binary with the attributes in headers.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use tenure_ingest::http::{self, BATCH_BYTES_MAX};

use crate::app::App;
use crate::error::ApiError;

/// Takes CloudEvents.
pub async fn cloud_events(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Result<Json<Value>, ApiError> {
    let now = app.now();
    let text = http::open(&body, BATCH_BYTES_MAX)?;
    let source = app.sources.of(&headers, &text, now).await?;
    let given: Vec<(&str, &str)> = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let intake = http::cloud_events(&given, &text, now)?;
    let bad: Vec<Value> = intake.bad.iter().map(|b| json!({ "index": b.index, "code": b.code, "message": b.message })).collect();
    app.service.offer(source.id.as_str(), now, &intake).await?;
    Ok(Json(json!({ "success": true, "quarantined": bad })))
}
