//! Expressions whose result is text.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Choice, Context, Logic, Number, Typed, text_value};
use crate::condition::function::Change;
use crate::value::Value;

/// An expression whose result is text.
#[derive(Clone, Debug)]
pub enum Text {
    /// A constant.
    Constant(Option<Arc<str>>),
    /// A column.
    Column(u32),
    /// In lower case and so on.
    Change(Change, Box<Text>),
    /// One after the other; NULL counts as empty.
    Concat(Box<[Text]>),
    /// One after the other; NULL if any is.
    Join(Box<[Text]>),
    /// A number as text.
    OfNumber(Box<Number>),
    /// `true` or `false`.
    OfLogic(Box<Logic>),
    /// CASE and the like.
    Choice(Box<Choice<Text>>),
}

impl Typed for Text {
    type Out<'a> = Option<Cow<'a, str>>;

    fn null<'a>() -> Option<Cow<'a, str>>
    where
        Self: 'a,
    {
        None
    }

    fn eval<'a>(&'a self, cx: &Context<'a>) -> Option<Cow<'a, str>> {
        match self {
            Text::Constant(text) => text.as_deref().map(Cow::Borrowed),
            Text::Column(slot) => column(*slot, cx).map(|t| Cow::Borrowed(&**t)),
            Text::Change(change, text) => text.eval(cx).map(|t| changed(*change, t)),
            Text::Concat(of) => Some(Cow::Owned(of.iter().filter_map(|t| t.eval(cx)).collect())),
            Text::Join(of) => of.iter().map(|t| t.eval(cx)).collect::<Option<String>>().map(Cow::Owned),
            Text::OfNumber(x) => Some(x.eval(cx)).filter(|x| !x.is_nan()).map(|x| Cow::Owned(x.to_string())),
            Text::OfLogic(logic) => logic.eval(cx).map(|b| Cow::Borrowed(if b { "true" } else { "false" })),
            Text::Choice(choice) => choice.eval(cx),
        }
    }

    fn is_null(out: &Option<Cow<str>>) -> bool {
        out.is_none()
    }

    fn order(a: &Option<Cow<str>>, b: &Option<Cow<str>>) -> std::cmp::Ordering {
        a.cmp(b)
    }
}

impl Text {
    /// Its value: a column's or a constant's own text, shared.
    pub fn value(&self, cx: &Context) -> Value {
        match self {
            Text::Constant(Some(text)) => Value::Text(text.clone()),
            Text::Column(slot) => column(*slot, cx).map_or(Value::Null, |t| Value::Text(t.clone())),
            Text::Choice(choice) => match &**choice {
                Choice::Case(branches, otherwise) => {
                    let taken = branches.iter().find(|(condition, _)| condition.is(true, cx));
                    taken.map_or(otherwise, |(_, result)| result).value(cx)
                }
                Choice::First(of) => of.iter().map(|t| t.value(cx)).find(|v| !v.is_null()).unwrap_or_default(),
                other => text_value(other.eval(cx)),
            },
            other => text_value(other.eval(cx)),
        }
    }
}

/// The text of a column.
#[inline]
pub fn column<'a>(slot: u32, cx: &Context<'a>) -> Option<&'a Arc<str>> {
    match cx.row.get(slot as usize) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

fn changed(change: Change, text: Cow<str>) -> Cow<str> {
    match (change, text) {
        (Change::Lower, text) => Cow::Owned(text.to_lowercase()),
        (Change::Upper, text) => Cow::Owned(text.to_uppercase()),
        (Change::Trim, Cow::Borrowed(text)) => Cow::Borrowed(text.trim_matches(' ')),
        (Change::Trim, Cow::Owned(text)) => Cow::Owned(text.trim_matches(' ').to_owned()),
    }
}
