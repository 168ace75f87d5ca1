//! Replays a model and keeps of every account what figures are computed from.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tenure_engine::{Account, AlertState, Engine, Happened, Inputs, Mode, Sink, Upstream, What};
use tenure_model::definition::{ColumnId, Source};
use tenure_model::{Day, Instant, Model, Value};
use tenure_replay::replay::{Progress, Visitor, replay};
use tenure_replay::{Error, Result, World};

use crate::outcome::Outcome;
use crate::sign::Sign;
use crate::timeline::{Reading, Timeline};

/// What is kept of each account.
#[derive(Clone, Debug)]
pub struct Watch {
    /// What signs are held against.
    pub outcome: Outcome,
    /// Whose accounts are, where a rule does not say it: a text column of accounts.
    pub owner: Option<ColumnId>,
    /// When scores are read; None: never.
    pub readings: Option<Readings>,
    /// Are signs of persons kept beside alerts?
    pub people: bool,
}

/// When scores are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readings {
    /// On this date, and every seventh from then on.
    pub from: Day,
    /// Until this date.
    pub to: Day,
    /// With the scores of each measure?
    pub measures: bool,
}

/// Days from one reading to the next.
pub const READ_EVERY: i32 = 7;
/// After all dates.
const NO_DAY: Day = Day(i32::MAX);

impl Watch {
    /// Keeps only where accounts stand, and when.
    pub fn standing() -> Watch {
        Watch { outcome: Outcome::Churned, owner: None, readings: None, people: false }
    }

    /// What it looks at: everything that decides, and whose accounts are.
    pub fn columns(&self, engine: &Engine) -> Upstream {
        let model = engine.model();
        let mut columns = engine.everything();
        columns
            .account
            .extend(self.owner.into_iter().chain(model.alerts.iter().filter_map(|rule| rule.owner)).chain(self.outcome.column()));
        columns
    }

    /// Replays everything up to an instant, unless it is cancelled. Gives the timelines of all accounts that were there, by account.
    ///
    /// # Errors
    /// What the replay says, and `Error::Cancelled`.
    pub fn through(
        &self,
        world: &World,
        until: Instant,
        mode: Mode,
        threads: usize,
        progress: Progress<'_>,
        cancelled: &AtomicBool,
    ) -> Result<Vec<Timeline>> {
        let visitor = |_| Ok(Watching::new(self, &world.engine, cancelled));
        let visitors = replay(world, until, mode, threads, visitor, progress)?;
        let mut timelines = Vec::with_capacity(visitors.iter().map(|visitor| visitor.timelines.len()).sum());
        timelines.extend(visitors.into_iter().flat_map(|visitor| visitor.timelines));
        // Stable: each visitor's stretches are in order already.
        timelines.sort_by(|a: &Timeline, b| a.account.cmp(&b.account));
        Ok(timelines)
    }

    /// As `through`, of one account by its inputs.
    ///
    /// # Errors
    /// Where they are not in order.
    pub fn one(&self, engine: &Engine, id: &str, inputs: &Inputs<'_>, until: Instant, mode: Mode) -> Result<Timeline> {
        let on = AtomicBool::new(false);
        let mut watching = Watching::new(self, engine, &on);
        let mut account = engine.account(id);
        engine.advance(&mut account, inputs, until, mode, &mut watching)?;
        watching.account(account, inputs)?;
        Ok(watching.timelines.pop().unwrap_or_else(|| Timeline::new(id.into())))
    }

    fn owner(&self, model: &Model, account: &Account, sign: Sign) -> Option<Arc<str>> {
        let own = if let Sign::Rule(rule) = sign { model.alerts[rule].owner } else { None };
        match account.value(own.or(self.owner)?) {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

struct Watching<'w> {
    watch: &'w Watch,
    engine: &'w Engine,
    model: &'w Model,
    cancelled: &'w AtomicBool,
    /// The rule that stands for the outcome.
    rule: Option<usize>,
    /// Of the account that is under way; accounts come one after another.
    now: Option<Timeline>,
    level: Option<f64>,
    timelines: Vec<Timeline>,
}

impl<'w> Watching<'w> {
    fn new(watch: &'w Watch, engine: &'w Engine, cancelled: &'w AtomicBool) -> Watching<'w> {
        let model = engine.model();
        Watching { watch, engine, model, cancelled, rule: watch.outcome.rule(model), now: None, level: None, timelines: Vec::new() }
    }

    fn timeline(&mut self, account: &Account) -> &mut Timeline {
        // One that was not there in the end was never told of.
        self.now.take_if(|now| now.account != *account.id());
        self.now.get_or_insert_with(|| Timeline::new(account.id().clone()))
    }

    /// Reads the score of an account that has one, or has none though a card applies.
    fn read(&mut self, account: &Account, day: Day, measures: bool) {
        let Some(reading) = Reading::of(account, day) else { return };
        let scores = measures.then(|| {
            let health = self.engine.health(account);
            health.groups.iter().flat_map(|group| group.measures.iter().map(|m| m.score.unwrap_or(f64::NAN))).collect()
        });
        let left = self.watch.readings.map_or(0, |r| (r.to.0 - day.0) / READ_EVERY + 1);
        let timeline = self.timeline(account);
        if timeline.readings.is_empty() {
            timeline.readings.reserve_exact(left as usize);
        }
        timeline.readings.push(reading);
        timeline.measures.extend(scores);
    }
}

impl Sink for Watching<'_> {
    fn outcome(&mut self, account: &Account, outcome: tenure_engine::Outcome) {
        let (watch, model) = (self.watch, self.model);
        if matches!(outcome.what, Happened::Born | Happened::Restarted) {
            self.level = None;
        }
        let came = match &outcome.what {
            Happened::Ended => watch.outcome == Outcome::Churned,
            Happened::Alert { rule, state: AlertState::Firing, .. } => Some(*rule) == self.rule,
            Happened::Segment { person: Some(_), .. } if !watch.people => return,
            _ => false,
        };
        let timeline = self.timeline(account);
        timeline.take(&outcome, |sign| watch.owner(model, account, sign));
        if came {
            timeline.outcomes.push(outcome.at);
        }
    }

    fn wants_scores(&self) -> bool {
        false
    }

    fn wanted_from(&self, day: Day) -> Day {
        match self.watch.readings {
            _ if self.watch.outcome.column().is_some() => day,
            Some(r) if day <= r.from => r.from,
            Some(r) => Some(Day(r.from.0 + (day.0 - r.from.0 + READ_EVERY - 1) / READ_EVERY * READ_EVERY))
                .filter(|next| *next <= r.to)
                .unwrap_or(NO_DAY),
            None => NO_DAY,
        }
    }

    fn day(&mut self, account: &Account, day: Day) {
        if let Some(r) = self.watch.readings
            && (r.from..=r.to).contains(&day)
            && (day.0 - r.from.0) % READ_EVERY == 0
        {
            self.read(account, day, r.measures);
        }
        let Some(now) = self.watch.outcome.level(account) else { return };
        if let Some(before) = self.level.replace(now)
            && self.watch.outcome.came(before, now)
        {
            let at = self.model.calendar.last_instant(day);
            self.timeline(account).outcomes.push(at);
        }
    }
}

impl Visitor for Watching<'_> {
    fn account(&mut self, account: Account, inputs: &Inputs<'_>) -> Result<()> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        let model = self.model;
        self.timeline(&account);
        let Some(mut timeline) = self.now.take() else { return Ok(()) };
        timeline.outcomes.extend(self.watch.outcome.events(model, inputs).filter(|at| *at <= account.at()));
        timeline.outcomes.sort_unstable();
        timeline.undated = undated(model, inputs);
        self.timelines.push(timeline);
        Ok(())
    }
}

/// The traits that an account, and that its persons have without a date: as if since ever. When it began is its own date.
fn undated(model: &Model, inputs: &Inputs<'_>) -> Upstream {
    let mut found = Upstream { account: BTreeSet::new(), person: BTreeSet::new() };
    for change in inputs.changes.iter().take_while(|change| change.at == Instant::MIN) {
        match &change.what {
            What::Trait(slot, value) if !value.is_null() => {
                let column = &model.account[*slot as usize];
                if column.source == Source::Trait && !matches!(column.name.as_str(), "created_at" | "started_at") {
                    found.account.insert(*slot);
                }
            }
            What::PersonTrait(_, slot, value) if !value.is_null() => {
                found.person.insert(*slot);
            }
            _ => {}
        }
    }
    found
}
