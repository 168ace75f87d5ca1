//! What teammates do with an alert: acknowledge, snooze, close, open again, give it to somebody.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;
use tenure_store::{Alert, AlertState, transact};
use utoipa::ToSchema;

use super::list::{ClosedAs, Shown};
use crate::accounts::time;
use crate::app::App;
use crate::audit::Change;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Body;

/// Takes it up: it stays open, and others see whose it is.
#[utoipa::path(post, path = "/api/v1/alerts/{key}/acknowledge", tag = "alerts", params(("key" = String, Path, description = "The alert's key, percent-encoded")),
    responses((status = 200, description = "The alert", body = Shown)))]
pub async fn acknowledge(State(app): State<App>, caller: Caller, Path(key): Path<String>) -> Result<Json<Shown>, ApiError> {
    let state = AlertState::Acknowledged { by: caller.author().to_owned(), at: app.now() };
    act(&app, &caller, &key, "alert.acknowledge", state).await
}

/// Until when.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Snooze {
    /// It is not shown as open until then.
    #[schema(example = "2026-12-01")]
    until: String,
}

/// Puts it off until a time.
#[utoipa::path(post, path = "/api/v1/alerts/{key}/snooze", tag = "alerts", request_body = Snooze,
    params(("key" = String, Path, description = "The alert's key, percent-encoded")), responses((status = 200, description = "The alert", body = Shown)))]
pub async fn snooze(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    Body(asked): Body<Snooze>,
) -> Result<Json<Shown>, ApiError> {
    let calendar = app.model().calendar.clone();
    let (at, until) = (app.now(), time("until", &asked.until, &calendar)?);
    if until <= at {
        return Err(ApiError::Bad { code: "bad_time", message: format!("until: {until} is past") });
    }
    act(&app, &caller, &key, "alert.snooze", AlertState::Snoozed { by: caller.author().to_owned(), at, until }).await
}

/// How it ended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// `succeeded`, `failed` or `false_alarm`: rules are judged by it.
    r#as: ClosedAs,
    /// Why, in words.
    #[serde(default)]
    #[schema(example = "They came back after the training")]
    reason: String,
}

/// Closes it, as succeeded, failed or false alarm.
#[utoipa::path(post, path = "/api/v1/alerts/{key}/close", tag = "alerts", request_body = Close,
    params(("key" = String, Path, description = "The alert's key, percent-encoded")), responses((status = 200, description = "The alert", body = Shown)))]
pub async fn close(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    Body(asked): Body<Close>,
) -> Result<Json<Shown>, ApiError> {
    let by = caller.author().to_owned();
    act(&app, &caller, &key, "alert.close", AlertState::Closed { by, at: app.now(), how: asked.r#as.into(), reason: asked.reason }).await
}

/// Opens one again that was acknowledged, snoozed or closed.
#[utoipa::path(post, path = "/api/v1/alerts/{key}/reopen", tag = "alerts", params(("key" = String, Path, description = "The alert's key, percent-encoded")),
    responses((status = 200, description = "The alert", body = Shown)))]
pub async fn reopen(State(app): State<App>, caller: Caller, Path(key): Path<String>) -> Result<Json<Shown>, ApiError> {
    act(&app, &caller, &key, "alert.reopen", AlertState::Open).await
}

/// To whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    /// A teammate's e-mail address, or any name that owners have; null: to nobody.
    #[schema(example = "ann@example.com")]
    owner: Option<String>,
}

/// Gives it to somebody, or to nobody.
#[utoipa::path(post, path = "/api/v1/alerts/{key}/assign", tag = "alerts", request_body = Assign,
    params(("key" = String, Path, description = "The alert's key, percent-encoded")), responses((status = 200, description = "The alert", body = Shown)))]
pub async fn assign(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    Body(asked): Body<Assign>,
) -> Result<Json<Shown>, ApiError> {
    let alert = find(&app, &key).await?;
    let change =
        Change::new(&app, &caller, "alert.assign", &key).before(json!({ "owner": alert.owner })).after(json!({ "owner": asked.owner }));
    transact!(app.store(), "alert", |write| {
        write.assign_alert(&key, asked.owner.as_deref()).await?;
        change.write(write).await
    })?;
    app.service.tell(&alert.account);
    Ok(Json(Shown::new(Alert { owner: asked.owner, ..alert }, app.now())))
}

async fn act(app: &App, caller: &Caller, key: &str, action: &str, state: AlertState) -> Result<Json<Shown>, ApiError> {
    let alert = find(app, key).await?;
    let now = app.now();
    let told = |alert: Alert| serde_json::to_value(Shown::new(alert, now)).unwrap_or_default();
    let after = Alert { state: state.clone(), ..alert.clone() };
    let change = Change::new(app, caller, action, key).before(told(alert.clone())).after(told(after));
    transact!(app.store(), "alert", |write| {
        write.set_alert_state(key, &state).await?;
        change.write(write).await
    })?;
    app.service.tell(&alert.account);
    Ok(Json(Shown::new(Alert { state, ..alert }, app.now())))
}

/// An alert with which something can be done.
async fn find(app: &App, key: &str) -> Result<Alert, ApiError> {
    let alert = app.store().alert(key).await?.ok_or_else(|| ApiError::NotFound { what: "alert", name: key.to_owned() })?;
    match alert.resolved.as_ref().filter(|_| alert.is_withdrawn()) {
        Some((_, why)) => Err(ApiError::Conflict {
            code: "withdrawn",
            message: format!("history no longer has this alert ({why}): nothing is left to do"),
        }),
        None => Ok(alert),
    }
}
