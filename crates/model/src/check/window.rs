//! Reads when an event counts: `window:`, `offset:`, `from:` and `before:`.

use super::reserved::DAYS_MAX;
use super::scope::{Of, Scope};
use crate::definition::{Builtin, ColumnId, Source, Window};
use crate::file::{Place, Report};
use crate::time::{DAY, Span};
use crate::value::Kind;
use crate::yaml::fields::{Fields, Text};

/// The fields that make a window.
pub(crate) const WINDOW_FIELDS: &[&str] = &["where", "window", "offset", "from", "before"];

/// The window of a metric; None where errors were reported.
pub(crate) fn read(fields: &mut Fields, of: Of, scope: &mut Scope, report: &mut Report) -> Option<Window> {
    let length = fields.span("window", report);
    let offset = fields.span("offset", report);
    let from = fields.text("from", report);
    let before = fields.text("before", report);
    let misread = |name: &str, read: bool| fields.has(name) && !read;
    if misread("window", length.is_some())
        || misread("offset", offset.is_some())
        || misread("from", from.is_some())
        || misread("before", before.is_some())
    {
        return None;
    }
    if !fields.at_most_one(&["from", "before", "offset"], report) {
        return None;
    }
    if let (None, Some((_, place))) = (length, offset) {
        report.error(place, "missing-field", "`offset` needs a `window` to move back", Some("as in `window: 7d, offset: 7d`".into()));
        return None;
    }
    if let Some((_, place)) = length.filter(|(span, _)| span.is_zero()) {
        report.error(place, "invalid-value", "a window must be longer than nothing", None);
        return None;
    }
    for (span, place) in length.iter().chain(&offset) {
        limited(*span, *place, report)?;
    }
    match (length, from, before) {
        (length, Some(text), _) => Some(Window::From { anchor: anchor(&text, of, scope, report)?, length: length.map(|l| l.0) }),
        (Some((length, _)), _, Some(text)) => Some(Window::Before { anchor: anchor(&text, of, scope, report)?, length }),
        (None, _, Some(text)) => {
            let help = Some("as in `window: 30d, before: renewal_at`".into());
            report.error(text.place(), "missing-field", "`before` needs a `window`: how long before", help);
            None
        }
        (None, None, None) => Some(Window::Lifetime),
        (Some(length), None, None) => rolling(length, offset, report),
    }
}

fn rolling((length, place): (Span, Place), offset: Option<(Span, Place)>, report: &mut Report) -> Option<Window> {
    match (length, offset.map(|o| o.0)) {
        (Span::Days(days), None) => Some(Window::Days { days, offset: 0 }),
        (Span::Days(days), Some(Span::Days(offset))) => Some(Window::Days { days, offset }),
        (Span::Exact(micros), None) => Some(Window::Exact { micros, offset: 0 }),
        (Span::Exact(micros), Some(Span::Exact(offset))) => Some(Window::Exact { micros, offset }),
        (Span::Months(_), _) => {
            let help = Some("write `30d`; months only fit windows that hang on a date, with `from:` or `before:`".into());
            report.error(place, "invalid-duration", "a window that rolls along cannot be in months", help);
            None
        }
        (_, Some(_)) => {
            let place = offset.map_or(place, |o| o.1);
            let help = Some("`7d` counts dates, `24h` is exact: use one of them for both".into());
            report.error(place, "invalid-duration", "`window` and `offset` must be of the same sort", help);
            None
        }
    }
}

/// Refuses what looks back further than ten years.
fn limited(span: Span, place: Place, report: &mut Report) -> Option<()> {
    let days = match span {
        Span::Days(days) => i64::from(days),
        Span::Months(months) => i64::from(months) * 31,
        Span::Exact(micros) => micros / DAY,
    };
    if days <= i64::from(DAYS_MAX) {
        return Some(());
    }
    report.error(
        place,
        "invalid-duration",
        format!("`{span}` is longer than {DAYS_MAX} days"),
        Some("leave the window away to count everything".into()),
    );
    None
}

/// The column a window hangs on: a time or date that does not depend on metrics.
fn anchor(text: &Text, of: Of, scope: &mut Scope, report: &mut Report) -> Option<ColumnId> {
    let id = time_column(text, of, scope, report)?;
    let source = match scope.row(of).source(id) {
        Source::Account(id) => scope.account.source(id),
        own => own,
    };
    match source {
        Source::Trait
        | Source::Builtin(
            Builtin::StageEnteredAt | Builtin::StartedAt | Builtin::RenewalAt | Builtin::TrialEndsAt | Builtin::CardExpiresAt,
        ) => Some(id),
        _ => {
            let help = Some("use a trait, `started_at`, `stage_entered_at` or a date of the subscription".into());
            report.error(text.place(), "invalid-value", format!("a window cannot hang on `{}`", text.text), help);
            None
        }
    }
}

/// A column that is a time or a date.
pub(crate) fn time_column(text: &Text, of: Of, scope: &mut Scope, report: &mut Report) -> Option<ColumnId> {
    let id = scope.reference(text, of, report)?;
    let kind = scope.row(of).kind(id);
    if matches!(kind, Kind::Time | Kind::Date | Kind::Any) {
        return Some(id);
    }
    report.error(text.place(), "type-mismatch", format!("`{}` is of type {kind}, not time or date", text.text), None);
    None
}
