//! How times are written in a file.

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use tenure_model::Instant;

/// One way to write a time.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Format {
    /// ISO 8601 / RFC 3339: date, date and time, with or without offset.
    Iso,
    /// Seconds since 1970, decimals allowed.
    Unix,
    /// Milliseconds since 1970.
    UnixMillis,
    /// Microseconds since 1970.
    UnixMicros,
    /// strftime's `%d-%m-%Y %H:%M`.
    Pattern(String),
}

/// The ways to write a time that are tried in turn, and the zone of those without an offset.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    pub formats: Vec<Format>,
    pub zone: TimeZone,
}

impl Default for Times {
    fn default() -> Self {
        Times { formats: vec![Format::Iso], zone: TimeZone::UTC }
    }
}

impl Format {
    /// Reads a format's name or pattern; Err says what is wrong.
    pub fn parse(text: &str) -> Result<Format, String> {
        match text {
            "iso" => Ok(Format::Iso),
            "unix" => Ok(Format::Unix),
            "unix_ms" => Ok(Format::UnixMillis),
            "unix_us" => Ok(Format::UnixMicros),
            pattern if pattern.contains('%') => {
                let sample = jiff::civil::date(2001, 2, 3).at(4, 5, 6, 0).to_zoned(TimeZone::UTC).map_err(|e| e.to_string())?;
                let written = strtime::format(pattern, &sample).map_err(|e| e.to_string())?;
                let read = strtime::parse(pattern, &written).map_err(|e| e.to_string())?;
                read.to_date().map_err(|_| "it does not tell day, month and year".to_owned())?;
                Ok(Format::Pattern(pattern.to_owned()))
            }
            _ => Err("a format is `iso`, `unix`, `unix_ms`, `unix_us` or a pattern such as `%d-%m-%Y %H:%M`".into()),
        }
    }

    fn read(&self, text: &str, zone: &TimeZone) -> Option<Instant> {
        match self {
            Format::Iso => iso(text, zone),
            Format::Unix => scaled(text, 1_000_000),
            Format::UnixMillis => scaled(text, 1_000),
            Format::UnixMicros => scaled(text, 1),
            Format::Pattern(pattern) => {
                let read = strtime::parse(pattern, text).ok()?;
                if read.offset().is_some() {
                    return read.to_timestamp().ok().map(Instant::from);
                }
                let date = read.to_date().ok()?;
                let time = if read.hour().is_some() { read.to_time().ok()? } else { jiff::civil::Time::midnight() };
                civil(date.to_datetime(time), zone)
            }
        }
    }
}

impl Times {
    /// Reads a time; None where no format fits.
    pub fn read(&self, text: &str) -> Option<Instant> {
        let text = text.trim();
        self.formats.iter().find_map(|format| format.read(text, &self.zone))
    }

    /// The instant of a number that stands for a time: by the format if one of Unix time is given, else by its magnitude
    /// (seconds below 10¹¹, milliseconds below 10¹⁴, else microseconds).
    pub fn of_number(&self, number: f64) -> Option<Instant> {
        let unit = self.formats.iter().find_map(|format| match format {
            Format::Unix => Some(1e6),
            Format::UnixMillis => Some(1e3),
            Format::UnixMicros => Some(1.0),
            _ => None,
        });
        let unit = unit.unwrap_or(match number.abs() {
            x if x < 1e11 => 1e6,
            x if x < 1e14 => 1e3,
            _ => 1.0,
        });
        let micros = (number * unit).round();
        (micros.abs() < 9e18).then_some(Instant(micros as i64))
    }

    /// The instant of microseconds of local time.
    pub fn of_local(&self, micros: i64) -> Option<Instant> {
        if self.zone == TimeZone::UTC {
            return Some(Instant(micros));
        }
        civil(Instant(micros).timestamp()?.to_zoned(TimeZone::UTC).datetime(), &self.zone)
    }
}

/// The instant that a JSON string (ISO 8601, UTC where it has no offset) or a JSON number stands for, as APIs send it.
pub(crate) fn moment(text: &str, is_number: bool) -> Option<Instant> {
    if is_number {
        return text.parse().ok().and_then(|number: f64| Times { formats: Vec::new(), zone: TimeZone::UTC }.of_number(number));
    }
    iso(text.trim(), &TimeZone::UTC)
}

fn civil(datetime: DateTime, zone: &TimeZone) -> Option<Instant> {
    zone.to_timestamp(datetime).ok().map(Instant::from)
}

/// Whole numbers exactly, others as decimals.
fn scaled(text: &str, unit: i64) -> Option<Instant> {
    match text.parse::<i64>() {
        Ok(n) => n.checked_mul(unit).map(Instant),
        Err(_) => text.parse::<f64>().ok().filter(|x| x.is_finite() && x.abs() < 1e15).map(|x| Instant((x * unit as f64).round() as i64)),
    }
}

/// ISO 8601; the common forms by hand, all others by jiff.
fn iso(text: &str, zone: &TimeZone) -> Option<Instant> {
    if zone == &TimeZone::UTC
        && let Some(instant) = utc(text.as_bytes())
    {
        return Some(instant);
    }
    Instant::parse(text).or_else(|| civil(text.parse::<DateTime>().ok()?, zone))
}

/// `2025-06-01`, `2025-06-01T10:00:00` (or a space), with up to nine decimals and `Z`.
fn utc(text: &[u8]) -> Option<Instant> {
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        text.get(range)?.iter().try_fold(0, |n, c| c.is_ascii_digit().then(|| n * 10 + i64::from(c - b'0')))
    };
    let is = |i: usize, c: &[u8]| text.get(i).is_some_and(|x| c.contains(x));
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    if !is(4, b"-") || !is(7, b"-") || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let mut micros = days_from_civil(year, month, day) * 86_400_000_000;
    if text.len() == 10 {
        return Some(Instant(micros));
    }
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if !is(10, b"T ") || !is(13, b":") || !is(16, b":") || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    micros += (hour * 3600 + minute * 60 + second) * 1_000_000;
    let mut rest = &text[19..];
    if let [b'.', decimals @ ..] = rest {
        let digits = decimals.iter().take_while(|c| c.is_ascii_digit()).count();
        if digits == 0 || digits > 9 {
            return None;
        }
        let kept = digits.min(6);
        let value = number(20..20 + kept)?;
        micros += value * 10_i64.pow(6 - kept as u32);
        rest = &decimals[digits..];
    }
    matches!(rest, b"" | b"Z" | b"z" | b"+00:00").then_some(Instant(micros))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for (format, text, zone, expected) in [
            ("iso", "2025-06-01", &TimeZone::UTC, "2025-06-01T00:00:00Z"),
            ("iso", "2025-06-01", &berlin, "2025-05-31T22:00:00Z"),
            ("iso", "2025-06-01 10:00:00", &TimeZone::UTC, "2025-06-01T10:00:00Z"),
            ("iso", "2025-06-01 10:00:00", &berlin, "2025-06-01T08:00:00Z"),
            ("iso", "2025-06-01T10:00:00Z", &berlin, "2025-06-01T10:00:00Z"),
            ("iso", "2025-06-01T10:00:00.123456789Z", &TimeZone::UTC, "2025-06-01T10:00:00.123456Z"),
            ("iso", "2025-06-01T10:00:00.5+02:00", &TimeZone::UTC, "2025-06-01T08:00:00.5Z"),
            ("iso", "2025-06-01T10:00", &TimeZone::UTC, "2025-06-01T10:00:00Z"),
            ("iso", "1969-12-31 23:59:59", &TimeZone::UTC, "1969-12-31T23:59:59Z"),
            ("iso", "2024-02-29", &TimeZone::UTC, "2024-02-29T00:00:00Z"),
            ("iso", "2025-02-29", &TimeZone::UTC, "-"),
            ("iso", "01-06-2025", &TimeZone::UTC, "-"),
            ("%d-%m-%Y", "01-06-2025", &TimeZone::UTC, "2025-06-01T00:00:00Z"),
            ("%d-%m-%Y %H:%M", "01-06-2025 03:04", &berlin, "2025-06-01T01:04:00Z"),
            ("%d-%m-%Y %H:%M", "01-06-2025", &TimeZone::UTC, "-"),
            ("%Y/%m/%d %H:%M:%S %z", "2025/06/01 10:00:00 +0200", &TimeZone::UTC, "2025-06-01T08:00:00Z"),
            ("unix", "1398138810", &TimeZone::UTC, "2014-04-22T03:53:30Z"),
            ("unix", "1398138810.25", &TimeZone::UTC, "2014-04-22T03:53:30.25Z"),
            ("unix_ms", "1398138810123", &berlin, "2014-04-22T03:53:30.123Z"),
            ("unix", "soon", &TimeZone::UTC, "-"),
        ] {
            let times = Times { formats: vec![Format::parse(format).unwrap()], zone: zone.clone() };
            assert_eq!(times.read(text).map_or("-".into(), |t| t.to_string()), expected, "{format} {text}");
        }
    }

    #[test]
    fn by_hand_as_by_jiff() {
        for day in (-40_000..80_000).step_by(17) {
            let instant = Instant(day * 86_400_000_000 + 12_345_678);
            let text = instant.to_string();
            assert_eq!(utc(text.as_bytes()), Some(instant), "{text}");
        }
    }

    #[test]
    fn bad_formats() {
        for format in ["%H:%M", "dd.mm.yyyy", "%Q"] {
            assert!(Format::parse(format).is_err(), "{format}");
        }
    }
}
