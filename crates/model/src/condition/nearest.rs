//! The nearest value of a column at which something flips, found by evaluation alone.

use std::cmp::Ordering;

use super::tree::{Form, Node};
use crate::time::{Day, Instant};
use crate::value::{Kind, Value};

/// The value nearest to the present one, of a column's kind, that flips a condition by this comparison. None where none was found.
pub fn nearest(kind: Kind, present: &Value, comparison: &Node, flips: &mut dyn FnMut(&Value) -> bool) -> Option<Value> {
    let mut literals = Vec::new();
    comparison.visit(&mut |node| match &node.form {
        Form::Constant(value) if value.kind() == kind => literals.push(value.clone()),
        Form::Like(_, _, pattern) => literals.push(Value::text(pattern.sample())),
        _ => {}
    });
    let found = match kind {
        Kind::Bool => [true, false].map(Value::Bool).into_iter().find(|value| flips(value)),
        Kind::Text | Kind::Any => literals.into_iter().chain(["", "x"].map(Value::text)).find(|value| flips(value)),
        Kind::Number => number(present, &literals.iter().filter_map(Value::as_number).collect::<Vec<_>>(), flips),
        Kind::Time | Kind::Date => moment(kind, present, &literals.iter().filter_map(ticks).collect::<Vec<_>>(), flips),
        Kind::Interval => None,
    };
    // NULL is what is wanted only where it is asked for.
    found.or_else(|| (matches!(comparison.form, Form::IsNull(..)) && flips(&Value::Null)).then_some(Value::Null))
}

/// Whole numbers stay whole where that is possible.
fn number(present: &Value, literals: &[f64], flips: &mut dyn FnMut(&Value) -> bool) -> Option<Value> {
    let is_whole = |x: &f64| *x == x.trunc() && x.abs() < 9e15;
    let start = present.as_number().or(literals.first().copied()).unwrap_or(0.0);
    if is_whole(&start) && (!present.is_null() || literals.iter().all(is_whole)) {
        let places = literals.iter().flat_map(|x| [x.floor() - 1.0, x.floor(), x.ceil(), x.ceil() + 1.0]).filter(is_whole);
        let places: Vec<i64> = places.map(|x| x as i64).collect();
        let value = |x: i64| Value::Number(x as f64);
        if let Some(x) = search(start as i64, &places, 1 << 52, &mut |x| flips(&value(x))) {
            return Some(value(x));
        }
    }
    let places: Vec<i64> = literals.iter().flat_map(|x| [x.next_down(), *x, x.next_up()]).map(rank).collect();
    let value = |rank: i64| Value::number(of_rank(rank));
    search(rank(start), &places, rank(f64::MAX), &mut |x| flips(&value(x))).map(value)
}

/// To the microsecond, or to the day.
fn moment(kind: Kind, present: &Value, literals: &[i64], flips: &mut dyn FnMut(&Value) -> bool) -> Option<Value> {
    let (far, value): (i64, fn(i64) -> Value) = match kind {
        Kind::Date => (1_000_000, |days| Value::Date(Day(days as i32))),
        _ => (1 << 56, |micros| Value::Time(Instant(micros))),
    };
    let places: Vec<i64> = literals.iter().flat_map(|x| [x.saturating_sub(1), *x, x.saturating_add(1)]).collect();
    let start = ticks(present).or(literals.first().copied()).unwrap_or(0);
    search(start, &places, far, &mut |x| flips(&value(x))).map(value)
}

fn ticks(value: &Value) -> Option<i64> {
    match value {
        Value::Time(t) => Some(t.0),
        Value::Date(d) => Some(i64::from(d.0)),
        _ => None,
    }
}

/// The whole number nearest to `start` that flips: tried at the given places and ever farther away, then narrowed down by halving.
fn search(start: i64, places: &[i64], far: i64, flips: &mut dyn FnMut(i64) -> bool) -> Option<i64> {
    if flips(start) {
        return Some(start);
    }
    let distance = |x: i64| x.abs_diff(start);
    let away = (0..63).map(|i| 1i64 << i).flat_map(|step| [start.saturating_sub(step), start.saturating_add(step)]);
    let mut tried: Vec<i64> = places.iter().copied().chain(away).filter(|x| x.unsigned_abs() <= far.unsigned_abs()).collect();
    tried.sort_by_key(|x| distance(*x));
    let mut best: Option<i64> = None;
    for side in [Ordering::Less, Ordering::Greater] {
        let Some(mut yes) = tried.iter().copied().find(|x| x.cmp(&start) == side && flips(*x)) else { continue };
        let mut no = start;
        while yes.abs_diff(no) > 1 {
            let middle = no.midpoint(yes);
            if flips(middle) { yes = middle } else { no = middle }
        }
        if best.is_none_or(|best| distance(yes) < distance(best)) {
            best = Some(yes);
        }
    }
    best
}

/// The place of a float among all floats in order.
fn rank(x: f64) -> i64 {
    let bits = x.to_bits() as i64;
    if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits }
}

fn of_rank(rank: i64) -> f64 {
    f64::from_bits(if rank < 0 { i64::MIN.wrapping_sub(rank) as u64 } else { rank as u64 })
}
