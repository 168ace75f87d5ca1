//! The answer to a question: figures of what was asked about, as a whole, by segment and for each threshold, and the cases behind them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tenure_engine::{Decides, Engine, Upstream};
use tenure_model::Model;

use crate::milestone::{Course, course};
use crate::question::{About, Prepared};
use crate::report::{Load, Quality, load, quality};
use crate::scorecard::{ScoreFindings, score};
use crate::sign::{Sign, SignKind};
use crate::tally::{Case, Tally, Within, tally};
use crate::terms::Terms;
use crate::timeline::Timeline;

/// What the past says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Findings {
    /// Accounts that were there.
    pub accounts: usize,
    /// Those that rest on traits without a date, which nobody knows to have been so in the past: left out, unless they are assumed to have been constant.
    pub undated: Undated,
    /// The figures.
    #[serde(flatten)]
    pub answer: Answer,
}

/// Accounts that rest on traits without a date.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Undated {
    /// How many.
    pub accounts: usize,
    /// By trait.
    pub traits: BTreeMap<String, usize>,
    /// Were they taken all the same?
    pub assumed: bool,
}

/// The figures of what was asked about.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Answer {
    /// Of an alert rule, a segment or a stage.
    Sign(Box<SignFindings>),
    /// Of a milestone.
    Milestone(Box<MilestoneFindings>),
    /// Of a scorecard.
    Scorecard(Box<ScoreFindings>),
    /// Of everything in a model.
    Model(ModelFindings),
}

/// What the past says about a sign.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignFindings {
    /// What kind of definition it is.
    pub kind: SignKind,
    /// Its name.
    pub name: String,
    /// How much work it made.
    pub load: Load,
    /// How good it was.
    pub quality: Quality,
    /// How good it was for the members of each segment.
    pub segments: Vec<OfSegment<Quality>>,
    /// The same with other thresholds, in the order asked for.
    pub sweep: Vec<Threshold>,
    /// Was all history replayed for each of them, because the threshold feeds something else?
    pub sweep_replayed: bool,
    /// Firings, and outcomes that none foretold; by account, then time.
    #[serde(skip)]
    pub cases: Vec<Case>,
}

/// Figures of the members of a segment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfSegment<T> {
    /// Its name.
    pub segment: String,
    /// The figures.
    #[serde(flatten)]
    pub of: T,
}

/// A rule with another number in its condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// The number as written.
    pub number: String,
    /// The figures with it.
    #[serde(flatten)]
    pub of: Summary,
}

/// What the past says about a milestone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MilestoneFindings {
    /// What became of it.
    pub course: Course,
    /// The same for the members of each segment.
    pub segments: Vec<OfSegment<Course>>,
    /// That it is missed, as a sign.
    pub missed: SignFindings,
    /// That it is reached.
    pub reached: SignFindings,
}

/// What the past says about all of a model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelFindings {
    /// Alert rules, milestones, stages, segments.
    pub signs: Vec<SignSummary>,
    /// Scorecards.
    pub scorecards: Vec<ScoreFindings>,
}

/// A line about a sign.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignSummary {
    /// What kind of definition it is.
    pub kind: SignKind,
    /// Its name.
    pub name: String,
    /// Its figures.
    #[serde(flatten)]
    pub of: Summary,
}

/// How often a sign came and how good it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Firings.
    pub fires: usize,
    /// Accounts for which it fired.
    pub accounts: usize,
    /// Firings per week of the period.
    pub fires_per_week: f64,
    /// How good it was.
    #[serde(flatten)]
    pub quality: Quality,
}

/// What figures are computed from.
struct Past<'p> {
    model: &'p Model,
    engine: &'p Engine,
    terms: &'p Terms,
    timelines: &'p [Timeline],
    within: Within,
    /// Are undated traits taken to have been so since ever?
    assume: bool,
}

/// Computes the findings. `segments`: only of accounts that are members of any of them at the time; empty is all. `assume`: traits without a date have
/// been so since ever.
pub fn findings(prepared: &Prepared, terms: &Terms, timelines: &[Timeline], segments: &[usize], assume: bool, threads: usize) -> Findings {
    let past = Past::of(prepared, terms, timelines, segments, assume);
    let (rests, answer) = match prepared.about {
        About::Sign(sign) => {
            let mut found = past.sign(sign);
            found.sweep =
                prepared.variants.iter().map(|(number, rule)| Threshold { number: number.clone(), of: past.summary(*rule) }).collect();
            (past.rests_on(sign), Answer::Sign(Box::new(found)))
        }
        About::Milestone(milestone) => (past.rests_on(Sign::Missed(milestone)), Answer::Milestone(Box::new(past.milestone(milestone)))),
        About::Scorecard(card) => {
            (past.engine.upstream(Decides::Health), Answer::Scorecard(Box::new(past.scorecard(card, &prepared.leads, false))))
        }
        About::Model => (past.engine.everything(), Answer::Model(past.model(threads))),
    };
    let rests = past.with_segments(rests, &past.within);
    Findings { accounts: timelines.len(), undated: past.undated(&rests), answer }
}

impl Findings {
    /// The cases behind the figures, each with what it is a sign of; None where figures of this kind have none.
    pub fn cases(&self) -> Option<Vec<(SignKind, &Case)>> {
        let signs: Vec<&SignFindings> = match &self.answer {
            Answer::Sign(sign) => vec![&**sign],
            Answer::Milestone(found) => vec![&found.missed, &found.reached],
            Answer::Scorecard(_) | Answer::Model(_) => return None,
        };
        Some(signs.into_iter().flat_map(|sign| sign.cases.iter().map(|case| (sign.kind, case))).collect())
    }

    /// Adds the figures with another threshold, of a replay of its own.
    pub(crate) fn add_threshold(
        &mut self,
        number: &str,
        prepared: &Prepared,
        terms: &Terms,
        timelines: &[Timeline],
        segments: &[usize],
        assume: bool,
    ) {
        let past = Past::of(prepared, terms, timelines, segments, assume);
        let (sign, found) = match (prepared.about, &mut self.answer) {
            (About::Sign(sign), Answer::Sign(found)) => (sign, &mut **found),
            (About::Milestone(milestone), Answer::Milestone(found)) => (Sign::Missed(milestone), &mut found.missed),
            _ => return,
        };
        found.sweep.push(Threshold { number: number.to_owned(), of: past.summary(sign) });
        found.sweep_replayed = true;
    }
}

impl<'p> Past<'p> {
    fn of(prepared: &'p Prepared, terms: &'p Terms, timelines: &'p [Timeline], segments: &[usize], assume: bool) -> Past<'p> {
        let within = Within { any_of: segments.to_vec(), also: None };
        Past { model: prepared.engine.model(), engine: &prepared.engine, terms, timelines, within, assume }
    }

    fn rests_on(&self, sign: Sign) -> Upstream {
        self.engine.upstream(match sign {
            Sign::Rule(i) => Decides::Alert(i),
            Sign::Segment(i) => Decides::Segment(i),
            Sign::PersonSegment(i) => Decides::PersonSegment(i),
            Sign::Stage(_) => Decides::Stage,
            Sign::Missed(i) | Sign::Reached(i) => Decides::Milestone(i),
        })
    }

    /// With what the segments rest on to which a question is narrowed.
    fn with_segments(&self, mut rests: Upstream, within: &Within) -> Upstream {
        within.any_of.iter().chain(&within.also).for_each(|s| rests.add(self.engine.upstream(Decides::Segment(*s))));
        rests
    }

    /// The accounts that are counted, for what rests on these columns.
    fn counted(&self, rests: &Upstream) -> impl Iterator<Item = &'p Timeline> + Clone {
        let (assume, rests) = (self.assume, rests.clone());
        self.timelines.iter().filter(move |timeline| assume || !timeline.undated.meets(&rests))
    }

    fn undated(&self, rests: &Upstream) -> Undated {
        let mut undated = Undated { assumed: self.assume, ..Undated::default() };
        for timeline in self.timelines.iter().filter(|timeline| timeline.undated.meets(rests)) {
            undated.accounts += 1;
            let of_account = timeline.undated.account.intersection(&rests.account).map(|c| self.model.account[*c as usize].name.clone());
            let of_person =
                timeline.undated.person.intersection(&rests.person).map(|c| format!("person.{}", self.model.person[*c as usize].name));
            of_account.chain(of_person).for_each(|name| *undated.traits.entry(name).or_default() += 1);
        }
        undated
    }

    fn tallies(&self, sign: Sign, within: &Within) -> Vec<Tally> {
        let scope = sign.scope(self.model);
        let rests = self.with_segments(self.rests_on(sign), within);
        self.counted(&rests).map(|timeline| tally(self.terms, sign, &scope, timeline, within)).collect()
    }

    fn sign(&self, sign: Sign) -> SignFindings {
        let tallies = self.tallies(sign, &self.within);
        SignFindings {
            kind: sign.kind(),
            name: sign.name(self.model).to_owned(),
            load: load(self.terms, &tallies),
            quality: quality(&tallies),
            segments: self.by_segment(|within| quality(&self.tallies(sign, within))),
            sweep: Vec::new(),
            sweep_replayed: false,
            cases: tallies.iter().flat_map(|tally| tally.cases.iter().cloned()).collect(),
        }
    }

    fn by_segment<T>(&self, of: impl Fn(&Within) -> T) -> Vec<OfSegment<T>> {
        let segments = self.model.segments.iter().enumerate();
        let of = |(s, segment): (usize, &tenure_model::definition::Segment)| {
            let within = Within { also: Some(s), ..self.within.clone() };
            OfSegment { segment: segment.name.clone(), of: of(&within) }
        };
        segments.map(of).collect()
    }

    fn summary(&self, sign: Sign) -> Summary {
        let tallies = self.tallies(sign, &self.within);
        let fires = tallies.iter().map(Tally::fires).sum();
        let accounts = tallies.iter().filter(|tally| tally.fires() > 0).count();
        Summary { fires, accounts, fires_per_week: fires as f64 / self.terms.weeks(), quality: quality(&tallies) }
    }

    fn milestone(&self, milestone: usize) -> MilestoneFindings {
        let rests = self.engine.upstream(Decides::Milestone(milestone));
        let course = |within: &Within| course(self.terms, milestone, self.counted(&self.with_segments(rests.clone(), within)), within);
        MilestoneFindings {
            course: course(&self.within),
            segments: self.by_segment(course),
            missed: self.sign(Sign::Missed(milestone)),
            reached: self.sign(Sign::Reached(milestone)),
        }
    }

    fn scorecard(&self, card: usize, leads: &[i32], brief: bool) -> ScoreFindings {
        let rests = self.with_segments(self.engine.upstream(Decides::Health), &self.within);
        score(self.model, card, self.terms, self.counted(&rests), &self.within, leads, brief)
    }

    fn model(&self, threads: usize) -> ModelFindings {
        enum Found {
            Card(ScoreFindings),
            Sign(SignSummary),
        }
        // Cards take longest: they come first.
        let cards = (0..self.model.scorecards.len()).map(Err);
        let all: Vec<Result<Sign, usize>> = cards.chain(Sign::all(self.model).into_iter().map(Ok)).collect();
        let found = in_parallel(threads, &all, |what| match *what {
            Err(card) => Found::Card(self.scorecard(card, &[0], true)),
            Ok(sign) => Found::Sign(SignSummary { kind: sign.kind(), name: sign.name(self.model).to_owned(), of: self.summary(sign) }),
        });
        let mut model = ModelFindings { signs: vec![], scorecards: vec![] };
        for one in found {
            match one {
                Found::Card(card) => model.scorecards.push(card),
                Found::Sign(sign) => model.signs.push(sign),
            }
        }
        model
    }
}

/// Maps items on so many threads, each to its place.
fn in_parallel<T: Sync, R: Send>(threads: usize, items: &[T], of: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            scope.spawn(|| {
                while let Some((i, item)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, items.get(i)?))) {
                    let result = of(item);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((i, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, result)| result).collect()
}
