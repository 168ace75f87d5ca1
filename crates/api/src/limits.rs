//! What callers may use up at the edge: connections, requests at a time, time. What one request may bring is `tenure_ingest::http`'s.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::cors;
use crate::error::ApiError;

/// Limits that an operator can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time; further ones wait in the system's queue.
    pub connections_max: usize,
    /// Requests in work at the same time; further ones are refused, and senders try again.
    pub requests_max: usize,
    /// How long the head of a request may take, and how long a connection may be idle.
    pub header_timeout: Duration,
    /// How long a request may take until its answer begins. Streams go on beyond that.
    pub request_timeout: Duration,
    /// How long a peer may take nothing of an answer.
    pub write_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections_max: 2_000,
            requests_max: 500,
            header_timeout: Duration::from_secs(15),
            request_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
        }
    }
}

/// Bytes of the head of a request; hyper reads up to twice as many before it counts them.
pub(crate) const HEAD_BYTES_MAX: usize = 64 << 10;
/// Headers of a request.
pub(crate) const HEADERS_MAX: usize = 100;
/// How long requests in work have to end, when the server is told to stop.
pub(crate) const STOP_WAIT: Duration = Duration::from_secs(20);

/// The routes, with the limits of requests around them. How the service is doing is told however busy it is.
pub(crate) fn limited(router: Router, limits: Limits) -> Router {
    let timeout = limits.request_timeout;
    let slots = Arc::new(Semaphore::new(limits.requests_max.min(Semaphore::MAX_PERMITS)));
    let limits = from_fn(move |request: Request, next: Next| {
        let slots = slots.clone();
        async move {
            if is_probe(request.uri().path()) {
                return next.run(request).await;
            }
            let Ok(_slot) = slots.try_acquire() else {
                return ApiError::Busy("too many requests at the same time; try again in some seconds".to_owned()).into_response();
            };
            // A file takes as long as it takes; how long its sender may pause is the handler's.
            if is_upload(&request) {
                return next.run(request).await;
            }
            within(timeout, next.run(request)).await
        }
    });
    router.layer(limits).layer(from_fn(cors::headers))
}

fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics")
}

fn is_upload(request: &Request) -> bool {
    request.method() == axum::http::Method::POST && request.uri().path() == "/api/v1/imports"
}

async fn within(limit: Duration, answer: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(limit, answer).await {
        Ok(response) => response,
        Err(_) => ApiError::Unavailable(format!("the request took longer than {limit:?}; try again")).into_response(),
    }
}
