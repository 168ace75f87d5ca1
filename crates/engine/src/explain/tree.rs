//! The nodes of an explanation.

use serde::Serialize;
use serde_json::{Map, Value as Json};

/// One reason, and the reasons for it.
#[derive(Clone, Debug, Serialize)]
pub struct Reason {
    /// What it is: `all`, `any`, `comparison`, `metric`, `measure`, `event`, …
    pub kind: &'static str,
    /// For people, rounded.
    pub text: String,
    /// Its parts for programs, exact: `value`, `curve`, `weight`, `window`, …
    #[serde(flatten)]
    pub detail: Map<String, Json>,
    /// Why it is so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Reason>,
    /// People see its line only; the reasons for it are for those who check.
    #[serde(skip)]
    pub brief: bool,
}

impl Reason {
    /// A reason without any reasons of its own.
    pub fn new(kind: &'static str, text: impl Into<String>) -> Reason {
        Reason { kind, text: text.into(), detail: Map::new(), because: Vec::new(), brief: false }
    }

    /// With a detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: Json) -> Reason {
        self.detail.insert(key.to_owned(), value);
        self
    }

    /// With reasons of its own.
    #[must_use]
    pub fn because(mut self, because: impl IntoIterator<Item = Reason>) -> Reason {
        self.because.extend(because);
        self
    }

    /// Of which people see the line only.
    #[must_use]
    pub fn brief(mut self) -> Reason {
        self.brief = true;
        self
    }

    /// As indented lines.
    pub fn lines(&self, depth: usize, out: &mut Vec<String>) {
        out.push(format!("{}{}", "  ".repeat(depth), self.text));
        if !self.brief {
            self.because.iter().for_each(|r| r.lines(depth + 1, out));
        }
    }
}
