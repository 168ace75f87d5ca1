//! What would change an outcome: the single comparisons of a condition that, changed alone, flip it.

use serde::Serialize;
use serde_json::Value as Json;
use tenure_model::time::Instant;
use tenure_model::{Program, Value};

use super::words;

/// One change that alone would change the outcome.
#[derive(Clone, Debug, Serialize)]
pub struct WouldChange {
    /// To what.
    pub to: String,
    /// The comparison or measure.
    pub what: String,
    /// The column that would have to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Its present value.
    pub present: Json,
    /// The nearest value that would do; None where it cannot be said as one value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed: Option<Json>,
    /// When time alone will do it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "words::as_text_if_any")]
    pub at: Option<Instant>,
}

impl WouldChange {
    /// As one line.
    pub fn line(&self) -> String {
        let needed = self.needed.as_ref().map_or(String::new(), |n| format!("; nearest value: {}", words::plain_json(n)));
        let at = self.at.map_or(String::new(), |t| format!("; by time alone at {t}"));
        format!("{}: {} (now {}{needed}{at})", self.to, self.what, words::plain_json(&self.present))
    }
}

/// The flips of a condition.
pub(super) fn of_program(program: &Program, row: &[Value], at: Instant, to: &str) -> Vec<WouldChange> {
    program
        .flips(row, at)
        .into_iter()
        .map(|flip| WouldChange {
            to: to.to_owned(),
            what: flip.text,
            column: flip.column,
            present: flip.present.to_json(),
            needed: flip.phrase.map(Json::from).or_else(|| flip.needed.map(|v| v.to_json())),
            at: flip.at,
        })
        .collect()
}
