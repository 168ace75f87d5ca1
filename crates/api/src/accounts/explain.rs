//! Why something of an account is as it is, down to the events, and what would change it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::Value;
use tenure_engine::explain::{EVENTS_SHOWN_MAX, Evidence, Explanation, Unexplained};
use tenure_engine::scenario::parse_subject;
use tenure_model::input::{Entity, Version};
use tenure_replay::History;
use utoipa::IntoParams;

use super::past::{Past, as_of};
use crate::app::App;
use crate::error::ApiError;
use crate::extract::Params;

/// What is to be explained.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// `health`, `stage`, `segment NAME`, `milestone NAME`, `alert NAME`, `alert NAME(PERSON)`, or a column.
    #[param(example = "health")]
    what: String,
    /// As of then; a date means its last instant. Without: now.
    #[param(example = "2026-06-01")]
    as_of: Option<String>,
    /// At most so many events under each metric: to 1000.
    events: Option<usize>,
}

/// Events under a metric at most.
const EVENTS_MAX: usize = 1_000;

struct Told<'a> {
    history: &'a History,
    events_max: usize,
}

impl Evidence for Told<'_> {
    fn event(&self, index: usize) -> Value {
        self.history.events.get(index).and_then(|event| serde_json::to_value(event).ok()).unwrap_or(Value::Null)
    }

    fn versions(&self, field: &str) -> Vec<Version> {
        let of_account = |v: &&Version| v.field == field && matches!(v.entity, Entity::Account(_));
        self.history.said.versions.iter().filter(of_account).cloned().collect()
    }

    fn events_max(&self) -> usize {
        self.events_max
    }
}

/// Why something is as it is: a tree of reasons down to the events, and what would change it. The account is replayed for it.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/explain", tag = "accounts", params(("id" = String, Path, description = "The account", example = "acme"), Asked),
    responses((status = 200, description = "The explanation", body = Value)))]
pub async fn explain(State(app): State<App>, Path(id): Path<String>, Params(asked): Params<Asked>) -> Result<Json<Explanation>, ApiError> {
    let past = Past::of(&app, &id).await?;
    let at = as_of(&app, asked.as_of.as_deref(), past.calendar())?;
    let subject = parse_subject(past.engine.model(), &asked.what).map_err(|message| ApiError::Bad { code: "bad_subject", message })?;
    let events_max = asked.events.unwrap_or(EVENTS_SHOWN_MAX).min(EVENTS_MAX);
    let told = Told { history: &past.history, events_max };
    let id: Arc<str> = past.id.clone();
    let explained = tokio::task::block_in_place(|| past.engine.explain(&id, &past.history.inputs(), &told, at, &subject));
    explained.map(Json).map_err(|error| match error {
        Unexplained::Late(late) => ApiError::Internal(late.to_string()),
        Unexplained::NotYet(_) => ApiError::Bad { code: "not_yet", message: error.to_string() },
        _ => ApiError::Bad { code: "bad_subject", message: error.to_string() },
    })
}
