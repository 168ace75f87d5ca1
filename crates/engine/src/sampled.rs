//! Sampled replay of quiet dates: dates on which an account has nothing but events, many at once, in columns.
//!
//! What no feedback enters is computed column by column; what stands in state machines is looked at on the dates on which something it reads
//! changed, by the same step that evaluates every other instant.

use std::ops::Range;

use tenure_model::condition::{self, Column, Rows};
use tenure_model::definition::{Builtin, ColumnId, MetricDef, Window};
use tenure_model::time::{Day, Instant};
use tenure_model::{Program, Value};

use crate::Engine;
use crate::account::{Account, Life};
use crate::advance::Scratch;
use crate::columns::{Columns, Trigger};
use crate::evaluate::Scored;
use crate::health::band_after;
use crate::input::Inputs;
use crate::intake::Cursor;
use crate::metric::{self, Moment};
use crate::outcome::Sink;
use crate::plan::Task;
use crate::scores;

/// How many dates are computed at once: what is done once for all of them counts for more than that their columns fit the innermost cache.
const DATES_MAX: i32 = 366;
/// Fewer are faster one by one.
const DATES_MIN: i32 = 4;

/// Memory for columns, used again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sheet {
    /// By slot of the account's row.
    pub columns: Vec<Column>,
    /// By position in `Columns::given`, date by date.
    given: Vec<Vec<Value>>,
    /// By date: which of `Columns::nodes` are due.
    due: Vec<u64>,
    /// By date: which of `Columns::taken` changed, as far as they are among the first 64.
    changed: Vec<u64>,
    /// By date: not 0 if the score or its coverage changed.
    moved: Vec<u64>,
    column: Vec<f64>,
    /// Scores and their coverage, date by date.
    pub score: Vec<f64>,
    pub coverage: Vec<f64>,
    pub scores: scores::Scratch,
    pub scratch: condition::Scratch,
}

impl Engine {
    /// Advances a live account over quiet dates from today on, which has not been looked at. Gives how many dates that were.
    pub(crate) fn quiet_dates(
        &self,
        account: &mut Account,
        inputs: &Inputs<'_>,
        cursor: &mut Cursor,
        scratch: &mut Scratch,
        to: Instant,
        sink: &mut dyn Sink,
    ) -> i32 {
        let Some(plan) = &self.columns else { return 0 };
        if account.life != Life::Live || account.lags > 0 || !account.body.lagged.is_empty() {
            return 0;
        }
        let calendar = &self.model.calendar;
        let from = account.today;
        let change = inputs.changes.get(cursor.change).map_or(Instant::NEVER, |c| c.at);
        let quiet_until = to.0.min(change.0.saturating_sub(1)).min(account.facts_wake.0.saturating_sub(1));
        // The last date that is quiet to its end.
        let end = calendar.day(Instant(quiet_until.saturating_add(1))).0 - 1;
        let dates = (end - from.0 + 1).min(DATES_MAX);
        if dates < DATES_MIN {
            return 0;
        }
        let mut sheet = std::mem::take(&mut scratch.sheet);
        account.body.signals.iter_mut().for_each(|s| s.hold(true));
        self.feed_dates(plan, &mut sheet, account, inputs, cursor, scratch, dates);
        account.body.signals.iter_mut().for_each(|s| s.ready());
        self.fill_columns(plan, &mut sheet, account, dates as usize);
        account.body.signals.iter_mut().for_each(|s| s.hold(false));
        let card = self.score_dates(plan, &mut sheet, account, dates as usize);
        find_due(plan, &mut sheet, &account.body.row, dates as usize, card.is_some());
        plan.untimed.iter().for_each(|n| account.body.wake[*n] = i64::MAX);
        find_changed(plan, &mut sheet, dates as usize);
        let (mut wake, mut passed) = (i64::MIN, Passed::default());
        let mut i = 0;
        while i < dates as usize {
            let next = self.next_date(plan, &sheet, card, i, dates as usize, wake, account, sink);
            if next > i {
                passed.add(&sheet, i..next);
                self.pass(&sheet, account, i..next);
            }
            self.date(plan, &sheet, card, next, std::mem::take(&mut passed), &mut wake, account, scratch, sink);
            self.next_day(account, sink);
            i = next + 1;
        }
        // When time alone changes these next is asked of their signals again.
        plan.untimed.iter().for_each(|n| account.body.wake[*n] = account.evaluated.next().0);
        scratch.sheet = sheet;
        dates
    }

    /// The next date that is to be looked at, from one on: the last one, or before it one of which something may be to be told.
    #[allow(clippy::too_many_arguments)]
    fn next_date(
        &self,
        plan: &Columns,
        sheet: &Sheet,
        card: Option<usize>,
        i: usize,
        dates: usize,
        wake: i64,
        account: &Account,
        sink: &dyn Sink,
    ) -> usize {
        let (calendar, today) = (&self.model.calendar, account.today);
        let wanted = sink.wanted_from(today);
        // Of other columns the values on past dates are taken from the row.
        let is_score = plan.health.is_none_or(|health| health.slots[0] != usize::MAX);
        let is_logged = |log: &(ColumnId, i32)| log.0 == Builtin::Health.column() && is_score;
        if wanted <= today || !plan.daily.is_empty() || !plan.given.is_empty() || !self.plan.logs.iter().all(is_logged) {
            return i;
        }
        let last = Day(today.0 + (dates - 1 - i) as i32);
        let woken = if wake > calendar.last_instant(last).0 { last } else { calendar.day(Instant(wake.max(account.midnight.0))) };
        let end = i + (wanted.min(woken).min(last).0 - today.0).max(0) as usize;
        let is_silent = plan.silent && !(sink.wants_scores() && sink.wants_detail());
        let is_still = |date: &usize| {
            let band = || {
                let (score, card) = (sheet.score[*date], card?);
                (!score.is_nan()).then(|| band_after(&self.model, account, card, score))
            };
            let moved = sheet.moved[*date] != 0;
            sheet.due[*date] == 0 && (!moved || is_silent && card == account.health.card && band() == account.health.band)
        };
        (i..end).find(|date| !is_still(date)).unwrap_or(end)
    }

    /// Passes over dates; their scores are noted.
    fn pass(&self, sheet: &Sheet, account: &mut Account, dates: Range<usize>) {
        for (log, (_, days)) in account.logs.iter_mut().zip(&self.plan.logs) {
            // Of those that no look back will reach, only the last one stands.
            let reached = dates.end.saturating_sub(*days as usize).max(dates.start);
            let is_moved = |date: &usize| sheet.moved[*date] != 0;
            let last = (dates.start..reached).rev().find(is_moved);
            for date in last.into_iter().chain((reached..dates.end).filter(is_moved)) {
                let (day, score) = (Day(account.today.0 + (date - dates.start) as i32), sheet.score[date]);
                log.note(day, &if score.is_nan() { Value::Null } else { Value::Number(score) }, *days);
            }
        }
        let today = Day(account.today.0 + dates.len() as i32);
        account.today = today;
        account.midnight = self.model.calendar.midnight(today);
        account.next_midnight = self.model.calendar.midnight(Day(today.0 + 1));
        account.evaluated = account.midnight.plus(-1);
    }

    /// Feeds the events of the dates; metrics that are no numbers are read off date by date.
    #[allow(clippy::too_many_arguments)]
    fn feed_dates(
        &self,
        plan: &Columns,
        sheet: &mut Sheet,
        account: &mut Account,
        inputs: &Inputs<'_>,
        cursor: &mut Cursor,
        scratch: &mut Scratch,
        dates: i32,
    ) {
        let from = account.today;
        sheet.given.resize_with(plan.given.len(), Vec::new);
        sheet.given.iter_mut().for_each(Vec::clear);
        if plan.given.is_empty() {
            let last = self.model.calendar.last_instant(Day(from.0 + dates - 1));
            cursor.feed(self, account, inputs, scratch, last);
            return;
        }
        for i in 0..dates {
            let moment = self.moment(account, Day(from.0 + i));
            cursor.feed(self, account, inputs, scratch, moment.t);
            for ((_, m), values) in plan.given.iter().zip(&mut sheet.given) {
                let MetricDef::Events { aggregate, window, .. } = &self.model.metrics[*m].def else { continue };
                let signal = &account.body.signals[self.plan.account.metric_signal[*m]];
                values.push(metric::of_events(signal, *aggregate, *window, &account.body.row, &moment).0);
            }
        }
    }

    fn moment(&self, account: &Account, day: Day) -> Moment<'_> {
        let calendar = &self.model.calendar;
        Moment { t: calendar.last_instant(day), today: day, calendar, started: account.started.map(|s| s.1) }
    }

    /// Makes the columns. What is the same on all dates goes into the row, which they share: its column stays empty.
    fn fill_columns(&self, plan: &Columns, sheet: &mut Sheet, account: &mut Account, dates: usize) {
        sheet.columns.resize_with(account.body.row.len(), Column::default);
        sheet.columns.iter_mut().for_each(Column::clear);
        for (slot, task) in &plan.made {
            let row = &account.body.row;
            let mut values = std::mem::take(&mut sheet.columns[*slot as usize]).into_numbers();
            let is_same = self.is_same(*task, sheet, account);
            values.resize(if is_same { 1 } else { dates }, f64::NAN);
            match task {
                Task::Age => {
                    if let Some((_, day)) = account.started {
                        (account.today.0 - day.0..).zip(&mut values).for_each(|(age, out)| *out = f64::from(age));
                    }
                }
                Task::DaysUntil(of) => {
                    if let Some(day) = row[*of as usize].as_day(&self.model.calendar) {
                        (0..).zip(&mut values).for_each(|(i, out)| *out = f64::from(day.0 - account.today.0 - i));
                    }
                }
                Task::Segment(s) => self.expression(&self.model.segments[*s].when, sheet, row, dates, &mut values),
                Task::Metric(m) => match &self.model.metrics[*m].def {
                    MetricDef::Sql(program) => self.expression(program, sheet, row, values.len(), &mut values),
                    _ => self.metric_of_dates(*m, account, &mut values),
                },
                _ => {}
            }
            let truths = self.model.account[*slot as usize].kind == tenure_model::Kind::Bool;
            let is_constant = is_same || !matches!(task, Task::Segment(_)) && is_constant(&values);
            let mut column = if truths { Column::Truths(values) } else { Column::Numbers(values) };
            if is_constant {
                column.put(0, &mut account.body.row[*slot as usize]);
                column.clear();
            }
            sheet.columns[*slot as usize] = column;
        }
    }

    /// Is a metric known to be the same on all dates, before it is computed?
    fn is_same(&self, task: Task, sheet: &Sheet, account: &Account) -> bool {
        let Task::Metric(m) = task else { return false };
        match &self.model.metrics[m].def {
            MetricDef::Sql(program) => is_shared(&sheet.columns, program),
            MetricDef::Events { aggregate, window, .. } => {
                let signal = &account.body.signals[self.plan.account.metric_signal[m]];
                by_date(*window).is_some_and(|(days, offset)| signal.same(*aggregate, account.today, days, offset))
            }
            _ => false,
        }
    }

    fn expression(&self, program: &Program, sheet: &mut Sheet, row: &[Value], dates: usize, out: &mut Vec<f64>) {
        let rows = Rows { from: 0, len: dates, shared: row, columns: &sheet.columns };
        program.over(&rows, Instant::MIN, &mut sheet.scratch, out);
    }

    /// A metric of events on each date.
    fn metric_of_dates(&self, m: usize, account: &Account, out: &mut [f64]) {
        let MetricDef::Events { aggregate, window, .. } = &self.model.metrics[m].def else { return };
        let signal = &account.body.signals[self.plan.account.metric_signal[m]];
        if let Some((days, offset)) = by_date(*window)
            && signal.fill(*aggregate, account.today, days, offset, out)
        {
            if *aggregate == tenure_model::definition::Aggregate::Since
                && let Some((_, started)) = account.started
            {
                for (today, out) in (account.today.0..).zip(out).take_while(|(_, out)| out.is_nan()) {
                    *out = f64::from(today - started.0);
                }
            }
            return;
        }
        // A window that has begun and ended stays as it is.
        let mut settled = None;
        for (day, out) in (account.today.0..).zip(out) {
            if let Some(value) = settled {
                *out = value;
                continue;
            }
            let moment = self.moment(account, Day(day));
            *out = match metric::of_events(signal, *aggregate, *window, &account.body.row, &moment).0 {
                Value::Number(x) => x,
                Value::Bool(b) => f64::from(u8::from(b)),
                _ => f64::NAN,
            };
            let fixed = matches!(window, Window::From { .. } | Window::Before { .. });
            if fixed && metric::range(*window, &account.body.row, &moment).is_none_or(|r| r.to < moment.t) {
                settled = Some(*out);
            }
        }
    }

    /// Looks at one date: its columns, and those of the dates passed over before it, go into the row, and what they make due is evaluated. Where nothing is due but a new score, it is noted, and
    /// that is all, unless it makes something dirty that is not known to stand. `wake`: the next timer.
    #[allow(clippy::too_many_arguments)]
    fn date(
        &self,
        plan: &Columns,
        sheet: &Sheet,
        card: Option<usize>,
        i: usize,
        passed: Passed,
        wake: &mut i64,
        account: &mut Account,
        scratch: &mut Scratch,
        sink: &mut dyn Sink,
    ) {
        let t = account.next_midnight.plus(-1);
        account.evaluated = t;
        let mut changed = sheet.changed[i] | passed.changed;
        while changed != 0 {
            let slot = plan.taken[changed.trailing_zeros() as usize] as usize;
            sheet.columns[slot].put(i, &mut account.body.row[slot]);
            changed &= changed - 1;
        }
        for slot in plan.taken.iter().skip(64).filter(|slot| !sheet.columns[**slot as usize].is_empty()) {
            sheet.columns[*slot as usize].put(i, &mut account.body.row[*slot as usize]);
        }
        if let Some(slot) = plan.days_in_stage {
            let days = f64::from(account.today.0 - account.stage.entered_on.0);
            match &mut account.body.row[slot as usize] {
                Value::Number(number) => *number = days,
                place => *place = Value::Number(days),
            }
        }
        let moved = sheet.moved[i] != 0 || passed.moved;
        let still = sheet.due[i] == 0 && *wake > t.0 && plan.daily.is_empty() && plan.given.is_empty();
        if still && !moved {
            return;
        }
        let mut step = self.step(account, scratch, sink, t);
        step.dirty.clear();
        let some = |x: f64| (!x.is_nan()).then_some(x);
        step.scored = card.map(|card| Scored { card, score: some(sheet.score[i]), coverage: some(sheet.coverage[i]) });
        if still {
            step.health(self.plan.health);
            step.dirty.subtract(&plan.told);
            if step.dirty.is_empty() && step.account.body.lagged.is_empty() {
                return;
            }
        }
        for ((slot, _), values) in plan.given.iter().zip(&sheet.given) {
            step.write(*slot as usize, values[i].clone());
        }
        if moved {
            step.dirty.insert(self.plan.health);
        }
        let mut due = sheet.due[i];
        while due != 0 {
            step.dirty.insert(plan.nodes[due.trailing_zeros() as usize]);
            due &= due - 1;
        }
        plan.daily.iter().for_each(|n| step.dirty.insert(*n));
        step.wake_due();
        if !step.dirty.is_empty() {
            step.settle();
        }
        *wake = account.body.next_wake();
    }
}

/// What the dates before that were passed over have changed.
#[derive(Clone, Copy, Debug, Default)]
struct Passed {
    /// As `Sheet::changed`.
    changed: u64,
    /// The score.
    moved: bool,
}

impl Passed {
    fn add(&mut self, sheet: &Sheet, dates: Range<usize>) {
        self.changed |= sheet.changed[dates.clone()].iter().fold(0, |all, bits| all | bits);
        self.moved |= sheet.moved[dates].iter().any(|moved| *moved != 0);
    }
}

/// By date, which columns of the row changed from the date before; on the first all that are there.
fn find_changed(plan: &Columns, sheet: &mut Sheet, dates: usize) {
    sheet.changed.clear();
    sheet.changed.resize(dates, 0);
    for (bit, slot) in plan.taken.iter().take(64).enumerate() {
        let column = &sheet.columns[*slot as usize];
        sheet.changed[0] |= u64::from(!column.is_empty()) << bit;
        mark_changes(column.numbers(), &mut sheet.changed, bit);
    }
}

/// By date, which nodes are due: on the first all of them, then those for which a trigger changed from the date before; and on which of them the
/// score changed.
fn find_due(plan: &Columns, sheet: &mut Sheet, row: &[Value], dates: usize, scored: bool) {
    sheet.due.clear();
    sheet.due.resize(dates, 0);
    sheet.due[0] = first(plan.nodes.len());
    sheet.moved.clear();
    sheet.moved.resize(dates, 0);
    let due = &mut sheet.due;
    let health = plan.health.filter(|_| scored);
    if let Some(health) = health {
        for (column, slot) in [&sheet.score, &sheet.coverage].into_iter().zip(health.slots) {
            mark_changes(column, &mut sheet.moved, 0);
            // Conditions of alerts may read it.
            if let Some(read) = sheet.columns.get_mut(slot) {
                let mut numbers = std::mem::take(read).into_numbers();
                numbers.clone_from(column);
                *read = Column::Numbers(numbers);
            }
        }
    }
    let beside = if scored { &plan.scored } else { &plan.unscored };
    for (bit, trigger) in plan.triggers.iter().chain(beside).filter(|t| health.is_none_or(|h| h.bit != t.0)) {
        match trigger {
            Trigger::Truth(program) if is_shared(&sheet.columns, program) => {}
            Trigger::Truth(program) => {
                let rows = Rows { from: 0, len: dates, shared: row, columns: &sheet.columns };
                program.over(&rows, Instant::MIN, &mut sheet.scratch, &mut sheet.column);
                let pairs = sheet.column.windows(2).zip(due[1..].iter_mut());
                let holds = |x: f64| x.to_bits() == 1f64.to_bits();
                pairs.for_each(|(pair, due)| *due |= u64::from(holds(pair[0]) != holds(pair[1])) << bit);
            }
            Trigger::Column(slot) => {
                mark_changes(sheet.columns[*slot as usize].numbers(), due, *bit);
            }
        }
    }
}

/// Sets a bit on the dates on which a column changed. Without a branch, and with comparisons that processors of any age make of several numbers at
/// a time.
fn mark_changes(column: &[f64], due: &mut [u64], bit: usize) {
    let bit = 1 << bit;
    let (Some((_, after)), Some((_, due))) = (column.split_first(), due.split_first_mut()) else { return };
    for ((before, after), due) in column.iter().zip(after).zip(due) {
        let same = (before == after) | (before.is_nan() & after.is_nan());
        *due |= if same { 0 } else { bit };
    }
}

/// Do all dates share what an expression reads?
pub(crate) fn is_shared(columns: &[Column], program: &Program) -> bool {
    program.reads().iter().all(|slot| columns[*slot as usize].is_empty())
}

/// Is a column the same on all dates? Without a branch for each of them.
fn is_constant(column: &[f64]) -> bool {
    let Some(first) = column.first().map(|x| x.to_bits()) else { return false };
    let differ = |part: &[f64]| part.iter().fold(0, |differ, x| differ | (x.to_bits() ^ first)) != 0;
    column.last().is_some_and(|last| last.to_bits() == first) && !differ(column)
}

/// The dates of a window that dates serve (None: all up to the present), and how many of them its end lies before the present.
fn by_date(window: Window) -> Option<(Option<i32>, i32)> {
    match window {
        Window::Days { days, offset } => Some((Some(days), offset)),
        Window::Lifetime => Some((None, 0)),
        _ => None,
    }
}

/// The first `n` bits, at most all.
fn first(n: usize) -> u64 {
    if n == 0 { 0 } else { u64::MAX >> (64 - n.min(64)) }
}
