//! Reads how a measure's value becomes a score: points, steps, maps, and curves of them by segment and age.

use std::collections::BTreeMap;

use super::lifecycle::map;
use super::scope::Scope;
use crate::definition::{Comparison, Curve, Shape, Step};
use crate::file::{Place, Report};
use crate::time::Span;
use crate::value::Kind;
use crate::yaml::fields::{Fields, wrong_type};
use crate::yaml::{Entry, Node, number};

const SHAPES: &[&str] = &["points", "steps", "map", "curves"];

/// The curves of a measure over a column of this type.
pub(crate) fn curves(fields: &mut Fields, kind: Option<Kind>, column: &str, scope: &Scope, report: &mut Report) -> Option<Vec<Curve>> {
    let curves = fields.node("curves");
    let shape = shape(fields, SHAPES, kind, column, report);
    let Some(curves) = curves else {
        return Some(vec![Curve { segment: None, min_age: None, max_age: None, shape: shape? }]);
    };
    let Some(items) = curves.as_list() else {
        wrong_type(report, curves, "`curves`", "a list of curves");
        return None;
    };
    let mut read = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let Some(mut fields) = Fields::of(item, "curve", item.place, report) else { continue };
        let segment = fields.text("segment", report).map(|text| scope.segments.resolve("segment", &text, report));
        let (min_age, max_age) = (age("min_age", &mut fields, report), age("max_age", &mut fields, report));
        let shape = self::shape(&mut fields, &SHAPES[..3], kind, column, report);
        if !["segment", "min_age", "max_age"].iter().any(|f| fields.has(f)) && i + 1 < items.len() {
            report.error(
                item.place,
                "unreachable",
                "no curve after this one is looked at: it applies to everyone",
                Some("put it last".into()),
            );
        }
        fields.finish(report);
        if let (Some(shape), true) = (shape, segment != Some(None)) {
            read.push(Curve { segment: segment.flatten(), min_age, max_age, shape });
        }
    }
    Some(read)
}

/// An age: civil days or months.
pub(crate) fn age(name: &'static str, fields: &mut Fields, report: &mut Report) -> Option<Span> {
    let (span, place) = fields.span(name, report)?;
    if matches!(span, Span::Exact(_)) {
        report.error(place, "invalid-duration", format!("`{name}` is in dates, not hours"), Some("write `30d` or `3mo`".into()));
        return None;
    }
    Some(span)
}

fn shape(fields: &mut Fields, allowed: &[&'static str], kind: Option<Kind>, column: &str, report: &mut Report) -> Option<Shape> {
    let written: Vec<(&'static str, &Node)> = allowed.iter().filter_map(|name| fields.node(name).map(|node| (*name, node))).collect();
    let (name, node) = match written.as_slice() {
        [] => {
            let help = Some(format!("one of: {}", allowed.join(", ")));
            report.error(fields.place(), "missing-field", "nothing says how its value becomes a score", help);
            return None;
        }
        [one] => *one,
        _ => {
            fields.at_most_one(allowed, report);
            return None;
        }
    };
    if name == "curves" {
        return None;
    }
    match (name, kind) {
        ("map", None | Some(Kind::Text | Kind::Any)) | ("points" | "steps", None | Some(Kind::Number | Kind::Any)) => {}
        (_, Some(Kind::Text)) => {
            let help = Some("use `map: { red: 25, green: 87.5 }`".into());
            report.error(fields.place_of(name), "type-mismatch", format!("`{column}` is of type text, so `{name}` cannot score it"), help);
        }
        (_, Some(Kind::Number)) => {
            let help = Some("use `points` or `steps`".into());
            report.error(fields.place_of(name), "type-mismatch", format!("`{column}` is of type number, so `map` cannot score it"), help);
        }
        (_, kind) => {
            let kind = kind.unwrap_or(Kind::Any);
            let help = Some("make a metric of it: `{ sql: \"CASE WHEN … THEN 1 ELSE 0 END\" }`".into());
            report.error(
                fields.place_of("metric"),
                "type-mismatch",
                format!("a measure scores numbers or text, and `{column}` is of type {kind}"),
                help,
            );
        }
    }
    let entries = map(node, &format!("`{name}`"), report);
    match name {
        "points" => points(node, entries, report),
        "steps" => steps(entries, report),
        _ => Some(texts(entries, report)),
    }
}

fn points(node: &Node, entries: &[Entry], report: &mut Report) -> Option<Shape> {
    let mut points: Vec<(f64, f64)> = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some(x) = number(&entry.key) else {
            report.error(
                entry.place,
                "wrong-type",
                format!("the point `{}` must be a number", entry.key),
                Some("as in `points: { 0: 0, 5: 100 }`".into()),
            );
            continue;
        };
        if let Some((before, _)) = points.last().filter(|(before, _)| *before >= x) {
            report.error(entry.place, "invalid-value", format!("points must ascend: {x} stands after {before}"), None);
        }
        points.push((x, read_score(entry, report)?));
    }
    if node.as_map().is_some() && entries.len() < 2 {
        report.error(node.place, "invalid-value", "`points` needs at least two points", Some("between them the score is linear".into()));
    }
    Some(Shape::Points(points))
}

fn steps(entries: &[Entry], report: &mut Report) -> Option<Shape> {
    let mut steps: Vec<Step> = Vec::with_capacity(entries.len());
    let (mut bare, mut compared) = (false, false);
    for (i, entry) in entries.iter().enumerate() {
        let score = read_score(entry, report)?;
        let key = entry.key.trim();
        let test = if key == "else" {
            if i + 1 < entries.len() {
                report.error(entry.place, "unreachable", "no step after `else` is looked at", Some("put `else` last".into()));
            }
            None
        } else if let Some(x) = number(key) {
            bare = true;
            Some((Comparison::AtLeast, x))
        } else if let Some(test) = Comparison::parse(key) {
            compared = true;
            Some(test)
        } else {
            let help = Some("write a number n for `>= n`, a comparison such as `\"<= 0.1\"`, or `else`".into());
            report.error(entry.place, "invalid-value", format!("`{}` is not a step", entry.key), help);
            continue;
        };
        if steps.iter().any(|s| s.test == test) {
            report.error(entry.place, "duplicate", format!("the step `{}` stands twice", entry.key), None);
        }
        steps.push(Step { test, score });
    }
    if bare && compared {
        let help = Some("a bare number n means `>= n`, the highest that holds; comparisons are tried in the order written".into());
        report.error(entries[0].place, "conflict", "steps are either bare numbers or comparisons, not both", help);
    }
    if bare {
        let rank = |s: &Step| s.test.map_or(f64::NEG_INFINITY, |(_, x)| x);
        steps.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    }
    Some(Shape::Steps(steps))
}

fn texts(entries: &[Entry], report: &mut Report) -> Shape {
    let mut scores = BTreeMap::new();
    let mut other = None;
    for entry in entries {
        match read_score(entry, report) {
            None => {}
            Some(score) if entry.key == "else" => other = Some(score),
            Some(score) => drop(scores.insert(entry.key.clone(), score)),
        }
    }
    Shape::Map(scores, other)
}

fn read_score(entry: &Entry, report: &mut Report) -> Option<f64> {
    match entry.value.as_number() {
        Some(x) => {
            score(x, entry.value.place, report);
            Some(x)
        }
        None => {
            wrong_type(report, &entry.value, &format!("the score of `{}`", entry.key), "a number");
            None
        }
    }
}

/// Refuses a score outside 0–100.
pub(crate) fn score(x: f64, place: Place, report: &mut Report) {
    if !(0.0..=100.0).contains(&x) {
        report.error(place, "invalid-value", format!("a score is from 0 to 100, not {x}"), None);
    }
}
