//! When a comparison with `now` changes by the passing of time alone.

use std::cmp::Ordering;

use super::code::{Context, Ticks, Typed};
use super::lower::ticks;
use super::test::Test;
use super::tree::{Form, Node};

/// A comparison of two sides whose difference grows by `rate` microseconds each microsecond.
#[derive(Clone, Debug)]
pub struct Clock {
    test: Test,
    left: Ticks,
    right: Ticks,
    rate: i128,
}

/// All comparisons in a tree that time alone can change.
pub fn clocks(root: &Node) -> Vec<Clock> {
    let mut clocks = Vec::new();
    let mut add = |test: Test, a: &Node, b: &Node| {
        if a.nows != b.nows {
            clocks.push(Clock { test, left: ticks(a), right: ticks(b), rate: i128::from(a.nows) - i128::from(b.nows) });
        }
    };
    root.visit(&mut |node| match &node.form {
        Form::Compare(test, of) => add(*test, &of[0], &of[1]),
        Form::Distinct(_, of) => add(Test::NE, &of[0], &of[1]),
        Form::Between(_, of) => {
            add(Test::GE, &of[0], &of[1]);
            add(Test::LE, &of[0], &of[2]);
        }
        _ => {}
    });
    clocks
}

impl Clock {
    /// The first instant after now, in microseconds, at which the comparison has another truth than now. None: never, or one side is NULL.
    pub fn next(&self, cx: &Context) -> Option<i64> {
        let (left, right) = (i128::from(self.left.eval(cx)?), i128::from(self.right.eval(cx)?));
        // The difference, turned so that it grows, passes through less, equal (perhaps skipped) and greater.
        let (difference, rate) = if self.rate > 0 { (left - right, self.rate) } else { (right - left, -self.rate) };
        let truth_at = |difference: i128| {
            let order = difference.cmp(&0);
            self.test.accepts(if self.rate > 0 { order } else { order.reverse() })
        };
        let now = truth_at(difference);
        let steps = match difference.cmp(&0) {
            Ordering::Greater => return None,
            Ordering::Equal => 1,
            Ordering::Less => (-difference + rate - 1) / rate,
        };
        let steps = [steps, steps + 1].into_iter().find(|steps| truth_at(difference + rate * steps) != now)?;
        i64::try_from(i128::from(cx.now) + steps).ok()
    }
}
