//! Expressions whose result is a number.

use super::{Choice, Context, Logic, Text, Ticks, Typed};
use crate::condition::function::Math;
use crate::condition::tree::Operator;
use crate::value::Value;

/// An expression whose result is a number; NaN is NULL, and no result is infinite.
#[derive(Clone, Debug)]
pub enum Number {
    /// A constant.
    Constant(f64),
    /// A column.
    Column(u32),
    /// Minus.
    Negate(Box<Number>),
    /// `+ - * / %`.
    Arithmetic(Operator, Box<[Number; 2]>),
    /// A function of one number.
    Math(Math, Box<Number>),
    /// Power.
    Power(Box<[Number; 2]>),
    /// Rounded to so many places.
    Round(Box<[Number; 2]>),
    /// Characters of a text.
    Length(Box<Text>),
    /// Days from the second date to the first.
    Days(Box<[Ticks; 2]>),
    /// Text read as a number; NULL where it is none.
    OfText(Box<Text>),
    /// 1 for true, 0 for false.
    OfLogic(Box<Logic>),
    /// CASE and the like.
    Choice(Box<Choice<Number>>),
}

impl Typed for Number {
    type Out<'a> = f64;

    fn null<'a>() -> f64
    where
        Self: 'a,
    {
        f64::NAN
    }

    #[inline]
    fn eval(&self, cx: &Context) -> f64 {
        match self {
            Number::Constant(x) => *x,
            Number::Column(slot) => column(*slot, cx),
            Number::Negate(x) => -x.eval(cx),
            Number::Arithmetic(operator, of) => {
                let (x, y) = (of[0].eval(cx), of[1].eval(cx));
                finite(match operator {
                    Operator::Add => x + y,
                    Operator::Subtract => x - y,
                    Operator::Multiply => x * y,
                    Operator::Divide => x / y,
                    Operator::Remainder => x % y,
                })
            }
            other => other.called(cx),
        }
    }

    fn is_null(out: &f64) -> bool {
        out.is_nan()
    }

    fn order(a: &f64, b: &f64) -> std::cmp::Ordering {
        a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal)
    }
}

impl Number {
    /// The forms that are less often met, out of the way of the others.
    #[inline(never)]
    fn called(&self, cx: &Context) -> f64 {
        match self {
            Number::Math(function, x) => {
                let x = x.eval(cx);
                finite(match function {
                    Math::Abs => x.abs(),
                    Math::Floor => x.floor(),
                    Math::Ceil => x.ceil(),
                    Math::Sqrt => x.sqrt(),
                    Math::Ln => x.ln(),
                    Math::Exp => x.exp(),
                })
            }
            Number::Power(of) => {
                let (x, y) = (of[0].eval(cx), of[1].eval(cx));
                if x.is_nan() || y.is_nan() { f64::NAN } else { finite(x.powf(y)) }
            }
            Number::Round(of) => {
                let (x, places) = (of[0].eval(cx), of[1].eval(cx));
                if places == 0.0 {
                    return x.round();
                }
                let scale = 10f64.powi(places.clamp(-300.0, 300.0) as i32);
                finite((x * scale).round() / scale + 0.0 * places)
            }
            Number::Length(text) => text.eval(cx).map_or(f64::NAN, |t| t.chars().count() as f64),
            Number::Days(of) => match (of[0].eval(cx), of[1].eval(cx)) {
                (Some(a), Some(b)) => (a - b) as f64,
                _ => f64::NAN,
            },
            Number::OfText(text) => text.eval(cx).and_then(|t| t.trim().parse().ok()).map_or(f64::NAN, finite),
            Number::OfLogic(logic) => logic.eval(cx).map_or(f64::NAN, |b| f64::from(u8::from(b))),
            Number::Choice(choice) => choice.eval(cx),
            _ => f64::NAN,
        }
    }
}

/// The number of a column; NaN where it is NULL.
#[inline]
pub fn column(slot: u32, cx: &Context) -> f64 {
    match cx.row.get(slot as usize) {
        Some(Value::Number(x)) => *x,
        _ => f64::NAN,
    }
}

#[inline]
fn finite(x: f64) -> f64 {
    if x.is_finite() { x } else { f64::NAN }
}
