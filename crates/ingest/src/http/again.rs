//! An item of the quarantine, read again by the endpoint it came to.

use tenure_model::Instant;

use super::cloud_events::cloud_events;
use super::entities::{Kind, entities};
use super::intake::Intake;
use super::refused::Refused;
use super::segment::{Endpoint, segment};

/// What an item's `raw` says now. Err, where it cannot be taken apart; what is still wrong is in `Intake::bad`.
pub fn again<'a>(endpoint: &str, raw: &'a str, received_at: Instant) -> Result<Intake<'a>, Refused> {
    if let Some(kind) = endpoint.strip_prefix("entities/").and_then(Kind::parse) {
        return entities(kind, raw, received_at);
    }
    match Endpoint::parse(endpoint) {
        Some(endpoint) => segment(endpoint, raw, received_at),
        None => cloud_events(&[], raw, received_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bad item keeps its endpoint, and once it is mended is read there.
    #[test]
    fn items_are_read_where_they_came_in() {
        let now = Instant::parse("2026-06-01T10:00:00Z").unwrap();
        let kinds = [
            (segment(Endpoint::parse("track").unwrap(), "{\"userId\":\"u\"}", now).unwrap(), "{\"userId\":\"u\",\"event\":\"login\"}"),
            (
                segment(Endpoint::Batch, "{\"batch\":[{\"type\":\"track\",\"userId\":\"u\"}]}", now).unwrap(),
                "{\"batch\":[{\"type\":\"track\",\"userId\":\"u\",\"event\":\"login\"}]}",
            ),
            (entities(Kind::Accounts, "{\"name\":\"Acme\"}", now).unwrap(), "{\"id\":\"acme\",\"name\":\"Acme\"}"),
            (
                cloud_events(&[], "{\"specversion\":\"1.0\"}", now).unwrap(),
                "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"login\",\"subject\":\"u\"}",
            ),
        ];
        for (intake, mended) in &kinds {
            let bad = &intake.bad[0];
            assert_eq!(again(&bad.endpoint, &bad.raw, now).unwrap().bad, intake.bad, "{}", bad.endpoint);
            let read = again(&bad.endpoint, mended, now).unwrap();
            assert!(read.bad.is_empty() && read.events.len() + read.versions.len() > 0, "{}: {read:?}", bad.endpoint);
        }
    }
}
