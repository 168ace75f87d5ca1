//! Imports: all of them, how one stands, giving one up.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::Value;
use tenure_import::Phase;
use tenure_model::Instant;
use tenure_service::{Cancelled, ImportNews};
use tenure_store::{Import, ImportStatus, Page};
use utoipa::ToSchema;

use super::numbered;
use crate::app::App;
use crate::audit::Change;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::page::{Limit, PageAsked, cursor, read_cursor};

/// How an import stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// It waits for its turn.
    Queued,
    /// It is under way; a restart of the server takes it up again.
    Running,
    /// Everything is in, and every account is told by it.
    Done,
    /// It ended before that: `error` says why.
    Failed,
    /// Somebody gave it up; nothing of it was kept.
    Cancelled,
}

impl From<ImportStatus> for ImportState {
    fn from(status: ImportStatus) -> ImportState {
        match status {
            ImportStatus::Queued => ImportState::Queued,
            ImportStatus::Running => ImportState::Running,
            ImportStatus::Done => ImportState::Done,
            ImportStatus::Failed => ImportState::Failed,
            ImportStatus::Cancelled => ImportState::Cancelled,
        }
    }
}

/// What a running import is doing.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportPhase {
    /// The file is read; nothing of it is kept yet, and it can be cancelled.
    Reading,
    /// What it says of accounts, people and subscriptions is written.
    Writing,
    /// Its events are put in their places.
    Settling,
    /// Its accounts are told from their history anew.
    Telling,
}

impl From<Phase> for ImportPhase {
    fn from(phase: Phase) -> ImportPhase {
        match phase {
            Phase::Reading => ImportPhase::Reading,
            Phase::Writing => ImportPhase::Writing,
            Phase::Settling => ImportPhase::Settling,
            Phase::Telling => ImportPhase::Telling,
        }
    }
}

/// An import of a file.
#[derive(Serialize, ToSchema)]
#[schema(as = Import)]
pub struct Shown {
    /// Its number.
    #[schema(example = 7)]
    id: i64,
    /// What the file holds: `accounts`, `people`, `subscriptions` or `events`.
    #[schema(example = "accounts")]
    kind: String,
    /// The file's name.
    #[schema(example = "accounts.csv")]
    file: String,
    /// The source that its events are said to come from.
    #[schema(example = "file")]
    source: String,
    /// The date of rows that have none.
    at: Option<String>,
    /// Who asked for it; null: the command line.
    #[schema(example = "ann@example.com")]
    author: Option<String>,
    /// How it stands.
    state: ImportState,
    /// What is being done, while it is running.
    phase: Option<ImportPhase>,
    /// The share of the phase that is done, 0 to 1.
    share: Option<f64>,
    /// Rows that were read.
    #[schema(example = 500)]
    rows: u64,
    /// Values, memberships and events that were new; 0 until it is done.
    #[schema(example = 2481)]
    imported: u64,
    /// Values, memberships and events that were known before; 0 until it is done.
    #[schema(example = 19)]
    unchanged: u64,
    /// Rows that could not be read.
    #[schema(example = 2)]
    rejected: u64,
    /// Values that contradict another one of the same date; the greater text holds.
    contradictions: u64,
    /// Rows a second, all phases together.
    rate: Option<f64>,
    /// When it began; while it waits, when it was asked for.
    #[schema(format = DateTime)]
    started_at: String,
    /// When it ended.
    finished_at: Option<String>,
    /// Why it failed.
    error: Option<String>,
}

impl Shown {
    pub(super) fn new(app: &App, import: Import) -> Shown {
        let progress = app.service.import_progress(import.id).filter(|_| import.status == ImportStatus::Running);
        let (rows, rejected) = progress.as_ref().map_or((import.counts.rows, import.counts.rejected), |p| (p.rows(), p.rejected()));
        let until = import.finished_at.or(progress.as_ref().map(|_| app.now()));
        let seconds = until.map(|until| (until.0 - import.started_at.0) as f64 / 1e6).filter(|seconds| *seconds > 0.0);
        Shown {
            id: import.id,
            kind: import.key.kind,
            file: import.file,
            source: import.key.source,
            at: import.key.dated.map(|t| t.to_string()),
            author: Some(import.author).filter(|author| !author.is_empty()),
            state: import.status.into(),
            phase: progress.as_ref().map(|p| p.phase().into()),
            share: progress.as_ref().map(|p| p.share()),
            rows,
            imported: import.counts.accepted,
            unchanged: import.counts.duplicates,
            rejected,
            contradictions: import.counts.conflicts,
            rate: seconds.map(|seconds| (rows as f64 / seconds * 10.0).round() / 10.0),
            started_at: import.started_at.to_string(),
            finished_at: import.finished_at.map(|t| t.to_string()),
            error: import.error,
        }
    }
}

/// What listeners to changes are told of an import.
pub(crate) fn of_news(news: &ImportNews) -> Value {
    serde_json::json!({
        "id": news.id, "state": ImportState::from(news.status), "phase": news.phase.map(ImportPhase::from), "share": news.share,
        "rows": news.rows, "rejected": news.rejected,
    })
}

/// A page of imports.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportPage)]
pub struct Imports {
    /// Newest first.
    imports: Vec<Shown>,
    /// Give it as `cursor` for the next page; null on the last.
    next: Option<String>,
}

/// All imports, newest first; those of the command line too.
#[utoipa::path(get, path = "/api/v1/imports", tag = "imports", params(PageAsked), responses((status = 200, description = "A page", body = Imports)))]
pub async fn imports(State(app): State<App>, Params(asked): Params<PageAsked>) -> Result<Json<Imports>, ApiError> {
    let before = asked.cursor.as_deref().map(read_cursor::<(i64, i64)>).transpose()?;
    let page = Page { before: before.map(|(at, id)| (Instant(at), id)), limit: Limit::of(asked.limit)? };
    let found = app.store().imports_page(&page).await?;
    let last = found.last().filter(|_| found.len() >= page.limit as usize);
    let next = last.and_then(|last| cursor(&(last.started_at.0, last.id)));
    Ok(Json(Imports { imports: found.into_iter().map(|import| Shown::new(&app, import)).collect(), next }))
}

/// How an import stands, with its progress while it is running.
#[utoipa::path(get, path = "/api/v1/imports/{id}", tag = "imports", params(("id" = String, Path, description = "Its number", example = "1")),
    responses((status = 200, description = "It", body = Shown)))]
pub async fn import(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Shown>, ApiError> {
    Ok(Json(Shown::new(&app, numbered(&app, &id).await?)))
}

/// Gives up an import that waits or is being read: nothing of it is kept. Later it goes to its end (409 `too_late`).
#[utoipa::path(post, path = "/api/v1/imports/{id}/cancel", tag = "imports", params(("id" = String, Path, description = "Its number", example = "1")),
    responses((status = 202, description = "It ends at the next opportunity", body = Shown)))]
pub async fn cancel_import(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<(axum::http::StatusCode, Json<Shown>), ApiError> {
    let import = numbered(&app, &id).await?;
    let change = Change::new(&app, &caller, "import.cancel", &id);
    match app.service.cancel_import(import.id, change.entry()).await? {
        Cancelled::Yes => Ok((axum::http::StatusCode::ACCEPTED, Json(Shown::new(&app, numbered(&app, &id).await?)))),
        Cancelled::TooLate => {
            let message = "something of it is kept already: it goes to its end".to_owned();
            Err(ApiError::Conflict { code: "too_late", message })
        }
        Cancelled::Ended => Err(ApiError::Conflict { code: "ended", message: format!("the import {id} has ended") }),
    }
}
