//! `tenure backtest`: an alert rule run over the past and held against what came.

use anyhow::Result;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use tenure_backtest::rule::{Case, Verdict};
use tenure_backtest::statistics::{Estimate, Spread};
use tenure_backtest::{Asked, Findings, Outcome as Foretold, Prepared, Question, QuestionError, Sweep, Terms, findings};
use tenure_engine::Mode;
use tenure_model::{Calendar, Day, Instant};

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
    /// An alert rule of the model
    #[arg(required_unless_present = "when", conflicts_with = "when")]
    rule: Option<String>,
    /// A condition to try instead of a rule of the model
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
    /// Thresholds to try: a part of the condition with numbers in braces, such as 'logins_7d < {1..10}' or 'trend < {-0.8..-0.2 step 0.1}'
    #[arg(long, value_name = "PART", allow_hyphen_values = true)]
    sweep: Option<Sweep>,
    /// Every instant instead of once a date, at its last instant: slower
    #[arg(long)]
    exact: bool,
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
        let rule = match (&self.rule, &self.when) {
            (Some(name), _) => Asked::Rule(name.clone()),
            (None, when) => Asked::New(match &self.for_ {
                Some(span) => json!({ "when": when, "for": span }),
                None => json!({ "when": when }),
            }),
        };
        let question = Question { rule, outcome: self.outcome.clone(), sweep: self.sweep.clone() };
        let prepared = question.prepare(&opened.loaded.model, &opened.loaded.source.files).map_err(wrong)?;
        let world = opened.world_with(prepared.model.clone())?;
        let terms = self.terms(&prepared.model.calendar, world.archive.span().map(|span| span.1))?;
        let segments = self.segments.iter().map(|name| segment(&prepared, name)).collect::<Result<Vec<_>>>()?;
        let mode = if self.exact { Mode::Exact } else { Mode::Daily { from: Day(i32::MIN) } };
        let bar = world::progress(&world);
        bar.set_message("replaying");
        let progress = |_: usize, events: usize| ProgressBar::inc(&bar, events as u64);
        let timelines = tokio::task::block_in_place(|| prepared.watch.through(&world, terms.known, mode, world::threads(), &progress))?;
        bar.finish_and_clear();
        let findings = findings(&prepared, &terms, &timelines, &segments);
        if self.cases {
            render::print(&cases(&findings.cases), self.style.style())?;
        } else if self.style.json {
            render::text(&format!("{}\n", report(&self, &terms, &findings)))?;
        } else {
            render::text(&self.text(&terms, &findings))?;
        }
        Ok(Outcome::Fine)
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

    fn text(&self, terms: &Terms, findings: &Findings) -> String {
        let (load, quality) = (&findings.load, &findings.quality);
        let verdict = |verdict: Verdict| render::count(quality.verdicts.get(&verdict).copied().unwrap_or(0) as u64);
        let name = self.rule.as_deref().or(self.when.as_deref()).unwrap_or_default();
        let mut out = format!(
            "{name} against {} within {}, {} to {}{}\n",
            self.outcome,
            render::counted(self.within as u64, "day"),
            date(terms.from),
            date(terms.to),
            if self.segments.is_empty() { String::new() } else { format!(", {}", self.segments.join(" or ")) },
        );
        out += &format!(
            "  fired      {} for {}, {:.1} a week; {} still firing{}\n",
            times(load.fires),
            render::counted(load.accounts as u64, "account"),
            load.fires as f64 / terms.weeks(),
            render::count(load.open as u64),
            load.days.as_ref().map_or_else(String::new, |days| format!("; resolved after {}", spread(days))),
        );
        out += &format!(
            "  precision  {}: {} hits, {} false alarms; {} too late to tell\n",
            percent(&quality.precision),
            verdict(Verdict::Hit),
            verdict(Verdict::FalseAlarm),
            verdict(Verdict::Censored),
        );
        out += &format!(
            "  recall     {}: of {} {} foretold, {} missed, {} missed as it fired before that and still did; {} came before the rule could see the account\n",
            percent(&quality.recall),
            render::counted(quality.outcomes as u64, "outcome"),
            render::count(quality.lead_days.map_or(0, |leads| leads.count) as u64),
            verdict(Verdict::Miss),
            verdict(Verdict::Early),
            verdict(Verdict::Unforeseeable),
        );
        out += &format!("  base rate  {}\n  lift       {}\n", percent(&quality.base_rate), plain(&quality.lift));
        if let Some(leads) = &quality.lead_days {
            out += &format!("  lead time  {}\n", spread(leads));
        }
        let c = &quality.confusion;
        let days = |n: u64| Value::from(render::count(n));
        let confusion = Grid {
            columns: ["account-days", "outcome followed", "it did not"].map(str::to_owned).to_vec(),
            rows: vec![
                vec!["firing".into(), days(c.true_positive), days(c.false_positive)],
                vec!["not firing".into(), days(c.false_negative), days(c.true_negative)],
            ],
        };
        out += &format!("\n{}", table(&confusion));
        let figures = |name: &str, fires: usize, q: &tenure_backtest::report::Quality| {
            let cells = [percent(&q.precision), percent(&q.recall), plain(&q.lift)];
            [name.to_owned(), render::count(fires as u64)].into_iter().chain(cells).map(Value::from).collect::<Vec<_>>()
        };
        let columns = |first: &str| [first, "fired", "precision", "recall", "lift"].map(str::to_owned).to_vec();
        let fired = |q: &tenure_backtest::report::Quality| {
            [Verdict::Hit, Verdict::FalseAlarm, Verdict::Censored].iter().filter_map(|v| q.verdicts.get(v)).sum()
        };
        if !findings.segments.is_empty() {
            let rows = findings.segments.iter().map(|(name, q)| figures(name, fired(q), q)).collect();
            out += &format!("\n{}", table(&Grid { columns: columns("segment"), rows }));
        }
        if !findings.sweep.is_empty() {
            let rows = findings.sweep.iter().map(|t| figures(&t.number, t.fires, &t.quality)).collect();
            out += &format!("\n{}", table(&Grid { columns: columns("threshold"), rows }));
        }
        if load.by_owner.iter().any(|(owner, ..)| owner.is_some()) {
            let row = |(owner, fires, week): &(Option<std::sync::Arc<str>>, usize, f64)| {
                vec![owner.as_deref().unwrap_or(NOTHING).into(), render::count(*fires as u64).into(), format!("{week:.2}").into()]
            };
            let columns = ["owner", "fired", "a week"].map(str::to_owned).to_vec();
            out += &format!("\n{}", table(&Grid { columns, rows: load.by_owner.iter().map(row).collect() }));
        }
        out
    }
}

/// What is wrong with a question, for people.
fn wrong(error: QuestionError) -> anyhow::Error {
    match error {
        QuestionError::NoRule { name, known: names } => match known("alert", &name, names.iter().map(String::as_str)) {
            Err(error) => error,
            Ok(()) => failure(format!("the alert `{name}` cannot be asked about"), "tenure check shows what the model says"),
        },
        QuestionError::Sweep(why) => failure(why, "write the part as it stands in the condition, with the number in braces"),
        QuestionError::Wrong(diagnostics) => match diagnostics.into_iter().next() {
            Some(d) => failure(d.message, d.help.unwrap_or_else(|| "conditions are as in models: docs/reference/conditions.md".to_owned())),
            None => failure("the question is wrong", "tenure check shows what the model says"),
        },
    }
}

fn segment(prepared: &Prepared, name: &str) -> Result<usize> {
    let names = || prepared.model.segments.iter().map(|segment| segment.name.as_str());
    known("segment", name, names())?;
    Ok(names().position(|known| known == name).unwrap_or_default())
}

/// The cases, one a line.
fn cases(cases: &[Case]) -> Grid {
    let time = |at: Option<Instant>| at.map_or(Value::Null, |at| at.to_string().into());
    let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().map_or(Value::Null, Value::from);
    Grid {
        columns: ["account", "person", "verdict", "fired_at", "resolved_at", "outcome_at", "owner"].map(str::to_owned).to_vec(),
        rows: cases
            .iter()
            .map(|case| {
                let verdict = serde_json::to_value(case.verdict).unwrap_or_default();
                let (fired, resolved, outcome) = (time(case.fired), time(case.resolved), time(case.outcome));
                vec![case.account.as_ref().into(), text(&case.person), verdict, fired, resolved, outcome, text(&case.owner)]
            })
            .collect(),
    }
}

/// All figures, for programs.
fn report(asked: &Backtest, terms: &Terms, findings: &Findings) -> Value {
    let weeks: Vec<Value> = findings.load.by_week.iter().map(|(day, fires)| json!({ "week": date(*day), "fires": fires })).collect();
    let owners: Vec<Value> =
        findings.load.by_owner.iter().map(|(owner, fires, week)| json!({ "owner": owner, "fires": fires, "per_week": week })).collect();
    json!({
        "rule": asked.rule, "when": asked.when, "outcome": asked.outcome.to_string(), "within_days": asked.within,
        "from": date(terms.from), "to": date(terms.to), "known": terms.known.to_string(), "segments_asked": asked.segments, "exact": asked.exact,
        "load": { "fires": findings.load.fires, "accounts": findings.load.accounts, "open": findings.load.open, "days": findings.load.days, "by_week": weeks, "by_owner": owners },
        "quality": findings.quality,
        "segments": findings.segments.iter().map(|(name, quality)| json!({ "segment": name, "quality": quality })).collect::<Vec<_>>(),
        "sweep": findings.sweep,
    })
}

fn date(day: Day) -> String {
    day.date().map_or_else(|| NOTHING.to_owned(), |date| date.to_string())
}

fn times(n: usize) -> String {
    if n == 1 { "once".to_owned() } else { format!("{} times", render::count(n as u64)) }
}

/// A share with its interval: `23.1 % (18.9 to 27.8)`.
fn percent(estimate: &Estimate) -> String {
    shown(estimate, |x| format!("{:.1}", 100.0 * x), " %")
}

fn plain(estimate: &Estimate) -> String {
    shown(estimate, |x| format!("{x:.2}"), "")
}

fn shown(estimate: &Estimate, number: impl Fn(f64) -> String, unit: &str) -> String {
    match (estimate.value, estimate.low, estimate.high) {
        (None, ..) => NOTHING.to_owned(),
        (Some(value), Some(low), Some(high)) => format!("{}{unit} ({} to {})", number(value), number(low), number(high)),
        (Some(value), ..) => format!("{}{unit}", number(value)),
    }
}

fn spread(days: &Spread) -> String {
    format!("{:.1} days (median; of ten the shortest {:.1}, the longest {:.1})", days.median, days.p10, days.p90)
}

fn table(grid: &Grid) -> String {
    let mut out = Vec::new();
    // A vector takes everything.
    let _ = render::write(&mut out, grid, render::Style::Table);
    String::from_utf8_lossy(&out).into_owned()
}
