//! How long what is kept.

use jiff::Span;
use tenure_model::Instant;

/// A time to keep something.
#[derive(Clone, Copy, Debug)]
pub enum Keep {
    /// It is never removed.
    Forever,
    /// By UTC's calendar.
    For(Span),
}

/// How long what is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Events of the archive, by whole months; only by hand.
    pub events: Keep,
    /// Who changed what.
    pub audit_log: Keep,
    /// Items that could not be taken.
    pub quarantine: Keep,
    /// Messages that were delivered or given up.
    pub outbox: Keep,
    /// Sessions, after they have expired.
    pub sessions: Keep,
}

impl Keep {
    /// What is older than this may go; None: nothing may.
    pub fn before(self, now: Instant) -> Option<Instant> {
        let Keep::For(span) = self else { return None };
        let now = now.timestamp()?.to_zoned(jiff::tz::TimeZone::UTC);
        now.checked_sub(span).ok().map(|then| Instant::from(then.timestamp()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_the_calendar() {
        let now = Instant::parse("2028-02-29T10:00:00Z").unwrap();
        let before = |text: &str| Keep::For(text.parse().unwrap()).before(now);
        assert_eq!(before("3 years"), Instant::parse("2025-02-28T10:00:00Z"));
        assert_eq!(before("90d"), Instant::parse("2027-12-01T10:00:00Z"));
        assert_eq!(Keep::Forever.before(now), None);
    }
}
