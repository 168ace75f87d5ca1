//! The model: as it decides now, its revisions, and whether another one would do.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenure_model::definition::Revision;
use tenure_model::diff::diff;
use tenure_model::{Diagnostic, Model, check};
use tenure_store::AppliedModel;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::Body;

/// Files of a model: path within its folder, and text.
type Files = BTreeMap<String, String>;

/// A model as it was applied.
#[derive(Serialize, ToSchema)]
#[schema(as = Model)]
pub struct Applied {
    /// The hash of its definitions.
    #[schema(example = "6c5ad1f0e2b34711")]
    revision: String,
    /// When it was applied.
    #[schema(format = DateTime)]
    applied_at: String,
    /// By whom.
    author: String,
    /// Why.
    reason: String,
    /// Its files: path and text.
    #[schema(value_type = BTreeMap<String, String>)]
    files: Files,
}

/// A revision of the model.
#[derive(Serialize, ToSchema)]
#[schema(as = ModelRevision)]
pub struct Applying {
    /// The hash of its definitions.
    #[schema(example = "6c5ad1f0e2b34711")]
    revision: String,
    /// When it was applied.
    #[schema(format = DateTime)]
    applied_at: String,
    /// By whom.
    author: String,
    /// Why.
    reason: String,
}

/// All revisions.
#[derive(Serialize, ToSchema)]
pub struct Revisions {
    /// The newest first; the first of them decides now.
    revisions: Vec<Applying>,
}

/// A model to be looked at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proposed {
    /// Its files: path and text, all of them.
    #[schema(value_type = BTreeMap<String, String>, example = json!({ "model.yaml": "segments: { enterprise: { when: \"arr > 50000\" } }" }))]
    files: Files,
}

/// Something wrong in a model.
#[derive(Serialize, ToSchema)]
pub struct Fault {
    /// The file.
    #[schema(example = "model.yaml")]
    file: String,
    /// The line, from 1.
    line: usize,
    /// The column in characters, from 1.
    column: usize,
    /// A stable code.
    #[schema(example = "unknown-name")]
    code: &'static str,
    /// What is wrong.
    message: String,
    /// What to do.
    help: Option<String>,
}

impl From<Diagnostic> for Fault {
    fn from(d: Diagnostic) -> Fault {
        Fault { file: d.file, line: d.line, column: d.column, code: d.code, message: d.message, help: d.help }
    }
}

/// Whether a model would do.
#[derive(Serialize, ToSchema)]
pub struct Checked {
    /// The hash of its definitions; null where something is wrong.
    revision: Option<String>,
    /// Everything that is wrong, at once.
    faults: Vec<Fault>,
}

/// A definition that is otherwise.
#[derive(Serialize, ToSchema)]
pub struct DefinitionChange {
    /// `metrics`, `segments`, `lifecycle.stages`, `alerts` …
    #[schema(example = "segments")]
    section: String,
    /// Its name; empty for settings, and where only the order is another.
    #[schema(example = "enterprise")]
    name: String,
    /// What it is in the model that decides now; null where it is new.
    was: Option<Value>,
    /// What it is in the one proposed; null where it is gone.
    is: Option<Value>,
}

/// What a model would change.
#[derive(Serialize, ToSchema)]
pub struct Changes {
    /// The hash of the definitions that decide now.
    from: String,
    /// The hash of those proposed.
    to: String,
    /// Definition by definition.
    changes: Vec<DefinitionChange>,
}

/// The model that decides now, with its files.
#[utoipa::path(get, path = "/api/v1/model", tag = "model", responses((status = 200, description = "The model", body = Applied)))]
pub async fn model(State(app): State<App>) -> Result<Json<Applied>, ApiError> {
    let revision = app.model().revision.clone();
    find(&app, &revision).await.map(|model| Json(applied(model)))
}

/// All models that were applied, the newest first.
#[utoipa::path(get, path = "/api/v1/model/revisions", tag = "model", responses((status = 200, description = "The revisions", body = Revisions)))]
pub async fn revisions(State(app): State<App>) -> Result<Json<Revisions>, ApiError> {
    let models = app.store().models().await?.into_iter().rev();
    let revisions =
        models.map(|m| Applying { revision: m.revision.0, applied_at: m.applied_at.to_string(), author: m.author, reason: m.reason });
    Ok(Json(Revisions { revisions: revisions.collect() }))
}

/// A model that was applied, with its files.
#[utoipa::path(get, path = "/api/v1/model/revisions/{revision}", tag = "model", params(("revision" = String, Path, description = "The hash of its definitions", example = "6c5ad1f0e2b34711")),
    responses((status = 200, description = "The model", body = Applied)))]
pub async fn revision(State(app): State<App>, Path(revision): Path<String>) -> Result<Json<Applied>, ApiError> {
    find(&app, &Revision(revision)).await.map(|model| Json(applied(model)))
}

/// Is a model right? Everything that is wrong is told at once.
#[utoipa::path(post, path = "/api/v1/model/check", tag = "model", request_body = Proposed, responses((status = 200, description = "Whether it would do", body = Checked)))]
pub async fn check_model(Body(asked): Body<Proposed>) -> Json<Checked> {
    let checked = tokio::task::block_in_place(|| read(&asked.files));
    Json(match checked {
        Ok(model) => Checked { revision: Some(model.revision.0), faults: vec![] },
        Err(faults) => Checked { revision: None, faults: faults.into_iter().map(Fault::from).collect() },
    })
}

/// What a model would change, definition by definition.
#[utoipa::path(post, path = "/api/v1/model/diff", tag = "model", request_body = Proposed, responses((status = 200, description = "What it would change", body = Changes)))]
pub async fn diff_model(State(app): State<App>, Body(asked): Body<Proposed>) -> Result<Json<Changes>, ApiError> {
    let present = app.model();
    let proposed = right(&asked.files)?;
    let changes = diff(&present, &proposed).into_iter();
    let changes = changes.map(|d| DefinitionChange { section: d.section, name: d.name, was: d.was, is: d.is }).collect();
    Ok(Json(Changes { from: present.revision.0.clone(), to: proposed.revision.0, changes }))
}

async fn find(app: &App, revision: &Revision) -> Result<AppliedModel, ApiError> {
    app.store().model(revision).await?.ok_or_else(|| ApiError::NotFound { what: "revision", name: revision.0.clone() })
}

fn applied(model: AppliedModel) -> Applied {
    Applied {
        revision: model.revision.0,
        applied_at: model.applied_at.to_string(),
        author: model.author,
        reason: model.reason,
        files: model.files,
    }
}

fn read(files: &Files) -> Result<Model, Vec<Diagnostic>> {
    let files: Vec<(String, String)> = files.iter().map(|(path, text)| (path.clone(), text.clone())).collect();
    check(&files)
}

/// A model without faults.
///
/// # Errors
/// The faults, one a line.
pub(crate) fn right(files: &Files) -> Result<Model, ApiError> {
    tokio::task::block_in_place(|| read(files)).map_err(|faults| ApiError::Bad {
        code: "bad_model",
        message: faults.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n"),
    })
}
