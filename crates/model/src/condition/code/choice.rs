//! The forms that exist for every type: CASE, COALESCE, NULLIF, GREATEST and LEAST.

use std::cmp::Ordering;

use super::{Context, Logic, Typed};

/// A choice among results of one kind.
#[derive(Clone, Debug)]
pub enum Choice<T> {
    /// CASE: the result of the first condition that holds, else the last.
    Case(Box<[(Logic, T)]>, T),
    /// COALESCE.
    First(Box<[T]>),
    /// NULLIF.
    Unless(T, T),
    /// GREATEST (`Ordering::Greater`) and LEAST (`Ordering::Less`).
    Extreme(Ordering, Box<[T]>),
}

impl<T: Typed> Choice<T> {
    /// Evaluates.
    pub fn eval<'a>(&'a self, cx: &Context<'a>) -> T::Out<'a> {
        match self {
            Choice::Case(branches, otherwise) => {
                let taken = branches.iter().find(|(condition, _)| condition.is(true, cx));
                taken.map_or(otherwise, |(_, result)| result).eval(cx)
            }
            Choice::First(of) => of.iter().map(|x| x.eval(cx)).find(|x| !T::is_null(x)).unwrap_or_else(T::null),
            Choice::Unless(x, y) => {
                let (x, y) = (x.eval(cx), y.eval(cx));
                if !T::is_null(&x) && !T::is_null(&y) && T::order(&x, &y).is_eq() { T::null() } else { x }
            }
            Choice::Extreme(wanted, of) => {
                let known = of.iter().map(|x| x.eval(cx)).filter(|x| !T::is_null(x));
                known.reduce(|best, x| if T::order(&x, &best) == *wanted { x } else { best }).unwrap_or_else(T::null)
            }
        }
    }
}
