//! Health: which card applies, what each measure scores, and how they make groups, a total, a coverage and a band.

use tenure_model::definition::{Builtin, Curve, Measure, Missing, RollUp, Scorecard};
use tenure_model::input::OverrideKind;
use tenure_model::time::{Day, Instant};
use tenure_model::{Calendar, Model, Span, Value};

use crate::account::{Account, Override};
use crate::curve::score;
use crate::plan::Plan;

/// A measure as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureNow {
    /// Does it apply?
    pub applies: bool,
    /// The value it reads.
    pub value: Value,
    /// Index of the curve that applies.
    pub curve: Option<usize>,
    /// The score computed from it (0–100), before overrides; None without data.
    pub computed: Option<f64>,
    /// The score that counts.
    pub score: Option<f64>,
    /// The value was missing and this came of its `missing:` policy.
    pub stood_in: bool,
}

/// A group as it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupNow {
    /// Its measures, in order.
    pub measures: Vec<MeasureNow>,
    /// The weighted mean of those with a score.
    pub computed: Option<f64>,
    /// After overrides.
    pub score: Option<f64>,
    /// Share of weight that had data.
    pub coverage: Option<f64>,
}

/// A health score as it stands.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct HealthNow {
    /// Index of the card.
    pub card: Option<usize>,
    /// Its groups, in order.
    pub groups: Vec<GroupNow>,
    /// The weighted mean of the groups, before overrides, caps and floors.
    pub computed: Option<f64>,
    /// Indexes of the caps and floors that hold.
    pub caps: Vec<usize>,
    /// As above.
    pub floors: Vec<usize>,
    /// The score that counts.
    pub score: Option<f64>,
    /// Share of weight that had data.
    pub coverage: Option<f64>,
    /// Index of the band; `bands.len()` is the lowest.
    pub band: Option<usize>,
}

/// What a score is computed from, beside the row.
pub(crate) struct At<'a> {
    pub t: Instant,
    pub today: Day,
    pub calendar: &'a Calendar,
    /// `started_at` and its date.
    pub started: Option<(Instant, Day)>,
}

impl At<'_> {
    /// Is the account at least that old, in dates?
    pub fn is_old(&self, age: Span) -> bool {
        let Some((start, day)) = self.started else { return false };
        match age {
            Span::Days(days) => self.today.0 - day.0 >= days,
            other => self.calendar.day(self.calendar.add(start, other, 1)) <= self.today,
        }
    }
}

/// Nine decimals: so that 75 is 75 whatever the order of weights.
#[inline]
pub(crate) fn rounded(x: f64) -> f64 {
    round(x * 1e9) / 1e9
}

/// As `f64::round`, which is a call on processors of any age: without branches, so that columns are rounded several at a time.
#[inline]
fn round(x: f64) -> f64 {
    /// From here on all numbers are whole; added to a lesser one, it leaves no place for a fraction.
    const WHOLE: f64 = (1u64 << 52) as f64;
    let size = x.abs();
    let even = size + WHOLE - WHOLE;
    let rounded = if size - even >= 0.5 { even + 1.0 } else { even };
    (if size < WHOLE { rounded } else { size }).copysign(x)
}

/// A weighted mean in the making.
#[derive(Default)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    #[inline]
    fn add(&mut self, weight: f64, x: f64) {
        self.sum += weight * x;
        self.weight += weight;
    }

    /// None of no weight.
    #[inline]
    fn get(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| rounded(self.sum / self.weight))
    }
}

/// The index of the card that applies.
pub(crate) fn card(model: &Model, row: &[Value], stage: usize) -> Option<usize> {
    model.scorecards.iter().position(|card| {
        (card.stages.is_empty() || card.stages.contains(&stage))
            && (card.segments.is_empty() || card.segments.iter().any(|s| row[model.segments[*s].column as usize].as_bool() == Some(true)))
    })
}

/// Computes the health of an account as it stands, into `now`, whose memory is used again.
pub(crate) fn health(model: &Model, plan: &Plan, account: &Account, at: &At<'_>, now: &mut HealthNow) {
    let row = &account.body.row;
    now.card = card(model, row, account.stage.stage);
    let Some(index) = now.card else {
        *now = HealthNow::default();
        return;
    };
    let card = &model.scorecards[index];
    let overrides = &account.health.overrides;
    now.groups.resize_with(card.groups.len(), GroupNow::default);
    let mut number = 0;
    let (mut total, mut covered) = (Mean::default(), Mean::default());
    for (group, now) in card.groups.iter().zip(&mut now.groups) {
        now.measures.clear();
        let (mut mean, mut all, mut had) = (Mean::default(), 0.0, 0.0);
        for measure in &group.measures {
            let kept = match measure.missing {
                Missing::Keep(_) => account.health.kept.get(&(index, number)).copied(),
                _ => None,
            };
            number += 1;
            let one = measure_now(model, measure, row, at, kept, overrides);
            if one.applies {
                all += measure.weight;
                if let Some(score) = one.score {
                    mean.add(measure.weight, score);
                    had += if one.stood_in { 0.0 } else { measure.weight };
                }
            }
            now.measures.push(one);
        }
        now.computed = mean.get();
        now.score = overridden(now.computed, overrides, "group:", &group.name);
        now.coverage = if all > 0.0 { Some(had / all) } else { now.score.map(|_| 1.0) };
        if let Some(score) = now.score {
            total.add(group.weight, score);
        }
        if let Some(coverage) = now.coverage {
            covered.add(group.weight, coverage);
        }
    }
    (now.computed, now.coverage) = match card.roll_up.filter(|_| !account.children.is_empty()) {
        Some(how) => {
            let score = children(plan, account, plan.slot(Builtin::Health) as u32, how).as_number().map(rounded);
            (score, score.map(|_| 1.0))
        }
        None => (total.get(), covered.get()),
    };
    let mut score = overridden(now.computed, overrides, "total", "");
    let holding = |limits: &[tenure_model::definition::Limit], into: &mut Vec<usize>| {
        into.clear();
        into.extend(limits.iter().enumerate().filter(|(_, l)| l.when.holds(row, at.t)).map(|(i, _)| i));
    };
    holding(&card.caps, &mut now.caps);
    holding(&card.floors, &mut now.floors);
    for cap in &now.caps {
        score = score.map(|s| s.min(card.caps[*cap].at));
    }
    for floor in &now.floors {
        score = score.map(|s| s.max(card.floors[*floor].at));
    }
    now.score = score;
    now.band = score.map(|s| band_after(model, account, index, s));
}

/// The total of a card by the scores of its measures, in order (NaN: none), before overrides, caps and floors: of what is the same for all accounts.
pub fn weighted(card: &Scorecard, scores: &[f64]) -> Option<f64> {
    let mut rest = scores.iter();
    let mut total = Mean::default();
    for group in &card.groups {
        let mut mean = Mean::default();
        for (measure, score) in group.measures.iter().zip(&mut rest).filter(|(_, score)| !score.is_nan()) {
            mean.add(measure.weight, *score);
        }
        if let Some(score) = mean.get() {
            total.add(group.weight, score);
        }
    }
    total.get()
}

/// The band of a card's score, given the band the account is in.
pub(crate) fn band_after(model: &Model, account: &Account, card: usize, score: f64) -> usize {
    band(&model.scorecards[card], score, account.health.band.filter(|_| account.health.card == Some(card)))
}

fn measure_now(
    model: &Model,
    measure: &Measure,
    row: &[Value],
    at: &At<'_>,
    kept: Option<(f64, Option<Day>)>,
    overrides: &[Override],
) -> MeasureNow {
    let applies = measure.min_age.is_none_or(|age| at.is_old(age)) && measure.when.as_ref().is_none_or(|p| p.holds(row, at.t));
    let value = row[measure.column as usize].clone();
    if !applies {
        return MeasureNow { applies, value, curve: None, computed: None, score: None, stood_in: false };
    }
    let curve = measure.curves.iter().position(|c| curve_applies(model, c, row, at));
    let found = curve.and_then(|c| score(&measure.curves[c].shape, &value));
    let computed = found.or(match measure.missing {
        Missing::Exclude => None,
        Missing::Zero => Some(0.0),
        Missing::Neutral => Some(50.0),
        Missing::Keep(span) => stands_in(span, kept, at),
    });
    let score = overridden(computed, overrides, "measure:", &measure.name);
    MeasureNow { applies, value, curve, computed, score, stood_in: found.is_none() && computed.is_some() && score == computed }
}

/// The score that stands in for a missing one (`missing: keep`), given the last score and since which date there has been none.
pub(crate) fn stands_in(span: Span, kept: Option<(f64, Option<Day>)>, at: &At<'_>) -> Option<f64> {
    let (score, missing_since) = kept?;
    let day = missing_since.unwrap_or(at.today);
    // Whole dates without data, the first of them the one on which it went missing.
    let last = match span {
        Span::Days(days) => Day(day.0 + days - 1),
        other => at.calendar.day(at.calendar.add(at.calendar.midnight(day), other, 1).plus(-1)),
    };
    (at.today <= last).then_some(score)
}

fn curve_applies(model: &Model, curve: &Curve, row: &[Value], at: &At<'_>) -> bool {
    curve.segment.is_none_or(|s| row[model.segments[s].column as usize].as_bool() == Some(true))
        && curve.min_age.is_none_or(|age| at.is_old(age))
        && curve.max_age.is_none_or(|age| at.started.is_some() && !at.is_old(age))
}

fn overridden(score: Option<f64>, overrides: &[Override], prefix: &str, name: &str) -> Option<f64> {
    let mut score = score;
    for o in overrides.iter().filter(|o| o.target.strip_prefix(prefix) == Some(name)) {
        score = match o.how {
            OverrideKind::Set => Some(o.value),
            OverrideKind::Cap => score.map(|s| s.min(o.value)),
            OverrideKind::Floor => score.map(|s| s.max(o.value)),
        };
    }
    score
}

/// The band of a score; a band is kept until the score leaves it by the card's hysteresis.
pub fn band(card: &Scorecard, score: f64, before: Option<usize>) -> usize {
    let above = |i: usize, slack: f64| -> bool {
        let band = &card.bands[i];
        let from = band.from + slack;
        if band.exclusive { score > from } else { score >= from }
    };
    let plain = (0..card.bands.len()).find(|i| above(*i, 0.0)).unwrap_or(card.bands.len());
    match before {
        Some(before) if card.hysteresis > 0.0 && before != plain => {
            let still_above_own = before == card.bands.len() || above(before, -card.hysteresis);
            let below_next = before == 0 || !above(before - 1, card.hysteresis);
            if still_above_own && below_next { before } else { plain }
        }
        _ => plain,
    }
}

/// Name of a band.
pub fn band_name(card: &Scorecard, band: usize) -> &str {
    card.bands.get(band).map_or(&card.lowest, |b| &b.name)
}

/// A column of the children rolled up. Children without a value are left out.
pub(crate) fn children(plan: &Plan, account: &Account, of: u32, how: RollUp) -> Value {
    let position = |column: u32| plan.exports.iter().position(|c| *c == column);
    let Some(of) = position(of) else { return Value::Null };
    let values = account.children.values().filter_map(|v| Some((v, v.get(of)?.as_number()?)));
    let numbers: Vec<f64> = values.clone().map(|(_, x)| x).collect();
    if numbers.is_empty() {
        return if how == RollUp::Sum { Value::Number(0.0) } else { Value::Null };
    }
    match how {
        RollUp::Sum => Value::number(numbers.iter().sum()),
        RollUp::Mean => Value::number(numbers.iter().sum::<f64>() / numbers.len() as f64),
        RollUp::Min => Value::number(numbers.iter().copied().fold(f64::INFINITY, f64::min)),
        RollUp::Max => Value::number(numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        RollUp::Weighted(by) => {
            let Some(by) = position(by) else { return Value::Null };
            let mut mean = Mean::default();
            for (weight, x) in values.filter_map(|(v, x)| Some((v.get(by)?.as_number().filter(|w| *w > 0.0)?, x))) {
                mean.add(weight, x);
            }
            mean.get().map_or(Value::Null, Value::Number)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::round;

    proptest! {
        #[test]
        fn rounds_as_the_standard_does(x in prop_oneof![any::<f64>(), (-1000..1000i32).prop_map(|x| f64::from(x) / 2.0), -5e15..5e15]) {
            prop_assert_eq!(round(x).to_bits(), x.round().to_bits());
        }
    }
}
