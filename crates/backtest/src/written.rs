//! Dates and instants as text, in what is written for programs.

use serde::Serializer;
use tenure_model::{Day, Instant};

/// `2025-06-01`.
pub fn day<S: Serializer>(day: &Day, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&day.date().map_or_else(String::new, |date| date.to_string()))
}

/// `2025-06-01T10:00:00Z`.
pub fn instant<S: Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}
