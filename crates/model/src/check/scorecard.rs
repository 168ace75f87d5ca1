//! Reads scorecards: their groups and measures, bands, caps and floors.

use super::children::{How, roll_up};
use super::lifecycle::{map, segments, stage_list};
use super::scope::{Of, Scope};
use super::sections::well_named;
use super::shape;
use crate::definition::{Band, Group, Limit, Measure, Missing, Scorecard};
use crate::file::{Place, Report};
use crate::time::Span;
use crate::yaml::fields::{Fields, Text, wrong_type};
use crate::yaml::{Entry, Node};

const ROLL_UP: &[(&str, How)] = &[("worst", How::Min), ("mean", How::Mean), ("weighted", How::Weighted)];

/// Names of all groups and measures, so that conditions can read them before the cards are read.
pub(crate) fn register(entries: &[&Entry], scope: &mut Scope) {
    for group in entries.iter().filter_map(|card| card.value.get("groups")?.as_map()).flatten() {
        scope.groups.add(&group.key);
        for measure in group.value.get("measures").and_then(Node::as_map).unwrap_or_default() {
            scope.measures.add(&measure.key);
        }
    }
}

/// A scorecard.
pub(crate) fn read(entry: &Entry, scope: &mut Scope, report: &mut Report) -> Option<Scorecard> {
    let mut fields = Fields::of(&entry.value, "scorecard", entry.place, report)?;
    let segments = segments(&mut fields, false, scope, report);
    let stages = stage_list(&mut fields, scope, report);
    let lowest = fields.owned("lowest", report).unwrap_or_else(|| "red".into());
    let bands = match fields.node("bands") {
        None => {
            vec![Band { name: "green".into(), from: 75.0, exclusive: false }, Band { name: "yellow".into(), from: 50.0, exclusive: false }]
        }
        Some(node) => bands(node, &lowest, report),
    };
    let hysteresis = match fields.number("hysteresis", report) {
        Some((x, place)) if !(0.0..=50.0).contains(&x) => {
            report.error(place, "invalid-value", "`hysteresis` must be from 0 to 50 points", None);
            0.0
        }
        other => other.map_or(0.0, |h| h.0),
    };
    let how = fields.among(
        "roll_up",
        ROLL_UP,
        "one of: worst, mean, weighted (a score is from 0 to 100, and so is what becomes of several)",
        report,
    );
    let by = fields.text("by", report);
    let roll_up = match (how, by) {
        (Some(how), by) => roll_up(how, by, fields.place_of("roll_up"), scope, report),
        (None, Some(by)) => {
            report.error(by.place(), "missing-field", "`by` needs `roll_up: weighted`", None);
            None
        }
        (None, None) => None,
    };
    let mut names = Vec::new();
    let groups: Vec<Group> = match fields.node("groups") {
        Some(node) => map(node, "`groups`", report).iter().filter_map(|g| group(g, &mut names, scope, report)).collect(),
        None => Vec::new(),
    };
    if roll_up.is_none() && !fields.has("groups") && !fields.has("roll_up") {
        report.error(
            entry.place,
            "missing-field",
            "this scorecard has no `groups`",
            Some("or `roll_up:`, if it only sums up child accounts".into()),
        );
    }
    let caps = limits("caps", &mut fields, scope, report);
    let floors = limits("floors", &mut fields, scope, report);
    let label = fields.owned("label", report);
    fields.owned("description", report);
    fields.owned("was", report);
    fields.finish(report);
    Some(Scorecard { name: entry.key.clone(), segments, stages, bands, lowest, hysteresis, groups, caps, floors, roll_up, label })
}

fn bands(node: &Node, lowest: &str, report: &mut Report) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    for entry in map(node, "`bands`", report) {
        let bound = match (entry.value.as_number(), entry.value.as_text().map(str::trim)) {
            (Some(from), _) => Some((from, false)),
            (None, Some(text)) => match (text.strip_prefix(">="), text.strip_prefix('>')) {
                (Some(n), _) => crate::yaml::number(n.trim()).map(|n| (n, false)),
                (None, Some(n)) => crate::yaml::number(n.trim()).map(|n| (n, true)),
                _ => None,
            },
            _ => None,
        };
        let Some((from, exclusive)) = bound else {
            let help = Some("write `75` or `\">= 75\"`, or `\"> 75\"` to leave the bound out".into());
            report.error(entry.value.place, "wrong-type", format!("the bound of the band `{}` must be a number", entry.key), help);
            continue;
        };
        if !(0.0..=100.0).contains(&from) {
            report.error(entry.value.place, "invalid-value", format!("the band `{}` must begin between 0 and 100", entry.key), None);
        }
        if entry.key == lowest {
            let help = Some("give the band below all others another name with `lowest:`".into());
            report.error(entry.place, "duplicate", format!("`{lowest}` is also the name of the lowest band"), help);
        }
        if let Some(above) = bands.last().filter(|above| above.from <= from) {
            let message = format!("bands go from the best down: `{}` begins at {from}, not below {}", entry.key, above.from);
            report.error(entry.value.place, "invalid-value", message, None);
        }
        bands.push(Band { name: entry.key.clone(), from, exclusive });
    }
    bands
}

fn group<'n>(entry: &'n Entry, names: &mut Vec<(&'n str, Place)>, scope: &mut Scope, report: &mut Report) -> Option<Group> {
    well_named(entry, "group", report);
    let mut fields = Fields::of(&entry.value, "group", entry.place, report)?;
    let weight = weight(&mut fields, false, report);
    let node = fields.need("measures", "what the group is made of", report);
    fields.owned("label", report);
    fields.owned("description", report);
    let mut measures = Vec::new();
    for entry in node.map_or(&[][..], |node| map(node, "`measures`", report)) {
        if let Some((name, first)) = names.iter().find(|(name, _)| *name == entry.key) {
            let (path, line, _) = report.files().position(*first);
            let help = Some(format!("first at {path}:{line}"));
            report.error(entry.place, "duplicate", format!("the measure `{name}` stands twice in this scorecard"), help);
        }
        names.push((&entry.key, entry.place));
        measures.extend(measure(entry, scope, report));
    }
    if node.and_then(Node::as_map).is_some_and(<[Entry]>::is_empty) {
        report.error(entry.place, "missing-field", format!("the group `{}` has no measures", entry.key), None);
    }
    fields.finish(report);
    Some(Group { name: entry.key.clone(), weight, measures })
}

/// A weight: 1 where none is written. Only a measure's may be 0.
fn weight(fields: &mut Fields, zero: bool, report: &mut Report) -> f64 {
    let Some((weight, place)) = fields.number("weight", report) else { return 1.0 };
    if weight < 0.0 || (weight == 0.0 && !zero) {
        let message = if zero { "a weight cannot be negative" } else { "a weight must be greater than 0" };
        report.error(place, "invalid-value", message, None);
    }
    weight
}

fn measure(entry: &Entry, scope: &mut Scope, report: &mut Report) -> Option<Measure> {
    well_named(entry, "measure", report);
    let mut fields = Fields::of(&entry.value, "measure", entry.place, report)?;
    let metric = fields.needed_text("metric", "the column it scores, as in `metric: seat_use`", report);
    let column = metric.and_then(|text| scope.reference(&text, Of::Account, report));
    let weight = weight(&mut fields, true, report);
    let when = match fields.text("when", report) {
        None => Some(None),
        Some(sql) => scope.condition(&sql, Of::Account, report).map(Some),
    };
    let min_age = shape::age("min_age", &mut fields, report);
    let missing = fields.text("missing", report).map_or(Some(Missing::Exclude), |text| missing(&text, report));
    let kind = column.map(|c| scope.account.kind(c));
    let curves = shape::curves(&mut fields, kind, metric.map_or("", |m| m.text), scope, report);
    fields.owned("label", report);
    fields.owned("description", report);
    fields.finish(report);
    Some(Measure { name: entry.key.clone(), column: column?, weight, when: when?, min_age, curves: curves?, missing: missing? })
}

fn missing(text: &Text, report: &mut Report) -> Option<Missing> {
    let found = match text.text.trim() {
        "exclude" => Some(Missing::Exclude),
        "zero" => Some(Missing::Zero),
        "neutral" => Some(Missing::Neutral),
        other => other.strip_prefix("keep ").and_then(Span::parse).map(Missing::Keep),
    };
    if found.is_none() {
        let help = Some("one of: exclude, zero, neutral, `keep 14d`".into());
        report.error(text.place(), "invalid-value", format!("`missing` cannot be `{}`", text.text), help);
    }
    found
}

fn limits(name: &'static str, fields: &mut Fields, scope: &mut Scope, report: &mut Report) -> Vec<Limit> {
    let Some(node) = fields.node(name) else { return Vec::new() };
    let Some(items) = node.as_list() else {
        wrong_type(report, node, &format!("`{name}`"), "a list of `{ when: …, at: … }`");
        return Vec::new();
    };
    items.iter().filter_map(|item| limit(item, scope, report)).collect()
}

fn limit(node: &Node, scope: &mut Scope, report: &mut Report) -> Option<Limit> {
    let mut fields = Fields::of(node, "limit", node.place, report)?;
    let when = fields.needed_text("when", "the condition under which it holds", report);
    let when = when.and_then(|sql| scope.condition(&sql, Of::Account, report));
    fields.need("at", "the score, as in `at: 49`", report);
    let at = fields.number("at", report);
    fields.finish(report);
    let (at, place) = at?;
    shape::score(at, place, report);
    Some(Limit { when: when?, at })
}
