//! Reads alert rules.

use super::lifecycle::{segments, stage_list};
use super::scope::{Of, Scope};
use crate::definition::{AlertRule, ColumnId, OnExisting, Severity};
use crate::file::Report;
use crate::time::Span;
use crate::value::Kind;
use crate::yaml::Entry;
use crate::yaml::fields::{Fields, wrong_type};

const SEVERITY: &[(&str, Severity)] =
    &[("low", Severity::Low), ("medium", Severity::Medium), ("high", Severity::High), ("critical", Severity::Critical)];
const ON_EXISTING: &[(&str, OnExisting)] = &[("fire", OnExisting::Fire), ("ignore", OnExisting::Ignore), ("silent", OnExisting::Silent)];

/// Whose the rule or segment is: `of: person`, else the account's.
pub(crate) fn of(entry: &Entry) -> Of {
    match entry.value.get("of").and_then(|node| node.as_text()) {
        Some("person") => Of::Person,
        _ => Of::Account,
    }
}

/// The words after `of:`.
pub(crate) const OF: &[(&str, Of)] = &[("account", Of::Account), ("person", Of::Person)];

/// An alert rule. `missed`: does a milestone name it?
pub(crate) fn read(entry: &Entry, missed: bool, scope: &mut Scope, report: &mut Report) -> Option<AlertRule> {
    let mut fields = Fields::or_none(&entry.value, "alert rule", entry.place, report)?;
    let of = fields.choice("of", OF, report).unwrap_or(Of::Account);
    let when = match fields.text("when", report) {
        None => Some(None),
        Some(sql) => scope.condition(&sql, of, report).map(Some),
    };
    if !fields.has("when") && !missed {
        let help = Some("give it `when:`, or name it in the `alert:` of a milestone".into());
        report.error(entry.place, "unreachable", format!("the alert `{}` has no `when` and no milestone names it", entry.key), help);
    }
    let segments = segments(&mut fields, of == Of::Person, scope, report);
    let stages = stage_list(&mut fields, scope, report);
    let mut span = |name: &'static str| match fields.span(name, report) {
        Some((Span::Months(_), place)) => {
            let help = "write days (`60d`) or hours; months fit where a date is computed".into();
            report.error(place, "invalid-duration", format!("`{name}` is no number of months"), Some(help));
            Span::Days(0)
        }
        Some((span, _)) => span,
        None => Span::Days(0),
    };
    let (for_, keep_firing_for, cooldown) = (span("for"), span("keep_firing_for"), span("cooldown"));
    let owner = owner(&mut fields, scope, report);
    let playbook = fields.text("playbook", report).filter(|text| scope.playbooks.resolve("playbook", text, report).is_some());
    if let Some(node) = fields.node("title").filter(|node| node.as_number().is_some() || node.as_bool().is_some()) {
        wrong_type(report, node, "`title`", "text");
    }
    let title = fields.owned("title", report);
    let label = fields.owned("label", report);
    let rule = AlertRule {
        name: entry.key.clone(),
        was: fields.owned("was", report),
        person: of == Of::Person,
        when: None,
        segments,
        stages,
        for_,
        keep_firing_for,
        cooldown,
        severity: fields.choice("severity", SEVERITY, report).unwrap_or(Severity::Medium),
        on_existing: fields.choice("on_existing", ON_EXISTING, report).unwrap_or(OnExisting::Fire),
        owner,
        playbook: playbook.map(|p| p.owned()),
        title: title.or(label),
        description: fields.owned("description", report),
        definition: entry.value.to_json(),
    };
    fields.finish(report);
    Some(AlertRule { when: when?, ..rule })
}

/// Whose the alert is: a text column of the account.
fn owner(fields: &mut Fields, scope: &mut Scope, report: &mut Report) -> Option<ColumnId> {
    let text = fields.text("owner", report)?;
    let id = scope.reference(&text, Of::Account, report)?;
    let kind = scope.account.kind(id);
    if !matches!(kind, Kind::Text | Kind::Any) {
        report.error(
            text.place(),
            "type-mismatch",
            format!("`owner` must be a column of type text, and `{}` is of type {kind}", text.text),
            None,
        );
    }
    Some(id)
}
