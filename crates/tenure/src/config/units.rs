//! Values with units, as people write them: `64 MB`, `15m`, `90d`, `3 years`.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

use super::Keep;

/// A whole number of at least one; `1_000` and `1,000` are as good as `1000`.
pub fn count(text: &str) -> Result<usize, String> {
    let digits: String = text.trim().chars().filter(|c| !matches!(c, '_' | ',')).collect();
    match digits.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(n) => Ok(n),
        Err(_) => Err(format!("`{text}` is not a whole number")),
    }
}

/// A number of bytes: `500 kB`, `64 MB`, `1 GiB`; M and k are powers of 1000, Mi and Ki of 1024.
pub fn bytes(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len()));
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "b" | "byte" | "bytes" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "" => return Err(format!("`{text}` has no unit: write `{text} MB`")),
        _ => return Err(format!("`{text}` is not a size: write such as `500 kB`, `64 MB`, `1 GiB`")),
    };
    match digits.parse::<f64>() {
        Ok(n) if n > 0.0 && n * (factor as f64) < 1e18 => Ok((n * factor as f64) as u64),
        _ => Err(format!("`{text}` is not a size: write such as `500 kB`, `64 MB`, `1 GiB`")),
    }
}

/// `none`, or a number of bytes.
pub fn size_or_none(text: &str) -> Result<Option<u64>, String> {
    if text.trim() == "none" { Ok(None) } else { bytes(text).map(Some).map_err(|why| format!("{why}, or `none`")) }
}

/// A time to wait: `500ms`, `30s`, `15m`, `2h`, `1d`; more than nothing, at most `most`.
pub fn duration(text: &str, most: Duration) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration: write such as `500ms`, `30s`, `15m`, `2h`");
    let span = span(text).ok_or_else(wrong)?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    match Duration::try_from(duration) {
        Ok(Duration::ZERO) | Err(_) => Err(format!("`{text}` must be more than nothing")),
        Ok(long) if long > most => Err(format!("`{text}` is longer than allowed: at most {most:?}")),
        Ok(fine) => Ok(fine),
    }
}

/// How long something is kept: `forever`, or `90d`, `18 months`, `3 years`; at least `least` days.
pub fn keep(text: &str, least: i64) -> Result<Keep, String> {
    if text.trim() == "forever" {
        return Ok(Keep::Forever);
    }
    let wrong = || format!("`{text}` is not a time to keep: write `forever`, or such as `90d`, `18 months`, `3 years`");
    let span = span(text).ok_or_else(wrong)?;
    let days = span.total((jiff::Unit::Day, jiff::civil::date(2000, 1, 1))).map_err(|_| wrong())?;
    if days < least as f64 {
        return Err(format!("`{text}` is less than allowed: at least {least}d"));
    }
    Ok(Keep::For(span))
}

/// A span with units; a bare number has none and is refused, as is what lies in the past.
fn span(text: &str) -> Option<Span> {
    let text = text.trim();
    let span: Span = text.parse().ok()?;
    (text.starts_with(|c: char| c.is_ascii_digit()) && !span.is_negative()).then_some(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes_) in
            [("64 MB", Some(64_000_000)), ("64MB", Some(64_000_000)), ("1 GiB", Some(1 << 30)), ("1.5 kB", Some(1_500)), ("64", None)]
        {
            assert_eq!(bytes(text).ok(), bytes_, "{text}");
        }
        assert!(["MB", "-1 MB", "0 MB", "1 XB", "1e9 GB", ""].iter().all(|text| bytes(text).is_err()));
    }

    #[test]
    fn durations() {
        let most = Duration::from_secs(86_400);
        for (text, seconds) in
            [("15m", Some(900)), ("30 s", Some(30)), ("1h 30m", Some(5_400)), ("1d", Some(86_400)), ("2d", None), ("1 month", None)]
        {
            assert_eq!(duration(text, most).ok().map(|d| d.as_secs()), seconds, "{text}");
        }
        assert!(["", "5", "0s", "-5s", "m", "5 apples", "PT"].iter().all(|text| duration(text, most).is_err()));
        assert_eq!(duration("500ms", most), Ok(Duration::from_millis(500)));
    }

    #[test]
    fn times_to_keep() {
        assert_eq!(keep("forever", 7).ok().map(|k| matches!(k, Keep::Forever)), Some(true));
        for (text, fine) in
            [("90d", true), ("3 years", true), ("18 months", true), ("7d", true), ("6d", false), ("24h", false), ("x", false)]
        {
            assert_eq!(keep(text, 7).is_ok(), fine, "{text}");
        }
    }
}
