//! What a column holds at an instant, and the types of columns.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::{Calendar, DAY, Day, Instant};

/// The type of a column or expression.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// 64-bit float.
    Number,
    /// UTF-8 text.
    Text,
    /// True or false.
    Bool,
    /// An instant.
    Time,
    /// A civil date.
    Date,
    /// A difference of times; only inside expressions.
    Interval,
    /// Not yet known: an event property whose type follows from its use; the type of a bare NULL.
    Any,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Number => "number",
            Kind::Text => "text",
            Kind::Bool => "bool",
            Kind::Time => "time",
            Kind::Date => "date",
            Kind::Interval => "interval",
            Kind::Any => "any",
        })
    }
}

/// A value, or NULL.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Unknown.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A number; never NaN (an undefined result is NULL).
    Number(f64),
    /// Text.
    Text(Arc<str>),
    /// An instant.
    Time(Instant),
    /// A date.
    Date(Day),
    /// An exact length of time in microseconds.
    Interval(i64),
}

impl Value {
    /// Text.
    pub fn text(text: impl Into<Arc<str>>) -> Value {
        Value::Text(text.into())
    }

    /// A number, NULL if it is NaN or infinite.
    pub fn number(x: f64) -> Value {
        if x.is_finite() { Value::Number(x) } else { Value::Null }
    }

    /// Its type; `Any` for NULL.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Null => Kind::Any,
            Value::Bool(_) => Kind::Bool,
            Value::Number(_) => Kind::Number,
            Value::Text(_) => Kind::Text,
            Value::Time(_) => Kind::Time,
            Value::Date(_) => Kind::Date,
            Value::Interval(_) => Kind::Interval,
        }
    }

    /// Is it NULL?
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Number(x) => Some(*x),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(t) => Some(t),
            _ => None,
        }
    }

    /// The instant; a date is its midnight.
    pub fn as_instant(&self, calendar: &Calendar) -> Option<Instant> {
        match self {
            Value::Time(t) => Some(*t),
            Value::Date(d) => Some(calendar.midnight(*d)),
            _ => None,
        }
    }

    /// The date; an instant is in the date of the zone.
    pub fn as_day(&self, calendar: &Calendar) -> Option<Day> {
        match self {
            Value::Time(t) => Some(calendar.day(*t)),
            Value::Date(d) => Some(*d),
            _ => None,
        }
    }

    /// SQL's comparison of two values of one type: None where either is NULL or the types differ.
    #[inline]
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
            (Value::Text(a), Value::Text(b)) => Some(a.as_ref().cmp(b.as_ref())),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
            (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
            (Value::Interval(a), Value::Interval(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// Are they the same? Unlike SQL, NULL is the same as NULL.
    #[inline]
    pub fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Number(a), Value::Number(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => Arc::ptr_eq(a, b) || a == b,
            (a, b) => a.compare(b) == Some(Ordering::Equal),
        }
    }

    /// Reads a JSON scalar as a value of this type. Text that is written like the type is read as it; an object or list is its JSON text.
    /// None where it cannot be read; NULL for null and, except for text, for blank text.
    pub fn from_json(json: &serde_json::Value, kind: Kind, calendar: &Calendar) -> Option<Value> {
        use serde_json::Value as J;
        Some(match (kind, json) {
            (_, J::Null) => Value::Null,
            (Kind::Any, J::Bool(b)) => Value::Bool(*b),
            (Kind::Any, J::Number(n)) => Value::number(n.as_f64()?),
            (Kind::Any | Kind::Text, J::String(s)) => Value::text(s.as_str()),
            (Kind::Any | Kind::Text, other) => Value::text(other.to_string()),
            (_, J::String(s)) => return Value::read(s, kind, calendar),
            (Kind::Number, J::Number(n)) => Value::number(n.as_f64()?),
            (Kind::Number, J::Bool(b)) => Value::Number(f64::from(u8::from(*b))),
            (Kind::Bool, J::Bool(b)) => Value::Bool(*b),
            (Kind::Bool, J::Number(n)) => match n.as_f64()? {
                0.0 => Value::Bool(false),
                1.0 => Value::Bool(true),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Reads text as a value of this type; blank text is NULL for all types but text. None where it cannot be read.
    pub fn read(text: &str, kind: Kind, calendar: &Calendar) -> Option<Value> {
        let trimmed = text.trim();
        if matches!(kind, Kind::Text | Kind::Any) {
            return Some(Value::text(text));
        }
        if trimmed.is_empty() {
            return Some(Value::Null);
        }
        match kind {
            Kind::Number => trimmed.parse::<f64>().ok().filter(|x| x.is_finite()).map(Value::Number),
            Kind::Bool => match trimmed.to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "1" => Some(Value::Bool(true)),
                "false" | "f" | "no" | "n" | "0" => Some(Value::Bool(false)),
                _ => None,
            },
            Kind::Time => calendar.parse(trimmed).map(Value::Time),
            Kind::Date => trimmed
                .parse::<jiff::civil::Date>()
                .ok()
                .map(|d| Value::Date(Day::from(d)))
                .or_else(|| calendar.parse(trimmed).map(|t| Value::Date(calendar.day(t)))),
            Kind::Interval | Kind::Text | Kind::Any => None,
        }
    }

    /// As JSON: times and dates as ISO text, whole numbers without a point, intervals as seconds.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as J;
        match self {
            Value::Null => J::Null,
            Value::Bool(b) => J::Bool(*b),
            Value::Number(x) if *x == x.trunc() && x.abs() < 9e15 => J::from(*x as i64),
            Value::Number(x) => J::from(*x),
            Value::Text(t) => J::from(t.as_ref()),
            Value::Time(t) => J::from(t.to_string()),
            Value::Date(d) => J::from(d.to_string()),
            Value::Interval(us) => J::from(*us as f64 / 1e6),
        }
    }
}

/// Unlike SQL's `=`: NULL equals NULL.
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.same(other)
    }
}

/// A number is never NaN.
impl Eq for Value {}

/// As `==` has it: 0 and -0 are one value.
impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Value::Null => {}
            Value::Bool(b) => b.hash(state),
            Value::Number(x) => (x + 0.0).to_bits().hash(state),
            Value::Text(t) => t.hash(state),
            Value::Time(t) => t.hash(state),
            Value::Date(d) => d.hash(state),
            Value::Interval(us) => us.hash(state),
        }
    }
}

/// As SQL would write it: `NULL`, `'text'`, `TIMESTAMP '…'`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("NULL"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Number(x) => write!(f, "{x}"),
            Value::Text(t) => write!(f, "'{}'", t.replace('\'', "''")),
            Value::Time(t) => write!(f, "TIMESTAMP '{t}'"),
            Value::Date(d) => write!(f, "DATE '{d}'"),
            Value::Interval(us) if us % DAY == 0 => write!(f, "INTERVAL '{} days'", us / DAY),
            Value::Interval(us) => write!(f, "INTERVAL '{} seconds'", *us as f64 / 1e6),
        }
    }
}
