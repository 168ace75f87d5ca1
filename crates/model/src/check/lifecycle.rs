//! Reads stages and milestones.

use super::scope::{Of, Scope};
use super::window::time_column;
use crate::definition::{Due, Milestone, Offset, Stage};
use crate::file::Report;
use crate::time::Span;
use crate::yaml::fields::{Fields, Text, span, texts, wrong_type};
use crate::yaml::{Entry, Node};

/// The stages, in order; None where errors were reported.
pub(crate) fn stages(entries: &[&Entry], scope: &mut Scope, report: &mut Report) -> Option<Vec<Stage>> {
    let mut first: Option<&Entry> = None;
    let mut returned_to = vec![false; entries.len()];
    let mut stages: Vec<Option<Stage>> = Vec::with_capacity(entries.len());
    for (i, entry) in entries.iter().enumerate() {
        let stage = stage(entry, i, scope, report);
        if let Some(stage) = &stage {
            if let Some(back) = stage.back_to {
                returned_to[back] = true;
            }
            if stage.first {
                if let Some(earlier) = first {
                    let message = format!("`{}` and `{}` both say that they are first", earlier.key, entry.key);
                    report.error(entry.place, "conflict", message, Some("accounts begin in exactly one stage".into()));
                }
                first = first.or(Some(entry));
            }
        }
        stages.push(stage);
    }
    let mut stages = stages.into_iter().collect::<Option<Vec<Stage>>>()?;
    if first.is_none()
        && let Some(stage) = stages.first_mut()
    {
        stage.first = true;
    }
    for ((stage, entry), returned) in stages.iter().zip(entries).zip(returned_to) {
        if stage.when.is_none() && !stage.first && !stage.manual && !returned {
            let help = Some("give it `when:`, or `manual: true` if people set it".into());
            report.error(entry.place, "unreachable", format!("nothing leads into the stage `{}`", stage.name), help);
        }
    }
    Some(stages)
}

fn stage(entry: &Entry, i: usize, scope: &mut Scope, report: &mut Report) -> Option<Stage> {
    let mut fields = Fields::or_none(&entry.value, "stage", entry.place, report)?;
    let first = fields.bool("first", report).unwrap_or(false);
    let manual = fields.bool("manual", report).unwrap_or(fields.has("manual"));
    let sql = fields.text("when", report);
    let back_to = fields.text("back_to", report).map(|text| earlier(&text, i, scope, report));
    let expected = fields.node("expected").map_or_else(Vec::new, |node| expected(node, scope, report));
    if manual && let Some(sql) = sql {
        let help = Some("leave `manual` away: people can set every stage".into());
        report.error(sql.place(), "conflict", "a stage that is only set by hand has no `when`", help);
    }
    if back_to.is_some() && sql.is_none() && !fields.has("when") {
        report.error(fields.place_of("back_to"), "missing-field", "`back_to` needs a `when` that can cease to hold", None);
    }
    let stage = Stage {
        name: entry.key.clone(),
        was: fields.owned("was", report),
        first,
        when: None,
        back_to: back_to.flatten(),
        manual,
        expected,
        label: fields.owned("label", report),
        description: fields.owned("description", report),
    };
    fields.finish(report);
    match sql {
        None => Some(stage),
        Some(sql) => scope.condition(&sql, Of::Account, report).map(|when| Stage { when: Some(when), ..stage }),
    }
}

/// The stage to return to: one that stands before.
fn earlier(text: &Text, i: usize, scope: &Scope, report: &mut Report) -> Option<usize> {
    let back = scope.stages.resolve("stage", text, report)?;
    if back < i {
        return Some(back);
    }
    report.error(text.place(), "invalid-value", format!("`back_to` must name an earlier stage, and `{}` is none", text.text), None);
    None
}

/// `30d`, or by segment: `{ enterprise: 90d, default: 30d }`.
fn expected(node: &Node, scope: &Scope, report: &mut Report) -> Vec<(Option<usize>, Span)> {
    let Some(entries) = node.as_map() else {
        return span(node, "expected", report).map(|s| (None, s)).into_iter().collect();
    };
    let mut list = Vec::with_capacity(entries.len());
    for (i, entry) in entries.iter().enumerate() {
        let Some(span) = span(&entry.value, &entry.key, report) else { continue };
        if entry.key == "default" {
            if i + 1 < entries.len() {
                report.error(entry.place, "unreachable", "nothing after `default` is looked at", Some("put `default` last".into()));
            }
            list.push((None, span));
        } else if let Some(segment) = scope.segments.find(&entry.key) {
            list.push((Some(segment), span));
        } else {
            report.unknown(entry.place, "unknown-name", "segment", &entry.key, scope.segments.names().chain(["default"]));
        }
    }
    list
}

/// A milestone.
pub(crate) fn milestone(entry: &Entry, scope: &mut Scope, report: &mut Report) -> Option<Milestone> {
    let mut fields = Fields::of(&entry.value, "milestone", entry.place, report)?;
    let stage = fields.text("stage", report).and_then(|text| scope.stages.resolve("stage", &text, report));
    let segments = segments(&mut fields, false, scope, report);
    let reached = fields.needed_text("reached", "a condition, as in `reached: \"first_week_logins >= 5\"`", report);
    let reached = reached.and_then(|sql| scope.condition(&sql, Of::Account, report));
    let due = fields.text("due", report).map(|text| due(&text, scope, report));
    let alert = fields.text("alert", report).and_then(|text| {
        let alert = scope.alerts.resolve("alert", &text, report)?;
        if scope.person_alerts[alert] {
            report.error(text.place(), "conflict", format!("the alert `{}` is of persons, a milestone is of accounts", text.text), None);
        }
        if !fields.has("due") {
            let help = Some("give the milestone a `due`".into());
            report.error(text.place(), "unreachable", "a milestone without `due` is never missed, so it never fires this alert", help);
        }
        Some(alert)
    });
    let milestone = Milestone {
        name: entry.key.clone(),
        was: fields.owned("was", report),
        stage,
        segments,
        reached: match reached {
            Some(reached) => reached,
            None => {
                fields.skip(&["label", "description"]);
                fields.finish(report);
                return None;
            }
        },
        due: due.flatten(),
        alert,
        column: None,
        label: fields.owned("label", report),
        description: fields.owned("description", report),
    };
    fields.finish(report);
    Some(milestone)
}

/// `segment: a` or `segments: [a, b]`.
pub(crate) fn segments(fields: &mut Fields, of_person: bool, scope: &Scope, report: &mut Report) -> Vec<usize> {
    let one = fields.texts("segment", report);
    let several = fields.texts("segments", report);
    fields.at_most_one(&["segment", "segments"], report);
    some_of(fields.node("segments"), "segments", report);
    let (register, what) = if of_person { (&scope.person_segments, "person segment") } else { (&scope.segments, "segment") };
    one.iter().chain(&several).filter_map(|text| register.resolve(what, text, report)).collect()
}

/// An empty list reads as if nobody were meant, and leaving the field out means everybody.
fn some_of(node: Option<&Node>, name: &str, report: &mut Report) {
    if let Some(node) = node.filter(|node| node.as_list().is_some_and(<[Node]>::is_empty)) {
        let help = format!("leave `{name}` out for all of them");
        report.error(node.place, "invalid-value", format!("`{name}` names none"), Some(help));
    }
}

/// `stage: a` or `stages: [a, b]`.
pub(crate) fn stage_list(fields: &mut Fields, scope: &Scope, report: &mut Report) -> Vec<usize> {
    fields.at_most_one(&["stage", "stages"], report);
    some_of(fields.node("stages"), "stages", report);
    let mut names = fields.texts("stage", report);
    names.extend(fields.node("stages").map_or_else(Vec::new, |node| texts(node, "stages", report)));
    names.iter().filter_map(|text| scope.stages.resolve("stage", text, report)).collect()
}

/// `7d after started_at`, `10d before renewal_at`, `2 business days after …`, or a time column alone.
fn due(text: &Text, scope: &mut Scope, report: &mut Report) -> Option<Due> {
    let words: Vec<&str> = text.text.split_whitespace().collect();
    let at = words.iter().position(|w| matches!(*w, "after" | "before"));
    let Some(at) = at else {
        if words.len() > 1 || text.text.starts_with(|c: char| c.is_ascii_digit()) {
            wrong_due(text, report);
            return None;
        }
        return time_column(text, Of::Account, scope, report).map(|anchor| Due {
            anchor,
            offset: Offset::Span(Span::Days(0)),
            before: false,
        });
    };
    let offset = offset(&words[..at].join(" "));
    let (Some(offset), [anchor]) = (offset, &words[at + 1..]) else {
        wrong_due(text, report);
        return None;
    };
    let anchor = time_column(&Text { text: anchor, node: text.node }, Of::Account, scope, report)?;
    Some(Due { anchor, offset, before: words[at] == "before" })
}

/// `7d`, `2 business days`.
pub(crate) fn offset(text: &str) -> Option<Offset> {
    match text.strip_suffix("business days").or_else(|| text.strip_suffix("business day")) {
        Some(days) => days.trim().parse().ok().filter(|n| (0..=super::reserved::DAYS_MAX).contains(n)).map(Offset::BusinessDays),
        None => Span::parse(text).map(Offset::Span),
    }
}

fn wrong_due(text: &Text, report: &mut Report) {
    let help = Some("write `7d after started_at`, `10d before renewal_at`, `2 business days after created_at`, or a time column".into());
    report.error(text.place(), "invalid-duration", format!("`{}` is not a due time", text.text), help);
}

/// A field whose value must be a map; its entries.
pub(crate) fn map<'n>(node: &'n Node, what: &str, report: &mut Report) -> &'n [Entry] {
    node.as_map().unwrap_or_else(|| {
        wrong_type(report, node, what, "a map by name");
        &[]
    })
}
