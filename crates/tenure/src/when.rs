//! Instants as people write them on the command line.

use anyhow::Result;
use tenure_model::{Calendar, Instant};

use crate::failure::failure;

/// Reads an instant: RFC 3339, a date-time of the calendar's zone, or a date, which is its first instant.
pub fn instant(text: &str, calendar: &Calendar) -> Result<Instant> {
    let t = calendar
        .parse(text)
        .ok_or_else(|| failure(format!("`{text}` is not a time"), "write 2025-06-01, 2025-06-01T10:00 or 2025-06-01T10:00:00Z"))?;
    plausible(t, text)
}

/// Data lies between 1900 and 2200: a time outside is a mistake.
fn plausible(t: Instant, text: &str) -> Result<Instant> {
    let year = t.timestamp().map(|t| t.to_zoned(jiff::tz::TimeZone::UTC).year());
    if year.is_some_and(is_plausible) { Ok(t) } else { Err(implausible(text)) }
}

fn is_plausible(year: i16) -> bool {
    (1900..2200).contains(&year)
}

fn implausible(text: &str) -> anyhow::Error {
    failure(format!("`{text}` is not between 1900 and 2200"), "was another year meant?")
}

/// As `instant`, but a date is its last instant: "as of" a date includes it.
pub fn as_of(text: &str, calendar: &Calendar) -> Result<Instant> {
    match text.trim().parse::<jiff::civil::Date>() {
        // `2025-06-01T10:00` parses as a date too: only what is as short as a date is one.
        Ok(date) if text.trim().len() <= 10 && !is_plausible(date.year()) => Err(implausible(text)),
        Ok(date) if text.trim().len() <= 10 => Ok(calendar.last_instant(date.into())),
        _ => instant(text, calendar),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_instants() {
        let berlin = Calendar::named("Europe/Berlin").unwrap();
        assert_eq!(as_of("2025-06-01", &berlin).unwrap().to_string(), "2025-06-01T21:59:59.999999Z");
        assert_eq!(instant("2025-06-01", &berlin).unwrap().to_string(), "2025-05-31T22:00:00Z");
        assert_eq!(as_of("2025-06-01T10:00", &berlin).unwrap().to_string(), "2025-06-01T08:00:00Z");
        assert_eq!(as_of("2025-06-01T10:00:00Z", &berlin).unwrap().to_string(), "2025-06-01T10:00:00Z");
        for wrong in ["yesterday", "0225-06-01", "20250-06-01", "2200-01-01", "9999-12-31T00:00:00Z"] {
            assert!(as_of(wrong, &berlin).is_err(), "{wrong}");
        }
    }
}
