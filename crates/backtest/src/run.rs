//! A backtest from beginning to end: its period, its question made ready, the replay, the findings.

use tenure_engine::Mode;
use tenure_model::{Calendar, Day, Instant, Model};
use tenure_replay::Scope;

use crate::findings::{Findings, findings};
use crate::question::{Prepared, Question, QuestionError};
use crate::terms::Terms;
use crate::timeline::Timeline;

/// Days within which the outcome must follow, where it is not said.
pub const WITHIN: i32 = 60;
/// Leads of scorecards in days, where they are not said.
pub const LEADS: [i32; 4] = [0, 30, 60, 90];
/// Days that a horizon, or a lead, has at most.
pub const DAYS_MAX: i32 = 3660;
/// Days of the period, where it is not said.
const PERIOD: i32 = 365;

/// Everything that is asked of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct Backtest {
    /// About what, and against which outcome.
    pub question: Question,
    /// Within how many days the outcome must follow.
    pub within: i32,
    /// The first date; None: 365 days up to the last.
    pub from: Option<Day>,
    /// The last date; None: that of `known`.
    pub to: Option<Day>,
    /// Up to when it is known what came: what came in later is left out. None: all that came in, to the end of the date of the latest event.
    pub known: Option<Instant>,
    /// Only of accounts that are members of any of these; empty is all.
    pub segments: Vec<String>,
    /// Traits without a date have been so since ever.
    pub assume_constant: bool,
    /// Every instant instead of once a date.
    pub exact: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum BacktestError {
    /// Nothing is known of the past.
    #[error("there are no events to replay")]
    NoEvents,
    /// It ends before it begins.
    #[error("the period is empty: its first date must not be after its last")]
    EmptyPeriod,
    /// It begins after what is known.
    #[error("nothing is known of the period: it begins after the latest event")]
    NothingKnown,
    /// A segment is not there.
    #[error("the model has no segment `{name}`")]
    NoSegment {
        /// The name that was asked for.
        name: String,
        /// The names that are there.
        known: Vec<String>,
    },
    /// The question is wrong.
    #[error(transparent)]
    Question(#[from] QuestionError),
}

/// A backtest that can be run.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The question.
    pub prepared: Prepared,
    /// The period.
    pub terms: Terms,
    segments: Vec<usize>,
    assume: bool,
    exact: bool,
    known: Option<Instant>,
}

impl Backtest {
    /// Makes it ready for a model, which is that of the files. `latest`: the latest event.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn ready(&self, model: &Model, files: &[(String, String)], latest: Option<Instant>) -> Result<Ready, BacktestError> {
        let terms = self.terms(&model.calendar, latest)?;
        let prepared = self.question.prepare(model, files, &terms)?;
        let segment = |name: &String| {
            let segments = &prepared.engine.model().segments;
            let known = || segments.iter().map(|segment| segment.name.clone()).collect();
            segments
                .iter()
                .position(|segment| segment.name == *name)
                .ok_or_else(|| BacktestError::NoSegment { name: name.clone(), known: known() })
        };
        let segments = self.segments.iter().map(segment).collect::<Result<Vec<_>, _>>()?;
        Ok(Ready { prepared, terms, segments, assume: self.assume_constant, exact: self.exact, known: self.known })
    }

    fn terms(&self, calendar: &Calendar, latest: Option<Instant>) -> Result<Terms, BacktestError> {
        let end = |at: Instant| calendar.last_instant(calendar.day(at));
        let known = self.known.or(latest.map(end)).or(self.to.map(|day| calendar.last_instant(day))).ok_or(BacktestError::NoEvents)?;
        let to = self.to.unwrap_or_else(|| calendar.day(known));
        let from = self.from.unwrap_or(Day(to.0 - PERIOD + 1));
        if from > to {
            return Err(BacktestError::EmptyPeriod);
        }
        if calendar.day(known) < from {
            return Err(BacktestError::NothingKnown);
        }
        Ok(Terms::new(calendar.clone(), from, to, self.within, known))
    }
}

impl Ready {
    /// Replays and computes the findings. `replay` replays all history by the engine of what is prepared, sampled or not, up to an instant; it is called
    /// once, and once more for each threshold of a sweep that feeds something else.
    ///
    /// # Errors
    /// Those of `replay`.
    pub fn run<E>(
        &self,
        threads: usize,
        mut replay: impl FnMut(&Prepared, Instant, Mode) -> Result<Vec<Timeline>, E>,
    ) -> Result<(Vec<Timeline>, Findings), E> {
        let mode = if self.exact { Mode::Exact } else { Mode::Daily { from: Day(i32::MIN) } };
        let known = self.terms.known;
        let timelines = replay(&self.prepared, known, mode)?;
        let mut found = findings(&self.prepared, &self.terms, &timelines, &self.segments, self.assume, threads);
        for (number, prepared) in &self.prepared.replayed {
            let timelines = replay(prepared, known, mode)?;
            found.add_threshold(number, prepared, &self.terms, &timelines, &self.segments, self.assume);
        }
        Ok((timelines, found))
    }

    /// What a replay of it looks at.
    pub fn scope(&self, prepared: &Prepared) -> Scope {
        Scope { columns: prepared.watch.columns(&prepared.engine), known: self.known }
    }

    /// How often all history is replayed.
    pub fn replays(&self) -> usize {
        1 + self.prepared.replayed.len()
    }
}
