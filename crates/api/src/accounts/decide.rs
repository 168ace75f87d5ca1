//! What teammates decide about an account: overrides, stages by hand, waivers. Decisions go through the journal like everything that decides,
//! with who, why and when; an answer comes when the engine has followed.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenure_ingest::journal::Record;
use tenure_model::input::{Action, Decision, OverrideKind};
use tenure_model::{Instant, Model};
use tenure_store::transact;
use tenure_tables::action_json;
use utoipa::{IntoParams, ToSchema};

use super::past::{known, time};
use crate::app::App;
use crate::audit::Change;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Body, Params};
use crate::names::known_name;

/// From where decisions come, in the journal.
const SOURCE: &str = "api";

/// What an override does to the computed score.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Replaces it.
    Set,
    /// At most.
    Cap,
    /// At least.
    Floor,
}

/// An override to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOverride {
    /// `total`, `group:NAME` or `measure:NAME`.
    #[schema(example = "total")]
    target: String,
    /// What it does.
    how: How,
    /// The score, 0 to 100.
    #[schema(minimum = 0, maximum = 100, example = 40)]
    value: f64,
    /// It ends by itself then.
    #[schema(example = "2026-12-31")]
    until: Option<String>,
    /// Why: kept for ever, shown wherever the override shows.
    #[schema(example = "Their champion has left")]
    reason: String,
}

/// Overrides a measure, a group or the total. The computed score stays visible beneath.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/overrides", tag = "decisions", request_body = NewOverride,
    params(("id" = String, Path, description = "The account", example = "acme")), responses((status = 204, description = "It holds")))]
pub async fn add_override(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<NewOverride>,
) -> Result<StatusCode, ApiError> {
    let model = app.model();
    known_target(&asked.target, &model)?;
    if !(0.0..=100.0).contains(&asked.value) {
        return Err(ApiError::Bad { code: "bad_value", message: format!("{} is not a score: from 0 to 100", asked.value) });
    }
    let how = match asked.how {
        How::Set => OverrideKind::Set,
        How::Cap => OverrideKind::Cap,
        How::Floor => OverrideKind::Floor,
    };
    let until = until(&app, asked.until.as_deref(), &model)?;
    decide(&app, &caller, &id, asked.reason, Action::Override { target: asked.target, how, value: asked.value, until }).await
}

/// Which override, and why it ends.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Ended {
    /// `total`, `group:NAME` or `measure:NAME`.
    #[param(example = "total")]
    target: String,
    /// Why.
    #[param(example = "They have a new champion")]
    reason: String,
}

/// Ends the overrides of a target.
#[utoipa::path(delete, path = "/api/v1/accounts/{id}/overrides", tag = "decisions",
    params(("id" = String, Path, description = "The account", example = "acme"), Ended), responses((status = 204, description = "They have ended")))]
pub async fn end_override(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Params(asked): Params<Ended>,
) -> Result<StatusCode, ApiError> {
    known_target(&asked.target, &app.model())?;
    decide(&app, &caller, &id, asked.reason, Action::ClearOverride { target: asked.target }).await
}

/// A stage set by hand.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStage {
    /// The stage.
    #[schema(example = "adoption")]
    stage: String,
    /// The account does not move by itself until then; without: until it is set or released again.
    #[schema(example = "2026-12-31")]
    until: Option<String>,
    /// Why.
    #[schema(example = "Agreed in the kick-off")]
    reason: String,
}

/// Sets the stage by hand.
#[utoipa::path(put, path = "/api/v1/accounts/{id}/stage", tag = "decisions", request_body = NewStage,
    params(("id" = String, Path, description = "The account", example = "acme")), responses((status = 204, description = "It holds")))]
pub async fn set_stage(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<NewStage>,
) -> Result<StatusCode, ApiError> {
    let model = app.model();
    known_name("stage", &asked.stage, model.stages.iter().map(|s| s.name.as_str()))?;
    let until = until(&app, asked.until.as_deref(), &model)?;
    decide(&app, &caller, &id, asked.reason, Action::SetStage { stage: asked.stage, until }).await
}

/// Why.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Why {
    /// Why.
    #[param(example = "Back to normal")]
    reason: String,
}

/// Lets the stage move by itself again.
#[utoipa::path(delete, path = "/api/v1/accounts/{id}/stage", tag = "decisions",
    params(("id" = String, Path, description = "The account", example = "acme"), Why), responses((status = 204, description = "It moves again")))]
pub async fn release_stage(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Params(asked): Params<Why>,
) -> Result<StatusCode, ApiError> {
    decide(&app, &caller, &id, asked.reason, Action::ReleaseStage).await
}

/// A waiver.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWaiver {
    /// Why.
    #[schema(example = "They use another product for this")]
    reason: String,
}

/// Lets a milestone off.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/milestones/{milestone}/waiver", tag = "decisions", request_body = NewWaiver,
    params(("id" = String, Path, description = "The account", example = "acme"), ("milestone" = String, Path, description = "The milestone", example = "first_value")),
    responses((status = 204, description = "It is waived")))]
pub async fn waive(
    State(app): State<App>,
    caller: Caller,
    Path((id, milestone)): Path<(String, String)>,
    Body(asked): Body<NewWaiver>,
) -> Result<StatusCode, ApiError> {
    known_name("milestone", &milestone, app.model().milestones.iter().map(|m| m.name.as_str()))?;
    decide(&app, &caller, &id, asked.reason, Action::Waive { milestone }).await
}

/// Writes a decision down, and waits until the engine has followed.
async fn decide(app: &App, caller: &Caller, id: &str, reason: String, action: Action) -> Result<StatusCode, ApiError> {
    let account = known(app, id)?.to_string();
    if reason.trim().is_empty() {
        return Err(ApiError::Bad { code: "missing_reason", message: "`reason` is empty: say why".to_owned() });
    }
    let after = action_json(&action).map_err(|error| ApiError::Internal(error.to_string()))?;
    let change = Change::new(app, caller, "account.decide", &account).after(after);
    let at = app.now();
    let decision = Decision { account, at, author: caller.author().to_owned(), reason, action };
    app.service.record(SOURCE, at, Record::Decision(decision)).await?;
    transact!(app.store(), "audit", |write| change.write(write).await)?;
    app.service.settled().await;
    Ok(StatusCode::NO_CONTENT)
}

fn until(app: &App, asked: Option<&str>, model: &Model) -> Result<Option<Instant>, ApiError> {
    let until = asked.map(|text| time("until", text, &model.calendar)).transpose()?;
    match until.filter(|until| *until <= app.now()) {
        Some(until) => Err(ApiError::Bad { code: "bad_time", message: format!("until: {until} is past") }),
        None => Ok(until),
    }
}

fn known_target(target: &str, model: &Model) -> Result<(), ApiError> {
    let groups = model.scorecards.iter().flat_map(|card| &card.groups);
    match target.split_once(':') {
        None if target == "total" => Ok(()),
        Some(("group", name)) => known_name("group", name, groups.map(|g| g.name.as_str())),
        Some(("measure", name)) => known_name("measure", name, groups.flat_map(|g| &g.measures).map(|m| m.name.as_str())),
        _ => Err(ApiError::Bad {
            code: "bad_target",
            message: format!("`{target}` is nothing that can be overridden: total, group:NAME or measure:NAME"),
        }),
    }
}
