//! Expressions whose result is a truth: true, false or NULL.

use std::sync::Arc;

use super::{Choice, Code, Context, Number, Text, Ticks, Typed, number, text, ticks};
use crate::condition::function::Search;
use crate::condition::like::Pattern;
use crate::condition::test::Test;
use crate::value::Value;

/// An expression whose result is a truth. The comparisons of a bare column with a constant, of which conditions are mostly made,
/// have their own forms.
#[derive(Clone, Debug)]
pub enum Logic {
    /// A constant.
    Constant(Option<bool>),
    /// A column.
    Column(u32),
    /// A number column and a constant.
    NumberIs { slot: u32, test: Test, than: f64 },
    /// A number column between two constants, both included.
    NumberBetween { slot: u32, low: f64, high: f64 },
    /// A text column and a constant: equal?
    TextIs { slot: u32, text: Arc<str> },
    /// A text column among constants.
    TextIn { slot: u32, texts: Box<[Arc<str>]> },
    /// A time or date column and a constant.
    TicksAre { slot: u32, test: Test, than: i64 },
    /// A time column and now plus a constant.
    NowIs { slot: u32, test: Test, plus: i64 },
    /// AND.
    All(Box<[Logic]>),
    /// OR.
    Any(Box<[Logic]>),
    /// NOT.
    Not(Box<Logic>),
    /// Numbers compared.
    Numbers(Test, Box<[Number; 2]>),
    /// Texts compared.
    Texts(Test, Box<[Text; 2]>),
    /// Times, dates or intervals compared.
    Ticks(Test, Box<[Ticks; 2]>),
    /// Truths compared.
    Truths(Test, Box<[Logic; 2]>),
    /// IS DISTINCT FROM.
    Distinct(Box<[Code; 2]>),
    /// IN.
    In(Box<(Code, Box<[Code]>)>),
    /// IS NULL.
    IsNull(Box<Code>),
    /// IS TRUE, IS FALSE.
    Is(bool, Box<Logic>),
    /// LIKE.
    Like(Box<(Text, Pattern)>),
    /// A text found in another.
    Search(Search, Box<[Text; 2]>),
    /// Text read as a truth; NULL where it is none.
    OfText(Box<Text>),
    /// CASE and the like.
    Choice(Box<Choice<Logic>>),
}

impl Typed for Logic {
    type Out<'a> = Option<bool>;

    fn null<'a>() -> Option<bool>
    where
        Self: 'a,
    {
        None
    }

    #[inline]
    fn eval(&self, cx: &Context) -> Option<bool> {
        match self {
            Logic::Constant(truth) => *truth,
            Logic::Column(slot) => column(*slot, cx),
            Logic::NumberIs { slot, test, than } => test.numbers(number::column(*slot, cx), *than),
            Logic::NumberBetween { slot, low, high } => {
                let x = number::column(*slot, cx);
                if x.is_nan() { None } else { Some(*low <= x && x <= *high) }
            }
            Logic::TextIs { slot, text } => text::column(*slot, cx).map(|t| t == text),
            Logic::TextIn { slot, texts } => text::column(*slot, cx).map(|t| texts.contains(t)),
            Logic::TicksAre { slot, test, than } => ticks::column(*slot, cx).map(|t| test.accepts(t.cmp(than))),
            Logic::NowIs { slot, test, plus } => ticks::column(*slot, cx).map(|t| test.accepts(t.cmp(&cx.now.saturating_add(*plus)))),
            Logic::All(of) => every(of, true, cx),
            Logic::Any(of) => every(of, false, cx),
            Logic::Not(of) => of.eval(cx).map(|b| !b),
            Logic::Numbers(test, of) => test.numbers(of[0].eval(cx), of[1].eval(cx)),
            other => other.called(cx),
        }
    }

    fn is_null(out: &Option<bool>) -> bool {
        out.is_none()
    }

    fn order(a: &Option<bool>, b: &Option<bool>) -> std::cmp::Ordering {
        a.cmp(b)
    }
}

impl Logic {
    /// Is the truth exactly `want`? Stops at the first part that decides.
    #[inline]
    pub fn is(&self, want: bool, cx: &Context) -> bool {
        match self {
            Logic::NumberIs { slot, test, than } => test.numbers_are(want, number::column(*slot, cx), *than),
            Logic::All(of) if want => of.iter().all(|part| part.is(true, cx)),
            Logic::All(of) => of.iter().any(|part| part.is(false, cx)),
            Logic::Any(of) if want => of.iter().any(|part| part.is(true, cx)),
            Logic::Any(of) => of.iter().all(|part| part.is(false, cx)),
            Logic::Not(of) => of.is(!want, cx),
            other => other.eval(cx) == Some(want),
        }
    }

    /// The forms that are less often met, out of the way of the others.
    #[inline(never)]
    fn called(&self, cx: &Context) -> Option<bool> {
        match self {
            Logic::Texts(test, of) => test.options(of[0].eval(cx), of[1].eval(cx)),
            Logic::Ticks(test, of) => test.options(of[0].eval(cx), of[1].eval(cx)),
            Logic::Truths(test, of) => test.options(of[0].eval(cx), of[1].eval(cx)),
            Logic::Distinct(of) => Some(match of[0].order(&of[1], cx) {
                Some(order) => order.is_ne(),
                None => of[0].is_null(cx) != of[1].is_null(cx),
            }),
            Logic::In(of) => {
                let (value, list) = &**of;
                let mut unknown = false;
                for item in list {
                    match value.order(item, cx) {
                        Some(order) if order.is_eq() => return Some(true),
                        Some(_) => {}
                        None => unknown = true,
                    }
                }
                if unknown { None } else { Some(false) }
            }
            Logic::IsNull(of) => Some(of.is_null(cx)),
            Logic::Is(want, of) => Some(of.is(*want, cx)),
            Logic::Like(of) => of.0.eval(cx).map(|t| of.1.matches(&t)),
            Logic::Search(search, of) => {
                let (text, part) = (of[0].eval(cx)?, of[1].eval(cx)?);
                Some(match search {
                    Search::Start => text.starts_with(&*part),
                    Search::End => text.ends_with(&*part),
                    Search::Within => text.contains(&*part),
                })
            }
            Logic::OfText(text) => match &*text.eval(cx)?.trim().to_ascii_lowercase() {
                "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
                "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
                _ => None,
            },
            Logic::Choice(choice) => choice.eval(cx),
            _ => None,
        }
    }
}

/// The truth of a column.
#[inline]
fn column(slot: u32, cx: &Context) -> Option<bool> {
    match cx.row.get(slot as usize) {
        Some(Value::Bool(b)) => Some(*b),
        _ => None,
    }
}

/// AND (`neutral` true) and OR (`neutral` false): the opposite of `neutral` decides, else NULL, else `neutral`.
#[inline]
fn every(of: &[Logic], neutral: bool, cx: &Context) -> Option<bool> {
    let mut all = Some(neutral);
    for part in of {
        match part.eval(cx) {
            Some(truth) if truth != neutral => return Some(truth),
            Some(_) => {}
            None => all = None,
        }
    }
    all
}
