//! Advances one account over a span: its inputs and timers in order of time, each distinct instant evaluated once.

use std::sync::Arc;

use tenure_model::Model;
use tenure_model::definition::Column;
use tenure_model::time::{Day, Instant};

use crate::Engine;
use crate::account::{Account, Life};
use crate::bits::Bits;
use crate::evaluate::{Step, Touched};
use crate::feed::EventRow;
use crate::health::HealthNow;
use crate::input::Inputs;
use crate::intake::Cursor;
use crate::outcome::{Happened, Sink};
use crate::plan::{RowPlan, Task};
use crate::sampled::Sheet;

/// At which instants accounts are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// At every instant of an input or timer.
    #[default]
    Exact,
    /// As exact, but every definition is evaluated at every instant, whether anything it reads changed or not: what tests compare with.
    Thorough,
    /// Once a date, at its last instant, beginning with the eve of `from`: faster, for exploring; it says of itself that it is sampled.
    Daily {
        /// The first date; what came before is looked at once.
        from: Day,
    },
    /// One evaluation at the end of the span: a look at the metrics; what has a history (stages, alerts with `for`) begins with it.
    Once,
}

/// An evaluation may follow another a microsecond later this often before it counts as an oscillation.
const LAGS_MAX: u32 = 8;

/// An input that lies before what has been advanced over: the account has to be replayed from its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an input of {input} is late: the account has been advanced to {at}; replay it from its history")]
pub struct Late {
    /// Instant of the input.
    pub input: Instant,
    /// Where the account is.
    pub at: Instant,
}

/// Memory that is used again from instant to instant, and from account to account. It keeps nothing of them.
#[derive(Debug, Default)]
pub struct Scratch {
    dirty: Bits,
    /// The account's ordinals of `Inputs::people`.
    pub(crate) people: Vec<u32>,
    pub(crate) event: EventRow,
    health: HealthNow,
    pub(crate) sheet: Sheet,
}

impl Engine {
    /// The state of an account of which nothing is known yet.
    pub fn account(&self, id: impl Into<Arc<str>>) -> Account {
        Account::new(id.into(), &self.model, &self.plan)
    }

    /// Advances an account over (account.at, to] with all its inputs in that span. Batching changes no result: two advances give what one gives.
    ///
    /// # Errors
    /// [`Late`] if an input lies at or before `account.at`; nothing has changed then.
    pub fn advance(&self, account: &mut Account, inputs: &Inputs<'_>, to: Instant, mode: Mode, sink: &mut dyn Sink) -> Result<(), Late> {
        self.advance_in(&mut Scratch::default(), account, inputs, to, mode, sink)
    }

    /// As `advance`, in memory that served other accounts: for those who advance many.
    ///
    /// # Errors
    /// As `advance`.
    pub fn advance_in(
        &self,
        scratch: &mut Scratch,
        account: &mut Account,
        inputs: &Inputs<'_>,
        to: Instant,
        mode: Mode,
        sink: &mut dyn Sink,
    ) -> Result<(), Late> {
        let first = inputs
            .events
            .time
            .first()
            .map(|t| Instant(*t))
            .into_iter()
            .chain(inputs.changes.iter().map(|c| c.at).find(|at| *at != Instant::MIN))
            .min();
        if let Some(input) = first.filter(|t| *t <= account.at) {
            return Err(Late { input, at: account.at });
        }
        scratch.dirty.reset(self.plan.account.width);
        scratch.people = account.ordinals_of(inputs.people, &self.model, &self.plan);
        scratch.event.reset(self.model.properties.len(), &scratch.people);
        let mut cursor = Cursor { event: 0, change: 0 };
        if account.life == Life::Unborn {
            let Some(born) = self.birth(account, inputs).filter(|born| *born <= to) else {
                account.assume(inputs.changes, &scratch.people);
                account.at = to;
                return Ok(());
            };
            if born > to {
                account.at = to;
                return Ok(());
            }
            account.born = born;
            let first = match mode {
                Mode::Exact | Mode::Thorough => born,
                Mode::Daily { from } => born.max(self.model.calendar.last_instant(Day(from.0.saturating_sub(1)))).min(to),
                Mode::Once => to,
            };
            self.instant(account, inputs, &mut cursor, scratch, first, mode, sink);
        }
        match mode {
            Mode::Exact | Mode::Thorough => loop {
                let t = cursor.next(inputs).min(account.next_timer());
                if t > to {
                    break;
                }
                self.instant(account, inputs, &mut cursor, scratch, t, mode, sink);
            },
            Mode::Once => {
                if account.evaluated < to {
                    self.instant(account, inputs, &mut cursor, scratch, to, mode, sink);
                }
            }
            Mode::Daily { .. } => {
                loop {
                    let t = self.model.calendar.last_instant(account.today);
                    if t > to {
                        break;
                    }
                    if t > account.evaluated {
                        if self.quiet_dates(account, inputs, &mut cursor, scratch, to, sink) > 0 {
                            continue;
                        }
                        self.instant(account, inputs, &mut cursor, scratch, t, mode, sink);
                    }
                    self.next_day(account, sink);
                }
                if account.evaluated < to {
                    self.instant(account, inputs, &mut cursor, scratch, to, mode, sink);
                }
            }
        }
        account.at = to;
        Ok(())
    }

    /// One instant: takes what comes in at it, then evaluates.
    #[allow(clippy::too_many_arguments)]
    fn instant(
        &self,
        account: &mut Account,
        inputs: &Inputs<'_>,
        cursor: &mut Cursor,
        scratch: &mut Scratch,
        t: Instant,
        mode: Mode,
        sink: &mut dyn Sink,
    ) {
        let mut midnight = false;
        if account.life == Life::Unborn {
            self.today(account, self.model.calendar.day(t));
        }
        while t >= account.next_midnight {
            self.next_day(account, sink);
            midnight = true;
        }
        let round = if account.lags > 0 && t == account.evaluated.next() { account.lags } else { 0 };
        account.lags = 0;
        scratch.dirty.clear();
        let people = std::mem::take(&mut scratch.people);
        let mut event = std::mem::take(&mut scratch.event);
        let mut step = self.step(account, scratch, sink, t);
        step.daily = midnight;
        let live_before = step.account.life == Life::Live;
        cursor.take(&mut step, inputs, &people, &mut event);
        step.facts();
        let live = step.account.life == Life::Live;
        if live {
            if mode == Mode::Thorough {
                (0..self.plan.account.width).for_each(|n| step.dirty.insert(n));
                step.everyone();
            }
            if midnight || matches!(mode, Mode::Daily { .. } | Mode::Once) || !live_before {
                step.daily = true;
                step.dirty.union(&self.plan.account.daily);
                step.touched = Touched::All;
            }
            step.dirty.union(&step.account.body.lagged);
            step.account.body.lagged.clear();
            if round > 0 {
                step.touched = Touched::All;
            }
            step.wake_due();
            if matches!(mode, Mode::Daily { .. } | Mode::Once) {
                step.settle();
            } else {
                step.run();
            }
            if step.account.lags > 0 {
                step.account.lags = round + 1;
                if step.account.lags > LAGS_MAX {
                    step.oscillated();
                }
            }
        }
        account.evaluated = t;
        scratch.people = people;
        scratch.event = event;
    }

    /// An evaluation at an instant, with nothing dirty yet.
    pub(crate) fn step<'a>(&'a self, account: &'a mut Account, scratch: &'a mut Scratch, sink: &'a mut dyn Sink, t: Instant) -> Step<'a> {
        let Scratch { dirty, health, .. } = scratch;
        Step { engine: self, account, sink, dirty, t, daily: false, touched: Touched::Some(vec![]), shared: vec![], health, scored: None }
    }

    /// A date is over.
    #[inline]
    pub(crate) fn next_day(&self, account: &mut Account, sink: &mut dyn Sink) {
        if account.life == Life::Live {
            for (i, (column, days)) in self.plan.logs.iter().enumerate() {
                account.logs[i].note(account.today, &account.body.row[*column as usize], *days);
            }
            sink.day(account, account.today);
        }
        account.today = Day(account.today.0 + 1);
        account.midnight = account.next_midnight;
        account.next_midnight = self.model.calendar.midnight(Day(account.today.0 + 1));
    }

    fn today(&self, account: &mut Account, day: Day) {
        account.today = day;
        account.midnight = self.model.calendar.midnight(day);
        account.next_midnight = self.model.calendar.midnight(Day(day.0 + 1));
    }
}

impl Step<'_> {
    /// Makes dirty what is due by time alone.
    pub(crate) fn wake_due(&mut self) {
        for (n, wake) in self.account.body.wake.iter().enumerate() {
            if *wake <= self.t.0 {
                self.dirty.insert(n);
            }
        }
    }

    /// Sampled: what would follow microseconds later is settled at the same instant.
    pub(crate) fn settle(&mut self) {
        self.run();
        for _ in 0..LAGS_MAX {
            if self.account.lags == 0 {
                break;
            }
            self.account.lags = 0;
            self.dirty.union(&self.account.body.lagged);
            self.account.body.lagged.clear();
            self.touched = Touched::All;
            self.run();
        }
        if self.account.lags > 0 {
            self.oscillated();
        }
    }

    /// Gives up on values that keep changing each other, and says so.
    fn oscillated(&mut self) {
        let model = &self.engine.model;
        let plan = &self.engine.plan.account;
        let mut nodes: Vec<String> =
            plan.circle(&self.account.body.lagged).into_iter().map(|n| name_of(model, plan, &model.account, n)).collect();
        self.account.body.lagged.clear();
        for person in &mut self.account.people {
            let mut from = 0;
            while let Some(n) = person.body.lagged.take_from(from) {
                from = n;
                nodes.push(format!("person.{}", name_of(model, &self.engine.plan.person, &model.person, n)));
            }
            person.body.lagged.clear();
        }
        nodes.sort();
        nodes.dedup();
        self.account.lags = 0;
        self.tell(Happened::Oscillated { nodes }, vec![]);
    }
}

/// A definition's name, else that of the column it writes.
fn name_of(model: &Model, plan: &RowPlan, columns: &[Column], n: usize) -> String {
    let node = &plan.nodes[n];
    match (node.task, node.out.and_then(|s| columns.get(s as usize))) {
        (Task::Milestone(m), _) => model.milestones[m].name.clone(),
        (Task::Alert(a), _) => model.alerts[a].name.clone(),
        (_, Some(column)) => column.name.clone(),
        (task, None) => format!("{task:?}").to_lowercase(),
    }
}
