//! Writes what an evaluation gave as Parquet under `derived/<revision>/`: histories of metrics, health, stages, segments, milestones and alerts.
//!
//! Documented in docs/reference/derived.md. Each thread writes its own part of each table.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use crate::Result;
use datafusion::parquet::file::reader::{FileReader, SerializedFileReader};
use tenure_engine::{Account, AlertReason, AlertState, Engine, Happened, Inputs, MovedBy, Outcome, Sink};
use tenure_model::definition::{Builtin, Source};
use tenure_model::time::Instant;
use tenure_model::{Day, Kind, Model, Value};

use super::assumed::Assumed;
use super::oscillated::Oscillated;
use super::table::Table;
use tenure_replay::portfolio;
use tenure_replay::replay::Visitor;

/// The tables, as folders under the revision's.
pub const TABLES: &[&str] = &["state", "metrics", "health_daily", "health", "stages", "segments", "milestones", "alerts", "lives"];

/// Are all tables of a folder there, each part of them whole as far as its footer tells, with so many accounts?
pub fn is_whole(folder: &Path, accounts: u64) -> bool {
    let rows = |path: &Path| SerializedFileReader::new(File::open(path).ok()?).ok().map(|r| r.metadata().file_metadata().num_rows());
    let of_table = |table: &str| -> Option<(usize, i64)> {
        let parts = std::fs::read_dir(folder.join(table)).ok()?.map(|e| rows(&e.ok()?.path())).collect::<Option<Vec<_>>>()?;
        Some((parts.len(), parts.iter().sum()))
    };
    let Some(found) = TABLES.iter().map(|table| of_table(table)).collect::<Option<Vec<_>>>() else { return false };
    // `state` stands first; every thread has written its part of each.
    found[0].0 > 0 && found.iter().all(|(parts, _)| *parts == found[0].0) && u64::try_from(found[0].1) == Ok(accounts)
}

/// Names and types of a table's columns; None where there is no such table.
pub fn columns(table: &str, model: &Model) -> Option<Vec<(String, Kind)>> {
    use Kind::{Bool, Date, Number, Text, Time};
    let fixed: &[(&str, Kind)] = match table {
        "state" => return Some(super::state::columns(model)),
        "metrics" => &[("account_id", Text), ("date", Date)],
        "health_daily" => &[("account_id", Text), ("date", Date), ("stage", Text), ("score", Number), ("coverage", Number), ("band", Text)],
        "health" => &[
            ("account_id", Text),
            ("at", Time),
            ("scorecard", Text),
            ("score", Number),
            ("coverage", Number),
            ("band", Text),
            ("band_changed", Bool),
        ],
        "stages" => &[("account_id", Text), ("at", Time), ("from_stage", Text), ("stage", Text), ("moved_by", Text)],
        "segments" => &[("account_id", Text), ("person_id", Text), ("segment", Text), ("at", Time), ("member", Bool)],
        "milestones" => &[("account_id", Text), ("milestone", Text), ("at", Time), ("status", Text), ("due", Time)],
        "alerts" => &[
            ("account_id", Text),
            ("person_id", Text),
            ("alert", Text),
            ("severity", Text),
            ("at", Time),
            ("state", Text),
            ("reason", Text),
        ],
        "lives" => &[("account_id", Text), ("at", Time), ("event", Text), ("tenure", Number)],
        _ => return None,
    };
    let metrics = model.metrics.iter().filter(|_| table == "metrics").map(|m| (m.name.clone(), m.kind));
    Some(fixed.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).chain(metrics).collect())
}

/// Writes one part of every table.
pub struct Derived {
    engine: Arc<Engine>,
    metrics: Table,
    health_daily: Table,
    health: Table,
    stages: Table,
    segments: Table,
    milestones: Table,
    alerts: Table,
    lives: Table,
    state: Table,
    builtins: Slots,
    /// Firing episodes, for the ledger.
    pub firings: Vec<Firing>,
    /// Accounts whose history rests on traits without a date.
    pub assumed: Assumed,
    /// Accounts that kept changing without settling.
    pub oscillated: Oscillated,
    error: Option<crate::Error>,
}

/// An alert that fired, and whether it still does.
#[derive(Clone, Debug)]
pub struct Firing {
    /// Whose.
    pub account: Arc<str>,
    /// The person, for alerts of persons.
    pub person: Option<Arc<str>>,
    /// Index of the rule.
    pub rule: usize,
    /// When it fired.
    pub at: Instant,
    /// The owner then.
    pub owner: Option<Arc<str>>,
    /// When and why it resolved.
    pub resolved: Option<(Instant, AlertReason)>,
}

#[derive(Clone, Copy)]
struct Slots {
    stage: usize,
    health: usize,
    coverage: usize,
    band: usize,
}

fn slot(model: &Model, builtin: Builtin) -> usize {
    model.account.iter().position(|c| c.source == Source::Builtin(builtin)).unwrap_or(usize::MAX)
}

impl Derived {
    /// Opens part number `part` of all tables in a folder.
    pub fn create(folder: &Path, part: usize, engine: Arc<Engine>) -> Result<Derived> {
        let model = engine.model().clone();
        let open = |table: &str| {
            Table::create(&folder.join(table).join(format!("part-{part}.parquet")), &columns(table, &model).unwrap_or_default())
        };
        Ok(Derived {
            metrics: open("metrics")?,
            state: open("state")?,
            health_daily: open("health_daily")?,
            health: open("health")?,
            stages: open("stages")?,
            segments: open("segments")?,
            milestones: open("milestones")?,
            alerts: open("alerts")?,
            lives: open("lives")?,
            builtins: Slots {
                stage: slot(&model, Builtin::Stage),
                health: slot(&model, Builtin::Health),
                coverage: slot(&model, Builtin::HealthCoverage),
                band: slot(&model, Builtin::HealthBand),
            },
            engine,
            firings: Vec::new(),
            assumed: Assumed::default(),
            oscillated: Oscillated::default(),
            error: None,
        })
    }

    /// Closes all parts.
    pub fn finish(self) -> Result<(Vec<Firing>, Assumed, Oscillated)> {
        if let Some(error) = self.error {
            return Err(error);
        }
        for table in
            [self.metrics, self.health_daily, self.health, self.stages, self.segments, self.milestones, self.alerts, self.lives, self.state]
        {
            table.finish()?;
        }
        Ok((self.firings, self.assumed, self.oscillated))
    }

    /// Errors cannot leave a sink: the first is kept until the account is through.
    fn keep(&mut self, result: Result<()>) {
        if let (Err(error), None) = (result, &self.error) {
            self.error = Some(error);
        }
    }

    fn happened(&mut self, account: &Account, outcome: Outcome) -> Result<()> {
        let model = self.engine.model().clone();
        let id = Value::Text(account.id().clone());
        let at = Value::Time(outcome.at);
        let text = |t: &str| Value::text(t);
        let person = |p: &Option<Arc<str>>| p.clone().map_or(Value::Null, Value::Text);
        match outcome.what {
            Happened::Born | Happened::Ended | Happened::Restarted => {
                let event = match outcome.what {
                    Happened::Born => "began",
                    Happened::Ended => "ended",
                    _ => "came back",
                };
                self.lives.push(&[id, at, text(event), Value::Number(f64::from(account.tenure()))])
            }
            Happened::Stage { from, to, by } => {
                let from = from.map_or(Value::Null, |i| text(&model.stages[i].name));
                let by = match by {
                    MovedBy::Beginning => "beginning",
                    MovedBy::Condition => "condition",
                    MovedBy::BackTo => "back_to",
                    MovedBy::Hand => "hand",
                };
                self.stages.push(&[id, at, from, text(&model.stages[to].name), text(by)])
            }
            Happened::Segment { person: p, segment, member } => {
                let name = if p.is_some() { &model.person_segments[segment].name } else { &model.segments[segment].name };
                self.segments.push(&[id, person(&p), text(name), at, Value::Bool(member)])
            }
            Happened::Milestone { milestone, status, due } => self.milestones.push(&[
                id,
                text(&model.milestones[milestone].name),
                at,
                text(status.name()),
                due.map_or(Value::Null, Value::Time),
            ]),
            Happened::Health { card, score, coverage, band, band_changed } => {
                let number = |x: Option<f64>| x.map_or(Value::Null, Value::Number);
                let card = card.map_or(Value::Null, |c| text(&model.scorecards[c].name));
                self.health.push(&[
                    id,
                    at,
                    card,
                    number(score),
                    number(coverage),
                    band.map_or(Value::Null, Value::Text),
                    Value::Bool(band_changed),
                ])
            }
            Happened::Alert { person: p, rule, state, since: _, why } => {
                let definition = &model.alerts[rule];
                self.firing(account, &p, rule, state, outcome.at, why);
                let severity = format!("{:?}", definition.severity).to_lowercase();
                self.alerts.push(&[id, person(&p), text(&definition.name), text(&severity), at, text(state.name()), text(why.name())])
            }
            Happened::Oscillated { nodes } => {
                self.oscillated.add(account.id(), nodes);
                Ok(())
            }
            Happened::OverrideExpired { .. } | Happened::Export { .. } => Ok(()),
        }
    }

    fn firing(&mut self, account: &Account, person: &Option<Arc<str>>, rule: usize, state: AlertState, at: Instant, why: AlertReason) {
        match state {
            AlertState::Firing => {
                let owner = self.engine.model().alerts[rule].owner.and_then(|o| account.value(o).as_text().map(Arc::from));
                self.firings.push(Firing { account: account.id().clone(), person: person.clone(), rule, at, owner, resolved: None });
            }
            AlertState::Inactive => {
                let open = self
                    .firings
                    .iter_mut()
                    .rev()
                    .take_while(|f| f.account == *account.id())
                    .find(|f| f.rule == rule && f.person == *person && f.resolved.is_none());
                if let Some(firing) = open {
                    firing.resolved = Some((at, why));
                }
            }
            AlertState::Pending => {}
        }
    }
}

impl Sink for Derived {
    fn outcome(&mut self, account: &Account, outcome: Outcome) {
        let result = self.happened(account, outcome);
        self.keep(result);
    }

    fn day(&mut self, account: &Account, day: Day) {
        let (id, date) = (Value::Text(account.id().clone()), Value::Date(day));
        let model = self.engine.model().clone();
        let result = self.metrics.push([&id, &date].into_iter().chain(model.metrics.iter().map(|m| account.value(m.column))));
        self.keep(result);
        let Slots { stage, health, coverage, band } = self.builtins;
        let values = [stage, health, coverage, band].map(|s| account.value(s as u32));
        let result = self.health_daily.push([&id, &date].into_iter().chain(values));
        self.keep(result);
    }
}

impl Visitor for Derived {
    fn account(&mut self, account: Account, inputs: &Inputs<'_>) -> tenure_replay::Result<()> {
        if let Some(error) = self.error.take() {
            return Err(error.into());
        }
        self.assumed.add(&self.engine, &account, inputs);
        let line = portfolio::line(&self.engine, &account, inputs);
        Ok(self.state.push(&super::state::row(&line))?)
    }
}
