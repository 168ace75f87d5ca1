//! The past of one account, for questions as of any time.

use std::sync::Arc;

use tenure_engine::{Account, Engine, Mode, Sink};
use tenure_model::{Calendar, Instant};
use tenure_replay::History;

use crate::app::App;
use crate::error::ApiError;

/// An account's whole history, with the engine it is told by.
pub(super) struct Past {
    pub id: Arc<str>,
    pub engine: Arc<Engine>,
    pub history: History,
}

impl Past {
    /// Of an account, by any of its ids.
    ///
    /// # Errors
    /// `NotFound`; what database and archive say.
    pub async fn of(app: &App, id: &str) -> Result<Past, ApiError> {
        let id = known(app, id)?;
        let (engine, history) = app.service.history(&id).await?;
        Ok(Past { id, engine, history })
    }

    /// The account as of an instant.
    pub fn as_of(&self, at: Instant, sink: &mut dyn Sink) -> Result<Account, ApiError> {
        let mut account = self.engine.account(self.id.clone());
        let told = tokio::task::block_in_place(|| self.engine.advance(&mut account, &self.history.inputs(), at, Mode::Exact, sink));
        told.map_err(|late| ApiError::Internal(late.to_string()))?;
        Ok(account)
    }

    pub fn calendar(&self) -> &Calendar {
        &self.engine.model().calendar
    }
}

/// The id under which an account lives.
///
/// # Errors
/// `NotFound` where there is none.
pub(super) fn known(app: &App, id: &str) -> Result<Arc<str>, ApiError> {
    let live = app.service.live();
    live.account(id).map(|account| account.id().clone()).ok_or_else(|| ApiError::NotFound { what: "account", name: id.to_owned() })
}

/// An instant as asked for: RFC 3339, or a date, which means its last instant; without, now. What lies ahead cannot be told.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn as_of(app: &App, asked: Option<&str>, calendar: &Calendar) -> Result<Instant, ApiError> {
    let now = app.now();
    let Some(text) = asked else { return Ok(now) };
    let at = end("as_of", text, calendar)?;
    // Today has not ended: as of today means as of now.
    if at > now && calendar.day(at) == calendar.day(now) && is_date(text) { Ok(now) } else { past("as_of", at, now) }
}

fn past(name: &str, at: Instant, now: Instant) -> Result<Instant, ApiError> {
    if at > now {
        return Err(ApiError::Bad { code: "bad_time", message: format!("{name} lies ahead: {at}; it is {now}") });
    }
    Ok(at)
}

fn is_date(text: &str) -> bool {
    text.len() == 10
}

/// As `time`, but a date is its last instant.
///
/// # Errors
/// Where it is none.
pub(crate) fn end(name: &str, text: &str, calendar: &Calendar) -> Result<Instant, ApiError> {
    let at = time(name, text, calendar)?;
    Ok(if is_date(text) { calendar.last_instant(calendar.day(at)) } else { at })
}

/// A time as people write it: RFC 3339, or a date, which is its first instant in the model's time zone.
///
/// # Errors
/// Where it is none.
pub(crate) fn time(name: &str, text: &str, calendar: &Calendar) -> Result<Instant, ApiError> {
    calendar.parse(text).ok_or_else(|| ApiError::Bad {
        code: "bad_time",
        message: format!("{name}: `{text}` is not a time; write 2026-06-01 or 2026-06-01T10:00:00Z"),
    })
}
