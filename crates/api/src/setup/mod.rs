//! The page that setup links open: who they are, a password, done. It needs nothing but the API.

use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

use crate::app::App;

/// The page and its script, which stands apart because pages may run no others.
pub fn routes() -> Router<App> {
    Router::new().route("/setup", get(|| async { Html(include_str!("setup.html")) })).route("/setup.js", get(script))
}

async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("setup.js"))
}
