//! Questions under way and their answers: kept in memory, the last ones.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use tenure_backtest::tally::Case;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// Answers that are kept; of more, the oldest go.
const KEPT: usize = 50;
/// Questions that wait at once.
const WAITING_MAX: usize = 10;

/// All questions that are kept, by number.
#[derive(Clone)]
pub(crate) struct Jobs {
    all: Arc<Mutex<BTreeMap<u64, Arc<Job>>>>,
    next: Arc<AtomicU64>,
    /// One replay at a time: each takes all it can get.
    turn: Arc<Semaphore>,
}

/// A question.
pub(crate) struct Job {
    pub id: u64,
    pub kind: QuestionKind,
    pub asked: Value,
    pub author: String,
    pub asked_at: String,
    /// Events that are replayed, and how many there are to replay.
    pub done: AtomicU64,
    pub total: AtomicU64,
    pub cancelled: AtomicBool,
    end: Mutex<End>,
}

#[derive(Clone, Default)]
enum End {
    #[default]
    Queued,
    Running,
    Done(Arc<Answer>),
    Failed(String),
    Cancelled,
}

/// What came out.
#[derive(Default)]
pub(crate) struct Answer {
    pub findings: Value,
    pub cases: Vec<(&'static str, Case)>,
}

/// Why there is no answer.
pub(crate) enum Stopped {
    Cancelled,
    Failed(String),
}

/// What is asked.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// What definitions would have said in the past.
    Backtest,
    /// What applying a model would change.
    Plan,
}

/// How a question stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BacktestState {
    /// It waits for its turn.
    Queued,
    /// The past is being replayed.
    Running,
    /// It is answered.
    Done,
    /// It could not be: `error` says why.
    Failed,
    /// Somebody gave it up.
    Cancelled,
}

/// A question to the past.
#[derive(Serialize, ToSchema)]
pub struct Backtest {
    /// Its number. It is gone after a restart of the server, and when many others were asked after it.
    #[schema(example = 7)]
    id: u64,
    /// What it asks for.
    kind: QuestionKind,
    /// As it was asked.
    #[schema(value_type = Object)]
    asked: Value,
    /// Who asked.
    author: String,
    /// When.
    #[schema(format = DateTime)]
    asked_at: String,
    /// How it stands.
    state: BacktestState,
    /// The share of events that are replayed, 0 to 1, while it is under way.
    share: Option<f64>,
    /// Why it failed.
    error: Option<String>,
    /// The answer, once it is there: the figures of docs/reference/cli.md, Backtests.
    #[schema(value_type = Option<Object>)]
    findings: Option<Value>,
}

/// Questions to the past.
#[derive(Serialize, ToSchema)]
pub struct Backtests {
    /// The newest first, without their answers.
    backtests: Vec<Backtest>,
}

impl Default for Jobs {
    fn default() -> Jobs {
        Jobs { all: Arc::default(), next: Arc::new(AtomicU64::new(1)), turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Job {
    fn end(&self) -> MutexGuard<'_, End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many more events are replayed.
    pub fn replayed(&self, events: usize) {
        self.done.fetch_add(events as u64, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        !matches!(&*self.end(), End::Queued | End::Running)
    }

    /// The answer, where it is there.
    pub fn answer(&self) -> Option<Arc<Answer>> {
        match &*self.end() {
            End::Done(answer) => Some(answer.clone()),
            _ => None,
        }
    }

    pub fn shown(&self, whole: bool) -> Backtest {
        let end = self.end().clone();
        let (done, total) = (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed));
        let share = (total > 0).then(|| (done as f64 / total as f64).min(1.0));
        let (state, error, findings) = match end {
            End::Queued => (BacktestState::Queued, None, None),
            End::Running => (BacktestState::Running, None, None),
            End::Failed(why) => (BacktestState::Failed, Some(why), None),
            End::Cancelled => (BacktestState::Cancelled, None, None),
            End::Done(answer) => (BacktestState::Done, None, whole.then(|| answer.findings.clone())),
        };
        let share = share.filter(|_| matches!(state, BacktestState::Running));
        let (asked, author, asked_at) = (self.asked.clone(), self.author.clone(), self.asked_at.clone());
        Backtest { id: self.id, kind: self.kind, asked, author, asked_at, state, share, error, findings }
    }
}

impl Jobs {
    fn all(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Job>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn find(&self, id: &str) -> Result<Arc<Job>, ApiError> {
        let known = id.parse().ok().and_then(|id: u64| self.all().get(&id).cloned());
        known.ok_or_else(|| ApiError::NotFound { what: "backtest", name: id.to_owned() })
    }

    /// Takes a question; `answer` is called when it is its turn.
    ///
    /// # Errors
    /// Where too many wait.
    pub fn begin<F>(
        &self,
        app: &App,
        caller: &Caller,
        kind: QuestionKind,
        asked: Value,
        answer: impl FnOnce(Arc<Job>) -> F + Send + 'static,
    ) -> Result<Arc<Job>, ApiError>
    where
        F: Future<Output = Result<Answer, Stopped>> + Send + 'static,
    {
        let job = {
            let mut all = self.all();
            if all.values().filter(|job| !job.is_over()).count() >= WAITING_MAX {
                return Err(ApiError::Busy("too many backtests wait: give one up (DELETE /api/v1/backtests/{id}), or wait".to_owned()));
            }
            while all.len() >= KEPT
                && let Some(oldest) = all.iter().find(|(_, job)| job.is_over()).map(|(id, _)| *id)
            {
                all.remove(&oldest);
            }
            let id = self.next.fetch_add(1, Ordering::Relaxed);
            let job = Arc::new(Job {
                id,
                kind,
                asked,
                author: caller.author().to_owned(),
                asked_at: app.now().to_string(),
                done: AtomicU64::new(0),
                total: AtomicU64::new(0),
                cancelled: AtomicBool::new(false),
                end: Mutex::default(),
            });
            all.insert(id, job.clone());
            job
        };
        let (turn, running) = (self.turn.clone(), job.clone());
        tokio::spawn(async move {
            // Never closed.
            let _turn = turn.acquire().await;
            let end = if running.cancelled.load(Ordering::Relaxed) {
                End::Cancelled
            } else {
                *running.end() = End::Running;
                // In a task of its own: whatever becomes of it, it ends.
                match tokio::spawn(answer(running.clone())).await {
                    Ok(Ok(answer)) => End::Done(Arc::new(answer)),
                    Ok(Err(Stopped::Cancelled)) => End::Cancelled,
                    Ok(Err(Stopped::Failed(why))) => End::Failed(why),
                    Err(_) => End::Failed("something went wrong here; the log of the server says what".to_owned()),
                }
            };
            *running.end() = end;
        });
        Ok(job)
    }
}

/// Questions to the past, under way and answered.
#[utoipa::path(get, path = "/api/v1/backtests", tag = "model", responses((status = 200, description = "The questions", body = Backtests)))]
pub async fn backtests(State(app): State<App>) -> Json<Backtests> {
    let backtests = app.backtests.all().values().rev().map(|job| job.shown(false)).collect();
    Json(Backtests { backtests })
}

/// How a question stands, and its answer.
#[utoipa::path(get, path = "/api/v1/backtests/{id}", tag = "model", params(("id" = String, Path, description = "Its number", example = "7")),
    responses((status = 200, description = "The question", body = Backtest)))]
pub async fn backtest(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Backtest>, ApiError> {
    Ok(Json(app.backtests.find(&id)?.shown(true)))
}

/// Gives a question up.
#[utoipa::path(delete, path = "/api/v1/backtests/{id}", tag = "model", params(("id" = String, Path, description = "Its number", example = "7")),
    responses((status = 204, description = "It ends at the next opportunity, unless it is answered by then")))]
pub async fn cancel_backtest(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    app.backtests.find(&id)?.cancelled.store(true, Ordering::Relaxed);
    Ok(StatusCode::NO_CONTENT)
}
