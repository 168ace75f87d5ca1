//! Literals: numbers, text, truths, times, dates and intervals.

use std::ops::Range;

use datafusion_sql::sqlparser::ast::{DataType, Expr, Interval, Value as Sql};
use jiff::{civil, tz::TimeZone};

use super::Builder;
use crate::condition::tree::{Form, Node};
use crate::time::{DAY, Day, HOUR, Instant, MINUTE, SECOND};
use crate::value::{Kind, Value};

impl Builder<'_> {
    /// A literal of any type.
    pub(super) fn literal(&mut self, expr: &Expr) -> Option<Node> {
        match expr {
            Expr::Value(value) => {
                let span = self.source.core(expr);
                match &value.value {
                    Sql::Number(digits, _) => match digits.parse::<f64>() {
                        Ok(x) if x.is_finite() => self.constant(span, Value::Number(x)),
                        _ => self.problem(span, "bad-literal", format!("{digits} is not a number that can be held"), None),
                    },
                    Sql::SingleQuotedString(text) => self.constant(span, Value::text(text.as_str())),
                    Sql::Boolean(b) => self.constant(span, Value::Bool(*b)),
                    Sql::Null => self.constant(span, Value::Null),
                    Sql::Placeholder(name) => {
                        self.problem(span, "not-allowed", format!("{name} is a parameter; there are none here"), None)
                    }
                    other => {
                        let help = "text is written in single quotes; a quote in it is doubled: 'it''s'".to_owned();
                        self.problem(span, "bad-literal", format!("{other} is no kind of literal that is known here"), Some(help))
                    }
                }
            }
            Expr::TypedString(typed) => {
                let span = self.source.before(self.source.core(expr), 1);
                let kind = match &typed.data_type {
                    DataType::Date => Kind::Date,
                    DataType::Timestamp(..) | DataType::TimestampNtz(_) | DataType::Datetime(_) => Kind::Time,
                    other => {
                        let help = "TIMESTAMP '…', DATE '…' and INTERVAL '…' may stand before text".to_owned();
                        return self.problem(span, "bad-literal", format!("there are no literals of type {other}"), Some(help));
                    }
                };
                match &typed.value.value {
                    Sql::SingleQuotedString(text) => self.moment(span, text, kind),
                    other => self.problem(span, "bad-literal", format!("{other} is not text in single quotes"), None),
                }
            }
            Expr::Interval(interval) => self.interval(expr, interval),
            other => self.refused(other),
        }
    }

    /// A time or date from text.
    fn moment(&mut self, span: Range<usize>, text: &str, kind: Kind) -> Option<Node> {
        match read_moment(text, kind) {
            Some(value) => self.constant(span, value),
            None => self.bad_moment(span, text, kind),
        }
    }

    fn bad_moment(&mut self, span: Range<usize>, text: &str, kind: Kind) -> Option<Node> {
        let (what, help) = match kind {
            Kind::Date => ("date", "write it as '2025-06-01'"),
            _ => ("time", "write it as '2025-06-01', '2025-06-01 14:30:00' (UTC) or '2025-06-01T14:30:00+02:00'"),
        };
        self.problem(span, "bad-literal", format!("'{text}' is not a {what}"), Some(help.into()))
    }

    /// Reads a text literal as the time or date it is compared with.
    pub(super) fn adapt(&mut self, node: &mut Node, kind: Kind) -> bool {
        let Form::Constant(Value::Text(text)) = &node.form else { return false };
        let text = text.clone();
        match read_moment(&text, kind) {
            Some(value) => *node = Node::new(node.span.clone(), kind, Form::Constant(value)),
            None => {
                self.bad_moment(node.span.clone(), &text, kind);
                return false;
            }
        }
        true
    }

    fn interval(&mut self, expr: &Expr, interval: &Interval) -> Option<Node> {
        let value = self.source.core(expr);
        let mut span = self.source.before(value.clone(), 1);
        let mut text = match &*interval.value {
            Expr::Value(value) => match &value.value {
                Sql::SingleQuotedString(text) => text.clone(),
                Sql::Number(digits, _) => digits.clone(),
                other => other.to_string(),
            },
            other => other.to_string(),
        };
        if let Some(unit) = &interval.leading_field {
            text = format!("{text} {unit}");
            span = self.source.after(span, 1);
        }
        let plain = interval.last_field.is_none() && interval.leading_precision.is_none();
        match read_interval(&text) {
            Ok(micros) if plain => self.constant(span, Value::Interval(micros)),
            Err(Unread::Civil) => {
                let help = "write days: INTERVAL '30 days'".to_owned();
                self.problem(span, "bad-literal", "months and years have no fixed length".into(), Some(help))
            }
            _ => {
                let help = "write it as INTERVAL '30 days', '12 hours' or '1 day 6 hours'".to_owned();
                self.problem(span, "bad-literal", format!("'{text}' is not an interval"), Some(help))
            }
        }
    }
}

fn read_moment(text: &str, kind: Kind) -> Option<Value> {
    let text = text.trim();
    if kind == Kind::Date {
        // A text with a time of day is not a date: jiff would drop the time.
        return text.parse::<civil::Date>().ok().filter(|_| text.len() <= 10).map(|date| Value::Date(Day::from(date)));
    }
    let civil = || text.parse::<civil::DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    Instant::parse(text).or_else(|| civil().map(|t| Instant::from(t.timestamp()))).map(Value::Time)
}

/// Why an interval could not be read.
#[derive(Debug)]
enum Unread {
    Civil,
    Other,
}

/// Reads `30 days`, `-1 day 12 hours`: microseconds, a day being 24 hours.
fn read_interval(text: &str) -> Result<i64, Unread> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() || !words.len().is_multiple_of(2) {
        return Err(Unread::Other);
    }
    let mut micros = 0f64;
    for pair in words.chunks(2) {
        let unit = match pair[1].to_lowercase().trim_end_matches('s') {
            "microsecond" => 1,
            "millisecond" => 1_000,
            "second" | "sec" => SECOND,
            "minute" | "min" => MINUTE,
            "hour" | "h" => HOUR,
            "day" | "d" => DAY,
            "week" | "w" => 7 * DAY,
            "month" | "mon" | "quarter" | "year" | "decade" | "century" => return Err(Unread::Civil),
            _ => return Err(Unread::Other),
        };
        micros += pair[0].parse::<f64>().map_err(|_| Unread::Other)? * unit as f64;
    }
    // 2^53 microseconds are 285 years: below, every microsecond is exact.
    if micros.abs() < 9e15 { Ok(micros.round() as i64) } else { Err(Unread::Other) }
}
