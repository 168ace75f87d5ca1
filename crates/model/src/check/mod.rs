//! YAML files in, a checked model out, or everything that is wrong with them at once.
//!
//! First all names are collected, then the columns are laid out, then definitions are read and their conditions compiled against the
//! columns: accounts before persons, each after those it reads.

mod alert;
mod children;

mod lifecycle;
mod metric;
mod order;
mod playbook;
mod reserved;
pub(crate) mod revision;
mod row;
mod scope;
mod scorecard;
mod sections;
mod segment;
mod shape;
mod taken;
mod traits;
mod window;

use crate::definition::{AlertRule, Metric, Milestone, Model, Playbook, Scorecard, Segment, Source, Stage};
use crate::diagnostic::Diagnostic;
use crate::file::{Files, Report};
use crate::time::{Calendar, Span};
use crate::value::Kind;
use crate::yaml::fields::{self, Fields};
use crate::yaml::{self, Node};
use row::Row;
use scope::{Of, Register, Scope};
use sections::Sections;

/// The model that files define, given as (relative path, text). The same files give the same model in whatever order they are given.
/// Errors: everything that is wrong, by file, line and column.
pub fn check(files: &[(String, String)]) -> Result<Model, Vec<Diagnostic>> {
    let mut sorted: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    sorted.sort_unstable();
    let files = Files::new(sorted);
    let mut report = Report::new(&files);
    let roots: Vec<Node> = (0..files.len()).filter_map(|file| yaml::parse(file, &mut report)).collect();
    let model = model(&roots, &mut report);
    match model {
        Some(model) if report.is_empty() => Ok(model),
        _ => Err(report.into_diagnostics()),
    }
}

fn model(roots: &[Node], report: &mut Report) -> Option<Model> {
    let sections = Sections::join(roots, report);
    let calendar = calendar(&sections, report);
    let grace = grace(&sections, report);
    let mut scope = named(&sections);
    traits::events(&sections.events, &mut scope, report);

    scope.account = Row::of_account();
    traits::columns(&sections.traits, reserved::ACCOUNT_TRAITS, &mut scope.account, report);
    scope.person = Row::of_person();
    traits::columns(&sections.person_traits, reserved::PERSON_TRAITS, &mut scope.person, report);

    let rows = rows(&sections, &mut scope, report);
    let stages: Option<Vec<Stage>> = lifecycle::stages(&sections.stages, &mut scope, report);
    let mut milestones: Vec<Milestone> = sections.milestones.iter().filter_map(|e| lifecycle::milestone(e, &mut scope, report)).collect();
    let scorecards: Vec<Scorecard> = sections.scorecards.iter().filter_map(|e| scorecard::read(e, &mut scope, report)).collect();
    let missed = missed(&sections);
    let alerts: Vec<AlertRule> =
        sections.alerts.iter().filter_map(|e| alert::read(e, missed.contains(&e.key.as_str()), &mut scope, report)).collect();
    let playbooks: Vec<Playbook> = sections.playbooks.iter().filter_map(|e| playbook::read(e, report)).collect();
    if !report.is_empty() {
        return None;
    }

    for (i, column) in scope.account.columns.iter().enumerate() {
        if let Source::Milestone(m) = column.source {
            milestones[m].column = Some(i as u32);
        }
    }
    for property in &mut scope.properties {
        if property.kind == Kind::Any {
            property.kind = Kind::Text;
        }
    }
    let definitions = revision::definitions(roots);
    Some(Model {
        revision: revision::revision(&definitions),
        definitions,
        calendar: calendar?,
        grace,
        event_names: scope.events.into_names(),
        properties: scope.properties,
        account: scope.account.columns,
        person: scope.person.columns,
        metrics: rows.metrics,
        person_metrics: rows.person_metrics,
        segments: rows.segments,
        person_segments: rows.person_segments,
        stages: stages?,
        milestones,
        scorecards,
        alerts,
        playbooks,
    })
}

/// All names that definitions can refer to.
fn named(sections: &Sections) -> Scope {
    let names = |entries: &[&yaml::Entry]| Register::of(entries.iter().map(|e| e.key.as_str()));
    let mut scope = Scope {
        stages: names(&sections.stages),
        milestones: names(&sections.milestones),
        alerts: names(&sections.alerts),
        person_alerts: sections.alerts.iter().map(|e| alert::of(e) == Of::Person).collect(),
        playbooks: names(&sections.playbooks),
        ..Scope::default()
    };
    scorecard::register(&sections.scorecards, &mut scope);
    scope
}

fn calendar(sections: &Sections, report: &mut Report) -> Option<Calendar> {
    let Some(node) = sections.timezone else { return Some(Calendar::utc()) };
    let text = fields::text(node, "timezone", report)?;
    let calendar = Calendar::named(text.text.trim());
    if calendar.is_none() {
        let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let help = crate::diagnostic::nearest(text.text, names.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        let help = help.or_else(|| Some("use an IANA name such as `Europe/Berlin`".into()));
        report.error(node.place, "unknown-name", format!("there is no time zone `{}`", text.text), help);
    }
    calendar
}

fn grace(sections: &Sections, report: &mut Report) -> Span {
    let Some(entry) = sections.subscriptions else { return Span::Days(0) };
    let Some(mut fields) = Fields::of(&entry.value, "subscriptions section", entry.place, report) else { return Span::Days(0) };
    let grace = fields.span("grace", report);
    fields.finish(report);
    grace.map_or(Span::Days(0), |g| g.0)
}

/// Alerts that milestones name.
fn missed<'n>(sections: &Sections<'n>) -> Vec<&'n str> {
    sections.milestones.iter().filter_map(|e| e.value.get("alert")?.as_text()).collect()
}

/// What the first layers of accounts and persons are made of.
struct Rows {
    metrics: Vec<Metric>,
    person_metrics: Vec<Metric>,
    segments: Vec<Segment>,
    person_segments: Vec<Segment>,
}

/// Metrics and segments, in order of dependency; lays out their columns.
fn rows(sections: &Sections, scope: &mut Scope, report: &mut Report) -> Rows {
    let account = metric::sorted(&sections.metrics, report);
    let person = metric::sorted(&sections.person_metrics, report);
    let (segments, person_segments) = segment::sorted(&sections.segments, report);
    scope.segments = Register::of(segments.iter().map(|e| e.key.as_str()));
    scope.person_segments = Register::of(person_segments.iter().map(|e| e.key.as_str()));
    for (row, metrics, segments) in [(&mut scope.account, &account, &segments), (&mut scope.person, &person, &person_segments)] {
        row.lay_out(metrics, "metric", Kind::Any, Source::Metric, report);
        row.lay_out(segments, "segment", Kind::Bool, Source::Segment, report);
    }
    // Sums and means first, then conditions over events: both tell the types of properties, which `last:` needs.
    let account = metric::draft(&account, Of::Account, scope, report);
    let person = metric::draft(&person, Of::Person, scope, report);
    let account = metric::filter(account, scope, report);
    let person = metric::filter(person, scope, report);
    metric::set_types(&account, Of::Account, scope, report);
    metric::set_types(&person, Of::Person, scope, report);
    Rows {
        metrics: metric::finish(account, Of::Account, scope, report),
        person_metrics: metric::finish(person, Of::Person, scope, report),
        segments: segment::read(&segments, scope, report),
        person_segments: segment::read(&person_segments, scope, report),
    }
}
