//! What happened to an account, in one ordered list: its facts as a replay tells them, what teammates decided and did with alerts, and notes.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenure_engine::Outcome;
use tenure_model::Instant;
use tenure_service::outcome_of;
use tenure_store::{AlertState, NewOutcome, Page as StorePage};
use tenure_tables::action_json;
use utoipa::{IntoParams, ToSchema};

use super::past::Past;
use crate::app::App;
use crate::error::ApiError;
use crate::extract::Params;
use crate::page::{LIMIT_MAX, Limit, cursor, read_cursor};

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub struct Happening {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// What: `born`, `ended`, `restarted`, `stage`, `segment`, `milestone`, `health` (its band), `alert`, `alert_acknowledged`, `alert_snoozed`,
    /// `alert_closed`, `override_expired`, `oscillated`, `decision`, `note`.
    #[schema(example = "stage")]
    kind: String,
    /// To what: the name of the stage, milestone, segment, rule, or of who wrote a note.
    #[schema(example = "adoption")]
    subject: String,
    /// The rest.
    detail: Value,
    /// The model that said so; null for what people did.
    revision: Option<String>,
}

/// By which model the facts of an account are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TellAs {
    /// As if today's model had always decided.
    #[default]
    If,
    /// As the model of each time said, and was written down then: what was told before this service began is not among it.
    Was,
}

/// A page of the timeline.
#[derive(Serialize, ToSchema)]
pub struct Timeline {
    /// Newest first.
    happenings: Vec<Happening>,
    /// Give it as `cursor` for the next page; null on the last.
    next: Option<String>,
}

/// Which happenings.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Only these kinds, separated by commas.
    #[param(example = "stage,milestone,alert")]
    kinds: Option<String>,
    /// `if` (unless said otherwise): by today's model; `was`: by the model of each time.
    #[serde(default, rename = "as")]
    #[param(inline)]
    tell_as: TellAs,
    /// At most so many.
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// What happened to an account, newest first: by today's model, or as it was told then.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/timeline", tag = "accounts", params(("id" = String, Path, description = "The account", example = "acme"), Asked),
    responses((status = 200, description = "A page", body = Timeline)))]
pub async fn timeline(State(app): State<App>, Path(id): Path<String>, Params(asked): Params<Asked>) -> Result<Json<Timeline>, ApiError> {
    let limit = Limit::of(asked.limit)? as usize;
    let before = asked.cursor.as_deref().map(read_cursor::<usize>).transpose()?;
    let past = Past::of(&app, &id).await?;
    let mut all = match asked.tell_as {
        TellAs::If => facts(&past, app.now())?,
        TellAs::Was => told(&app, &past.id).await?,
    };
    all.extend(decisions(&past)?);
    all.extend(alerts(&app, &past.id).await?);
    all.extend(notes(&app, &past.id).await?);
    let kinds: Option<Vec<&str>> = asked.kinds.as_deref().map(|kinds| kinds.split(',').map(str::trim).collect());
    all.retain(|(_, h)| kinds.as_ref().is_none_or(|kinds| kinds.contains(&h.kind.as_str())));
    // A stable sort: at one instant they stay in the order in which they came.
    all.sort_by_key(|(at, _)| *at);
    // What has been shown is counted from the oldest: what happens meanwhile moves nothing.
    let end = before.unwrap_or(all.len()).min(all.len());
    let start = end.saturating_sub(limit);
    let next = (start > 0).then(|| cursor(&start)).flatten();
    let happenings = all.drain(start..end).rev().map(|(_, happening)| happening).collect();
    Ok(Json(Timeline { happenings, next }))
}

type Found = Vec<(Instant, Happening)>;

fn happening(at: Instant, kind: &str, subject: impl Into<String>, detail: Value) -> (Instant, Happening) {
    (at, Happening { at: at.to_string(), kind: kind.to_owned(), subject: subject.into(), detail, revision: None })
}

fn fact(row: NewOutcome) -> (Instant, Happening) {
    let (at, mut happening) = happening(row.at, &row.kind, row.subject, serde_json::from_str(&row.detail).unwrap_or_default());
    happening.revision = Some(row.revision.0);
    (at, happening)
}

/// The facts and the ledger's outcomes as they were written down.
async fn told(app: &App, id: &str) -> Result<Found, ApiError> {
    let rows = app.store().account_outcomes(id, Instant::MIN, app.now()).await?;
    Ok(rows.into_iter().map(|row| fact(row.outcome)).collect())
}

fn facts(past: &Past, now: Instant) -> Result<Found, ApiError> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    past.as_of(now, &mut outcomes)?;
    let rows = outcomes.iter().filter_map(|outcome| outcome_of(past.engine.model(), &past.id, 0, outcome));
    Ok(rows.map(fact).collect())
}

fn decisions(past: &Past) -> Result<Found, ApiError> {
    let told = past.history.said.decisions.iter().map(|decision| {
        let action = action_json(&decision.action).map_err(|error| ApiError::Internal(error.to_string()))?;
        let subject = action["action"].as_str().unwrap_or_default().to_owned();
        Ok(happening(decision.at, "decision", subject, json!({ "author": decision.author, "reason": decision.reason, "action": action })))
    });
    told.collect()
}

async fn alerts(app: &App, id: &str) -> Result<Found, ApiError> {
    let ledger = app.store().account_alerts(id).await?;
    let told = ledger.into_iter().filter_map(|alert| match alert.state {
        AlertState::Acknowledged { by, at } => Some(happening(at, "alert_acknowledged", alert.rule, json!({ "by": by, "key": alert.key }))),
        AlertState::Snoozed { by, at, until } => {
            Some(happening(at, "alert_snoozed", alert.rule, json!({ "by": by, "until": until.to_string(), "key": alert.key })))
        }
        AlertState::Closed { by, at, how, reason } => {
            Some(happening(at, "alert_closed", alert.rule, json!({ "by": by, "how": how, "reason": reason, "key": alert.key })))
        }
        AlertState::Open | AlertState::Silent => None,
    });
    Ok(told.collect())
}

async fn notes(app: &App, id: &str) -> Result<Found, ApiError> {
    let notes = app.store().notes(id, &StorePage::first(LIMIT_MAX)).await?;
    let told = notes.into_iter().map(|note| {
        let detail =
            json!({ "id": note.id.as_str(), "kind": note.kind, "body": note.body, "edited_at": note.edited_at.map(|t| t.to_string()) });
        happening(note.at, "note", note.author.to_string(), detail)
    });
    Ok(told.collect())
}
