//! Sources: where events come from, each with a write key of its own.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenure_store::{Source, SourceId, transact};
use utoipa::ToSchema;

use crate::app::App;
use crate::audit::Change;
use crate::auth::{Caller, key_hash};
use crate::error::ApiError;
use crate::extract::Body;
use crate::names::named;

/// A source.
#[derive(Serialize, ToSchema)]
#[schema(as = Source)]
pub struct Shown {
    /// Its id.
    #[schema(example = "src_91ac")]
    id: String,
    /// Its name.
    #[schema(example = "web app")]
    name: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// Since when nothing is taken from it.
    disabled_at: Option<String>,
    /// The longest silence, in seconds, that is no defect; null: what was usual so far.
    max_gap_seconds: Option<i64>,
    /// When something came last.
    last_seen_at: Option<String>,
    /// Its write key; told only when it is made.
    write_key: Option<String>,
}

impl Shown {
    fn new(source: Source, write_key: Option<String>) -> Shown {
        Shown {
            id: source.id.to_string(),
            name: source.name,
            created_at: source.created_at.to_string(),
            disabled_at: source.disabled_at.map(|t| t.to_string()),
            max_gap_seconds: source.max_gap_seconds,
            last_seen_at: source.last_seen_at.map(|t| t.to_string()),
            write_key,
        }
    }
}

/// All sources.
#[derive(Serialize, ToSchema)]
pub struct Sources {
    /// By name.
    sources: Vec<Shown>,
}

/// A source to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSource {
    /// Its name: part of what makes two messages the same.
    #[schema(example = "web app")]
    name: String,
    /// The longest silence, in seconds, that is no defect.
    #[schema(example = 86400)]
    max_gap_seconds: Option<i64>,
}

/// What is to be otherwise.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceChange {
    /// Take nothing from it (true), or take again.
    disabled: Option<bool>,
    /// The longest silence, in seconds, that is no defect; 0: what was usual so far.
    #[schema(example = 86400)]
    max_gap_seconds: Option<i64>,
    /// Make a new write key; the present one ends within seconds.
    #[serde(default)]
    new_key: bool,
}

/// All sources.
#[utoipa::path(get, path = "/api/v1/sources", tag = "sources", responses((status = 200, description = "The sources", body = Sources)))]
pub async fn sources(State(app): State<App>) -> Result<Json<Sources>, ApiError> {
    let sources = app.store().sources().await?;
    Ok(Json(Sources { sources: sources.into_iter().map(|s| Shown::new(s, None)).collect() }))
}

/// Makes a source, and tells its write key this once.
#[utoipa::path(post, path = "/api/v1/sources", tag = "sources", request_body = NewSource, responses((status = 201, description = "Made", body = Shown)))]
pub async fn add_source(
    State(app): State<App>,
    caller: Caller,
    Body(asked): Body<NewSource>,
) -> Result<(StatusCode, Json<Shown>), ApiError> {
    let (source, key) = made(&app, named(asked.name)?, gap(asked.max_gap_seconds)?);
    let change = Change::new(&app, &caller, "source.add", source.id.as_str()).after(json!({ "name": source.name }));
    transact!(app.store(), "source", |write| {
        write.add_source(&source).await?;
        change.write(write).await
    })?;
    Ok((StatusCode::CREATED, Json(Shown::new(source, Some(key)))))
}

/// Disables or enables a source, changes its longest silence, makes a new write key.
#[utoipa::path(patch, path = "/api/v1/sources/{id}", tag = "sources", request_body = SourceChange, params(("id" = String, Path, description = "The source", example = "src_91ac")),
    responses((status = 200, description = "Changed", body = Shown)))]
pub async fn change_source(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<SourceChange>,
) -> Result<Json<Shown>, ApiError> {
    let mut source =
        app.store().sources().await?.into_iter().find(|s| s.id.as_str() == id).ok_or(ApiError::NotFound { what: "source", name: id })?;
    let told = |s: &Source| json!({ "disabled_at": s.disabled_at.map(|t| t.to_string()), "max_gap_seconds": s.max_gap_seconds });
    let before = told(&source);
    if let Some(disabled) = asked.disabled {
        source.disabled_at = disabled.then(|| source.disabled_at.unwrap_or_else(|| app.now()));
    }
    if asked.max_gap_seconds.is_some() {
        source.max_gap_seconds = gap(asked.max_gap_seconds.filter(|seconds| *seconds != 0))?;
    }
    let key = asked.new_key.then(|| write_key(&app));
    if let Some(key) = &key {
        source.key_hash = key_hash(key);
    }
    let mut after = told(&source);
    after["new_key"] = asked.new_key.into();
    let change = Change::new(&app, &caller, "source.change", source.id.as_str()).before(before).after(after);
    transact!(app.store(), "source", |write| {
        write.update_source(&source).await?;
        change.write(write).await
    })?;
    app.sources.forget();
    Ok(Json(Shown::new(source, key)))
}

/// Where there is no source yet, makes one, named `first`; gives its write key.
///
/// # Errors
/// What the database says.
pub async fn first_source(app: &App) -> Result<Option<String>, ApiError> {
    if !app.store().sources().await?.is_empty() {
        return Ok(None);
    }
    let (source, key) = made(app, "first".to_owned(), None);
    transact!(app.store(), "source", |write| write.add_source(&source).await)?;
    Ok(Some(key))
}

/// A new source with its write key.
fn made(app: &App, name: String, max_gap_seconds: Option<i64>) -> (Source, String) {
    let key = write_key(app);
    let source = Source {
        id: SourceId::of(&app.secret(6)),
        name,
        key_hash: key_hash(&key),
        created_at: app.now(),
        disabled_at: None,
        max_gap_seconds,
        last_seen_at: None,
    };
    (source, key)
}

fn write_key(app: &App) -> String {
    format!("wk_{}", app.secret(16))
}

fn gap(seconds: Option<i64>) -> Result<Option<i64>, ApiError> {
    match seconds {
        Some(seconds) if !(1..=366 * 86_400).contains(&seconds) => {
            Err(ApiError::Bad { code: "bad_gap", message: format!("max_gap_seconds: {seconds} is not between 1 second and a year") })
        }
        seconds => Ok(seconds),
    }
}
