//! Every definition of all accounts evaluated again, in columns, and compared with what stands.

use std::ops::Range;

use tenure_model::condition::{Column, Scratch};
use tenure_model::definition::{Builtin, ColumnId, MetricDef};
use tenure_model::time::Instant;
use tenure_model::{Kind, Model, Program};

use super::beside::{Beside, Place, Standing};
use super::health::Scores;
use super::{CHUNK, LiveTable};
use crate::Engine;
use crate::plan::Task;

impl Engine {
    /// The rows of accounts that have to be advanced to `now`, ascending: those in which some definition evaluated again at `now` gives another
    /// value than the one that stands, or would move a state machine, and those of which something is due by time alone.
    ///
    /// Evaluated in columns are segments, SQL metrics, peaks, ages and dates until something, conditions of stages, milestones and alerts, and
    /// scores with their coverage. What is not computed in columns changes nothing by itself between an account's timers: metrics of events
    /// and of the past, persons and children, the score of an account with overrides. Where [`LiveTable::put`] changed what such a part reads,
    /// the row is given without asking. `Engine::advance` decides; so a row given needlessly costs time only.
    ///
    /// The table must be one of this engine's model, its accounts advanced exactly (not sampled), and `now` not before their last evaluation.
    pub fn stale(&self, table: &LiveTable, now: Instant) -> Vec<usize> {
        let mut look = Look {
            engine: self,
            table,
            now,
            today: f64::from(self.model.calendar.day(now).0),
            range: 0..0,
            stale: Vec::with_capacity(CHUNK),
            truths: Vec::with_capacity(CHUNK),
            members: Vec::with_capacity(CHUNK),
            scratch: Scratch::default(),
        };
        let mut scores = Scores::default();
        let mut stale = Vec::new();
        for range in table.chunks() {
            look.chunk(range, &mut scores);
            let beside = &table.beside;
            for (i, differs) in look.range.clone().zip(&look.stale) {
                let live = beside.place[i] == Place::Live;
                if (live && (*differs || beside.touched[i])) || beside.is_due(i, now) {
                    stale.push(i);
                }
            }
        }
        stale
    }
}

/// A look at some rows.
pub(super) struct Look<'a> {
    pub engine: &'a Engine,
    pub table: &'a LiveTable,
    pub now: Instant,
    /// The date of now.
    pub today: f64,
    pub range: Range<usize>,
    /// By row of the range: does something differ?
    pub stale: Vec<bool>,
    /// By row of the range: the last thing computed.
    pub truths: Vec<f64>,
    /// By row of the range: is it a member of any of the segments asked for?
    pub members: Vec<bool>,
    scratch: Scratch,
}

/// NULL, as NaN, is the same as NULL.
#[inline(always)]
pub(super) fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

impl<'a> Look<'a> {
    fn chunk(&mut self, range: Range<usize>, scores: &mut Scores) {
        self.range = range;
        self.stale.clear();
        self.stale.resize(self.range.len(), false);
        let engine = self.engine;
        let beside = &self.table.beside;
        let (mut until, mut before) = (0, 0);
        for node in &engine.plan.account.nodes {
            let out = node.out.unwrap_or(u32::MAX);
            match node.task {
                Task::Age => self.counted(out, &beside.started_on, |today, day| today - day),
                Task::DaysUntil(_) => {
                    self.counted(out, &beside.until[until], |today, day| day - today);
                    until += 1;
                }
                Task::DaysInStage => self.counted(out, &beside.entered_on, |today, day| today - day),
                Task::Metric(m) => match &engine.model.metrics[m].def {
                    MetricDef::Sql(program) => self.expression(program, out),
                    MetricDef::Peak(of) => self.peak(*of, out),
                    _ => {}
                },
                Task::Segment(s) => {
                    self.truths_of(&engine.model.segments[s].when);
                    self.truths.iter_mut().for_each(|x| *x = f64::from(u8::from(*x == 1.0)));
                    self.compare(out);
                }
                Task::Stage => self.stage(&engine.model, beside),
                Task::StageLate => self.stage_late(&engine.model, beside, out),
                Task::Milestone(m) => self.milestone(m, &engine.model, beside),
                Task::Health => scores.look(self),
                Task::HealthChange(_) => {
                    self.health_change(&beside.before[before], out);
                    before += 1;
                }
                Task::Alert(a) => self.alert(a, &engine.model, beside),
            }
        }
    }

    /// A column of the table, as far as the range goes.
    pub fn part<T>(&self, column: &'a [T]) -> &'a [T] {
        &column[self.range.clone()]
    }

    /// The numbers or truths of a column; None of others, and of a column that is not there.
    pub fn numbers(&self, slot: ColumnId) -> Option<&'a [f64]> {
        let column = self.table.columns.get(slot as usize)?;
        matches!(column, Column::Numbers(_) | Column::Truths(_)).then(|| self.part(column.numbers()))
    }

    /// Where a condition holds (1), into `truths`.
    pub fn truths_of(&mut self, program: &Program) {
        program.over(&self.table.rows(&self.range), self.now, &mut self.scratch, &mut self.truths);
    }

    /// Who is a member of any of these segments, into `members`; of none, everyone.
    pub fn members_of(&mut self, segments: &[usize]) {
        self.members.clear();
        self.members.resize(self.range.len(), segments.is_empty());
        for segment in segments {
            let slot = self.engine.model.segments[*segment].column;
            let Some(column) = self.numbers(slot) else { return self.members.fill(true) };
            self.members.iter_mut().zip(column).for_each(|(member, x)| *member |= *x == 1.0);
        }
    }

    /// What was computed against what stands.
    fn compare(&mut self, slot: ColumnId) {
        match self.numbers(slot) {
            Some(stands) => {
                let pairs = stands.iter().zip(&self.truths);
                self.stale.iter_mut().zip(pairs).for_each(|(stale, (a, b))| *stale |= !same(*a, *b));
            }
            // A column that is not there is not written either. One of strange values is left to the advance.
            None if (slot as usize) < self.table.columns.len() => self.stale.fill(true),
            None => {}
        }
    }

    fn counted(&mut self, out: ColumnId, days: &'a [f64], count: impl Fn(f64, f64) -> f64) {
        let (days, today) = (self.part(days), self.today);
        self.truths.clear();
        self.truths.extend(days.iter().map(|day| count(today, *day)));
        self.compare(out);
    }

    fn expression(&mut self, program: &Program, out: ColumnId) {
        if matches!(program.kind(), Kind::Number | Kind::Bool) {
            self.truths_of(program);
            return self.compare(out);
        }
        let rows = self.table.rows(&self.range);
        for i in 0..rows.len {
            let value = program.eval_at(&rows, i, self.now, &mut self.scratch);
            self.stale[i] |= !value.same(&self.table.value(rows.from + i, out));
        }
    }

    fn peak(&mut self, of: ColumnId, out: ColumnId) {
        let (Some(now), Some(peak)) = (self.numbers(of), self.numbers(out)) else { return self.stale.fill(true) };
        let pairs = now.iter().zip(peak);
        self.stale.iter_mut().zip(pairs).for_each(|(stale, (now, peak))| *stale |= !now.is_nan() && (peak.is_nan() || now > peak));
    }

    fn health_change(&mut self, before: &'a [f64], out: ColumnId) {
        let slot = self.engine.plan.slot(Builtin::Health);
        let Some(health) = self.numbers(slot as ColumnId) else { return self.stale.fill(true) };
        let before = self.part(before);
        self.truths.clear();
        self.truths.extend(health.iter().zip(before).map(|(now, before)| now - before));
        self.compare(out);
    }

    /// Would an account move? Forwards to a stage whose condition holds, or back from one whose condition does not.
    fn stage(&mut self, model: &Model, beside: &'a Beside) {
        let (stages, held) = (self.part(&beside.stage), self.part(&beside.held));
        for (i, stage) in model.stages.iter().enumerate() {
            let Some(when) = stage.when.as_ref().filter(|_| !stage.manual || stage.back_to.is_some()) else {
                if stage.back_to.is_some() {
                    self.stale.iter_mut().zip(stages.iter().zip(held)).for_each(|(stale, (at, held))| *stale |= *at == i as u32 && !held);
                }
                continue;
            };
            self.truths_of(when);
            let (manual, back) = (stage.manual, stage.back_to.is_some());
            for (k, truth) in self.truths.iter().enumerate() {
                let (at, holds) = (stages[k], *truth == 1.0);
                let moves = (holds && !manual && at < i as u32) || (!holds && back && at == i as u32);
                self.stale[k] |= moves && !held[k];
            }
        }
    }

    fn stage_late(&mut self, model: &Model, beside: &'a Beside, out: ColumnId) {
        self.truths.clear();
        self.truths.resize(self.range.len(), 0.0);
        let stages = self.part(&beside.stage);
        let mut open = vec![true; self.range.len()];
        for (k, deadlines) in beside.deadlines.iter().enumerate() {
            let deadlines = self.part(deadlines);
            for (s, stage) in model.stages.iter().enumerate() {
                let Some((segment, _)) = stage.expected.get(k) else { continue };
                self.members_of(segment.as_slice());
                for i in 0..self.range.len() {
                    if open[i] && stages[i] == s as u32 && self.members[i] {
                        open[i] = false;
                        self.truths[i] = f64::from(u8::from(self.now.0 >= deadlines[i]));
                    }
                }
            }
        }
        self.compare(out);
    }

    fn milestone(&mut self, m: usize, model: &Model, beside: &'a Beside) {
        let milestone = &model.milestones[m];
        self.truths_of(&milestone.reached);
        self.members_of(&milestone.segments);
        let (standing, due, stages) = (self.part(&beside.milestones[m]), self.part(&beside.dues[m]), self.part(&beside.stage));
        for i in 0..self.range.len() {
            let holds = self.truths[i] == 1.0;
            self.stale[i] |= match standing[i] {
                Standing::NotStarted => self.members[i] && milestone.stage.is_none_or(|s| stages[i] == s as u32),
                Standing::Pending => holds || due[i] <= self.now.0,
                Standing::Missed | Standing::MissedSilently => holds,
                Standing::Settled => false,
            };
        }
    }

    fn alert(&mut self, a: usize, model: &Model, beside: &'a Beside) {
        let rule = &model.alerts[a];
        match &rule.when {
            Some(when) => self.truths_of(when),
            None => {
                self.truths.clear();
                self.truths.resize(self.range.len(), 0.0);
            }
        }
        self.members_of(&rule.segments);
        if !rule.stages.is_empty() {
            let stages = self.part(&beside.stage);
            let pairs = self.members.iter_mut().zip(stages);
            pairs.for_each(|(member, stage)| *member &= rule.stages.iter().any(|s| *s as u32 == *stage));
        }
        let mut active: Vec<bool> = Vec::new();
        std::mem::swap(&mut active, &mut self.members);
        active.iter_mut().zip(&self.truths).for_each(|(active, truth)| *active &= *truth == 1.0);
        for m in &self.engine.milestones_of[a] {
            let standing = self.part(&beside.milestones[*m]);
            active.iter_mut().zip(standing).for_each(|(active, standing)| *active |= *standing == Standing::Missed);
        }
        let stands = self.part(&beside.alerts[a]);
        self.stale.iter_mut().zip(active.iter().zip(stands)).for_each(|(stale, (active, stands))| *stale |= active != stands);
        self.members = active;
    }
}
