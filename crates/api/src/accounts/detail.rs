//! Everything about one account as of any time, in one document.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenure_engine::{Account, Engine, Nothing, band_name};
use tenure_model::Instant;
use tenure_model::definition::{Builtin, Source};
use tenure_replay::History;
use tenure_replay::portfolio::line;
use tenure_store::Alert;
use utoipa::{IntoParams, ToSchema};

use super::past::{Past, as_of};
use crate::app::App;
use crate::error::ApiError;
use crate::extract::Params;

/// Columns that come from subscriptions.
pub const SUBSCRIPTION: &[Builtin] = &[
    Builtin::StartedAt,
    Builtin::AgeDays,
    Builtin::Arr,
    Builtin::Mrr,
    Builtin::Seats,
    Builtin::Subscriptions,
    Builtin::Plan,
    Builtin::Product,
    Builtin::RenewalAt,
    Builtin::TrialEndsAt,
    Builtin::CardExpiresAt,
    Builtin::DaysToRenewal,
    Builtin::DaysToTrialEnd,
    Builtin::DaysToCardExpiry,
];

/// Everything about an account.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub struct Detail {
    /// Its id.
    #[schema(example = "acme")]
    id: String,
    /// As of then.
    #[schema(format = DateTime)]
    as_of: String,
    /// By which model.
    revision: String,
    /// `live`, `ended`, or `new` where nothing dated is known.
    #[schema(example = "live")]
    status: &'static str,
    /// When it ended; what follows is as of then.
    ended_at: Option<String>,
    /// 1 for the first tenure, 2 after the first return, …
    tenure: u32,
    /// Its stage.
    #[schema(example = "adoption")]
    stage: Value,
    /// Since when.
    stage_entered_at: Value,
    /// For so many days.
    days_in_stage: Value,
    /// Longer than expected?
    stage_late: Value,
    /// Until when it is expected to stay.
    stage_due: Option<String>,
    /// Set by hand: it does not move by itself until then.
    stage_held_until: Option<String>,
    /// Its health, down to the measures; null without a scorecard.
    health: Option<Health>,
    /// Health now minus that of 30 days ago.
    health_change_30d: Option<f64>,
    /// The segments it is in.
    segments: Vec<String>,
    /// Its milestones, as far as they have begun.
    milestones: Vec<Milestone>,
    /// The alerts that fire, most severe first.
    alerts: Vec<String>,
    /// Overrides in force.
    overrides: Vec<Override>,
    /// Its traits.
    traits: BTreeMap<String, Value>,
    /// What it pays for.
    subscription: BTreeMap<String, Value>,
    /// Its metrics.
    metrics: BTreeMap<String, Value>,
    /// How many persons belong to it.
    people: usize,
    /// How many events it has.
    events: usize,
    /// Alerts that were opened for it.
    ledger: Vec<Opened>,
}

/// A health score.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// By which card.
    scorecard: String,
    /// The score that counts, 0 to 100.
    score: Option<f64>,
    /// Before overrides, caps and floors.
    computed: Option<f64>,
    /// Share of weight that had data.
    coverage: Option<f64>,
    /// Its band.
    band: Option<String>,
    /// What it is made of.
    groups: Vec<Group>,
}

/// A group of measures.
#[derive(Serialize, ToSchema)]
pub struct Group {
    /// Its name.
    name: String,
    /// Its share in the total.
    weight: f64,
    /// Its score.
    score: Option<f64>,
    /// Before overrides.
    computed: Option<f64>,
    /// Share of weight that had data.
    coverage: Option<f64>,
    /// Those that apply.
    measures: Vec<Measure>,
}

/// A measure.
#[derive(Serialize, ToSchema)]
pub struct Measure {
    /// Its name.
    name: String,
    /// What it reads.
    value: Value,
    /// Its score.
    score: Option<f64>,
    /// Before overrides.
    computed: Option<f64>,
    /// Its share in the group.
    weight: f64,
}

/// Where a milestone stands.
#[derive(Serialize, ToSchema)]
pub struct Milestone {
    /// Its name.
    name: String,
    /// `pending`, `reached`, `missed`, `reached late`, `waived`.
    status: &'static str,
    /// Since when.
    since: Option<String>,
    /// When it is or was due.
    due: Option<String>,
}

/// An override in force.
#[derive(Serialize, ToSchema)]
pub struct Override {
    /// `total`, `group:NAME` or `measure:NAME`.
    target: String,
    /// `set`, `cap` or `floor`.
    how: Value,
    /// 0 to 100.
    value: f64,
    /// It ends by itself then.
    until: Option<String>,
    /// Who.
    author: String,
    /// Why.
    reason: String,
    /// Since when.
    at: String,
}

/// An alert that was opened.
#[derive(Serialize, ToSchema)]
pub struct Opened {
    /// Its key.
    key: String,
    /// Its rule.
    rule: String,
    /// When.
    opened_at: String,
}

/// As of when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// As of then; a date means its last instant. Without: now.
    #[param(example = "2026-06-01")]
    as_of: Option<String>,
}

/// Everything about an account: as it stands, or as it stood at any time, by today's model.
#[utoipa::path(get, path = "/api/v1/accounts/{id}", tag = "accounts", params(("id" = String, Path, description = "The account", example = "acme"), Asked),
    responses((status = 200, description = "The account", body = Detail)))]
pub async fn account(State(app): State<App>, Path(id): Path<String>, Params(asked): Params<Asked>) -> Result<Json<Detail>, ApiError> {
    let past = Past::of(&app, &id).await?;
    let at = as_of(&app, asked.as_of.as_deref(), past.calendar())?;
    let account = past.as_of(at, &mut Nothing)?;
    let ledger = app.store().account_alerts(&past.id).await?;
    let ledger: Vec<Alert> = ledger.into_iter().filter(|alert| alert.opened_at <= at).collect();
    Ok(Json(Detail::new(&past.engine, &account, &past.history, at, &ledger)))
}

fn text(t: Option<Instant>) -> Option<String> {
    t.map(|t| t.to_string())
}

impl Detail {
    /// Of an account as of an instant, up to which it was advanced over its history.
    pub fn new(engine: &Engine, account: &Account, history: &History, at: Instant, ledger: &[Alert]) -> Detail {
        let model = engine.model();
        let line = line(engine, account, &history.inputs());
        let builtin = |b| line.builtin(b).to_json();
        let values = |source: &dyn Fn(&Source) -> bool| -> BTreeMap<String, Value> {
            let columns = model.account.iter().zip(&line.row).filter(|(column, value)| source(&column.source) && !value.is_null());
            columns.map(|(column, value)| (column.name.clone(), value.to_json())).collect()
        };
        let is_member = |column| account.value(column).as_bool() == Some(true);
        let milestone = |(m, state): (&tenure_model::definition::Milestone, &tenure_engine::MilestoneState)| {
            Some(Milestone { name: m.name.clone(), status: state.status?.name(), since: text(state.since), due: text(state.due) })
        };
        let here = history.said.memberships.iter().filter(|m| m.from.is_none_or(|t| t <= at) && m.until.is_none_or(|t| at < t));
        Detail {
            id: account.id().to_string(),
            as_of: at.to_string(),
            revision: model.revision.0.clone(),
            status: line.status.name(),
            ended_at: text(line.ended_at),
            tenure: account.tenure(),
            stage: builtin(Builtin::Stage),
            stage_entered_at: builtin(Builtin::StageEnteredAt),
            days_in_stage: builtin(Builtin::DaysInStage),
            stage_late: builtin(Builtin::StageLate),
            stage_due: text(line.stage_due),
            stage_held_until: text(account.stage_held_until()),
            health: health_of(engine, account),
            health_change_30d: line.health_change_30d,
            segments: model.segments.iter().filter(|s| is_member(s.column)).map(|s| s.name.clone()).collect(),
            milestones: model.milestones.iter().zip(account.milestones()).filter_map(milestone).collect(),
            alerts: line.alerts.clone(),
            overrides: account.overrides().iter().map(overridden).collect(),
            traits: values(&|s| *s == Source::Trait),
            subscription: values(&|s| matches!(s, Source::Builtin(b) if SUBSCRIPTION.contains(b))),
            metrics: values(&|s| matches!(s, Source::Metric(_))),
            people: here.map(|m| &m.person).collect::<BTreeSet<_>>().len(),
            events: history.events.iter().filter(|e| e.time <= at).count(),
            ledger: ledger
                .iter()
                .map(|a| Opened { key: a.key.clone(), rule: a.rule.clone(), opened_at: a.opened_at.to_string() })
                .collect(),
        }
    }
}

/// The health of an account, down to the measures that apply; None without a card.
fn health_of(engine: &Engine, account: &Account) -> Option<Health> {
    let health = engine.health(account);
    let card = engine.model().scorecards.get(health.card?)?;
    let groups = card.groups.iter().zip(&health.groups).map(|(group, now)| {
        let measures = group.measures.iter().zip(&now.measures).filter(|(_, now)| now.applies);
        let measures = measures.map(|(m, now)| Measure {
            name: m.name.clone(),
            value: now.value.to_json(),
            score: now.score,
            computed: now.computed,
            weight: m.weight,
        });
        Group {
            name: group.name.clone(),
            weight: group.weight,
            score: now.score,
            computed: now.computed,
            coverage: now.coverage,
            measures: measures.collect(),
        }
    });
    Some(Health {
        scorecard: card.name.clone(),
        score: health.score,
        computed: health.computed,
        coverage: health.coverage,
        band: health.band.map(|b| band_name(card, b).to_owned()),
        groups: groups.collect(),
    })
}

fn overridden(o: &tenure_engine::Override) -> Override {
    Override {
        target: o.target.clone(),
        how: serde_json::to_value(o.how).unwrap_or_default(),
        value: o.value,
        until: text(o.until),
        author: o.author.clone(),
        reason: o.reason.clone(),
        at: o.at.to_string(),
    }
}
