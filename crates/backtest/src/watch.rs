//! Replays a model and keeps of every account what figures are computed from.

use std::sync::Arc;

use tenure_engine::{Account, AlertState, Happened, Inputs, Mode, Sink};
use tenure_model::definition::ColumnId;
use tenure_model::{Day, Instant, Model, Value};
use tenure_replay::replay::{Progress, Visitor, replay};
use tenure_replay::{Result, World};

use crate::outcome::Outcome;
use crate::timeline::Timeline;

/// What is kept of each account.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Rules whose firing is kept.
    pub rules: Vec<usize>,
    /// What they are held against.
    pub outcome: Outcome,
    /// Whose accounts are, where a rule does not say it: a text column of accounts.
    pub owner: Option<ColumnId>,
}

impl Watch {
    /// Replays everything up to an instant. Gives the timelines of all accounts that were there, by account.
    ///
    /// # Errors
    /// What the replay says.
    pub fn through(&self, world: &World, until: Instant, mode: Mode, threads: usize, progress: Progress<'_>) -> Result<Vec<Timeline>> {
        let model = world.engine.model();
        let visitor =
            |_| Ok(Watching { watch: self, model, rule: self.outcome.rule(model), now: None, level: None, timelines: Vec::new() });
        let visitors = replay(world, until, mode, threads, visitor, progress)?;
        let mut timelines: Vec<Timeline> = visitors.into_iter().flat_map(|visitor| visitor.timelines).collect();
        timelines.sort_unstable_by(|a, b| a.account.cmp(&b.account));
        Ok(timelines)
    }

    fn owner(&self, model: &Model, account: &Account, rule: usize) -> Option<Arc<str>> {
        match account.value(model.alerts[rule].owner.or(self.owner)?) {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

struct Watching<'w> {
    watch: &'w Watch,
    model: &'w Model,
    /// The rule that stands for the outcome.
    rule: Option<usize>,
    /// Of the account that is under way; accounts come one after another.
    now: Option<Timeline>,
    level: Option<f64>,
    timelines: Vec<Timeline>,
}

impl Watching<'_> {
    fn timeline(&mut self, account: &Account) -> &mut Timeline {
        // One that was not there in the end was never told of.
        self.now.take_if(|now| now.account != *account.id());
        self.now.get_or_insert_with(|| Timeline::new(account.id().clone()))
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
            _ => false,
        };
        let timeline = self.timeline(account);
        timeline.take(&outcome, |rule| watch.rules.contains(&rule), |rule| watch.owner(model, account, rule));
        if came {
            timeline.outcomes.push(outcome.at);
        }
    }

    fn day(&mut self, account: &Account, day: Day) {
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
        let model = self.model;
        self.timeline(&account);
        let Some(mut timeline) = self.now.take() else { return Ok(()) };
        timeline.outcomes.extend(self.watch.outcome.events(model, inputs).filter(|at| *at <= account.at()));
        timeline.outcomes.sort_unstable();
        self.timelines.push(timeline);
        Ok(())
    }
}
