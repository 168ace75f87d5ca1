//! `tenure backtest`: runs definitions over the past and holds them against what came.

mod against;
mod text;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use tenure_backtest::run::{DAYS_MAX, LEADS, WITHIN};
use tenure_backtest::sign::SignKind;
use tenure_backtest::tally::Case;
use tenure_backtest::timeline::Timeline;
use tenure_backtest::{
    Asked, Backtest as Asking, BacktestError, Findings, Outcome as Foretold, Question, QuestionError, Ready, Sweep, Terms,
};
use tenure_model::{Calendar, Day, Instant};

use super::decision::known;
use super::{Outcome, Shared};
use crate::failure::failure;
use crate::model::Loaded;
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
    #[arg(long, value_name = "DAYS", default_value_t = WITHIN, value_parser = clap::value_parser!(i32).range(1..=i64::from(DAYS_MAX)))]
    within: i32,
    /// The first date [default: so that the period has 365 dates]
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
    #[arg(long, value_name = "DAYS", value_delimiter = ',', default_values_t = LEADS, value_parser = clap::value_parser!(i32).range(0..=i64::from(DAYS_MAX)))]
    leads: Vec<i32>,
    /// Thresholds to try: a part of the condition with numbers in braces, such as 'logins_7d < {1..10}' or 'trend < {-0.8..-0.2 step 0.1}'
    #[arg(long, value_name = "PART", allow_hyphen_values = true)]
    sweep: Option<Sweep>,
    /// In whose condition the part stands, KIND:NAME, where not in that of what is asked about: all history is replayed for each number
    #[arg(long, value_name = "NAME", requires = "sweep")]
    sweep_in: Option<Asked>,
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

impl Backtest {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let opened = Opened::open(shared).await?;
        let asked = self.asked_of(&opened.loaded.model.calendar)?;
        if let Some(path) = &self.against {
            return against::run(&self, &asked, &opened, path);
        }
        let (ready, timelines, findings) = ask(&asked, &opened, &opened.loaded, "replaying")?;
        leave(timelines);
        let terms = &ready.terms;
        if self.cases {
            let Some(found) = findings.cases() else {
                let help = "name one: tenure backtest NAME --cases";
                return Err(failure("only an alert rule, a segment, a stage or a milestone has cases", help));
            };
            render::print(&cases(found), self.style.style())?;
        } else if self.style.json {
            render::text(&format!("{}\n", self.report(terms, &findings)))?;
        } else {
            render::text(&text::text(&self, terms, &findings))?;
        }
        Ok(Outcome::Fine)
    }

    fn question(&self) -> Question {
        let about = match (&self.what, &self.when) {
            (Some(asked), _) => asked.clone(),
            (None, Some(when)) => Asked::condition(when, self.for_.as_deref()),
            (None, None) => Asked::Model,
        };
        Question {
            about,
            outcome: self.outcome.clone(),
            sweep: self.sweep.clone(),
            sweep_in: self.sweep_in.clone(),
            leads: self.leads.clone(),
        }
    }

    /// Everything that is asked, with times of a calendar.
    fn asked_of(&self, calendar: &Calendar) -> Result<Asking> {
        let asked = |text: &Option<String>| text.as_deref().map(|text| when::as_of(text, calendar)).transpose();
        let day = |text| Ok::<_, anyhow::Error>(asked(text)?.map(|at| calendar.day(at)));
        Ok(Asking {
            question: self.question(),
            within: self.within,
            from: day(&self.from)?,
            to: day(&self.to)?,
            known: asked(&self.known)?,
            segments: self.segments.clone(),
            assume_constant: self.assume_constant,
            exact: self.exact,
        })
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

/// Replays a model and computes the findings.
fn ask(asked: &Asking, opened: &Opened, loaded: &Loaded, doing: &'static str) -> Result<(Ready, Vec<Timeline>, Findings)> {
    let latest = opened.folder.archive()?.span().map(|span| span.1);
    let ready = asked.ready(&loaded.model, &loaded.source.files, latest).map_err(wrong)?;
    // Interrupted, the process ends: it only reads.
    let on = AtomicBool::new(false);
    let (threads, replays, mut n) = (world::threads(), ready.replays(), 0);
    let (timelines, findings) = ready.run(threads, |prepared, until, mode| {
        n += 1;
        let world = opened.world_of_scope(&ready.scope(prepared), prepared.engine.clone())?;
        if n == 1 && world.late() > 0 {
            let accounts = render::counted(world.late() as u64, "account");
            remark!("events of {accounts} arrived after {}: they are left out", ready.terms.known);
        }
        let bar = world::progress(&world);
        bar.set_message(if replays > 1 { format!("{doing} {n}/{replays}") } else { doing.to_owned() });
        let progress = |_: usize, events: usize| ProgressBar::inc(&bar, events as u64);
        let through = || prepared.watch.through(&world, until, mode, threads, &progress, &on);
        let timelines = tokio::task::block_in_place(through).map_err(anyhow::Error::from);
        bar.finish_and_clear();
        // Nobody waits until the last one is taken down: the process ends.
        if n == replays {
            leave(world);
        }
        timelines
    })?;
    Ok((ready, timelines, findings))
}

/// Leaves what is large to the end of the process, which is near: taking it apart would only cost time.
fn leave<T>(large: T) {
    std::mem::forget(large);
}

/// What is wrong with a question, for people.
fn wrong(error: BacktestError) -> anyhow::Error {
    let said = error.to_string();
    let unknown = |what: &str, name: &str, names: &[String]| match known(what, name, names.iter().map(String::as_str)) {
        Err(error) => error,
        Ok(()) => failure(said.clone(), "tenure check shows what the model says"),
    };
    match &error {
        BacktestError::NoEvents => failure(said, "import some first: tenure import events FILE, or say --known TIME"),
        BacktestError::EmptyPeriod => failure(said, "choose another --from or --to"),
        BacktestError::NothingKnown => failure(said, "choose an earlier one with --from and --to"),
        BacktestError::NoSegment { name, known } => unknown("segment", name, known),
        BacktestError::Question(question) => match question {
            QuestionError::Unknown { name, known, .. } => unknown("definition", name, known),
            QuestionError::Ambiguous { instead, .. } => failure(said, format!("write {}", instead.join(" or "))),
            QuestionError::Sweep(why) => failure(why, "write the part as it stands in the condition, with the number in braces"),
            QuestionError::Wrong(diagnostics) => match diagnostics.first() {
                Some(d) => {
                    let help = d.help.clone().unwrap_or_else(|| "conditions are as in models: docs/reference/expressions.md".to_owned());
                    failure(&d.message, help)
                }
                None => failure(said, "tenure check shows what the model says"),
            },
        },
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
