//! The ledger of alerts in pages; one alert; how the alerts of each rule ended.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use tenure_model::Instant;
use tenure_store::{Alert, AlertFilter, AlertState, Closing};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::error::ApiError;
use crate::extract::Params;
use crate::page::{Limit, before, next};

/// How an alert ended for people.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClosedAs {
    /// What was done helped.
    Succeeded,
    /// It did not.
    Failed,
    /// There was nothing to do.
    FalseAlarm,
}

impl From<Closing> for ClosedAs {
    fn from(closing: Closing) -> ClosedAs {
        match closing {
            Closing::Succeeded => ClosedAs::Succeeded,
            Closing::Failed => ClosedAs::Failed,
            Closing::FalseAlarm => ClosedAs::FalseAlarm,
        }
    }
}

impl From<ClosedAs> for Closing {
    fn from(closed: ClosedAs) -> Closing {
        match closed {
            ClosedAs::Succeeded => Closing::Succeeded,
            ClosedAs::Failed => Closing::Failed,
            ClosedAs::FalseAlarm => Closing::FalseAlarm,
        }
    }
}

/// An alert.
#[derive(Serialize, ToSchema)]
#[schema(as = Alert)]
pub struct Shown {
    /// Its key: rule, account and episode.
    #[schema(example = "usage_drop/acme//1780300800000000")]
    key: String,
    /// Its rule.
    #[schema(example = "usage_drop")]
    rule: String,
    /// The account.
    #[schema(example = "acme")]
    account: String,
    /// The person, for alerts of persons.
    person: Option<String>,
    /// `low`, `medium`, `high` or `critical`.
    severity: serde_json::Value,
    /// One line for people.
    title: Option<String>,
    /// Whose it is.
    owner: Option<String>,
    /// The playbook that is to be followed.
    playbook: Option<String>,
    /// When it fired.
    #[schema(format = DateTime)]
    opened_at: String,
    /// When its condition ceased to hold.
    resolved_at: Option<String>,
    /// Why.
    resolved_reason: Option<String>,
    /// `open`, `silent`, `acknowledged`, `snoozed` or `closed`.
    #[schema(example = "open")]
    state: &'static str,
    /// Is there something left to do now?
    is_open: bool,
    /// Who acknowledged, snoozed or closed it.
    by: Option<String>,
    /// When.
    acted_at: Option<String>,
    /// Snoozed until then.
    snoozed_until: Option<String>,
    /// How it was closed.
    closed_as: Option<ClosedAs>,
    /// Why, in words.
    closed_reason: Option<String>,
    /// The model by which it fired.
    revision: String,
}

impl Shown {
    pub(super) fn new(alert: Alert, now: Instant) -> Shown {
        let is_open = alert.is_open(now);
        let (mut by, mut acted_at, mut snoozed_until, mut closed_as, mut closed_reason) = (None, None, None, None, None);
        let state = match alert.state {
            AlertState::Open => "open",
            AlertState::Silent => "silent",
            AlertState::Acknowledged { by: who, at } => {
                (by, acted_at) = (Some(who), Some(at.to_string()));
                "acknowledged"
            }
            AlertState::Snoozed { by: who, at, until } => {
                (by, acted_at, snoozed_until) = (Some(who), Some(at.to_string()), Some(until.to_string()));
                "snoozed"
            }
            AlertState::Closed { by: who, at, how, reason } => {
                (by, acted_at, closed_as, closed_reason) = (Some(who), Some(at.to_string()), Some(how.into()), Some(reason));
                "closed"
            }
        };
        let (resolved_at, resolved_reason) = alert.resolved.map_or((None, None), |(at, why)| (Some(at.to_string()), Some(why)));
        Shown {
            key: alert.key,
            rule: alert.rule,
            account: alert.account,
            person: alert.person,
            severity: serde_json::to_value(alert.severity).unwrap_or_default(),
            title: alert.title,
            owner: alert.owner,
            playbook: alert.playbook,
            opened_at: alert.opened_at.to_string(),
            resolved_at,
            resolved_reason,
            state,
            is_open,
            by,
            acted_at,
            snoozed_until,
            closed_as,
            closed_reason,
            revision: alert.revision.0,
        }
    }
}

/// Which alerts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlertsAsked {
    /// `true`: only those with something left to do; `false`: only the others; without: all.
    open: Option<bool>,
    /// Of this account.
    #[param(example = "acme")]
    account: Option<String>,
    /// Of this rule.
    rule: Option<String>,
    /// Of this owner.
    owner: Option<String>,
    /// At most so many.
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A page of alerts.
#[derive(Serialize, ToSchema)]
pub struct Alerts {
    /// Newest first.
    alerts: Vec<Shown>,
    /// Give it as `cursor` for the next page; null on the last.
    next: Option<String>,
}

/// Alerts, newest first.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", params(AlertsAsked), responses((status = 200, description = "A page", body = Alerts)))]
pub async fn alerts(State(app): State<App>, Params(asked): Params<AlertsAsked>) -> Result<Json<Alerts>, ApiError> {
    let now = app.now();
    let account = asked.account.map(|id| app.service.live().resolver().account(&id).to_owned());
    let filter = AlertFilter { account, rule: asked.rule, owner: asked.owner, open: asked.open.map(|open| (open, now)) };
    let page = before::<String>(asked.cursor.as_deref(), asked.limit)?;
    let found = app.store().alerts_of(&filter, &page).await?;
    let next = next(&page, &found, |alert: &Alert| (alert.opened_at, alert.key.as_str()));
    Ok(Json(Alerts { alerts: found.into_iter().map(|alert| Shown::new(alert, now)).collect(), next }))
}

/// An alert. Its evidence: GET /api/v1/accounts/{id}/explain?what=alert RULE.
#[utoipa::path(get, path = "/api/v1/alerts/{key}", tag = "alerts", params(("key" = String, Path, description = "The alert's key, percent-encoded")),
    responses((status = 200, description = "The alert", body = Shown)))]
pub async fn alert(State(app): State<App>, Path(key): Path<String>) -> Result<Json<Shown>, ApiError> {
    let found = app.store().alert(&key).await?.ok_or(ApiError::NotFound { what: "alert", name: key })?;
    Ok(Json(Shown::new(found, app.now())))
}

/// How good a rule is.
#[derive(Serialize, ToSchema)]
pub struct RuleQuality {
    /// The rule.
    #[schema(example = "usage_drop")]
    rule: String,
    /// How often it has fired.
    fired: u64,
    /// Closed as succeeded.
    succeeded: u64,
    /// Closed as failed.
    failed: u64,
    /// Closed as false alarm.
    false_alarms: u64,
    /// Of those that somebody closed, the share that was no false alarm; null where nobody has closed any.
    precision: Option<f64>,
}

/// How good all rules are.
#[derive(Serialize, ToSchema)]
pub struct RuleQualities {
    /// By name.
    rules: Vec<RuleQuality>,
}

/// How the alerts of each rule ended: how often each was a false alarm.
#[utoipa::path(get, path = "/api/v1/alert-rules", tag = "alerts", responses((status = 200, description = "By rule", body = RuleQualities)))]
pub async fn alert_rules(State(app): State<App>) -> Result<Json<RuleQualities>, ApiError> {
    let names: Vec<String> = app.model().alerts.iter().map(|rule| rule.name.clone()).collect();
    let new = |rule: String| RuleQuality { rule, fired: 0, succeeded: 0, failed: 0, false_alarms: 0, precision: None };
    let mut rules: BTreeMap<String, RuleQuality> = names.into_iter().map(|name| (name.clone(), new(name))).collect();
    for count in app.store().alert_counts().await? {
        let rule = rules.entry(count.rule.clone()).or_insert_with(|| new(count.rule));
        rule.fired += count.alerts;
        match count.closed_as {
            Some(Closing::Succeeded) => rule.succeeded += count.alerts,
            Some(Closing::Failed) => rule.failed += count.alerts,
            Some(Closing::FalseAlarm) => rule.false_alarms += count.alerts,
            None => {}
        }
    }
    for rule in rules.values_mut() {
        let closed = rule.succeeded + rule.failed + rule.false_alarms;
        rule.precision = (closed > 0).then(|| (rule.succeeded + rule.failed) as f64 / closed as f64);
    }
    Ok(Json(RuleQualities { rules: rules.into_values().collect() }))
}
