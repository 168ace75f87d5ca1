//! The URL map.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};

use crate::app::App;
use crate::{ingest, ops};

/// Bytes of a body that is read at all; what each endpoint allows is less.
const BODY_BYTES_MAX: usize = 8 << 20;

/// All routes.
pub fn router(app: App) -> Router {
    let ingestion = Router::new()
        .route("/v1/{call}", post(ingest::segment).options(ingest::preflight))
        .route("/v1/cloudevents", post(ingest::cloud_events))
        .route("/v1/entities/{kind}", put(ingest::entities));
    let operations =
        Router::new().route("/healthz", get(ops::healthz)).route("/readyz", get(ops::readyz)).route("/metrics", get(ops::metrics));
    ingestion.merge(operations).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).with_state(app)
}
