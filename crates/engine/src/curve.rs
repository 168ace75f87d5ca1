//! Curves: the score of a value, and of many at once.

use tenure_model::Value;
use tenure_model::definition::{Comparison, Shape};

/// The score of a value; None where the value is NULL or no rule fits it.
pub fn score(shape: &Shape, value: &Value) -> Option<f64> {
    match (shape, value) {
        (Shape::Points(points), Value::Number(x)) => Some(interpolate(points, *x)),
        (Shape::Steps(steps), Value::Number(x)) => steps
            .iter()
            .find(|step| match step.test {
                None => true,
                Some((Comparison::Less, n)) => *x < n,
                Some((Comparison::AtMost, n)) => *x <= n,
                Some((Comparison::AtLeast, n)) => *x >= n,
                Some((Comparison::Greater, n)) => *x > n,
                Some((Comparison::Equal, n)) => *x == n,
            })
            .map(|step| step.score),
        (Shape::Map(map, or_else), Value::Text(text)) => map.get(text.as_ref()).copied().or(*or_else),
        (Shape::Map(map, or_else), Value::Bool(b)) => map.get(if *b { "true" } else { "false" }).copied().or(*or_else),
        _ => None,
    }
}

#[inline]
pub(crate) fn interpolate(points: &[(f64, f64)], x: f64) -> f64 {
    // Of the few that curves have, counting them all is faster than guessing.
    let i = if points.len() <= 8 { points.iter().map(|p| usize::from(p.0 <= x)).sum() } else { points.partition_point(|p| p.0 <= x) };
    match (i.checked_sub(1).map(|i| points[i]), points.get(i)) {
        (None, Some(first)) => first.1,
        (Some(last), None) => last.1,
        (Some(a), Some(b)) => between(a, *b, x),
        (None, None) => 0.0,
    }
}

#[inline]
fn between(a: (f64, f64), b: (f64, f64), x: f64) -> f64 {
    a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0)
}

/// As `score`, of many numbers; NaN is NULL.
pub(crate) fn score_all(shape: &Shape, numbers: &[f64], out: &mut [f64]) {
    match shape {
        Shape::Points(points) => interpolate_all(points, numbers, out),
        shape => {
            for (x, out) in numbers.iter().zip(out) {
                let found = if x.is_nan() { None } else { score(shape, &Value::Number(*x)) };
                *out = found.unwrap_or(f64::NAN);
            }
        }
    }
}

/// As `interpolate`, segment after segment of the curve: the last one that begins at or before a number decides.
fn interpolate_all(points: &[(f64, f64)], numbers: &[f64], out: &mut [f64]) {
    let (first, last) = (points.first().map_or(0.0, |p| p.1), points.last().map_or((f64::INFINITY, 0.0), |p| *p));
    numbers.iter().zip(&mut *out).for_each(|(x, out)| *out = if x.is_nan() { f64::NAN } else { first });
    for segment in points.windows(2) {
        let (a, b) = (segment[0], segment[1]);
        numbers.iter().zip(&mut *out).for_each(|(x, out)| *out = if *x >= a.0 { between(a, b, *x) } else { *out });
    }
    numbers.iter().zip(out).for_each(|(x, out)| *out = if *x >= last.0 { last.1 } else { *out });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn many_numbers_score_as_each(
            mut points in prop::collection::vec((-9..9i32, 0..100i32), 1..11),
            numbers in prop::collection::vec(prop_oneof![(-40..40i32).prop_map(|x| f64::from(x) / 4.0), Just(f64::NAN)], 0..20),
        ) {
            points.sort_unstable();
            points.dedup_by_key(|p| p.0);
            let shape = Shape::Points(points.iter().map(|(x, y)| (f64::from(*x), f64::from(*y))).collect());
            let mut all = vec![7.0; numbers.len()];
            score_all(&shape, &numbers, &mut all);
            for (x, all) in numbers.iter().zip(all) {
                let value = if x.is_nan() { Value::Null } else { Value::Number(*x) };
                prop_assert_eq!(score(&shape, &value).map(f64::to_bits), (!all.is_nan()).then_some(all.to_bits()));
            }
        }
    }
}
