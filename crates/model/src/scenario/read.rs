//! Reads a scenario file.

use serde_json::{Map, Value as Json};

use super::{Choice, Decision, Event, Expectation, Expected, Moment, Record, Scenario, Stamp, Step, Subject};
use crate::definition::Comparison;
use crate::diagnostic::Diagnostic;
use crate::file::{Files, Place, Report, suggestion};
use crate::input::{OverrideKind, subscription};
use crate::time::Span;
use crate::yaml::fields::{Fields, Text, span, texts, wrong_type};
use crate::yaml::{Entry, Node, parse_text};

/// How often one line may repeat an event.
const TIMES_MAX: f64 = 100_000.0;

/// Stands for a `?` that YAML would read as the mark of a key; of the same length.
const ASK: &str = "$";

/// The scenario in a file. Errors: everything that is wrong with it.
pub fn parse(path: &str, text: &str) -> Result<Scenario, Vec<Diagnostic>> {
    let files = Files::new([(path, text)]);
    let mut report = Report::new(&files);
    let root = parse_text(0, &shielded(text), &mut report);
    let scenario = match &root {
        Some(root) => scenario(root, &mut report),
        None => {
            if report.is_empty() {
                report.error(Place::default(), "missing-field", "this scenario is empty", None);
            }
            None
        }
    };
    match scenario {
        Some(scenario) if report.is_empty() => Ok(scenario),
        _ => Err(report.into_diagnostics()),
    }
}

/// The text with each `?` that is a value, which YAML may refuse, written as something it reads.
fn shielded(text: &str) -> String {
    text.split_inclusive('\n').map(shielded_line).collect()
}

fn shielded_line(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut quote = None;
    for (i, c) in line.char_indices() {
        let before = line[..i].trim_end();
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') && before.ends_with([':', ',', '[', '{', '-']) => quote = Some(c),
            None if c == '#' && (before.len() < i || i == 0) => return out + &line[i..],
            _ => {}
        }
        let starts = line[..i].ends_with(['[', ' ']) && before.ends_with([':', ',', '[', '-']);
        let ends = line[i + c.len_utf8()..].chars().next().is_none_or(|next| next.is_whitespace() || matches!(next, ',' | '}' | ']'));
        if quote.is_none() && c == '?' && starts && ends {
            out.push_str(ASK);
        } else {
            out.push(c);
        }
    }
    out
}

fn scenario(root: &Node, report: &mut Report) -> Option<Scenario> {
    let mut fields = Fields::of(root, "scenario", root.place, report)?;
    let name = fields.needed_text("scenario", "one sentence: what the story tells", report).map(|t| t.owned());
    let model = fields.owned("model", report);
    let account = fields.owned("account", report);
    let steps = fields.need("steps", "a list of steps", report);
    fields.finish(report);
    let Some(items) = steps?.as_list() else {
        wrong_type(report, steps?, "`steps`", "a list");
        return None;
    };
    let mut read = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        read.extend(step(item, account.as_deref(), i == 0, report));
    }
    Some(Scenario { name: name?, model, steps: read })
}

fn step(node: &Node, account: Option<&str>, first: bool, report: &mut Report) -> Option<Step> {
    let mut fields = Fields::of(node, "step", node.place, report)?;
    let at = fields.needed_text("at", "a time such as `2025-01-06 09:00`, or a jump such as `+7d`", report);
    let at = at.and_then(|text| moment(&text, first, report));
    let account = fields.owned("account", report).or(account.map(String::from));
    if account.is_none() {
        report.error(
            node.place,
            "missing-field",
            "nothing says which account this step speaks of",
            Some("give the scenario or the step an `account`".into()),
        );
    }
    let traits = fields.node("traits").map_or_else(Map::new, |node| json_map(node, "traits", report));
    let people = records("person", "people", &mut fields, None, report);
    let subscriptions = records("subscription", "subscriptions", &mut fields, Some(subscription::FIELDS), report);
    let events = events(&mut fields, report);
    let decisions = decisions(&mut fields, report);
    let children = fields.texts("children", report).into_iter().map(|t| t.owned()).collect();
    let expect = fields.node("expect").map_or_else(Vec::new, |node| expectations(node, report));
    fields.finish(report);
    let (_, line, _) = report.files().position(node.place);
    Some(Step { line, at: at?, account: account?, traits, people, subscriptions, events, decisions, children, expect })
}

fn moment(text: &Text, first: bool, report: &mut Report) -> Option<Moment> {
    let Some(jump) = text.text.trim().strip_prefix('+') else {
        return stamp(text, report).map(Moment::At);
    };
    let Some(span) = Span::parse(jump) else {
        let help = Some("write `+7d`, `+2w`, `+3mo`, `+24h` or `+30min`".into());
        report.error(text.place(), "invalid-duration", format!("`{}` is not a jump", text.text), help);
        return None;
    };
    if first {
        report.error(
            text.place(),
            "invalid-value",
            "the first step cannot be a jump",
            Some("give it a time such as `2025-01-06 09:00`".into()),
        );
    }
    Some(Moment::After(span))
}

fn stamp(text: &Text, report: &mut Report) -> Option<Stamp> {
    let stamp = Stamp::new(text.text);
    if stamp.is_none() {
        let help = Some("write `2025-01-06`, `2025-01-06 09:00`, or with an offset `2025-01-06T09:00:00+01:00`".into());
        report.error(text.place(), "invalid-time", format!("`{}` is not a time", text.text), help);
    }
    stamp
}

/// The entries of a map as JSON.
fn json_map(node: &Node, what: &str, report: &mut Report) -> Map<String, Json> {
    match node.as_map() {
        Some(entries) => entries.iter().map(|e| (e.key.clone(), e.value.to_json())).collect(),
        None => {
            wrong_type(report, node, &format!("`{what}`"), "a map");
            Map::new()
        }
    }
}

/// `person: { id: ann, role: admin }`, or a list of them under either name.
fn records(one: &'static str, several: &'static str, fields: &mut Fields, known: Option<&[&str]>, report: &mut Report) -> Vec<Record> {
    fields.at_most_one(&[one, several], report);
    let nodes = [fields.node(one), fields.node(several)].into_iter().flatten();
    let items: Vec<&Node> = nodes.flat_map(|node| node.as_list().map_or_else(|| vec![node], |items| items.iter().collect())).collect();
    items.into_iter().filter_map(|item| record(item, one, known, report)).collect()
}

fn record(node: &Node, what: &'static str, known: Option<&[&str]>, report: &mut Report) -> Option<Record> {
    let mut fields = json_map(node, what, report);
    node.as_map()?;
    for entry in node.as_map().unwrap_or_default().iter().filter(|e| e.key != "id") {
        if let Some(known) = known.filter(|known| !known.contains(&entry.key.as_str())) {
            let help = suggestion(&entry.key, known.iter().copied());
            report.error(entry.place, "unknown-field", format!("a {what} has no field `{}`", entry.key), help);
        }
    }
    match node.get("id").and_then(Node::as_text) {
        Some(id) => {
            fields.shift_remove("id");
            Some(Record { id: id.into(), fields })
        }
        None => {
            report.error(node.place, "missing-field", format!("this {what} has no `id`"), Some("as in `{ id: ann, role: admin }`".into()));
            None
        }
    }
}

/// `event: login` with its fields beside it, or `events:` with a list.
fn events(fields: &mut Fields, report: &mut Report) -> Vec<Event> {
    let mut events = Vec::new();
    if fields.has("event") {
        events.extend(event(fields, report));
    } else {
        let stray = ["id", "by", "properties", "time", "times", "every"].into_iter().filter(|name| fields.has(name));
        for name in stray.collect::<Vec<_>>() {
            report.error(fields.place_of(name), "conflict", format!("`{name}` belongs to an `event`, and there is none beside it"), None);
        }
        fields.skip(&["id", "by", "properties", "time", "times", "every", "event"]);
    }
    let Some(node) = fields.node("events") else { return events };
    match node.as_list() {
        None => wrong_type(report, node, "`events`", "a list of events"),
        Some(items) => {
            for item in items {
                let Some(mut fields) = Fields::of(item, "event", item.place, report) else { continue };
                events.extend(event(&mut fields, report));
                fields.finish(report);
            }
        }
    }
    events
}

fn event(fields: &mut Fields, report: &mut Report) -> Option<Event> {
    let name = fields.needed_text("event", "its name, as in `event: login`", report);
    let id = fields.text("id", report).map(|t| t.owned());
    let person = fields.text("by", report).map(|t| t.owned());
    let properties = fields.node("properties").map_or_else(Map::new, |node| json_map(node, "properties", report));
    let time = fields.text("time", report).and_then(|text| stamp(&text, report));
    let every = fields.node("every").and_then(|node| span(node, "every", report));
    let times = fields.number("times", report).map_or(1.0, |(times, place)| {
        if times < 1.0 || times.fract() != 0.0 || times > TIMES_MAX {
            report.error(place, "invalid-value", format!("`times` must be a whole number from 1 to {TIMES_MAX}"), None);
        }
        times.clamp(1.0, TIMES_MAX)
    });
    if every.is_some() && !fields.has("times") {
        report.error(fields.place_of("every"), "missing-field", "`every` needs `times`: how often", None);
    }
    Some(Event { id, name: name?.owned(), person, properties, time, times: times as u32, every: every.unwrap_or(Span::Days(0)) })
}

const HOW: &[(&str, OverrideKind)] = &[("set", OverrideKind::Set), ("cap", OverrideKind::Cap), ("floor", OverrideKind::Floor)];

fn decisions(step: &mut Fields, report: &mut Report) -> Vec<Decision> {
    let mut read = Vec::new();
    for name in ["override", "clear_override", "set_stage", "release_stage", "waive"] {
        let Some(node) = step.node(name) else { continue };
        let items = node.as_list().unwrap_or(std::slice::from_ref(node));
        read.extend(items.iter().filter_map(|item| decision(name, item, report)));
    }
    read
}

fn decision(name: &str, node: &Node, report: &mut Report) -> Option<Decision> {
    let mut fields = Fields::of(node, "decision", node.place, report)?;
    let author = fields.owned("by", report).unwrap_or_else(|| "somebody".into());
    let reason = fields.owned("reason", report).unwrap_or_default();
    let target = |fields: &mut Fields, report: &mut Report| {
        let text = fields.needed_text("target", "`total`, `group:<name>` or `measure:<name>`", report)?;
        let right = text.text == "total" || text.text.starts_with("group:") || text.text.starts_with("measure:");
        if !right {
            let help = Some("write `total`, `group:<name>` or `measure:<name>`".into());
            report.error(text.place(), "invalid-value", format!("`{}` cannot be overridden", text.text), help);
        }
        right.then(|| text.owned())
    };
    let until = |fields: &mut Fields, report: &mut Report| fields.text("until", report).and_then(|text| stamp(&text, report));
    let choice = match name {
        "set_stage" => {
            let stage = fields.needed_text("stage", "the stage to be in", report).map(|t| t.owned());
            let until = until(&mut fields, report);
            stage.map(|stage| Choice::SetStage { stage, until })
        }
        "release_stage" => Some(Choice::ReleaseStage),
        "clear_override" => target(&mut fields, report).map(|target| Choice::ClearOverride { target }),
        "waive" => fields.needed_text("milestone", "the milestone to let off", report).map(|t| Choice::Waive { milestone: t.owned() }),
        _ => {
            let target = target(&mut fields, report);
            fields.need("how", "one of: set, cap, floor", report);
            let how = fields.choice("how", HOW, report);
            fields.need("value", "a score from 0 to 100", report);
            let value = fields.number("value", report);
            if let Some((_, place)) = value.filter(|(value, _)| !(0.0..=100.0).contains(value)) {
                report.error(place, "invalid-value", "a score is from 0 to 100", None);
            }
            let until = until(&mut fields, report);
            match (target, how, value) {
                (Some(target), Some(how), Some((value, _))) => Some(Choice::Override { target, how, value, until }),
                _ => None,
            }
        }
    };
    fields.finish(report);
    Some(Decision { author, reason, choice: choice? })
}

/// Fields of `expect` that name a column of the account.
const COLUMNS: &[(&str, &str)] =
    &[("stage", "stage"), ("stage_late", "stage_late"), ("health", "health"), ("band", "health_band"), ("coverage", "health_coverage")];

fn expectations(node: &Node, report: &mut Report) -> Vec<Expectation> {
    let Some(mut fields) = Fields::of(node, "expectation", node.place, report) else { return Vec::new() };
    let mut read = Vec::new();
    for (name, column) in COLUMNS {
        read.extend(fields.node(name).and_then(|node| value(Subject::Column((*column).into()), node, report)));
    }
    type Make = fn(String) -> Subject;
    let maps: [(&'static str, Make); 3] =
        [("metrics", Subject::Column), ("segments", Subject::Segment), ("milestones", Subject::Milestone)];
    for (name, subject) in maps {
        for entry in fields.node(name).map_or(&[][..], |node| entries(node, name, report)) {
            read.extend(value(subject(entry.key.clone()), &entry.value, report));
        }
    }
    for person in fields.node("people").map_or(&[][..], |node| entries(node, "people", report)) {
        for entry in entries(&person.value, &person.key, report) {
            read.extend(value(Subject::Person(person.key.clone(), entry.key.clone()), &entry.value, report));
        }
    }
    read.extend(fields.node("alerts").map(|node| list(Subject::Alerts, node, "alerts", report)));
    for entry in fields.node("because").map_or(&[][..], |node| entries(node, "because", report)) {
        read.push(list(Subject::Because(entry.key.clone()), &entry.value, &entry.key, report));
    }
    fields.finish(report);
    read
}

fn entries<'n>(node: &'n Node, what: &str, report: &mut Report) -> &'n [Entry] {
    node.as_map().unwrap_or_else(|| {
        wrong_type(report, node, &format!("`{what}`"), "a map by name");
        &[]
    })
}

fn asks(node: &Node) -> bool {
    matches!(node.as_text(), Some("?" | ASK))
}

fn expectation(subject: Subject, expected: Expected, node: &Node, report: &Report) -> Expectation {
    let (_, line, _) = report.files().position(node.place);
    Expectation { line, range: node.place.start..node.place.end, subject, expected }
}

fn value(subject: Subject, node: &Node, report: &mut Report) -> Option<Expectation> {
    let expected = if asks(node) {
        Expected::Ask
    } else if node.is_null() {
        Expected::Null
    } else if let Some(b) = node.as_bool() {
        Expected::Bool(b)
    } else if let Some(x) = node.as_number() {
        Expected::Number(x)
    } else if let Some(text) = node.as_text() {
        match Comparison::parse(text) {
            Some((how, x)) => Expected::Compare(how, x),
            None => Expected::Text(text.into()),
        }
    } else {
        wrong_type(report, node, "an expected value", "one value");
        return None;
    };
    Some(expectation(subject, expected, node, report))
}

fn list(subject: Subject, node: &Node, what: &str, report: &mut Report) -> Expectation {
    let expected = match node {
        node if asks(node) => Expected::Ask,
        node if node.is_null() => Expected::List(Vec::new()),
        node => Expected::List(texts(node, what, report).into_iter().map(|t| t.owned()).collect()),
    };
    expectation(subject, expected, node, report)
}
