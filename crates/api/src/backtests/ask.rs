//! Asking what definitions would have said in the past.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenure_backtest::compare::side_by_side;
use tenure_backtest::run::{DAYS_MAX, LEADS, WITHIN};
use tenure_backtest::timeline::Timeline;
use tenure_backtest::{Asked, BacktestError, Findings, Prepared, Question, QuestionError, Ready, Watch};
use tenure_engine::{Engine, Mode};
use tenure_model::{Calendar, Diagnostic, Instant, Model};
use tenure_replay::{Scope, World};
use tokio::runtime::Handle;
use utoipa::ToSchema;

use super::jobs::{Answer, Backtest, Job, QuestionKind, Stopped};
use crate::accounts::{end, time};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Body;
use crate::model::right;
use crate::names::did_you_mean;

type Files = BTreeMap<String, String>;

/// A question to the past.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ask {
    /// An alert rule, scorecard, segment, milestone or stage; where several have the name, `kind:name`. Without it and `when`: the whole model.
    #[schema(example = "low_health")]
    about: Option<String>,
    /// Instead: a condition to try, as an alert rule that is not in the model.
    #[schema(example = "health < 45")]
    when: Option<String>,
    /// With `when`: how long it must hold before it fires.
    #[schema(example = "7d")]
    r#for: Option<String>,
    /// What it is to foretell: `churned` (unless said otherwise), `downgraded`, `expanded`, `renewed`, `event:NAME`, or a condition that begins to hold.
    #[schema(example = "churned")]
    outcome: Option<String>,
    /// Within how many days the outcome must follow; 60 unless said otherwise.
    #[schema(minimum = 1, maximum = 3660)]
    within_days: Option<i32>,
    /// The first date; 365 days up to the last unless said otherwise.
    #[schema(example = "2025-01-01")]
    from: Option<String>,
    /// The last date; that of the latest event unless said otherwise.
    #[schema(example = "2025-12-31")]
    to: Option<String>,
    /// Up to when it is known what came; to the end of the date of the latest event unless said otherwise.
    known: Option<String>,
    /// Only members of any of these segments.
    segments: Vec<String>,
    /// Of a scorecard: how many days earlier it is to foretell.
    leads: Option<Vec<i32>>,
    /// Thresholds to try: a part of the condition with numbers in braces.
    #[schema(example = "health < {30..60 step 10}")]
    sweep: Option<String>,
    /// In whose condition the part stands, `kind:name`, where not in that of what is asked about: all history is replayed for each number.
    sweep_in: Option<String>,
    /// Traits without a date have been so since ever; else the accounts that rest on them are left out.
    assume_constant: bool,
    /// Every instant instead of once a date: slower.
    exact: bool,
    /// The files of another model to ask, instead of the one that decides.
    files: Option<Files>,
    /// The files of a model to compare with: both are asked about everything, and held side by side.
    against: Option<Files>,
}

fn bad(message: impl Into<String>) -> ApiError {
    ApiError::Bad { code: "bad_backtest", message: message.into() }
}

impl Ask {
    fn question(&self) -> Result<Question, ApiError> {
        let about = match (&self.about, &self.when) {
            (Some(_), Some(_)) => return Err(bad("ask about a definition or a condition: `about` or `when`, not both")),
            (Some(about), None) => about.parse().map_err(bad)?,
            (None, Some(when)) => Asked::condition(when, self.r#for.as_deref()),
            (None, None) => Asked::Model,
        };
        if self.against.is_some() && about != Asked::Model {
            return Err(bad("models are compared as wholes: leave out `about` and `when`"));
        }
        Ok(Question {
            about,
            outcome: self.outcome.as_deref().unwrap_or("churned").parse().map_err(bad)?,
            sweep: self.sweep.as_deref().map(str::parse).transpose().map_err(bad)?,
            sweep_in: self.sweep_in.as_deref().map(str::parse).transpose().map_err(bad)?,
            leads: self.leads.clone().unwrap_or_else(|| LEADS.to_vec()),
        })
    }

    fn backtest(&self, calendar: &Calendar) -> Result<tenure_backtest::Backtest, ApiError> {
        let question = self.question()?;
        let within = self.within_days.unwrap_or(WITHIN);
        if !(1..=DAYS_MAX).contains(&within) || question.leads.iter().any(|days| !(0..=DAYS_MAX).contains(days)) {
            return Err(bad(format!("within_days is 1 to {DAYS_MAX}, leads are 0 to {DAYS_MAX}")));
        }
        let asked = |name: &str, text: &Option<String>| text.as_deref().map(|text| time(name, text, calendar)).transpose();
        let day = |name: &str, text| Ok::<_, ApiError>(asked(name, text)?.map(|at| calendar.day(at)));
        Ok(tenure_backtest::Backtest {
            question,
            within,
            from: day("from", &self.from)?,
            to: day("to", &self.to)?,
            known: self.known.as_deref().map(|text| end("known", text, calendar)).transpose()?,
            segments: self.segments.clone(),
            assume_constant: self.assume_constant,
            exact: self.exact,
        })
    }
}

/// The error as an answer.
fn refused(error: BacktestError) -> ApiError {
    match &error {
        BacktestError::Question(QuestionError::Wrong(faults)) => {
            bad(faults.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n"))
        }
        BacktestError::Question(QuestionError::Ambiguous { instead, .. }) => bad(format!("{error}: write {}", instead.join(" or "))),
        BacktestError::NoSegment { name, known } | BacktestError::Question(QuestionError::Unknown { name, known, .. }) => {
            bad(format!("{error}{}", did_you_mean(name, known.iter().map(String::as_str))))
        }
        _ => bad(error.to_string()),
    }
}

/// Asks what definitions would have said in the past, held against what came. It is answered in the background: GET tells how far it is.
#[utoipa::path(post, path = "/api/v1/backtests", tag = "model", request_body = Ask, responses((status = 202, description = "It is asked", body = Backtest)))]
pub async fn ask_backtest(
    State(app): State<App>,
    caller: Caller,
    Body(asked): Body<Ask>,
) -> Result<(StatusCode, Json<Backtest>), ApiError> {
    let (latest, events) = app.service.archived()?;
    let (model, files) = match &asked.files {
        Some(files) => (Arc::new(right(files)?), files.clone()),
        None => {
            let model = app.model();
            let applied = app.store().model(&model.revision).await?;
            (model, applied.map(|applied| applied.files).unwrap_or_default())
        }
    };
    let backtest = asked.backtest(&model.calendar)?;
    let ready = |model: &Model, files: &Files| {
        let files: Vec<(String, String)> = files.clone().into_iter().collect();
        tokio::task::block_in_place(|| backtest.ready(model, &files, latest)).map_err(refused)
    };
    let first = ready(&model, &files)?;
    let second = asked.against.as_ref().map(|files| ready(&right(files)?, files)).transpose()?;
    let mut shown = serde_json::to_value(&asked).unwrap_or_default();
    if let Some(shown) = shown.as_object_mut() {
        // Files are long: that they were given is enough.
        shown.retain(|name, value| !value.is_null() && name != "files" && name != "against");
        shown.insert("revision".to_owned(), model.revision.0.clone().into());
    }
    let total = events * (first.replays() + second.as_ref().map_or(0, Ready::replays)) as u64;
    let state = app.clone();
    let job = app.backtests.begin(&app, &caller, QuestionKind::Backtest, shown, move |job| async move {
        job.total.store(total, Ordering::Relaxed);
        let (timelines, findings) = run(&state, &job, &first)?;
        let Some(second) = second else { return Ok(answer(&findings)) };
        let (others, of_second) = run(&state, &job, &second)?;
        let found = side_by_side((&first, &timelines, &findings), (&second, &others, &of_second));
        Ok(Answer { findings: serde_json::to_value(&found).unwrap_or_default(), cases: Vec::new() })
    })?;
    Ok((StatusCode::ACCEPTED, Json(job.shown(true))))
}

/// Half of the cores: the other half goes on with what comes in.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).div_ceil(2)
}

fn run(app: &App, job: &Job, ready: &Ready) -> Result<(Vec<Timeline>, Findings), Stopped> {
    let replay = |prepared: &Prepared, until, mode| {
        replayed(app, job, &ready.scope(prepared), &prepared.watch, prepared.engine.clone(), until, mode)
    };
    ready.run(threads(), replay)
}

/// Replays all history by an engine, and waits for it.
pub(super) fn replayed(
    app: &App,
    job: &Job,
    scope: &Scope,
    watch: &Watch,
    engine: Arc<Engine>,
    until: Instant,
    mode: Mode,
) -> Result<Vec<Timeline>, Stopped> {
    let progress = |_: usize, events: usize| job.replayed(events);
    let through = |world: &World| watch.through(world, until, mode, threads(), &progress, &job.cancelled);
    let replay = app.service.replaying(scope, engine, threads(), through);
    match tokio::task::block_in_place(|| Handle::current().block_on(replay)) {
        Ok(Ok(timelines)) => Ok(timelines),
        Ok(Err(tenure_replay::Error::Cancelled)) => Err(Stopped::Cancelled),
        Ok(Err(error)) => Err(Stopped::Failed(error.to_string())),
        Err(error) => Err(Stopped::Failed(error.to_string())),
    }
}

fn answer(findings: &Findings) -> Answer {
    let cases = findings.cases().into_iter().flatten().map(|(kind, case)| (kind.name(), case.clone())).collect();
    Answer { findings: serde_json::to_value(findings).unwrap_or_default(), cases }
}
