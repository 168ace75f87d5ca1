//! What a scenario expects: of what, and how it compares.

use std::ops::Range;

use crate::definition::Comparison;
use crate::time::Calendar;
use crate::value::Value;

/// Numbers that differ by no more than this are the same.
pub const TOLERANCE: f64 = 0.01;

/// One thing that must hold.
#[derive(Clone, PartialEq, Debug)]
pub struct Expectation {
    /// Line in the file, from 1.
    pub line: usize,
    /// Bytes in the file at which the expected value stands: where an answer goes.
    pub range: Range<usize>,
    /// Of what.
    pub subject: Subject,
    /// Which value.
    pub expected: Expected,
}

/// What an expectation is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// A column of the account: `stage`, `health_band`, a metric …
    Column(String),
    /// Membership of a segment.
    Segment(String),
    /// A column of a person.
    Person(String, String),
    /// Status of a milestone.
    Milestone(String),
    /// The alerts that fire: `name`, or `name(person)`. In any order.
    Alerts,
    /// What `tenure explain` says of this, such as `alert silent`: each text must stand in it.
    Because(String),
}

/// What is expected.
#[derive(Clone, PartialEq, Debug)]
pub enum Expected {
    /// `?`: write what came out.
    Ask,
    /// NULL.
    Null,
    /// True or false.
    Bool(bool),
    /// This number, within a hundredth.
    Number(f64),
    /// A number that compares so: `">= 50"`.
    Compare(Comparison, f64),
    /// This text; for times, a time written in any way.
    Text(String),
    /// These texts.
    List(Vec<String>),
}

impl Expected {
    /// Is this value what is expected? Lists are compared by `is_list`.
    pub fn is(&self, value: &Value, calendar: &Calendar) -> bool {
        match (self, value) {
            (Expected::Ask, _) | (Expected::Null, Value::Null) => true,
            (Expected::Bool(a), Value::Bool(b)) => a == b,
            (Expected::Number(a), Value::Number(b)) => (a - b).abs() <= TOLERANCE,
            (Expected::Compare(how, a), Value::Number(b)) => how.holds(*b, *a),
            (Expected::Text(a), Value::Text(b)) => a == b.as_ref(),
            (Expected::Text(a), Value::Time(_) | Value::Date(_)) => {
                Value::read(a, value.kind(), calendar).is_some_and(|read| read.same(value))
            }
            _ => false,
        }
    }

    /// Are these the expected texts, in any order?
    pub fn is_list(&self, texts: &[String]) -> bool {
        match self {
            Expected::Ask => true,
            Expected::List(expected) => {
                let (mut a, mut b): (Vec<&String>, Vec<&String>) = (expected.iter().collect(), texts.iter().collect());
                a.sort();
                b.sort();
                a == b
            }
            _ => false,
        }
    }

    /// A value as it is written in the place of `?`.
    pub fn answer(value: &Value) -> String {
        match value {
            Value::Null => "null".into(),
            Value::Bool(b) => b.to_string(),
            Value::Number(x) => ((x * 100.0).round() / 100.0).to_string(),
            Value::Text(text) => scalar(text),
            Value::Time(_) | Value::Date(_) | Value::Interval(_) => match value.to_json() {
                serde_json::Value::String(text) => scalar(&text),
                other => other.to_string(),
            },
        }
    }

    /// A list as it is written in the place of `?`.
    pub fn answer_list(texts: &[String]) -> String {
        format!("[{}]", texts.iter().map(|t| scalar(t)).collect::<Vec<_>>().join(", "))
    }
}

/// Text in YAML, quoted where it would read as something else.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ' ' | '-'))
        && !text.ends_with(' ')
        && !matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    if plain { text.into() } else { serde_json::Value::from(text).to_string() }
}
