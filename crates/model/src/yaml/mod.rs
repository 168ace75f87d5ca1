//! YAML as a small tree in which everything knows where it stands.
//!
//! Of YAML's features, tags are ignored, keys are scalars, a key stands once in a map, and aliases are resolved up to a limit.

pub(crate) mod fields;
mod place;
mod tree;

use crate::file::Place;
pub use tree::parse;
pub(crate) use tree::parse_text;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub content: Content,
    /// Where; of a scalar its source with the quotes, of a list or map from its first character on; ends with the bracket where it has one.
    pub place: Place,
    /// Where an alias `*name` stands instead; `place` is then that of the value it names.
    pub alias: Option<Place>,
}

/// A value.
#[derive(Clone, Debug)]
pub enum Content {
    /// Text, number, truth value or nothing: YAML leaves it to the reader.
    Scalar(String, Style),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order written; each key once.
    Map(Vec<Entry>),
}

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`.
    Single,
    /// `"…"`.
    Double,
    /// `|` or `>`.
    Block,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// The value.
    pub value: Node,
}

impl Node {
    /// Nothing: an empty plain scalar, `~` or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar(text, Style::Plain) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Any scalar but null, as text.
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text, _) if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// A plain scalar that reads as a finite number.
    pub fn as_number(&self) -> Option<f64> {
        match &self.content {
            Content::Scalar(text, Style::Plain) => number(text),
            _ => None,
        }
    }

    /// A plain `true` or `false`.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.content {
            Content::Scalar(text, Style::Plain) => match text.as_str() {
                "true" | "True" | "TRUE" => Some(true),
                "false" | "False" | "FALSE" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// The items of a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.content {
            Content::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a map.
    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.iter().find(|e| e.key == key).map(|e| &e.value)
    }

    /// What it is, for messages: `a list`, `a number`, `nothing` …
    pub fn what(&self) -> &'static str {
        match &self.content {
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
            Content::Scalar(..) if self.is_null() => "nothing",
            Content::Scalar(..) if self.as_number().is_some() => "a number",
            Content::Scalar(..) if self.as_bool().is_some() => "true or false",
            Content::Scalar(..) => "text",
        }
    }

    /// As JSON: plain scalars by what they read as, all others as text.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as J;
        match &self.content {
            Content::List(items) => J::Array(items.iter().map(Node::to_json).collect()),
            Content::Map(entries) => J::Object(entries.iter().map(|e| (e.key.clone(), e.value.to_json())).collect()),
            Content::Scalar(..) if self.is_null() => J::Null,
            Content::Scalar(text, _) => match (self.as_bool(), self.as_number()) {
                (Some(b), _) => J::Bool(b),
                (_, Some(x)) if x == x.trunc() && x.abs() < 9e15 => J::from(x as i64),
                (_, Some(x)) => J::from(x),
                _ => J::from(text.as_str()),
            },
        }
    }
}

/// A finite number as YAML and JSON write it.
pub fn number(text: &str) -> Option<f64> {
    let digits = text.trim_start_matches(['-', '+']);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || text.len() - digits.len() > 1 {
        return None;
    }
    text.parse::<f64>().ok().filter(|x| x.is_finite())
}
