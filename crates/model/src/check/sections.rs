//! Joins the files: the sections of the same name, each definition once and well named.

use rustc_hash::FxHashMap;

use super::reserved;
use crate::file::{Place, Report, suggestion};
use crate::yaml::fields::wrong_type;
use crate::yaml::{Entry, Node};

/// The sections of a model, each entry by name, in the order of the files.
#[derive(Default)]
pub(crate) struct Sections<'n> {
    pub timezone: Option<&'n Node>,
    pub subscriptions: Option<&'n Entry>,
    pub traits: Vec<&'n Entry>,
    pub person_traits: Vec<&'n Entry>,
    pub events: Vec<&'n Entry>,
    pub metrics: Vec<&'n Entry>,
    pub person_metrics: Vec<&'n Entry>,
    pub segments: Vec<&'n Entry>,
    pub stages: Vec<&'n Entry>,
    pub milestones: Vec<&'n Entry>,
    pub scorecards: Vec<&'n Entry>,
    pub alerts: Vec<&'n Entry>,
    pub playbooks: Vec<&'n Entry>,
}

/// The sections a file may hold.
pub(crate) const SECTIONS: &[&str] = &[
    "timezone",
    "traits",
    "person_traits",
    "events",
    "subscriptions",
    "metrics",
    "person_metrics",
    "segments",
    "lifecycle",
    "scorecards",
    "alerts",
    "playbooks",
];

/// Sections of the design that this version does not run.
const LATER: &[&str] = &["journeys", "predictions", "surveys"];

impl<'n> Sections<'n> {
    /// Joins the files' roots.
    pub fn join(roots: &'n [Node], report: &mut Report) -> Sections<'n> {
        let mut sections = Sections::default();
        for root in roots {
            match root.as_map() {
                Some(entries) => entries.iter().for_each(|entry| sections.add(entry, report)),
                None if root.is_null() => {}
                None => wrong_type(report, root, "a model file", "a map of sections"),
            }
        }
        for (what, entries) in [
            ("trait", &mut sections.traits),
            ("person trait", &mut sections.person_traits),
            ("metric", &mut sections.metrics),
            ("person metric", &mut sections.person_metrics),
            ("segment", &mut sections.segments),
            ("stage", &mut sections.stages),
            ("milestone", &mut sections.milestones),
            ("scorecard", &mut sections.scorecards),
            ("alert", &mut sections.alerts),
            ("playbook", &mut sections.playbooks),
        ] {
            entries.retain(|entry| well_named(entry, what, report));
            once(entries, what, report);
        }
        once(&mut sections.events, "event", report);
        sections
    }

    fn add(&mut self, entry: &'n Entry, report: &mut Report) {
        let list = match entry.key.as_str() {
            "timezone" => {
                if self.timezone.is_some() {
                    report.error(entry.place, "duplicate", "`timezone` is set twice", Some("set it in one file".into()));
                }
                self.timezone = Some(&entry.value);
                return;
            }
            "subscriptions" => {
                if self.subscriptions.is_some() {
                    report.error(entry.place, "duplicate", "`subscriptions` is set twice", Some("set it in one file".into()));
                }
                self.subscriptions = Some(entry);
                return;
            }
            "lifecycle" => {
                for part in items(entry, report) {
                    let list = match part.key.as_str() {
                        "stages" => &mut self.stages,
                        "milestones" => &mut self.milestones,
                        other => {
                            let help = suggestion(other, ["stages", "milestones"]);
                            report.error(part.place, "unknown-field", format!("a lifecycle has no field `{other}`"), help);
                            continue;
                        }
                    };
                    list.extend(items(part, report));
                }
                return;
            }
            "traits" => &mut self.traits,
            "person_traits" => &mut self.person_traits,
            "events" => &mut self.events,
            "metrics" => &mut self.metrics,
            "person_metrics" => &mut self.person_metrics,
            "segments" => &mut self.segments,
            "scorecards" => &mut self.scorecards,
            "alerts" => &mut self.alerts,
            "playbooks" => &mut self.playbooks,
            later if LATER.contains(&later) => {
                let help = Some("remove this section; a later version of Tenure runs it".into());
                report.error(entry.place, "not-supported", format!("{later} are not supported yet"), help);
                return;
            }
            other => {
                report.error(
                    entry.place,
                    "unknown-field",
                    format!("there is no section `{other}`"),
                    suggestion(other, SECTIONS.iter().copied()),
                );
                return;
            }
        };
        list.extend(items(entry, report));
    }
}

/// The entries of a section; an error where it is no map.
fn items<'n>(section: &'n Entry, report: &mut Report) -> &'n [Entry] {
    match section.value.as_map() {
        Some(entries) => entries,
        None => {
            if !section.value.is_null() {
                wrong_type(report, &section.value, &format!("`{}`", section.key), "a map of definitions by name");
            }
            &[]
        }
    }
}

/// Drops definitions whose name was defined before.
fn once(entries: &mut Vec<&Entry>, what: &str, report: &mut Report) {
    let mut seen: FxHashMap<&str, Place> = FxHashMap::default();
    entries.retain(|entry| match seen.get(entry.key.as_str()) {
        None => {
            seen.insert(&entry.key, entry.place);
            true
        }
        Some(first) => {
            let (path, line, _) = report.files().position(*first);
            let help = Some(format!("first at {path}:{line}"));
            report.error(entry.place, "duplicate", format!("the {what} `{}` is defined twice", entry.key), help);
            false
        }
    });
}

/// Is the entry's name `[a-z][a-z0-9_]*` and free? An error where not.
pub(crate) fn well_named(entry: &Entry, what: &str, report: &mut Report) -> bool {
    let mut chars = entry.key.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_lowercase());
    if !first || !chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        let help = Some("names are lower case: a letter, then letters, digits and `_`".into());
        report.error(entry.place, "invalid-name", format!("`{}` cannot be the name of a {what}", entry.key), help);
        return false;
    }
    if let Some(why) = reserved::why(&entry.key, what) {
        report.error(entry.place, "reserved-name", format!("a {what} cannot be called `{}`: {why}", entry.key), None);
        return false;
    }
    true
}
