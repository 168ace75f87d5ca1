//! Segment's HTTP API: `/v1/track` and its like, `/v1/batch`, `/v1/import`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::json;
use tenure_ingest::http::{self, Endpoint};

use crate::app::App;
use crate::error::ApiError;

/// Takes calls of SDKs. Answered when they are durable; calls that were seen before are answered the same.
pub async fn segment(
    State(app): State<App>,
    Path(call): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<serde_json::Value>, ApiError> {
    let endpoint = Endpoint::parse(&call).ok_or_else(|| ApiError::NotFound { what: "endpoint", name: format!("/v1/{call}") })?;
    let now = app.now();
    let text = http::open(&body, endpoint.bytes_max())?;
    let source = app.sources.of(&headers, &text, now).await?;
    let intake = http::segment(endpoint, &text, now)?;
    app.service.offer(source.id.as_str(), now, &intake).await?;
    Ok(Json(json!({ "success": true })))
}

/// What browsers ask before they send.
pub async fn preflight() -> impl IntoResponse {
    (
        StatusCode::NO_CONTENT,
        [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, content-encoding"),
            (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        ],
    )
}
