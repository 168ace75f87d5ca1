//! Time as the engine sees it: instants in microseconds, dates of the model's zone, spans, and the calendar between them.

use std::fmt;
use std::sync::Arc;

use jiff::{Timestamp, ToSpan, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(pub i64);

/// A civil date: days since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub i32);

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Microseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Microseconds in 24 hours (a civil day may be longer or shorter).
pub const DAY: i64 = 24 * HOUR;

impl Instant {
    /// The earliest instant there is.
    pub const MIN: Instant = Instant(i64::MIN);
    /// After every instant: a timer that never comes due.
    pub const NEVER: Instant = Instant(i64::MAX);

    /// The instant one microsecond later.
    pub fn next(self) -> Instant {
        Instant(self.0.saturating_add(1))
    }

    /// This instant plus so many microseconds, saturating.
    pub fn plus(self, micros: i64) -> Instant {
        Instant(self.0.saturating_add(micros))
    }

    /// Reads RFC 3339 (`2025-06-01T10:00:00Z`, any offset, a space for the `T`). None where it is not that.
    pub fn parse(text: &str) -> Option<Instant> {
        text.parse::<Timestamp>().ok().map(Instant::from)
    }

    /// As jiff's timestamp; None outside its range.
    pub fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_microsecond(self.0).ok()
    }
}

impl From<Timestamp> for Instant {
    fn from(t: Timestamp) -> Self {
        Instant(t.as_microsecond())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.timestamp() {
            Some(t) => write!(f, "{t}"),
            None if self.0 > 0 => f.write_str("never"),
            None => f.write_str("always"),
        }
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Day {
    /// The date; None outside jiff's range.
    pub fn date(self) -> Option<civil::Date> {
        civil::date(1970, 1, 1).checked_add(i64::from(self.0).days()).ok()
    }
}

impl From<civil::Date> for Day {
    fn from(d: civil::Date) -> Self {
        let days = d.since(civil::date(1970, 1, 1)).map(|s| s.get_days()).unwrap_or(0);
        Day(days)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date() {
            Some(d) => write!(f, "{d}"),
            None => write!(f, "day {}", self.0),
        }
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A length of time as written in a model: civil months and days, or exact microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Span {
    /// Civil months (`3mo`).
    Months(i32),
    /// Civil days (`7d`); `2w` is 14 of them.
    Days(i32),
    /// Exact microseconds (`24h`, `30min`, `90s`).
    Exact(i64),
}

impl Span {
    /// Reads `7d`, `2w`, `24h`, `30min`, `90s`, `3mo`, and the words `7 days`, `24 hours`, …. None where it is not that.
    pub fn parse(text: &str) -> Option<Span> {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let n: i32 = text[..end].parse().ok()?;
        let exact = |unit: i64| i64::from(n).checked_mul(unit).map(Span::Exact);
        match text[end..].trim() {
            "d" | "day" | "days" => Some(Span::Days(n)),
            "w" | "week" | "weeks" => n.checked_mul(7).map(Span::Days),
            "mo" | "month" | "months" => Some(Span::Months(n)),
            "h" | "hour" | "hours" => exact(HOUR),
            "min" | "minute" | "minutes" => exact(MINUTE),
            "s" | "second" | "seconds" => exact(SECOND),
            _ => None,
        }
    }

    /// True for a span of no length.
    pub fn is_zero(self) -> bool {
        matches!(self, Span::Months(0) | Span::Days(0) | Span::Exact(0))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Span::Months(n) => write!(f, "{n}mo"),
            Span::Days(n) => write!(f, "{n}d"),
            Span::Exact(us) if us % HOUR == 0 => write!(f, "{}h", us / HOUR),
            Span::Exact(us) if us % MINUTE == 0 => write!(f, "{}min", us / MINUTE),
            Span::Exact(us) => write!(f, "{}s", us / SECOND),
        }
    }
}

/// First and last year whose midnights a calendar knows; dates outside are clamped to its ends.
const FIRST_YEAR: i16 = 1970;
const LAST_YEAR: i16 = 2120;

/// The dates of one time zone: which date an instant is in and when each date begins.
///
/// Midnights are tabled once, so that both directions cost a few nanoseconds. Where a zone skips midnight (some DST changes), the date begins
/// at its first existing instant.
#[derive(Clone)]
pub struct Calendar {
    zone: TimeZone,
    first: i32,
    midnights: Arc<[i64]>,
}

impl Calendar {
    /// The calendar of a zone.
    pub fn new(zone: TimeZone) -> Calendar {
        let first = civil::date(FIRST_YEAR, 1, 1);
        let last = civil::date(LAST_YEAR, 1, 1);
        let mut midnights = Vec::with_capacity(55_000);
        let mut date = first;
        while date <= last {
            let start = date.to_zoned(zone.clone()).map_or(Day::from(date).0 as i64 * DAY, |z| z.timestamp().as_microsecond());
            midnights.push(start);
            match date.tomorrow() {
                Ok(next) => date = next,
                Err(_) => break,
            }
        }
        Calendar { zone, first: Day::from(first).0, midnights: midnights.into() }
    }

    /// The calendar of an IANA zone name; None where there is no such zone.
    pub fn named(name: &str) -> Option<Calendar> {
        TimeZone::get(name).ok().map(Calendar::new)
    }

    /// The calendar of UTC.
    pub fn utc() -> Calendar {
        Calendar::new(TimeZone::UTC)
    }

    /// Its zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The date an instant is in.
    #[inline]
    pub fn day(&self, t: Instant) -> Day {
        let last = self.midnights.len() as i64 - 1;
        let mut i = t.0.saturating_sub(self.midnights[0]).div_euclid(DAY).clamp(0, last) as usize;
        while i > 0 && self.midnights[i] > t.0 {
            i -= 1;
        }
        while (i as i64) < last && self.midnights[i + 1] <= t.0 {
            i += 1;
        }
        Day(self.first + i as i32)
    }

    /// The first instant of a date.
    #[inline]
    pub fn midnight(&self, day: Day) -> Instant {
        let i = (i64::from(day.0) - i64::from(self.first)).clamp(0, self.midnights.len() as i64 - 1);
        Instant(self.midnights[i as usize])
    }

    /// The last instant of a date.
    pub fn last_instant(&self, day: Day) -> Instant {
        Instant(self.midnight(Day(day.0 + 1)).0 - 1)
    }

    /// Adds a span `times` times (may be negative): civil months and days keep the wall-clock time in the zone, exact spans add microseconds.
    pub fn add(&self, t: Instant, span: Span, times: i32) -> Instant {
        if span.is_zero() {
            return t;
        }
        if let Span::Days(n) = span
            && let Some(there) = self.add_even(t, n.saturating_mul(times))
        {
            return there;
        }
        let civil = |s: jiff::Span| -> Option<Instant> {
            let z = t.timestamp()?.to_zoned(self.zone.clone());
            z.checked_add(s).ok().map(|z| Instant::from(z.timestamp()))
        };
        match span {
            Span::Exact(us) => t.plus(us.saturating_mul(i64::from(times))),
            Span::Days(n) => {
                civil(i64::from(n.saturating_mul(times)).days()).unwrap_or(if times < 0 { Instant::MIN } else { Instant::NEVER })
            }
            Span::Months(n) => {
                civil(i64::from(n.saturating_mul(times)).months()).unwrap_or(if times < 0 { Instant::MIN } else { Instant::NEVER })
            }
        }
    }

    /// Adds days where the clock is not changed on the first date, the last one, or on balance between them: then it is a sum.
    fn add_even(&self, t: Instant, days: i32) -> Option<Instant> {
        let from = (i64::from(self.day(t).0) - i64::from(self.first)) as usize;
        let to = usize::try_from(from as i64 + i64::from(days)).ok()?;
        let even = |i: usize| Some(self.midnights.get(i + 1)? - self.midnights[i] == DAY);
        let whole = i64::from(days) * DAY;
        (from > 0 && to > 0 && even(from)? && even(to)? && self.midnights[to] - self.midnights[from] == whole).then(|| t.plus(whole))
    }

    /// Adds business days (Monday to Friday), keeping the wall-clock time; from a weekend the first one is the next Monday.
    pub fn add_business_days(&self, t: Instant, days: i32) -> Instant {
        let step = if days < 0 { -1 } else { 1 };
        let (mut left, mut moved) = (days.abs(), 0);
        let start = self.day(t);
        while left > 0 {
            moved += step;
            let weekday = (start.0 + moved + 3).rem_euclid(7); // 1970-01-01 was a Thursday: Monday is 0
            if weekday < 5 {
                left -= 1;
            }
        }
        self.add(t, Span::Days(moved.abs()), moved.signum())
    }

    /// Reads an instant: RFC 3339, a date-time without offset (in this zone), or a date (its midnight). None where it is none of these.
    pub fn parse(&self, text: &str) -> Option<Instant> {
        let text = text.trim();
        Instant::parse(text).or_else(|| {
            let civil = text.parse::<civil::DateTime>().ok()?;
            let zoned = civil.to_zoned(self.zone.clone()).ok()?;
            Some(Instant::from(zoned.timestamp()))
        })
    }
}

impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Calendar({})", self.zone.iana_name().unwrap_or("fixed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_across_dst() {
        let berlin = Calendar::named("Europe/Berlin").unwrap();
        for (text, day) in [
            ("2025-03-29T22:59:59.999999Z", "2025-03-29"),
            ("2025-03-29T23:00:00Z", "2025-03-30"),
            ("2025-03-30T21:59:59Z", "2025-03-30"),
            ("2025-03-30T22:00:00Z", "2025-03-31"),
            ("2025-10-26T22:59:59Z", "2025-10-26"),
            ("2025-10-26T23:00:00Z", "2025-10-27"),
        ] {
            let t = Instant::parse(text).unwrap();
            assert_eq!(berlin.day(t).to_string(), day, "{text}");
            assert!(berlin.midnight(berlin.day(t)) <= t && t <= berlin.last_instant(berlin.day(t)));
        }
        let t = Instant::parse("2025-03-29T12:00:00Z").unwrap();
        assert_eq!(berlin.add(t, Span::Days(1), 1).to_string(), "2025-03-30T11:00:00Z");
        assert_eq!(berlin.add(t, Span::Exact(DAY), 1).to_string(), "2025-03-30T12:00:00Z");
    }

    #[test]
    fn business_days() {
        let utc = Calendar::utc();
        for (from, n, to) in [
            ("2025-06-06T09:00:00Z", 1, "2025-06-09T09:00:00Z"), // Friday → Monday
            ("2025-06-07T09:00:00Z", 1, "2025-06-09T09:00:00Z"), // Saturday → Monday
            ("2025-06-09T09:00:00Z", -1, "2025-06-06T09:00:00Z"),
            ("2025-06-09T09:00:00Z", 0, "2025-06-09T09:00:00Z"),
        ] {
            assert_eq!(utc.add_business_days(Instant::parse(from).unwrap(), n).to_string(), to);
        }
    }

    #[test]
    fn spans() {
        for (text, span) in [
            ("7d", Some(Span::Days(7))),
            ("2w", Some(Span::Days(14))),
            ("24h", Some(Span::Exact(24 * HOUR))),
            ("30 min", Some(Span::Exact(30 * MINUTE))),
            ("3mo", Some(Span::Months(3))),
            ("7", None),
            ("d", None),
            ("7y", None),
        ] {
            assert_eq!(Span::parse(text), span, "{text}");
        }
    }
}
