//! Segments: how many accounts are in each, which, and who came and went.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::Value;
use tenure_model::Instant;
use tenure_store::{Outcome, Page as StorePage};
use utoipa::ToSchema;

use crate::accounts::{ListAsked, ListPage, list_where};
use crate::app::App;
use crate::error::ApiError;
use crate::extract::Params;
use crate::names::known_name;
use crate::page::{Limit, PageAsked, cursor, read_cursor};

/// A segment.
#[derive(Serialize, ToSchema)]
pub struct Segment {
    /// Its name.
    #[schema(example = "enterprise")]
    name: String,
    /// `account` or `person`.
    of: &'static str,
    /// Its condition.
    #[schema(example = "tier = 1")]
    when: String,
    /// How many accounts (or persons) are in it.
    members: u64,
}

/// All segments.
#[derive(Serialize, ToSchema)]
pub struct Segments {
    /// Those of accounts, then those of persons, in the model's order.
    segments: Vec<Segment>,
}

/// All segments, with how many accounts (or persons) are in each.
#[utoipa::path(get, path = "/api/v1/segments", tag = "segments", responses((status = 200, description = "The segments", body = Segments)))]
pub async fn segments(State(app): State<App>) -> Result<Json<Segments>, ApiError> {
    let model = app.model();
    let mut of_accounts = vec![0u64; model.segments.len()];
    let mut of_persons = vec![0u64; model.person_segments.len()];
    app.each_account(&model, |_, account| {
        for (segment, members) in model.segments.iter().zip(&mut of_accounts) {
            *members += u64::from(account.value(segment.column).as_bool() == Some(true));
        }
        for (_, _, row) in account.people() {
            for (segment, members) in model.person_segments.iter().zip(&mut of_persons) {
                *members += u64::from(row.get(segment.column as usize).and_then(tenure_model::Value::as_bool) == Some(true));
            }
        }
    });
    let all = model
        .segments
        .iter()
        .zip(of_accounts)
        .map(|s| (s, "account"))
        .chain(model.person_segments.iter().zip(of_persons).map(|s| (s, "person")));
    let segments = all.map(|((s, members), of)| Segment { name: s.name.clone(), of, when: s.when.sql().to_owned(), members });
    Ok(Json(Segments { segments: segments.collect() }))
}

/// The accounts in a segment, in an order, page by page.
#[utoipa::path(get, path = "/api/v1/segments/{name}/members", tag = "segments", params(("name" = String, Path, description = "A segment of accounts", example = "enterprise"), ListAsked),
    responses((status = 200, description = "A page", body = ListPage)))]
pub async fn members(
    State(app): State<App>,
    Path(name): Path<String>,
    Params(asked): Params<ListAsked>,
) -> Result<Json<ListPage>, ApiError> {
    let model = app.model();
    known_name("segment", &name, model.segments.iter().map(|s| s.name.as_str()))?;
    list_where(&app, asked, Some(&name))
}

/// Somebody came or went.
#[derive(Serialize, ToSchema)]
pub struct Move {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// The account.
    #[schema(example = "acme")]
    account: String,
    /// The person, for segments of persons.
    person: Option<String>,
    /// Came (true) or went.
    member: bool,
}

/// A page of comings and goings.
#[derive(Serialize, ToSchema)]
pub struct Moves {
    /// Newest first.
    moves: Vec<Move>,
    /// Give it as `cursor` for the next page; null on the last.
    next: Option<String>,
}

/// Who came into a segment and who left it while the service ran, newest first.
#[utoipa::path(get, path = "/api/v1/segments/{name}/history", tag = "segments", params(("name" = String, Path, description = "A segment of accounts", example = "enterprise"), PageAsked),
    responses((status = 200, description = "A page", body = Moves)))]
pub async fn segment_history(
    State(app): State<App>,
    Path(name): Path<String>,
    Params(asked): Params<PageAsked>,
) -> Result<Json<Moves>, ApiError> {
    let model = app.model();
    known_name("segment", &name, model.segments.iter().map(|s| s.name.as_str()))?;
    let limit = Limit::of(asked.limit)?;
    let before = asked.cursor.as_deref().map(read_cursor::<(i64, i64)>).transpose()?;
    let page = StorePage { before: before.map(|(at, number)| (Instant(at), number)), limit };
    let found = app.store().outcomes_of("segment", &name, &page).await?;
    let next = found.last().filter(|_| found.len() >= limit as usize).and_then(|last| cursor(&(last.outcome.at.0, last.number)));
    Ok(Json(Moves { moves: found.into_iter().map(moved).collect(), next }))
}

fn moved(outcome: Outcome) -> Move {
    let detail: Value = serde_json::from_str(&outcome.outcome.detail).unwrap_or_default();
    Move {
        at: outcome.outcome.at.to_string(),
        account: outcome.outcome.account,
        person: detail["person"].as_str().map(str::to_owned),
        member: detail["member"].as_bool().unwrap_or_default(),
    }
}
