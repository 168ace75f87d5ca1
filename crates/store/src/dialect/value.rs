//! What can be bound to a placeholder: a few types, each with its NULL, that every database has.

use std::borrow::Cow;

use tenure_model::Instant;

/// A value for a placeholder. NULLs keep their type: PostgreSQL wants to know it.
#[derive(Clone, Debug)]
pub(crate) enum Value<'v> {
    /// Whole numbers and instants.
    Int(Option<i64>),
    /// Numbers for sorting.
    Float(Option<f64>),
    /// Yes or no.
    Bool(Option<bool>),
    /// Text, also JSON.
    Text(Option<Cow<'v, str>>),
    /// What only the caller can read.
    Bytes(Option<Cow<'v, [u8]>>),
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// `{int}`.
    Int,
    /// `{float}`.
    Float,
    /// `{bool}`; in SQLite a number.
    Bool,
    /// `{text}`.
    Text,
    /// `{bytes}`.
    Bytes,
}

impl ColumnKind {
    /// By the type's name in either database.
    pub(crate) fn of(name: &str) -> Option<ColumnKind> {
        Some(match name {
            "INTEGER" | "BIGINT" | "bigint" => ColumnKind::Int,
            "REAL" | "double precision" => ColumnKind::Float,
            "boolean" => ColumnKind::Bool,
            "TEXT" | "text" => ColumnKind::Text,
            "BLOB" | "bytea" => ColumnKind::Bytes,
            _ => return None,
        })
    }
}

/// `From` for a type and for its option.
macro_rules! from {
    ($($variant:ident: $type:ty, $value:ident => $into:expr;)+) => { $(
        impl<'v> From<$type> for Value<'v> {
            fn from($value: $type) -> Value<'v> {
                Value::$variant(Some($into))
            }
        }
        impl<'v> From<Option<$type>> for Value<'v> {
            fn from(value: Option<$type>) -> Value<'v> {
                Value::$variant(value.map(|$value| $into))
            }
        }
    )+ };
}

from! {
    Int: i64, v => v;
    Int: Instant, v => v.0;
    Float: f64, v => v;
    Bool: bool, v => v;
    Text: &'v str, v => Cow::Borrowed(v);
    Text: &'v String, v => Cow::Borrowed(v.as_str());
    Text: String, v => Cow::Owned(v);
    Bytes: &'v [u8], v => Cow::Borrowed(v);
    Bytes: &'v Vec<u8>, v => Cow::Borrowed(v.as_slice());
}
