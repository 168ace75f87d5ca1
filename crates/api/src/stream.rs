//! Server-sent events: which accounts changed, how imports stand, so that pages stay current without asking.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream, StreamExt};
use serde_json::json;
use tenure_service::News;
use tokio::sync::broadcast::error::RecvError;

use crate::app::App;
use crate::error::ApiError;
use crate::imports::of_news;

/// How often something is sent where nothing happens, so that nobody in between closes the connection.
const ALIVE: Duration = Duration::from_secs(15);
/// Accounts that one message names.
const MESSAGE_MAX: usize = 500;

/// Changes as they happen, as server-sent events. `accounts` names accounts whose stage, health, alerts, notes … are otherwise now:
/// `{"at", "revision", "accounts": [...]}`; `many` says that more than 10000 changed at once, or that the reader was too slow: load anew.
/// `import` tells how an import stands, twice a second while it is running: `{"id", "state", "phase", "share", "rows", "rejected"}`.
#[utoipa::path(get, path = "/api/v1/stream", tag = "stream",
    responses((status = 200, description = "Server-sent events, until one of both ends", body = String, content_type = "text/event-stream")))]
pub async fn stream(State(app): State<App>) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let permit = app.streams.clone().try_acquire_owned();
    let permit = permit.map_err(|_| ApiError::Busy("too many streams are open".to_owned()))?;
    let news = app.service.news();
    let events = stream::unfold((news, permit), |(mut news, permit)| async move {
        let told = match news.recv().await {
            Ok(news) => match &news.accounts {
                Some(accounts) => accounts.chunks(MESSAGE_MAX).map(|accounts| named(&news, accounts)).collect(),
                None => vec![many()],
            },
            // What it has missed is gone: the queue is bounded.
            Err(RecvError::Lagged(_)) => vec![many()],
            Err(RecvError::Closed) => return None,
        };
        Some((stream::iter(told.into_iter().map(Ok)), (news, permit)))
    });
    let imports = stream::unfold(app.service.import_news(), |mut news| async move {
        loop {
            match news.recv().await {
                Ok(told) => return Some((Ok(Event::default().event("import").data(of_news(&told).to_string())), news)),
                // The next one tells more.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    let events = stream::select(events.flatten(), imports);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)))
}

fn many() -> Event {
    Event::default().event("many").data("{}")
}

fn named(news: &News, accounts: &[Arc<str>]) -> Event {
    let data = json!({ "at": news.at.to_string(), "revision": news.revision.0, "accounts": accounts });
    Event::default().event("accounts").data(data.to_string())
}
