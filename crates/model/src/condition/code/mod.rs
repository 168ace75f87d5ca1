//! The evaluator: compact trees, one for each kind of result, over one row of values.
//!
//! NULL is `None`, or NaN in a number. Nothing here allocates for numbers, truths and times, and nothing can fail: an operation without a
//! result gives NULL.

mod choice;
mod logic;
mod number;
mod reads;
mod text;
mod ticks;

use std::borrow::Cow;

pub use choice::Choice;
pub use logic::Logic;
pub use number::Number;
pub use reads::Reads;
pub use text::Text;
pub use ticks::Ticks;

use crate::time::{Day, Instant};
use crate::value::{Kind, Value};

/// What an expression is evaluated over.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The row.
    pub row: &'a [Value],
    /// The instant of evaluation, in microseconds.
    pub now: i64,
}

/// An expression of any kind.
#[derive(Clone, Debug)]
pub enum Code {
    /// A truth.
    Logic(Logic),
    /// A number.
    Number(Number),
    /// A text.
    Text(Text),
    /// A time, date or interval.
    Ticks(Kind, Ticks),
}

/// A tree that gives results of one kind.
pub trait Typed: Sized {
    /// The result, perhaps borrowed from the row.
    type Out<'a>
    where
        Self: 'a;
    /// NULL.
    fn null<'a>() -> Self::Out<'a>
    where
        Self: 'a;
    /// Evaluates.
    fn eval<'a>(&'a self, cx: &Context<'a>) -> Self::Out<'a>;
    /// Is the result NULL?
    fn is_null(out: &Self::Out<'_>) -> bool;
    /// How two results compare, neither being NULL.
    fn order(a: &Self::Out<'_>, b: &Self::Out<'_>) -> std::cmp::Ordering;
}

impl Code {
    /// Its value.
    #[inline]
    pub fn eval(&self, cx: &Context) -> Value {
        match self {
            Code::Logic(code) => code.eval(cx).map_or(Value::Null, Value::Bool),
            Code::Number(code) => Value::number(code.eval(cx)),
            Code::Text(code) => code.value(cx),
            Code::Ticks(kind, code) => code.eval(cx).map_or(Value::Null, |ticks| ticks_value(*kind, ticks)),
        }
    }

    /// Is its value NULL?
    pub fn is_null(&self, cx: &Context) -> bool {
        match self {
            Code::Logic(code) => code.eval(cx).is_none(),
            Code::Number(code) => code.eval(cx).is_nan(),
            Code::Text(code) => code.eval(cx).is_none(),
            Code::Ticks(_, code) => code.eval(cx).is_none(),
        }
    }

    /// Compares two results of one kind; None where either is NULL.
    pub fn order(&self, other: &Code, cx: &Context) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Code::Logic(a), Code::Logic(b)) => Some(a.eval(cx)?.cmp(&b.eval(cx)?)),
            (Code::Number(a), Code::Number(b)) => a.eval(cx).partial_cmp(&b.eval(cx)),
            (Code::Text(a), Code::Text(b)) => Some(a.eval(cx)?.cmp(&b.eval(cx)?)),
            (Code::Ticks(_, a), Code::Ticks(_, b)) => Some(a.eval(cx)?.cmp(&b.eval(cx)?)),
            _ => None,
        }
    }
}

/// A time, date or interval as a value.
fn ticks_value(kind: Kind, ticks: i64) -> Value {
    match kind {
        Kind::Date => Value::Date(Day(ticks.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32)),
        Kind::Interval => Value::Interval(ticks),
        _ => Value::Time(Instant(ticks)),
    }
}

/// Text as a value.
fn text_value(text: Option<Cow<str>>) -> Value {
    text.map_or(Value::Null, Value::text)
}
