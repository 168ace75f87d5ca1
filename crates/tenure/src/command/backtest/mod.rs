//! `tenure backtest`: runs definitions over the past and holds them against what came.

mod against;
mod text;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use tenure_backtest::sign::SignKind;
use tenure_backtest::tally::Case;
use tenure_backtest::timeline::Timeline;
use tenure_backtest::{Answer, Asked, Findings, Outcome as Foretold, Prepared, Question, QuestionError, Sweep, Terms, findings};
use tenure_engine::Mode;
use tenure_model::{Calendar, Day, Instant, Model};

use super::decision::known;
use super::{Outcome, Shared};
use crate::failure::failure;
use crate::render::{self, Grid, NOTHING, StyleArgs};
use crate::when;
use crate::world::{self, Opened};

/// Options of `tenure backtest`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Replays all history through the model and changes nothing. Horizons that reach beyond what is known are counted apart; intervals are of 95 %, clustered by account."
)]
pub struct Backtest {
    /// An alert rule, scorecard, segment, milestone or stage of the model; where several have the name, KIND:NAME [default: the whole model]
    #[arg(conflicts_with = "when")]
    what: Option<Asked>,
    /// A condition to try, as an alert rule that is not in the model
    #[arg(long, value_name = "CONDITION")]
    when: Option<String>,
    /// With --when: how long it must hold before it fires
    #[arg(long = "for", value_name = "SPAN", requires = "when")]
    for_: Option<String>,
    /// What it is to foretell: churned, downgraded, expanded, renewed, event:NAME, or a condition that begins to hold
    #[arg(long, value_name = "OUTCOME", default_value = "churned")]
    outcome: Foretold,
    /// Within how many days the outcome must follow
    #[arg(long, value_name = "DAYS", default_value_t = 60, value_parser = clap::value_parser!(i32).range(1..=3660))]
    within: i32,
    /// The first date [default: 365 days before the last]
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// The last date [default: that of the latest event]
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// Up to when it is known what came [default: the end of the date of the latest event]
    #[arg(long, value_name = "TIME")]
    known: Option<String>,
    /// Only members of this segment, of any of these
    #[arg(long = "segment", value_name = "NAME")]
    segments: Vec<String>,
    /// Of a scorecard: how many days earlier it is to foretell
    #[arg(long, value_name = "DAYS", value_delimiter = ',', default_value = "0,30,60,90", value_parser = clap::value_parser!(i32).range(0..=3660))]
    leads: Vec<i32>,
    /// Thresholds to try: a part of the condition with numbers in braces, such as 'logins_7d < {1..10}' or 'trend < {-0.8..-0.2 step 0.1}'
    #[arg(long, value_name = "PART", allow_hyphen_values = true)]
    sweep: Option<Sweep>,
    /// Take traits without a date to have been so since ever, instead of leaving out the accounts that rest on them
    #[arg(long)]
    assume_constant: bool,
    /// Every instant instead of once a date, at its last instant: slower
    #[arg(long)]
    exact: bool,
    /// Compare with the model in this folder or file, side by side on the same history: accounts and all figures
    #[arg(long, value_name = "DIR", conflicts_with_all = ["what", "when", "sweep", "cases"])]
    against: Option<PathBuf>,
    /// List the firings and the outcomes that none foretold, instead of figures
    #[arg(long)]
    cases: bool,
    #[command(flatten)]
    style: StyleArgs,
}

/// Days of the period, where it is not said.
const PERIOD: i32 = 365;

impl Backtest {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let opened = Opened::open(shared).await?;
        let model = &opened.loaded.model;
        let terms = self.terms(&model.calendar, opened.folder.archive()?.span().map(|span| span.1))?;
        if let Some(path) = &self.against {
            return against::run(&self, &opened, &terms, path);
        }
        let (_, _, findings) = self.ask(&opened, model, &opened.loaded.source.files, &terms, "replaying")?;
        if self.cases {
            render::print(&cases(findings_cases(&findings)?), self.style.style())?;
        } else if self.style.json {
            render::text(&format!("{}\n", self.report(&terms, &findings)))?;
        } else {
            render::text(&text::text(&self, &terms, &findings))?;
        }
        Ok(Outcome::Fine)
    }

    /// Replays a model and computes the findings.
    fn ask(
        &self,
        opened: &Opened,
        model: &Model,
        files: &[(String, String)],
        terms: &Terms,
        doing: &'static str,
    ) -> Result<(Prepared, Vec<Timeline>, Findings)> {
        let prepared = self.question().prepare(model, files, terms).map_err(wrong)?;
        let world = opened.world_of_engine(prepared.engine.clone())?;
        let segments = self.segments.iter().map(|name| segment(&prepared, name)).collect::<Result<Vec<_>>>()?;
        let mode = if self.exact { Mode::Exact } else { Mode::Daily { from: Day(i32::MIN) } };
        let bar = world::progress(&world);
        bar.set_message(doing);
        let progress = |_: usize, events: usize| ProgressBar::inc(&bar, events as u64);
        // Interrupted, the process ends: it only reads.
        let on = AtomicBool::new(false);
        let answer = tokio::task::block_in_place(|| -> Result<_> {
            let timelines = prepared.watch.through(&world, terms.known, mode, world::threads(), &progress, &on)?;
            bar.set_message("counting");
            let findings = findings(&prepared, terms, &timelines, &segments, self.assume_constant, world::threads());
            Ok((timelines, findings))
        });
        bar.finish_and_clear();
        answer.map(|(timelines, findings)| (prepared, timelines, findings))
    }

    fn question(&self) -> Question {
        let about = match (&self.what, &self.when) {
            (Some(asked), _) => asked.clone(),
            (None, Some(when)) => Asked::New(match &self.for_ {
                Some(span) => json!({ "when": when, "for": span }),
                None => json!({ "when": when }),
            }),
            (None, None) => Asked::Model,
        };
        Question { about, outcome: self.outcome.clone(), sweep: self.sweep.clone(), leads: self.leads.clone() }
    }

    fn terms(&self, calendar: &Calendar, latest: Option<Instant>) -> Result<Terms> {
        let asked = |text: &Option<String>| text.as_deref().map(|text| when::as_of(text, calendar)).transpose();
        let (from, to, known) = (asked(&self.from)?, asked(&self.to)?, asked(&self.known)?);
        let latest = latest.map(|at| calendar.last_instant(calendar.day(at)));
        let Some(known) = known.or(latest).or(to) else {
            return Err(failure("there are no events to replay", "import some first: tenure import events FILE, or say --known TIME"));
        };
        let to = calendar.day(to.unwrap_or(known));
        let from = from.map_or(Day(to.0 - PERIOD + 1), |at| calendar.day(at));
        if from > to {
            return Err(failure("the period is empty", "--from must be a date before --to"));
        }
        if calendar.day(known) < from {
            return Err(failure(
                "nothing is known of the period",
                "it begins after the latest event; choose an earlier one with --from and --to",
            ));
        }
        Ok(Terms::new(calendar.clone(), from, to, self.within, known))
    }

    /// What is asked about, for people.
    fn asked(&self) -> String {
        match (&self.what, &self.when) {
            (Some(asked), _) => asked.to_string(),
            (None, Some(when)) => when.clone(),
            (None, None) => "the model".to_owned(),
        }
    }

    /// All figures, for programs.
    fn report(&self, terms: &Terms, findings: &Findings) -> Value {
        json!({
            "asked": self.asked(), "outcome": self.outcome.to_string(), "within_days": self.within, "from": date(terms.from), "to": date(terms.to),
            "known": terms.known.to_string(), "only_segments": self.segments, "exact": self.exact, "findings": findings,
        })
    }
}

/// What is wrong with a question, for people.
fn wrong(error: QuestionError) -> anyhow::Error {
    let said = error.to_string();
    match error {
        QuestionError::Unknown { name, known: names, .. } => match known("definition", &name, names.iter().map(String::as_str)) {
            Err(error) => error,
            Ok(()) => failure(said, "tenure check shows what the model says"),
        },
        QuestionError::Ambiguous { instead, .. } => failure(said, format!("write {}", instead.join(" or "))),
        QuestionError::Sweep(why) => failure(why, "write the part as it stands in the condition, with the number in braces"),
        QuestionError::Wrong(diagnostics) => match diagnostics.into_iter().next() {
            Some(d) => failure(d.message, d.help.unwrap_or_else(|| "conditions are as in models: docs/reference/conditions.md".to_owned())),
            None => failure(said, "tenure check shows what the model says"),
        },
    }
}

fn segment(prepared: &Prepared, name: &str) -> Result<usize> {
    let names = || prepared.engine.model().segments.iter().map(|segment| segment.name.as_str());
    known("segment", name, names())?;
    Ok(names().position(|known| known == name).unwrap_or_default())
}

/// The cases behind the figures.
fn findings_cases(findings: &Findings) -> Result<Vec<(SignKind, &Case)>> {
    let of = |sign: &'_ tenure_backtest::findings::SignFindings| sign.kind;
    match &findings.answer {
        Answer::Sign(sign) => Ok(sign.cases.iter().map(|case| (of(sign), case)).collect()),
        Answer::Milestone(m) => Ok([&m.missed, &m.reached].into_iter().flat_map(|sign| sign.cases.iter().map(move |c| (of(sign), c))).collect()),
        Answer::Scorecard(_) | Answer::Model(_) => {
            Err(failure("only an alert rule, a segment, a stage or a milestone has cases", "name one: tenure backtest NAME --cases"))
        }
    }
}

/// The cases, one a line.
fn cases(cases: Vec<(SignKind, &Case)>) -> Grid {
    let time = |at: Option<Instant>| at.map_or(Value::Null, |at| at.to_string().into());
    let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().map_or(Value::Null, Value::from);
    Grid {
        columns: ["account", "person", "of", "verdict", "fired_at", "resolved_at", "outcome_at", "owner"].map(str::to_owned).to_vec(),
        rows: cases
            .iter()
            .map(|(kind, case)| {
                let verdict = serde_json::to_value(case.verdict).unwrap_or_default();
                let (fired, resolved, outcome) = (time(case.fired), time(case.resolved), time(case.outcome));
                vec![
                    case.account.as_ref().into(),
                    text(&case.person),
                    kind.name().into(),
                    verdict,
                    fired,
                    resolved,
                    outcome,
                    text(&case.owner),
                ]
            })
            .collect(),
    }
}

fn date(day: Day) -> String {
    day.date().map_or_else(|| NOTHING.to_owned(), |date| date.to_string())
}
