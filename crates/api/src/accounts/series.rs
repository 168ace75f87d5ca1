//! Metrics and health of an account over time, one value a date, as a replay has them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use tenure_engine::{Account, Happened, Life, Outcome, Sink};
use tenure_model::definition::{Builtin, ColumnId};
use tenure_model::{Calendar, Day, Instant, Model, Value};
use utoipa::{IntoParams, ToSchema};

use super::past::{Past, as_of, time};
use crate::app::App;
use crate::error::ApiError;
use crate::extract::Params;
use crate::names::unknown_column;

/// Dates that are told unless asked otherwise …
const DATES: i32 = 90;
/// … and at most.
const DATES_MAX: i32 = 1_100;

/// Which dates.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Columns, separated by commas; without: all metrics.
    #[param(example = "logins_7d,seat_use")]
    columns: Option<String>,
    /// From this date on; without: the 90 dates up to `to`.
    #[param(example = "2026-03-01")]
    from: Option<String>,
    /// Up to and with this date; without: today.
    #[param(example = "2026-06-01")]
    to: Option<String>,
}

/// Values by date.
#[derive(Serialize, ToSchema)]
pub struct Series {
    /// The dates on which the account was a customer, in order; the last may be today, as it stands.
    #[schema(example = json!(["2026-05-31", "2026-06-01"]))]
    dates: Vec<String>,
    /// By column, a value for each date: as of its last instant.
    #[schema(example = json!({ "logins_7d": [12.0, 9.0] }))]
    values: BTreeMap<String, Vec<serde_json::Value>>,
}

/// Metrics (or any columns) of an account by date.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/metrics", tag = "accounts", params(("id" = String, Path, description = "The account", example = "acme"), Asked),
    responses((status = 200, description = "Values by date", body = Series)))]
pub async fn metrics(State(app): State<App>, Path(id): Path<String>, Params(asked): Params<Asked>) -> Result<Json<Series>, ApiError> {
    let past = Past::of(&app, &id).await?;
    let model = past.engine.model().clone();
    let columns = match &asked.columns {
        None => model.metrics.iter().map(|m| m.column).collect(),
        Some(text) => text.split(',').map(|name| column(&model, name.trim())).collect::<Result<Vec<_>, _>>()?,
    };
    let span = Span::of(&app, &asked, &model.calendar)?;
    let mut days = Days { columns, from: span.from, to: span.to, dates: vec![], rows: vec![], bands: vec![] };
    let account = past.as_of(span.at, &mut days)?;
    days.last(&account);
    let values = days
        .columns
        .iter()
        .enumerate()
        .map(|(i, c)| (model.account[*c as usize].name.clone(), days.rows.iter().map(|row| row[i].to_json()).collect()));
    Ok(Json(Series { dates: days.dates.iter().map(Day::to_string).collect(), values: values.collect() }))
}

/// Health by date.
#[derive(Serialize, ToSchema)]
pub struct HealthSeries {
    /// The dates on which the account was a customer, in order; the last may be today, as it stands.
    dates: Vec<String>,
    /// The score at the end of each date.
    score: Vec<serde_json::Value>,
    /// Its coverage.
    coverage: Vec<serde_json::Value>,
    /// Its band.
    band: Vec<serde_json::Value>,
    /// The stage.
    stage: Vec<serde_json::Value>,
    /// When the band changed within these dates.
    bands: Vec<BandChange>,
}

/// The band of a score changed.
#[derive(Serialize, ToSchema)]
pub struct BandChange {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// To which band.
    band: Option<String>,
    /// With which score.
    score: Option<f64>,
}

/// The health of an account by date, with the instants at which its band changed.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/health", tag = "accounts", params(("id" = String, Path, description = "The account", example = "acme"), Asked),
    responses((status = 200, description = "Health by date", body = HealthSeries)))]
pub async fn health(State(app): State<App>, Path(id): Path<String>, Params(asked): Params<Asked>) -> Result<Json<HealthSeries>, ApiError> {
    let past = Past::of(&app, &id).await?;
    let span = Span::of(&app, &asked, past.calendar())?;
    let columns = [Builtin::Health, Builtin::HealthCoverage, Builtin::HealthBand, Builtin::Stage].map(Builtin::column).to_vec();
    let mut days = Days { columns, from: span.from, to: span.to, dates: vec![], rows: vec![], bands: vec![] };
    let account = past.as_of(span.at, &mut days)?;
    days.last(&account);
    let from = past.calendar().midnight(span.from);
    let series = |i: usize| days.rows.iter().map(|row| row[i].to_json()).collect::<Vec<_>>();
    let bands = days.bands.iter().filter(|b| b.0 >= from).map(|(at, band, score)| BandChange {
        at: at.to_string(),
        band: band.clone(),
        score: *score,
    });
    Ok(Json(HealthSeries {
        dates: days.dates.iter().map(Day::to_string).collect(),
        score: series(0),
        coverage: series(1),
        band: series(2),
        stage: series(3),
        bands: bands.collect(),
    }))
}

fn column(model: &Model, name: &str) -> Result<ColumnId, ApiError> {
    let found = model.account.iter().position(|c| c.name == name).map(|i| i as ColumnId);
    found.ok_or_else(|| unknown_column(name, model.account.iter().map(|c| c.name.as_str())))
}

/// The dates asked for, and up to when the account is told for them.
struct Span {
    from: Day,
    to: Day,
    at: Instant,
}

impl Span {
    fn of(app: &App, asked: &Asked, calendar: &Calendar) -> Result<Span, ApiError> {
        let at = as_of(app, asked.to.as_deref(), calendar)?;
        let to = calendar.day(at);
        let from = asked.from.as_deref().map(|text| time("from", text, calendar)).transpose()?;
        let from = from.map_or(Day(to.0 - DATES + 1), |t| calendar.day(t));
        if from > to || to.0 - from.0 >= DATES_MAX {
            return Err(ApiError::Bad {
                code: "bad_span",
                message: format!("from {from} to {to}: at least 1 and at most {DATES_MAX} dates"),
            });
        }
        Ok(Span { from, to, at })
    }
}

/// Keeps values at the ends of dates, and changes of bands.
struct Days {
    columns: Vec<ColumnId>,
    from: Day,
    to: Day,
    dates: Vec<Day>,
    rows: Vec<Vec<Value>>,
    bands: Vec<(Instant, Option<String>, Option<f64>)>,
}

impl Days {
    fn take(&mut self, account: &Account, day: Day) {
        if day >= self.from && day <= self.to {
            self.dates.push(day);
            self.rows.push(self.columns.iter().map(|c| account.value(*c).clone()).collect());
        }
    }

    /// The last date is not over: as it stands.
    fn last(&mut self, account: &Account) {
        if account.life() == Life::Live && self.dates.last().is_none_or(|last| *last < self.to) {
            self.take(account, self.to);
        }
    }
}

impl Sink for Days {
    fn outcome(&mut self, _: &Account, outcome: Outcome) {
        if let Happened::Health { score, band, band_changed: true, .. } = outcome.what {
            self.bands.push((outcome.at, band.map(|b| b.to_string()), score));
        }
    }

    fn day(&mut self, account: &Account, day: Day) {
        self.take(account, day);
    }
}
