//! Scores of many dates at once: measures, groups and total in columns, for the one card that applies to all of them.

use tenure_model::condition::{Column, Rows};
use tenure_model::definition::{Group, Measure, Missing, Scorecard, Shape};
use tenure_model::{Program, Value};

use crate::Engine;
use crate::account::Account;
use crate::columns::Columns;
use crate::curve::{score, score_all};
use crate::health::{At, rounded};
use crate::sampled::{Sheet, is_shared};
use tenure_model::time::{Day, Instant};

/// Memory for the parts of a score, used again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    total: Means,
    covered: Means,
    group: Means,
    /// Weight that applies, and that had data.
    all: Vec<f64>,
    had: Vec<f64>,
    truth: Vec<f64>,
    /// Of a measure or group: its weight where it applies, else 0; its score, and how much of it had data.
    weight: Vec<f64>,
    score: Vec<f64>,
    share: Vec<f64>,
}

/// Weighted means in the making, date by date.
#[derive(Clone, Debug, Default)]
pub(crate) struct Means {
    sum: Vec<f64>,
    weight: Vec<f64>,
}

impl Means {
    pub fn clear(&mut self, dates: usize) {
        reset(&mut self.sum, dates, 0.0);
        reset(&mut self.weight, dates, 0.0);
    }

    /// To all dates; NaN does not count.
    pub fn add_all(&mut self, weight: &[f64], values: &[f64]) {
        for ((sum, weight), x) in self.sum.iter_mut().zip(weight).zip(values) {
            *sum += if x.is_nan() { 0.0 } else { weight * x };
        }
        add_weight(&mut self.weight, weight, values);
    }

    pub fn get_all(&self, out: &mut [f64]) {
        self.sum.iter().zip(&self.weight).zip(out).for_each(|((sum, weight), out)| *out = mean(*sum, *weight));
    }
}

#[inline]
fn mean(sum: f64, weight: f64) -> f64 {
    let mean = rounded(sum / weight);
    if weight > 0.0 { mean } else { f64::NAN }
}

/// Adds the weight of values that are there.
pub(crate) fn add_weight(sum: &mut [f64], weight: &[f64], values: &[f64]) {
    for ((sum, weight), x) in sum.iter_mut().zip(weight).zip(values) {
        *sum += if x.is_nan() { 0.0 } else { *weight };
    }
}

pub(crate) fn reset(column: &mut Vec<f64>, dates: usize, to: f64) {
    column.clear();
    column.resize(dates, to);
}

impl Engine {
    /// Fills the sheet's scores and coverage. The card; None where scores have to be computed date by date: a teammate's override stands, the
    /// card or a curve changes within these dates, or something it reads is only known date by date.
    pub(crate) fn score_dates(&self, plan: &Columns, sheet: &mut Sheet, account: &Account, dates: usize) -> Option<usize> {
        plan.health?;
        if !account.health.overrides.is_empty() {
            return None;
        }
        let ends = [0, dates as i32 - 1].map(|i| {
            let today = Day(account.today.0 + i);
            At { t: self.model.calendar.last_instant(today), today, calendar: &self.model.calendar, started: account.started }
        });
        let index = self.card_of_dates(plan, sheet)?;
        let card = &self.model.scorecards[index];
        if !self.plan.score_slots[index].is_empty() || !card.caps.iter().chain(&card.floors).all(|l| plan.can(&l.when)) {
            return None;
        }
        let is_same = reads_shared(sheet, card);
        let mut scratch = std::mem::take(&mut sheet.scores);
        let (all, dates) = (dates, if is_same { 1 } else { dates });
        scratch.total.clear(dates);
        scratch.covered.clear(dates);
        let row = &account.body.row;
        let done = card.groups.iter().all(|group| self.score_group(plan, sheet, &mut scratch, group, row, &ends, dates).is_some());
        sheet.score.resize(dates, f64::NAN);
        sheet.coverage.resize(dates, f64::NAN);
        if done {
            scratch.total.get_all(&mut sheet.score);
            scratch.covered.get_all(&mut sheet.coverage);
            self.limit(sheet, &mut scratch, card, row, dates);
        }
        if is_same {
            // What one date has, all of them have.
            for column in [&mut sheet.score, &mut sheet.coverage] {
                let first = column[0];
                column.resize(all, first);
            }
        }
        sheet.scores = scratch;
        done.then_some(index)
    }

    /// The card that applies to all dates; None where that cannot be told or there is none.
    fn card_of_dates(&self, plan: &Columns, sheet: &Sheet) -> Option<usize> {
        for (index, card) in self.model.scorecards.iter().enumerate() {
            if !card.stages.is_empty() {
                return None;
            }
            let mut applies = card.segments.is_empty();
            for segment in &card.segments {
                applies |= self.member_throughout(plan, sheet, *segment)?;
            }
            if applies {
                return Some(index);
            }
        }
        None
    }

    /// Is the account a member on all of the dates? None where it is on some.
    fn member_throughout(&self, plan: &Columns, sheet: &Sheet, segment: usize) -> Option<bool> {
        let slot = self.model.segments[segment].column as usize;
        let column = sheet.columns[slot].numbers();
        if plan.stepped[slot] || column.is_empty() {
            return None;
        }
        let members = column.iter().filter(|x| **x == 1.0).count();
        (members == 0 || members == column.len()).then_some(members > 0)
    }

    #[allow(clippy::too_many_arguments)]
    fn score_group(
        &self,
        plan: &Columns,
        sheet: &mut Sheet,
        scratch: &mut Scratch,
        group: &Group,
        row: &[Value],
        ends: &[At<'_>; 2],
        dates: usize,
    ) -> Option<()> {
        scratch.group.clear(dates);
        reset(&mut scratch.all, dates, 0.0);
        reset(&mut scratch.had, dates, 0.0);
        reset(&mut scratch.score, dates, f64::NAN);
        for measure in &group.measures {
            self.score_measure(plan, sheet, scratch, measure, row, ends, dates)?;
        }
        let Scratch { total, covered, group: mean, all, had, weight, score, share, .. } = scratch;
        mean.get_all(score);
        reset(weight, dates, group.weight);
        total.add_all(weight, score);
        reset(share, dates, 1.0);
        for (((share, all), had), score) in share.iter_mut().zip(&*all).zip(&*had).zip(&*score) {
            let scored = if score.is_nan() { f64::NAN } else { 1.0 };
            *share = if *all > 0.0 { had / all } else { scored };
        }
        covered.add_all(weight, share);
        Some(())
    }

    #[allow(clippy::too_many_arguments)]
    fn score_measure(
        &self,
        plan: &Columns,
        sheet: &mut Sheet,
        scratch: &mut Scratch,
        measure: &Measure,
        row: &[Value],
        ends: &[At<'_>; 2],
        dates: usize,
    ) -> Option<()> {
        let slot = measure.column as usize;
        if plan.stepped[slot] || measure.when.as_ref().is_some_and(|p| !plan.can(p)) {
            return None;
        }
        let throughout = |age| Some(ends[0].is_old(age)).filter(|old| *old == ends[1].is_old(age));
        if let Some(age) = measure.min_age
            && !throughout(age)?
        {
            return Some(());
        }
        let missing = match measure.missing {
            Missing::Exclude => f64::NAN,
            Missing::Zero => 0.0,
            Missing::Neutral => 50.0,
            Missing::Keep(_) => return None,
        };
        let mut shape = None;
        for curve in &measure.curves {
            let segment = curve.segment.map_or(Some(true), |s| self.member_throughout(plan, sheet, s))?;
            let young = curve.min_age.map_or(Some(true), throughout)?;
            let old = curve.max_age.map_or(Some(true), |age| throughout(age).map(|old| ends[0].started.is_some() && !old))?;
            if segment && young && old {
                shape = Some(&curve.shape);
                break;
            }
        }
        reset(&mut scratch.weight, dates, measure.weight);
        if let Some(when) = &measure.when {
            self.truths(when, sheet, scratch, row, dates);
            let applies = scratch.weight.iter_mut().zip(&scratch.truth);
            applies.for_each(|(weight, truth)| *weight = if *truth == 1.0 { *weight } else { 0.0 });
        }
        reset(&mut scratch.score, dates, f64::NAN);
        found(shape, &sheet.columns[slot], &row[slot], &mut scratch.score);
        let Scratch { group, all, had, weight, score, .. } = scratch;
        all.iter_mut().zip(&*weight).for_each(|(all, weight)| *all += weight);
        add_weight(had, weight, score);
        score.iter_mut().for_each(|x| *x = if x.is_nan() { missing } else { *x });
        group.add_all(weight, score);
        Some(())
    }

    /// Caps, then floors.
    fn limit(&self, sheet: &mut Sheet, scratch: &mut Scratch, card: &Scorecard, row: &[Value], dates: usize) {
        let limits = card.caps.iter().map(|l| (l, true)).chain(card.floors.iter().map(|l| (l, false)));
        for (limit, cap) in limits {
            self.truths(&limit.when, sheet, scratch, row, dates);
            for (score, _) in sheet.score.iter_mut().zip(&scratch.truth).filter(|(score, truth)| **truth == 1.0 && !score.is_nan()) {
                *score = if cap { score.min(limit.at) } else { score.max(limit.at) };
            }
        }
    }

    fn truths(&self, program: &Program, sheet: &mut Sheet, scratch: &mut Scratch, row: &[Value], dates: usize) {
        let rows = Rows { from: 0, len: dates, shared: row, columns: &sheet.columns };
        program.over(&rows, Instant::MIN, &mut sheet.scratch, &mut scratch.truth);
    }
}

/// Do all dates share what a card reads?
fn reads_shared(sheet: &Sheet, card: &Scorecard) -> bool {
    let measures = || card.groups.iter().flat_map(|group| &group.measures);
    let conditions = measures().filter_map(|m| m.when.as_ref()).chain(card.caps.iter().chain(&card.floors).map(|l| &l.when));
    measures().all(|m| sheet.columns[m.column as usize].is_empty()) && { conditions }.all(|when| is_shared(&sheet.columns, when))
}

/// What a shape makes of a column, or of the value that all dates share; NaN where that is nothing.
fn found(shape: Option<&Shape>, column: &Column, shared: &Value, out: &mut [f64]) {
    let Some(shape) = shape else { return out.fill(f64::NAN) };
    match column {
        column if column.is_empty() => out.fill(score(shape, shared).unwrap_or(f64::NAN)),
        Column::Numbers(numbers) => score_all(shape, numbers, out),
        column => {
            out.iter_mut().enumerate().for_each(|(i, out)| *out = score(shape, &column.value(i)).unwrap_or(f64::NAN));
        }
    }
}
