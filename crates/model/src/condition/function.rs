//! The functions an expression may call.

use crate::value::Kind;

/// A function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Function {
    /// The first argument that is not NULL.
    Coalesce,
    /// NULL if both are equal, else the first.
    NullIf,
    /// The greatest argument that is not NULL.
    Greatest,
    /// The least argument that is not NULL.
    Least,
    /// Of numbers.
    Math(Math),
    /// The first to the power of the second.
    Power,
    /// Rounded half away from zero, to a whole number or to so many decimal places.
    Round,
    /// Text to text.
    Change(Change),
    /// How many characters.
    Length,
    /// Is the second text in the first?
    Search(Search),
    /// All texts one after the other; NULL counts as empty.
    Concat,
}

/// A function of one number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Math {
    /// Without its sign.
    Abs,
    /// The greatest whole number that is not greater.
    Floor,
    /// The least whole number that is not less.
    Ceil,
    /// Square root; NULL of negative numbers.
    Sqrt,
    /// Natural logarithm; NULL of 0 and negative numbers.
    Ln,
    /// e to that power.
    Exp,
}

/// A function from text to text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// In lower case.
    Lower,
    /// In upper case.
    Upper,
    /// Without spaces at both ends.
    Trim,
}

/// Where one text must be in another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Search {
    /// At the start.
    Start,
    /// At the end.
    End,
    /// Anywhere.
    Within,
}

/// How a function is called.
pub struct Signature {
    /// The function.
    pub function: Function,
    /// The type of its arguments; None: all of one type, whichever.
    pub takes: Option<Kind>,
    /// The fewest arguments.
    pub least: usize,
    /// The most arguments.
    pub most: usize,
    /// The type of its result; None: that of its arguments.
    pub gives: Option<Kind>,
}

/// The names of all functions.
pub const NAMES: [&str; 27] = [
    "abs",
    "ceil",
    "ceiling",
    "char_length",
    "character_length",
    "coalesce",
    "concat",
    "contains",
    "ends_with",
    "exp",
    "floor",
    "greatest",
    "least",
    "length",
    "ln",
    "lower",
    "nullif",
    "pow",
    "power",
    "round",
    "sqrt",
    "starts_with",
    "trim",
    "btrim",
    "upper",
    "ifnull",
    "nvl",
];

/// The function of a name in lower case.
pub fn find(name: &str) -> Option<Signature> {
    use Function as F;
    use Kind::{Bool, Number, Text};
    let many = usize::MAX;
    let (function, takes, least, most, gives) = match name {
        "coalesce" => (F::Coalesce, None, 1, many, None),
        "ifnull" | "nvl" => (F::Coalesce, None, 2, 2, None),
        "nullif" => (F::NullIf, None, 2, 2, None),
        "greatest" => (F::Greatest, None, 1, many, None),
        "least" => (F::Least, None, 1, many, None),
        "abs" => (F::Math(Math::Abs), Some(Number), 1, 1, Some(Number)),
        "floor" => (F::Math(Math::Floor), Some(Number), 1, 1, Some(Number)),
        "ceil" | "ceiling" => (F::Math(Math::Ceil), Some(Number), 1, 1, Some(Number)),
        "sqrt" => (F::Math(Math::Sqrt), Some(Number), 1, 1, Some(Number)),
        "ln" => (F::Math(Math::Ln), Some(Number), 1, 1, Some(Number)),
        "exp" => (F::Math(Math::Exp), Some(Number), 1, 1, Some(Number)),
        "power" | "pow" => (F::Power, Some(Number), 2, 2, Some(Number)),
        "round" => (F::Round, Some(Number), 1, 2, Some(Number)),
        "lower" => (F::Change(Change::Lower), Some(Text), 1, 1, Some(Text)),
        "upper" => (F::Change(Change::Upper), Some(Text), 1, 1, Some(Text)),
        "trim" | "btrim" => (F::Change(Change::Trim), Some(Text), 1, 1, Some(Text)),
        "length" | "char_length" | "character_length" => (F::Length, Some(Text), 1, 1, Some(Number)),
        "starts_with" => (F::Search(Search::Start), Some(Text), 2, 2, Some(Bool)),
        "ends_with" => (F::Search(Search::End), Some(Text), 2, 2, Some(Bool)),
        "contains" => (F::Search(Search::Within), Some(Text), 2, 2, Some(Bool)),
        "concat" => (F::Concat, Some(Text), 1, many, Some(Text)),
        _ => return None,
    };
    Some(Signature { function, takes, least, most, gives })
}
