//! Scores of many accounts at once: card by card, the accounts that it applies to.

use tenure_model::Value;
use tenure_model::condition::Column;
use tenure_model::definition::{Builtin, ColumnId, Group, Measure, Missing, Scorecard, Shape as Curve};
use tenure_model::{Model, Span};

use super::stale::{Look, same};
use crate::curve::{interpolate, score, score_all};
use crate::scores::{Means, add_weight, reset};

/// Memory for the parts of scores, used again. By position in `members`, unless it says otherwise.
#[derive(Debug, Default)]
pub(super) struct Scores {
    /// By row of the range: its card; `u32::MAX` without one.
    card: Vec<u32>,
    /// Rows of the range that the card at hand applies to.
    members: Vec<u32>,
    total: Means,
    covered: Means,
    group: Means,
    /// Weight that applies, and that had data.
    all: Vec<f64>,
    had: Vec<f64>,
    score: Vec<f64>,
    coverage: Vec<f64>,
    /// Of a measure: its value, its weight where it applies (else 0), and its score.
    value: Vec<f64>,
    weight: Vec<f64>,
    scored: Vec<f64>,
}

impl Scores {
    /// Marks the rows whose card, score or coverage differs from what stands.
    pub fn look(&mut self, look: &mut Look<'_>) {
        let engine = look.engine;
        let (health, coverage) = (engine.plan.slot(Builtin::Health), engine.plan.slot(Builtin::HealthCoverage));
        let columns = [health, coverage].map(|slot| look.numbers(slot as ColumnId));
        let [Some(health), Some(coverage)] = columns else { return look.stale.fill(true) };
        self.cards(look, &engine.model);
        let stands = look.part(&look.table.beside.card);
        for (i, card) in self.card.iter().enumerate() {
            look.stale[i] |= *card != stands[i] || (*card == u32::MAX && !(health[i].is_nan() && coverage[i].is_nan()));
        }
        let apart = look.part(&look.table.beside.apart);
        for (index, card) in engine.model.scorecards.iter().enumerate() {
            self.members.clear();
            let rows = self.card.iter().zip(apart).zip(0..);
            self.members.extend(rows.filter(|((c, apart), _)| **c == index as u32 && !**apart).map(|(_, i)| i));
            if self.members.is_empty() {
                continue;
            }
            self.total.clear(self.members.len());
            self.covered.clear(self.members.len());
            let mut number = 0;
            for (g, group) in card.groups.iter().enumerate() {
                self.group(look, index, g, group, number);
                number += group.measures.len();
            }
            for (means, column) in [(&self.total, &mut self.score), (&self.covered, &mut self.coverage)] {
                column.resize(self.members.len(), f64::NAN);
                means.get_all(column);
            }
            self.limit(look, card);
            for ((i, score), covered) in self.members.iter().map(|i| *i as usize).zip(&self.score).zip(&self.coverage) {
                look.stale[i] |= !same(*score, health[i]) | !same(*covered, coverage[i]);
            }
        }
    }

    /// Which card applies to each row.
    fn cards(&mut self, look: &mut Look<'_>, model: &Model) {
        let stages = look.part(&look.table.beside.stage);
        let places = look.part(&look.table.beside.place);
        self.card.clear();
        self.card.resize(stages.len(), u32::MAX);
        for (index, card) in model.scorecards.iter().enumerate() {
            look.members_of(&card.segments);
            for (i, mine) in self.card.iter_mut().enumerate() {
                let in_stage = card.stages.is_empty() || card.stages.iter().any(|s| *s as u32 == stages[i]);
                if *mine == u32::MAX && look.members[i] && in_stage && places[i] == super::Place::Live {
                    *mine = index as u32;
                }
            }
        }
    }

    fn group(&mut self, look: &mut Look<'_>, card: usize, g: usize, group: &Group, first: usize) {
        let n = self.members.len();
        self.group.clear(n);
        reset(&mut self.all, n, 0.0);
        reset(&mut self.had, n, 0.0);
        for (m, measure) in group.measures.iter().enumerate() {
            let slot = score_slot(look, card, (g, Some(m)));
            self.measure(look, measure, (card, first + m), slot);
        }
        let slot = score_slot(look, card, (g, None)).and_then(|slot| look.numbers(slot));
        self.scored.resize(n, f64::NAN);
        self.group.get_all(&mut self.scored);
        reset(&mut self.weight, n, group.weight);
        self.total.add_all(&self.weight, &self.scored);
        if let Some(stands) = slot {
            self.differ(look, stands);
        }
        // The share that had data, in place of the score.
        for ((score, all), had) in self.scored.iter_mut().zip(&self.all).zip(&self.had) {
            let whole = if score.is_nan() { f64::NAN } else { 1.0 };
            *score = if *all > 0.0 { had / all } else { whole };
        }
        self.covered.add_all(&self.weight, &self.scored);
    }

    /// Marks the rows in which what was scored differs from what stands.
    fn differ(&self, look: &mut Look<'_>, stands: &[f64]) {
        for (i, scored) in self.members.iter().map(|i| *i as usize).zip(&self.scored) {
            look.stale[i] |= !same(*scored, stands[i]);
        }
    }

    /// `number`: the card, and which of its measures it is.
    fn measure(&mut self, look: &mut Look<'_>, measure: &Measure, number: (usize, usize), slot: Option<ColumnId>) {
        let beside = &look.table.beside;
        let shape = &look.table.shape;
        if let Some(when) = &measure.when {
            look.truths_of(when);
        }
        let old_on =
            |age: Option<Span>| age.and_then(|age| shape.ages.iter().position(|a| *a == age)).map(|a| look.part(&beside.old_on[a]));
        let min_age = old_on(measure.min_age);
        let curves: Vec<_> = measure
            .curves
            .iter()
            .map(|c| {
                let member = c.segment.and_then(|s| look.numbers(look.engine.model.segments[s].column));
                (c.segment.is_some(), member, old_on(c.min_age), old_on(c.max_age), &c.shape)
            })
            .collect();
        let missing = match measure.missing {
            Missing::Exclude | Missing::Keep(_) => f64::NAN,
            Missing::Zero => 0.0,
            Missing::Neutral => 50.0,
        };
        let kept = shape.keeps.iter().position(|k| (k.0, k.1) == number).map(|k| look.part(&beside.kept[k]));
        let column = &look.table.columns[measure.column as usize];
        let numbers = if let Column::Numbers(x) = column { Some(look.part(x)) } else { None };
        let n = self.members.len();
        reset(&mut self.scored, n, f64::NAN);
        match (curves.as_slice(), numbers) {
            ([(false, _, None, None, curve)], Some(numbers)) => {
                self.value.clear();
                self.value.extend(self.members.iter().map(|i| numbers[*i as usize]));
                score_all(curve, &self.value, &mut self.scored);
            }
            _ => {
                for (i, scored) in self.members.iter().map(|i| *i as usize).zip(&mut self.scored) {
                    let curve = curves.iter().find(|(of_segment, member, young, old, _)| {
                        (!of_segment || member.is_some_and(|m| m[i] == 1.0))
                            && young.is_none_or(|on| on[i] <= look.today)
                            && old.is_none_or(|on| look.today < on[i])
                    });
                    let found = curve.and_then(|(.., curve)| of_curve(curve, numbers.map(|x| x[i]), column, look.range.start + i));
                    *scored = found.unwrap_or(f64::NAN);
                }
            }
        }
        reset(&mut self.weight, n, measure.weight);
        let applies = |i: usize| min_age.is_none_or(|on| on[i] <= look.today) && (measure.when.is_none() || look.truths[i] == 1.0);
        let depends = min_age.is_some() || measure.when.is_some();
        for (k, i) in self.members.iter().map(|i| *i as usize).enumerate().filter(|_| depends) {
            if !applies(i) {
                self.weight[k] = 0.0;
            }
        }
        self.all.iter_mut().zip(&self.weight).for_each(|(all, weight)| *all += weight);
        add_weight(&mut self.had, &self.weight, &self.scored);
        for (i, scored) in self.members.iter().map(|i| *i as usize).zip(&mut self.scored) {
            let stands_in = kept.map_or(missing, |kept| kept[i]);
            *scored = if scored.is_nan() { stands_in } else { *scored };
        }
        self.group.add_all(&self.weight, &self.scored);
        if let Some(stands) = slot.and_then(|slot| look.numbers(slot)) {
            for (i, scored) in self.members.iter().map(|i| *i as usize).zip(&mut self.scored) {
                *scored = if applies(i) { *scored } else { f64::NAN };
            }
            self.differ(look, stands);
        }
    }

    /// Caps, then floors.
    fn limit(&mut self, look: &mut Look<'_>, card: &Scorecard) {
        let limits = card.caps.iter().map(|l| (l, true)).chain(card.floors.iter().map(|l| (l, false)));
        for (limit, cap) in limits {
            look.truths_of(&limit.when);
            for (score, i) in self.score.iter_mut().zip(&self.members) {
                if look.truths[*i as usize] == 1.0 && !score.is_nan() {
                    *score = if cap { score.min(limit.at) } else { score.max(limit.at) };
                }
            }
        }
    }
}

/// The score of a value by a curve.
#[inline]
fn of_curve(curve: &Curve, number: Option<f64>, column: &Column, row: usize) -> Option<f64> {
    match number {
        Some(x) if x.is_nan() => None,
        Some(x) if let Curve::Points(points) = curve => Some(interpolate(points, x)),
        Some(x) => score(curve, &Value::Number(x)),
        None => score(curve, &column.value(row)),
    }
}

/// The column `measure('…')` or `measure_group('…')` of a measure or group, where conditions read it.
fn score_slot(look: &Look<'_>, card: usize, of: (usize, Option<usize>)) -> Option<ColumnId> {
    look.engine.plan.score_slots[card].iter().find(|s| s.of == Some(of)).map(|s| s.slot)
}
