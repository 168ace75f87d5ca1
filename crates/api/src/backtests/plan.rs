//! What applying a model would change: who stands otherwise, which alerts would fire at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tenure_backtest::Watch;
use tenure_backtest::compare::{Side, compare};
use tenure_engine::{Engine, Mode};
use tenure_model::Model;
use tenure_model::diff::diff;
use tenure_model::time::Span;
use tenure_replay::Scope;
use utoipa::ToSchema;

use super::ask::replayed;
use super::jobs::{Answer, Backtest, QuestionKind};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Body;
use crate::model::right;

/// Days in which firings are counted, unless asked otherwise, and at most.
const DAYS: i32 = 90;
const DAYS_MAX: i32 = 3660;

/// A model that might be applied.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanAsked {
    /// Its files: path and text, all of them.
    #[schema(example = json!({ "model.yaml": "segments: { enterprise: { when: \"arr > 50000\" } }" }))]
    files: BTreeMap<String, String>,
    /// In how many days up to now firings are counted; 90 unless said otherwise.
    #[schema(minimum = 1, maximum = 3660)]
    days: Option<i32>,
}

/// Asks what applying a model would change: definitions, who stands otherwise now, alerts that would fire at once and in the last days. It is answered in
/// the background: GET /api/v1/backtests/{id} tells how far it is.
#[utoipa::path(post, path = "/api/v1/model/plan", tag = "model", request_body = PlanAsked, responses((status = 202, description = "It is asked", body = Backtest)))]
pub async fn plan_model(
    State(app): State<App>,
    caller: Caller,
    Body(asked): Body<PlanAsked>,
) -> Result<(StatusCode, Json<Backtest>), ApiError> {
    let days = asked.days.unwrap_or(DAYS);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(ApiError::Bad { code: "bad_backtest", message: format!("days is 1 to {DAYS_MAX}") });
    }
    let (old, new) = (app.model(), Arc::new(right(&asked.files)?));
    let at = app.now();
    let from = new.calendar.add(at, Span::Days(days), -1);
    let (_, events) = app.service.archived()?;
    let shown = json!({ "from": old.revision.0, "to": new.revision.0, "days": days });
    let state = app.clone();
    let job = app.backtests.begin(&app, &caller, QuestionKind::Plan, shown, move |job| async move {
        job.total.store(2 * events, Ordering::Relaxed);
        let watch = Watch::standing();
        let through = |model: &Arc<Model>| {
            let engine = Arc::new(Engine::new(model.clone()));
            replayed(&state, &job, &Scope { columns: watch.columns(&engine), known: None }, &watch, engine, at, Mode::Exact)
        };
        let (before, after) = (through(&old)?, through(&new)?);
        let effect = compare(Side { model: &old, timelines: &before }, Side { model: &new, timelines: &after }, from, at);
        let findings =
            json!({ "from": old.revision.0, "to": new.revision.0, "definitions": diff(&old, &new), "days": days, "effect": effect });
        Ok(Answer { findings, cases: Vec::new() })
    })?;
    Ok((StatusCode::ACCEPTED, Json(job.shown(true))))
}
