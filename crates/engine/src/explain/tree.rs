//! The nodes of an explanation.

use serde::Serialize;
use serde_json::{Map, Value as Json};

/// One reason, and the reasons for it.
#[derive(Clone, Debug, Serialize)]
pub struct Reason {
    /// What it is: `condition`, `all`, `comparison`, `metric`, `measure`, `event`, …
    pub kind: &'static str,
    /// For people.
    pub text: String,
    /// Its parts for programs: `value`, `points`, `weight`, `window`, …
    #[serde(flatten)]
    pub detail: Map<String, Json>,
    /// Why it is so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Reason>,
}

impl Reason {
    /// A reason without any reasons of its own.
    pub fn new(kind: &'static str, text: impl Into<String>) -> Reason {
        Reason { kind, text: text.into(), detail: Map::new(), because: Vec::new() }
    }

    /// With a detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: Json) -> Reason {
        self.detail.insert(key.to_owned(), value);
        self
    }

    /// As indented lines.
    pub fn lines(&self, depth: usize, out: &mut Vec<String>) {
        out.push(format!("{}{}", "  ".repeat(depth), self.text));
        self.because.iter().for_each(|r| r.lines(depth + 1, out));
    }
}
