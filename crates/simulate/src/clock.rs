//! Days and instants of the simulation: the window it covers and the calendar it needs.

use jiff::ToSpan;
use jiff::civil::{Date, date};

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in an hour.
pub const HOUR: i64 = 3_600 * SECOND;
/// Microseconds in a day of UTC.
pub const DAY: i64 = 24 * HOUR;

/// The span of time that is simulated, in microseconds since 1970: [start, end).
pub struct Window {
    /// Its first instant.
    pub start: i64,
    /// The instant after its last.
    pub end: i64,
    /// How many days.
    pub days: u32,
    /// For each day, how busy it is: 1 on a usual Tuesday.
    pub pace: Vec<f64>,
}

impl Window {
    /// So many days from a date on.
    pub fn new(start: Date, days: u32) -> Window {
        let first = midnight(start);
        let pace = (0..days).map(|day| pace(start.saturating_add(i64::from(day).days()))).collect();
        Window { start: first, end: first + i64::from(days) * DAY, days, pace }
    }

    /// Is the instant in it?
    pub fn has(&self, time: i64) -> bool {
        (self.start..self.end).contains(&time)
    }
}

/// The instant at which a date begins.
fn midnight(date_: Date) -> i64 {
    let days = date(1970, 1, 1).until(date_).map_or(0, |span| span.get_days());
    i64::from(days) * DAY
}

/// The same time of day so many months later.
pub fn months_later(time: i64, months: u32) -> i64 {
    let start = date(1970, 1, 1).saturating_add(time.div_euclid(DAY).days());
    midnight(start.saturating_add(i64::from(months).months())) + time.rem_euclid(DAY)
}

/// How busy a date is.
fn pace(date: Date) -> f64 {
    use jiff::civil::Weekday::{Friday, Saturday, Sunday};
    let weekday = match date.weekday() {
        Saturday => 0.18,
        Sunday => 0.14,
        Friday => 0.85,
        _ => 1.0,
    };
    let season = match (date.month(), date.day()) {
        (12, 24..) | (1, 1) => 0.35,
        (8, _) => 0.85,
        _ => 1.0,
    };
    weekday * season
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_end_where_the_calendar_ends() {
        let at = |y, m, d| midnight(date(y, m, d));
        assert_eq!(months_later(at(2024, 1, 31) + HOUR, 1), at(2024, 2, 29) + HOUR);
        assert_eq!(months_later(at(2025, 3, 1), 12), at(2026, 3, 1));
    }

    #[test]
    fn weekends_and_holidays_are_slow() {
        let window = Window::new(date(2025, 12, 19), 7);
        assert_eq!(window.pace, [0.85, 0.18, 0.14, 1.0, 1.0, 0.35, 0.35]);
        assert!(window.has(window.start) && !window.has(window.end));
    }
}
