//! The cases behind the figures of a backtest, page by page, each with where its reasons are told.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use tenure_backtest::tally::{Case, Verdict};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::error::ApiError;
use crate::extract::Params;
use crate::page::{Limit, cursor, read_cursor};

/// Which cases.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CasesAsked {
    /// Only those that turned out so: `hit`, `false_alarm`, `censored`, `miss`, `early` or `unforeseeable`.
    verdict: Option<String>,
    /// At most so many.
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A firing, or an outcome that none foretold.
#[derive(Serialize, ToSchema)]
pub struct BacktestCase {
    /// The account.
    account: String,
    /// The person, for rules of persons.
    person: Option<String>,
    /// Of what it is a sign: `alert`, `segment`, `stage`, `missed` or `reached`.
    of: &'static str,
    /// How it turned out: `hit`, `false_alarm`, `censored` (too late to tell), `miss`, `early` (missed, though it fired long before), `unforeseeable`.
    #[schema(example = "hit")]
    verdict: String,
    /// When it fired; null where it did not.
    #[schema(format = DateTime)]
    fired_at: Option<String>,
    /// When it was over; null where it is not.
    #[schema(format = DateTime)]
    resolved_at: Option<String>,
    /// When the outcome came; null where it did not.
    #[schema(format = DateTime)]
    outcome_at: Option<String>,
    /// Whose the account was when it fired.
    owner: Option<String>,
    /// As of when to ask for its reasons: GET /api/v1/accounts/{account}/explain?as_of=…
    #[schema(format = DateTime)]
    explain_as_of: Option<String>,
}

/// Cases of a backtest.
#[derive(Serialize, ToSchema)]
pub struct BacktestCases {
    /// By account, then time.
    cases: Vec<BacktestCase>,
    /// All that turned out so.
    total: usize,
    /// Of the next page; null on the last.
    next: Option<String>,
}

/// The cases behind the figures: firings, and outcomes that none foretold.
#[utoipa::path(get, path = "/api/v1/backtests/{id}/cases", tag = "model", params(("id" = String, Path, description = "The backtest's number", example = "7"), CasesAsked),
    responses((status = 200, description = "The cases", body = BacktestCases)))]
pub async fn backtest_cases(
    State(app): State<App>,
    Path(id): Path<String>,
    Params(asked): Params<CasesAsked>,
) -> Result<Json<BacktestCases>, ApiError> {
    let job = app.backtests.find(&id)?;
    let wanted: Option<Verdict> =
        asked.verdict.map(|text| serde_json::from_value(text.clone().into()).map_err(|_| unknown(&text))).transpose()?;
    let from: usize = asked.cursor.as_deref().map(read_cursor).transpose()?.unwrap_or(0);
    let limit = Limit::of(asked.limit)? as usize;
    let Some(answer) = job.answer() else {
        return Err(ApiError::Conflict {
            code: "not_yet",
            message: "it is not answered: GET /api/v1/backtests/{id} tells how it stands".to_owned(),
        });
    };
    let all: Vec<&(&'static str, Case)> =
        answer.cases.iter().filter(|(_, case)| wanted.is_none_or(|verdict| case.verdict == verdict)).collect();
    let cases = all.iter().skip(from).take(limit).map(|(of, case)| shown(of, case)).collect();
    // A cursor that somebody made up may be any number.
    let until = from.saturating_add(limit);
    let next = (until < all.len()).then(|| cursor(&until)).flatten();
    Ok(Json(BacktestCases { cases, total: all.len(), next }))
}

fn unknown(verdict: &str) -> ApiError {
    let message = format!("`{verdict}` is no verdict: hit, false_alarm, censored, miss, early or unforeseeable");
    ApiError::Bad { code: "bad_verdict", message }
}

fn shown(of: &'static str, case: &Case) -> BacktestCase {
    let time = |at: Option<tenure_model::Instant>| at.map(|at| at.to_string());
    BacktestCase {
        account: case.account.to_string(),
        person: case.person.as_ref().map(ToString::to_string),
        of,
        verdict: serde_json::to_value(case.verdict).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default(),
        fired_at: time(case.fired),
        resolved_at: time(case.resolved),
        outcome_at: time(case.outcome),
        owner: case.owner.as_ref().map(ToString::to_string),
        // Just before the outcome, where nothing fired: with it, the account may leave everything.
        explain_as_of: time(case.fired.or(case.outcome.map(|at| at.plus(-1)))),
    }
}
