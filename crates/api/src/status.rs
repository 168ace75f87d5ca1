//! How the service is doing, for people.

use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;

/// How the service is doing.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceStatus)]
pub struct Status {
    /// The version of Tenure.
    version: &'static str,
    /// What time it is here.
    #[schema(format = DateTime)]
    now: String,
    /// The model that decides.
    revision: String,
    /// The time zone of its dates.
    #[schema(example = "UTC")]
    timezone: String,
    /// How many accounts there are.
    accounts: usize,
    /// Is every account current?
    ready: bool,
    /// Items that are durable and wait for the engine.
    backlog: u64,
    /// Seconds from the last event's arrival to the commit of what it did.
    lag_seconds: f64,
    /// Events whose account is not known yet.
    homeless: usize,
}

/// How the service is doing.
#[utoipa::path(get, path = "/api/v1/status", tag = "status", responses((status = 200, description = "How it is doing", body = Status)))]
pub async fn status(State(app): State<App>) -> Result<Json<Status>, ApiError> {
    let now = app.now();
    let counts = app.service.status();
    let live = app.service.live();
    let model = live.engine().model();
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION"),
        now: now.to_string(),
        revision: model.revision.0.clone(),
        timezone: model.calendar.zone().iana_name().unwrap_or("UTC").to_owned(),
        accounts: live.len(),
        ready: counts.ready.load(Ordering::Relaxed),
        backlog: counts.backlog.load(Ordering::Relaxed),
        lag_seconds: counts.lag_micros.load(Ordering::Relaxed) as f64 / 1e6,
        homeless: live.homeless(),
    }))
}
