//! One event in full, as explanations and exports show it.

use serde::Serialize;
use serde_json::value::RawValue;
use tenure_model::Instant;

/// An event with everything the archive knows about it.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// Order of arrival.
    pub position: i64,
    /// As sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Where it came from.
    pub source: String,
    /// Whose it is; None in quarantine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// As sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_account_id: Option<String>,
    /// Who, after merges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_id: Option<String>,
    /// As sent, where a merge changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_person_id: Option<String>,
    /// What.
    pub name: String,
    /// When, in microseconds.
    #[serde(serialize_with = "text")]
    pub time: Instant,
    /// When it arrived, in microseconds.
    #[serde(serialize_with = "text")]
    pub received_at: Instant,
    /// A JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<Box<RawValue>>,
    /// Why it is in quarantine; None for events of the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

fn text<S: serde::Serializer>(t: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(t)
}
