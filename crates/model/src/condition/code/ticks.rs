//! Expressions whose result is a time (in microseconds), a date (in days) or an interval (in microseconds).

use super::{Choice, Context, Typed};
use crate::value::Value;

/// An expression whose result is a time, date or interval. Sums beyond the range of time stay at its end.
#[derive(Clone, Debug)]
pub enum Ticks {
    /// A constant.
    Constant(Option<i64>),
    /// A column.
    Column(u32),
    /// The instant of evaluation.
    Now,
    /// A sum.
    Plus(Box<[Ticks; 2]>),
    /// A difference.
    Minus(Box<[Ticks; 2]>),
    /// Minus.
    Negate(Box<Ticks>),
    /// CASE and the like.
    Choice(Box<Choice<Ticks>>),
}

impl Typed for Ticks {
    type Out<'a> = Option<i64>;

    fn null<'a>() -> Option<i64>
    where
        Self: 'a,
    {
        None
    }

    #[inline]
    fn eval(&self, cx: &Context) -> Option<i64> {
        match self {
            Ticks::Constant(ticks) => *ticks,
            Ticks::Column(slot) => column(*slot, cx),
            Ticks::Now => Some(cx.now),
            Ticks::Plus(of) => Some(of[0].eval(cx)?.saturating_add(of[1].eval(cx)?)),
            Ticks::Minus(of) => Some(of[0].eval(cx)?.saturating_sub(of[1].eval(cx)?)),
            Ticks::Negate(ticks) => Some(ticks.eval(cx)?.saturating_neg()),
            Ticks::Choice(choice) => choice.eval(cx),
        }
    }

    fn is_null(out: &Option<i64>) -> bool {
        out.is_none()
    }

    fn order(a: &Option<i64>, b: &Option<i64>) -> std::cmp::Ordering {
        a.cmp(b)
    }
}

/// The ticks of a column.
#[inline]
pub fn column(slot: u32, cx: &Context) -> Option<i64> {
    match cx.row.get(slot as usize) {
        Some(Value::Time(t)) => Some(t.0),
        Some(Value::Date(d)) => Some(i64::from(d.0)),
        Some(Value::Interval(us)) => Some(*us),
        _ => None,
    }
}
