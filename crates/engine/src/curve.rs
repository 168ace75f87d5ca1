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
        Shape::Points(points) => match points.as_slice() {
            [a, b] => interpolate_all(&[*a, *b], numbers, out),
            [a, b, c] => interpolate_all(&[*a, *b, *c], numbers, out),
            [a, b, c, d] => interpolate_all(&[*a, *b, *c, *d], numbers, out),
            points => numbers.iter().zip(out).for_each(|(x, out)| *out = if x.is_nan() { f64::NAN } else { interpolate(points, *x) }),
        },
        Shape::Steps(steps) => {
            out.fill(f64::NAN);
            // The first that fits decides: it comes last.
            for step in steps.iter().rev() {
                match step.test {
                    None => fill_where(numbers, out, step.score, |_| true),
                    Some((Comparison::Less, n)) => fill_where(numbers, out, step.score, |x| x < n),
                    Some((Comparison::AtMost, n)) => fill_where(numbers, out, step.score, |x| x <= n),
                    Some((Comparison::AtLeast, n)) => fill_where(numbers, out, step.score, |x| x >= n),
                    Some((Comparison::Greater, n)) => fill_where(numbers, out, step.score, |x| x > n),
                    Some((Comparison::Equal, n)) => fill_where(numbers, out, step.score, |x| x == n),
                }
            }
        }
        Shape::Map(..) => out.fill(f64::NAN),
    }
}

#[inline]
fn fill_where(numbers: &[f64], out: &mut [f64], score: f64, fits: impl Fn(f64) -> bool) {
    numbers.iter().zip(out).for_each(|(x, out)| *out = if fits(*x) & !x.is_nan() { score } else { *out });
}

/// As `interpolate`, without a branch: of the pieces of the curve, the last one that begins at or before a number decides.
#[inline]
fn interpolate_all<const N: usize>(points: &[(f64, f64); N], numbers: &[f64], out: &mut [f64]) {
    let (first, last) = (points[0], points[N - 1]);
    for (x, out) in numbers.iter().zip(out) {
        let (mut from, mut rise, mut width) = (first.1, 0.0, 1.0);
        for i in 1..N {
            let (a, b) = (points[i - 1], points[i]);
            let within = *x >= a.0;
            from = if within { a.1 } else { from };
            rise = if within { (b.1 - a.1) * (x - a.0) } else { rise };
            width = if within { b.0 - a.0 } else { width };
        }
        let score = from + rise / width;
        let score = if *x >= last.0 { last.1 } else { score };
        *out = if x.is_nan() { f64::NAN } else { score };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use tenure_model::definition::Step;

    use super::*;

    fn all_as_each(shape: &Shape, numbers: &[f64]) -> Result<(), TestCaseError> {
        let mut all = vec![7.0; numbers.len()];
        score_all(shape, numbers, &mut all);
        for (x, all) in numbers.iter().zip(all) {
            let value = if x.is_nan() { Value::Null } else { Value::Number(*x) };
            prop_assert_eq!(score(shape, &value).map(f64::to_bits), (!all.is_nan()).then_some(all.to_bits()));
        }
        Ok(())
    }

    fn numbers() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(prop_oneof![(-40..40i32).prop_map(|x| f64::from(x) / 4.0), Just(f64::NAN)], 0..20)
    }

    proptest! {
        #[test]
        fn many_numbers_score_as_each(mut points in prop::collection::vec((-9..9i32, 0..100i32), 1..11), numbers in numbers()) {
            points.sort_unstable();
            points.dedup_by_key(|p| p.0);
            all_as_each(&Shape::Points(points.iter().map(|(x, y)| (f64::from(*x), f64::from(*y))).collect()), &numbers)?;
        }

        #[test]
        fn many_numbers_take_the_steps_of_each(steps in prop::collection::vec((0..6usize, -9..9i32, 0..100i32), 0..5), numbers in numbers()) {
            let tests = [Comparison::Less, Comparison::AtMost, Comparison::AtLeast, Comparison::Greater, Comparison::Equal];
            let step = |(test, n, score): &(usize, i32, i32)| Step {
                test: tests.get(*test).map(|test| (*test, f64::from(*n))),
                score: f64::from(*score),
            };
            all_as_each(&Shape::Steps(steps.iter().map(step).collect()), &numbers)?;
        }
    }
}
