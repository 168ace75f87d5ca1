//! Applying a model: all accounts are told by it in the background, then it takes over at once; watched, cancelled, rolled back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenure_engine::Engine;
use tenure_model::Model;
use tenure_model::definition::Revision;
use tenure_store::{AppliedModel, transact};
use utoipa::ToSchema;

use crate::app::App;
use crate::audit::Change;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Body;
use crate::model::right;

/// The change of the model that is under way, or was last.
#[derive(Clone, Default)]
pub(crate) struct Applying(Arc<Mutex<Option<Application>>>);

#[derive(Clone)]
struct Application {
    revision: String,
    author: String,
    began_at: String,
    /// None while it is under way.
    ended: Option<Result<(), String>>,
}

impl Applying {
    fn last(&self) -> MutexGuard<'_, Option<Application>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins, unless another one is under way.
    fn begin(&self, new: Application) -> Result<(), ApiError> {
        let mut last = self.last();
        if last.as_ref().is_some_and(|last| last.ended.is_none()) {
            let message = "another model is being applied: wait for it, or cancel it (DELETE /api/v1/model/apply)".to_owned();
            return Err(ApiError::Conflict { code: "applying", message });
        }
        *last = Some(new);
        Ok(())
    }

    fn end(&self, ended: Result<(), String>) {
        if let Some(last) = self.last().as_mut() {
            last.ended = Some(ended);
        }
    }
}

/// A model to be applied.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Apply {
    /// Its files: path and text, all of them.
    #[schema(example = json!({ "model.yaml": "segments: { enterprise: { when: \"arr > 50000\" } }" }))]
    files: BTreeMap<String, String>,
    /// The revision that it was made from: refused where another one decides meanwhile.
    base: Option<String>,
    /// Why.
    #[schema(example = "Enterprise begins at 50k now")]
    reason: String,
}

/// A revision to go back to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollBack {
    /// One of those that were applied.
    #[schema(example = "6c5ad1f0e2b34711")]
    revision: String,
    /// Why.
    #[schema(example = "Too many alerts")]
    reason: String,
}

/// How a change of the model stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplyState {
    /// Accounts are being told by the new model; the one before decides.
    Running,
    /// The new model decides.
    Done,
    /// It did not come to that; the model before decides.
    Failed,
}

/// A change of the model.
#[derive(Serialize, ToSchema)]
pub struct ApplyStatus {
    /// The model that is to decide.
    #[schema(example = "6c5ad1f0e2b34711")]
    revision: String,
    /// Who applied it.
    author: String,
    /// When it began.
    #[schema(format = DateTime)]
    began_at: String,
    /// How it stands.
    state: ApplyState,
    /// While it is running: the share of events that are told, 0 to 1.
    share: Option<f64>,
    /// Why it failed.
    error: Option<String>,
}

/// The last change of the model; null where there was none since the start.
#[derive(Serialize, ToSchema)]
pub struct ApplyLast {
    /// It.
    last: Option<ApplyStatus>,
}

impl ApplyStatus {
    fn new(app: &App, of: Application) -> ApplyStatus {
        let (state, error) = match of.ended {
            None => (ApplyState::Running, None),
            Some(Ok(())) => (ApplyState::Done, None),
            Some(Err(why)) => (ApplyState::Failed, Some(why)),
        };
        let share = app.service.progress().share().filter(|_| matches!(state, ApplyState::Running));
        ApplyStatus { revision: of.revision, author: of.author, began_at: of.began_at, state, share, error }
    }
}

/// Applies a model: accounts are told by it in the background; then it takes over at once. GET tells how far it is.
#[utoipa::path(post, path = "/api/v1/model/apply", tag = "model", request_body = Apply, responses((status = 202, description = "It has begun", body = ApplyStatus)))]
pub async fn apply_model(
    State(app): State<App>,
    caller: Caller,
    Body(asked): Body<Apply>,
) -> Result<(StatusCode, Json<ApplyStatus>), ApiError> {
    let present = app.model().revision.0.clone();
    if let Some(base) = asked.base.filter(|base| *base != present) {
        let message = format!(
            "the model was changed meanwhile: it is {present}, not {base}; compare (POST /api/v1/model/diff), then apply on top of it"
        );
        return Err(ApiError::Conflict { code: "stale", message });
    }
    let model = right(&asked.files)?;
    begin(&app, &caller, "model.apply", model, asked.files, asked.reason)
}

/// Goes back to a model that was applied before, in the same way.
#[utoipa::path(post, path = "/api/v1/model/rollback", tag = "model", request_body = RollBack, responses((status = 202, description = "It has begun", body = ApplyStatus)))]
pub async fn roll_back(
    State(app): State<App>,
    caller: Caller,
    Body(asked): Body<RollBack>,
) -> Result<(StatusCode, Json<ApplyStatus>), ApiError> {
    let known = app.store().model(&Revision(asked.revision.clone())).await?;
    let files = known.ok_or(ApiError::NotFound { what: "revision", name: asked.revision })?.files;
    let model = right(&files)?;
    begin(&app, &caller, "model.rollback", model, files, asked.reason)
}

/// How the last change of the model stands.
#[utoipa::path(get, path = "/api/v1/model/apply", tag = "model", responses((status = 200, description = "How it stands", body = ApplyLast)))]
pub async fn applying(State(app): State<App>) -> Json<ApplyLast> {
    let last = app.applying.last().clone();
    Json(ApplyLast { last: last.map(|last| ApplyStatus::new(&app, last)) })
}

/// Cancels the change of the model that is under way; the model before goes on deciding.
#[utoipa::path(delete, path = "/api/v1/model/apply", tag = "model", responses((status = 204, description = "It ends at the next opportunity, unless it is done by then")))]
pub async fn cancel_apply(State(app): State<App>) -> StatusCode {
    app.service.cancel_switch();
    StatusCode::NO_CONTENT
}

fn begin(
    app: &App,
    caller: &Caller,
    action: &str,
    model: Model,
    files: BTreeMap<String, String>,
    reason: String,
) -> Result<(StatusCode, Json<ApplyStatus>), ApiError> {
    if reason.trim().is_empty() {
        return Err(ApiError::Bad { code: "missing_reason", message: "`reason` is empty: say why".to_owned() });
    }
    let was = app.model().revision.0.clone();
    let revision = model.revision.clone();
    let now = app.now();
    let new = Application { revision: revision.0.clone(), author: caller.author().to_owned(), began_at: now.to_string(), ended: None };
    app.applying.begin(new.clone())?;
    let after = json!({ "revision": revision.0, "reason": reason });
    let change = Change::new(app, caller, action, &revision.0).before(json!({ "revision": was })).after(after);
    let applied = AppliedModel { revision, applied_at: now, author: caller.author().to_owned(), reason, files };
    let engine = Arc::new(Engine::new(Arc::new(model)));
    let background = app.clone();
    tokio::spawn(async move {
        let app = background;
        let mut ended = app.service.switch(engine, applied).await.map_err(|error| error.to_string());
        if ended.is_ok() {
            let audited = transact!(app.store(), "audit", |write| change.write(write).await);
            ended = audited.map_err(|error| format!("the model decides, but the audit log could not be written: {error}"));
        }
        app.applying.end(ended);
    });
    Ok((StatusCode::ACCEPTED, Json(ApplyStatus::new(app, new))))
}
