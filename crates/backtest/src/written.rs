//! Dates and instants as text, in what is written for programs.

use serde::{Deserialize, Deserializer, Serializer, de::Error};
use tenure_model::{Day, Instant};

/// `2025-06-01`.
pub fn day<S: Serializer>(day: &Day, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&day.date().map_or_else(String::new, |date| date.to_string()))
}

/// `2025-06-01T10:00:00Z`.
pub fn instant<S: Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

/// As `instant` wrote it.
pub fn read_instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
    let text = String::deserialize(deserializer)?;
    Instant::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no instant")))
}
