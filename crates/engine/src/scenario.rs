//! Runs scenarios: their steps become inputs in order of arrival, their expectations are held against the replayed accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tenure_model::input::{Decision, Entity, Membership, Version};
use tenure_model::scenario::{Expectation, Expected, Scenario, Step, Subject};
use tenure_model::time::Instant;
use tenure_model::{Model, Value};

use crate::explain::{Evidence, Subject as Why};
use crate::outcome::{AlertState, Happened, Outcome, Sink};
use crate::{Account, Change, Engine, EventTable, Inputs, Mode, What};

/// Lagged values settle within so many microseconds; expectations are of the settled state.
const SETTLED_MICROS: i64 = 8;

/// An expectation that did not come true.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Line in the scenario.
    pub line: usize,
    /// As of.
    pub at: Instant,
    /// Of what.
    pub subject: String,
    /// What was expected.
    pub expected: String,
    /// What came out.
    pub actual: String,
}

/// How a scenario went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Expectations that were held against what came out.
    pub checked: usize,
    /// Those that did not come true.
    pub failures: Vec<Failure>,
    /// What came out where the scenario asks `?`: bytes of the file and the answer.
    pub answers: Vec<(Range<usize>, String)>,
}

/// What has arrived about one account.
#[derive(Default)]
struct Arrived {
    versions: Vec<Version>,
    memberships: Vec<Membership>,
    decisions: Vec<Decision>,
    events: Vec<Arrival>,
}

#[derive(Clone)]
struct Arrival {
    id: Option<String>,
    time: Instant,
    name: String,
    person: Option<String>,
    properties: Json,
}

/// Runs a scenario on a model.
pub fn run(engine: &Engine, scenario: &Scenario) -> Report {
    let mut world: BTreeMap<String, Arrived> = BTreeMap::new();
    let mut report = Report::default();
    let mut now = Instant::MIN;
    for step in &scenario.steps {
        now = step.at.instant(now, &engine.model().calendar);
        arrive(engine.model(), &mut world, step, now);
        if !step.expect.is_empty() {
            expect(engine, &world, step, now, &mut report);
        }
    }
    report
}

fn arrive(model: &Model, world: &mut BTreeMap<String, Arrived>, step: &Step, at: Instant) {
    let calendar = &model.calendar;
    let version = |entity: Entity, field: &str, value: &Json| Version {
        entity,
        field: field.to_owned(),
        value: value.clone(),
        valid_from: Some(at),
        known_from: Some(at),
    };
    for child in &step.children {
        let arrived = world.entry(child.clone()).or_default();
        arrived.versions.push(version(Entity::Account(child.clone()), "parent", &json!(step.account)));
    }
    let arrived = world.entry(step.account.clone()).or_default();
    for (field, value) in &step.traits {
        arrived.versions.push(version(Entity::Account(step.account.clone()), field, value));
    }
    for person in &step.people {
        let joins = Membership { person: person.id.clone(), account: step.account.clone(), from: Some(at), until: None };
        if !arrived.memberships.iter().any(|m| m.person == person.id) {
            arrived.memberships.push(joins);
        }
        arrived.versions.extend(person.fields.iter().map(|(field, value)| version(Entity::Person(person.id.clone()), field, value)));
    }
    for subscription in &step.subscriptions {
        let entity = Entity::Subscription(step.account.clone(), subscription.id.clone());
        arrived.versions.extend(subscription.fields.iter().map(|(field, value)| version(entity.clone(), field, value)));
    }
    for event in &step.events {
        let properties = Json::Object(event.properties.clone());
        if event.id.as_ref().is_some_and(|id| arrived.events.iter().any(|e| e.id.as_ref() == Some(id))) {
            continue;
        }
        let arrivals = event.instants(at, calendar).map(|time| Arrival {
            id: event.id.clone(),
            time,
            name: event.name.clone(),
            person: event.person.clone(),
            properties: properties.clone(),
        });
        arrived.events.extend(arrivals);
    }
    arrived.decisions.extend(step.decisions.iter().map(|d| d.input(&step.account, at, calendar)));
}

/// The history of one account as it has arrived, ready to be replayed.
struct Replay {
    table: EventTable,
    events: Vec<Arrival>,
    people: Vec<Arc<str>>,
    changes: Vec<Change>,
    versions: Vec<Version>,
}

impl Replay {
    fn new(engine: &Engine, arrived: Option<&Arrived>, children: Vec<Change>) -> Replay {
        let nothing = Arrived::default();
        let arrived = arrived.unwrap_or(&nothing);
        let mut table = EventTable::new(engine.model());
        for e in &arrived.events {
            table.push(e.time, &e.name, e.person.as_deref(), &e.properties);
        }
        let order = table.sort();
        let events = order.iter().map(|i| arrived.events[*i].clone()).collect();
        let mut changes = engine.changes(table.people());
        changes.versions(&arrived.versions);
        changes.memberships(&arrived.memberships);
        changes.decisions(&arrived.decisions);
        changes.children(children);
        let (people, changes, _) = changes.finish();
        Replay { table, events, people, changes, versions: arrived.versions.clone() }
    }

    fn inputs(&self) -> Inputs<'_> {
        Inputs { people: &self.people, events: self.table.events(), changes: &self.changes }
    }
}

impl Evidence for Replay {
    fn event(&self, index: usize) -> Json {
        let e = &self.events[index];
        let properties = if e.properties.as_object().is_some_and(|o| o.is_empty()) { Json::Null } else { e.properties.clone() };
        json!({ "time": e.time, "name": e.name, "person": e.person, "properties": properties })
    }

    fn versions(&self, field: &str) -> Vec<Version> {
        self.versions.iter().filter(|v| v.field == field && matches!(v.entity, Entity::Account(_))).cloned().collect()
    }
}

/// Takes what children report to one parent.
struct Reports<'a> {
    parent: &'a str,
    changes: Vec<Change>,
}

impl Sink for Reports<'_> {
    fn outcome(&mut self, account: &Account, outcome: Outcome) {
        if let Happened::Export { parent, value } = outcome.what
            && *parent == *self.parent
        {
            self.changes.push(Change { at: outcome.at, what: What::Child(account.id().clone(), value) });
        }
    }
}

/// What the children of an account report up to an instant.
fn children(engine: &Engine, world: &BTreeMap<String, Arrived>, parent: &str, to: Instant, above: &mut BTreeSet<String>) -> Vec<Change> {
    if engine.exports().is_empty() || !above.insert(parent.to_owned()) {
        return Vec::new();
    }
    let mut reports = Reports { parent, changes: Vec::new() };
    let is_child = |a: &Arrived| a.versions.iter().any(|v| v.field == "parent" && v.value.as_str() == Some(parent));
    for (id, arrived) in world.iter().filter(|(id, a)| *id != parent && is_child(a)) {
        let own = children(engine, world, id, to, above);
        let replay = Replay::new(engine, Some(arrived), own);
        let mut account = engine.account(id.as_str());
        // A fresh account cannot be late.
        let _ = engine.advance(&mut account, &replay.inputs(), to, Mode::Exact, &mut reports);
    }
    above.remove(parent);
    reports.changes
}

fn expect(engine: &Engine, world: &BTreeMap<String, Arrived>, step: &Step, at: Instant, report: &mut Report) {
    let to = at.plus(SETTLED_MICROS);
    let replay = Replay::new(engine, world.get(&step.account), children(engine, world, &step.account, to, &mut BTreeSet::new()));
    let mut account = engine.account(step.account.as_str());
    let _ = engine.advance(&mut account, &replay.inputs(), to, Mode::Exact, &mut crate::Nothing);
    for expectation in &step.expect {
        report.checked += usize::from(expectation.expected != Expected::Ask);
        let actual = actual(engine, &account, &replay, to, expectation);
        let fine = match &actual {
            Actual::Value(value) => expectation.expected.is(value, &engine.model().calendar),
            Actual::Texts(texts) => expectation.expected.is_list(texts),
            Actual::Lines(lines) => match &expectation.expected {
                Expected::List(texts) => texts.iter().all(|t| lines.iter().any(|l| l.contains(t.as_str()))),
                Expected::Text(t) => lines.iter().any(|l| l.contains(t.as_str())),
                _ => true,
            },
            Actual::Unknown(_) => false,
        };
        if expectation.expected == Expected::Ask {
            match &actual {
                Actual::Value(value) => report.answers.push((expectation.range.clone(), Expected::answer(value))),
                Actual::Texts(texts) => report.answers.push((expectation.range.clone(), Expected::answer_list(texts))),
                Actual::Lines(lines) => {
                    report.answers.push((expectation.range.clone(), Expected::answer_list(&lines[..lines.len().min(4)])))
                }
                Actual::Unknown(_) => {}
            }
        }
        if !fine {
            report.failures.push(Failure {
                line: expectation.line,
                at,
                subject: subject(&expectation.subject),
                expected: expected(&expectation.expected),
                actual: actual.to_string(),
            });
        }
    }
}

/// What came out.
enum Actual {
    Value(Value),
    Texts(Vec<String>),
    Lines(Vec<String>),
    Unknown(String),
}

impl std::fmt::Display for Actual {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Actual::Value(value) => f.write_str(&Expected::answer(value)),
            Actual::Texts(texts) => f.write_str(&Expected::answer_list(texts)),
            Actual::Lines(lines) => write!(f, "\n      {}", lines.join("\n      ")),
            Actual::Unknown(text) => f.write_str(text),
        }
    }
}

fn actual(engine: &Engine, account: &Account, replay: &Replay, to: Instant, expectation: &Expectation) -> Actual {
    let model = engine.model();
    let unknown = |kind: &str, name: &str| Actual::Unknown(format!("the model has no {kind} {name:?}"));
    match &expectation.subject {
        Subject::Column(name) => match engine.column_value(account, name) {
            Some(value) => Actual::Value(value),
            None => unknown("column", name),
        },
        Subject::Segment(name) => match model.segments.iter().find(|s| s.name == *name) {
            Some(segment) => Actual::Value(account.value(segment.column).clone()),
            None => unknown("segment", name),
        },
        Subject::Person(id, column) => {
            let slot = model.person.iter().position(|c| c.name == *column);
            match (slot, account.people().find(|p| **p.0 == **id)) {
                (None, _) => unknown("column of persons", column),
                (_, None) => Actual::Unknown(format!("the account has no person {id:?}")),
                (Some(slot), Some((_, _, row))) => Actual::Value(row[slot].clone()),
            }
        }
        Subject::Milestone(name) => match model.milestones.iter().position(|m| m.name == *name) {
            Some(i) => Actual::Value(account.milestones()[i].status.map_or(Value::Null, |s| Value::text(s.name()))),
            None => unknown("milestone", name),
        },
        Subject::Alerts => Actual::Texts(firing(engine, account)),
        Subject::Because(text) => {
            let why = match parse_subject(model, text) {
                Ok(why) => why,
                Err(message) => return Actual::Unknown(message),
            };
            match engine.explain(account.id(), &replay.inputs(), replay, to, &why) {
                Ok(explanation) => {
                    let mut lines = Vec::new();
                    explanation.because.iter().for_each(|r| r.lines(0, &mut lines));
                    lines.extend(explanation.would_change.iter().map(|c| format!("would change: {}", c.line())));
                    Actual::Lines(lines)
                }
                Err(error) => Actual::Unknown(error.to_string()),
            }
        }
    }
}

/// The alerts that fire: `name`, or `name(person)`.
fn firing(engine: &Engine, account: &Account) -> Vec<String> {
    let mut firing = Vec::new();
    for (i, rule) in engine.model().alerts.iter().enumerate() {
        if rule.person {
            let people = account.people().enumerate().filter(|(p, _)| account.person_alert(*p, i).0 == AlertState::Firing);
            firing.extend(people.map(|(_, (id, _, _))| format!("{}({id})", rule.name)));
        } else if account.alert(i).0 == AlertState::Firing {
            firing.push(rule.name.clone());
        }
    }
    firing
}

/// Reads `health`, `stage`, `segment x`, `milestone x`, `alert x`, `alert x(person)`, or a column.
pub fn parse_subject(model: &Model, text: &str) -> Result<Why, String> {
    let mut words = text.split_whitespace();
    let (first, second) = (words.next().unwrap_or(""), words.next());
    Ok(match (first, second) {
        ("health", None) => Why::Health,
        ("stage", None) => Why::Stage,
        ("segment", Some(name)) => Why::Segment(name.to_owned()),
        ("milestone", Some(name)) => Why::Milestone(name.to_owned()),
        ("alert", Some(name)) => match name.strip_suffix(')').and_then(|n| n.split_once('(')) {
            Some((name, person)) => Why::Alert(name.to_owned(), Some(person.to_owned())),
            None => Why::Alert(name.to_owned(), words.next().map(str::to_owned)),
        },
        (name, None) if model.account.iter().any(|c| c.name == name) => Why::Column(name.to_owned()),
        _ => {
            let columns = model.account.iter().map(|c| c.name.as_str());
            let nearest = tenure_model::diagnostic::nearest(first, columns.chain(["health", "stage", "segment", "milestone", "alert"]));
            let help = nearest.map(|n| format!("; did you mean {n}?")).unwrap_or_default();
            return Err(format!(
                "cannot explain {text:?}: expected health, stage, segment NAME, milestone NAME, alert NAME, or a column{help}"
            ));
        }
    })
}

fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Column(name) => name.clone(),
        Subject::Segment(name) => format!("segment {name}"),
        Subject::Person(id, column) => format!("{column} of {id}"),
        Subject::Milestone(name) => format!("milestone {name}"),
        Subject::Alerts => "alerts".into(),
        Subject::Because(text) => format!("because of {text}"),
    }
}

fn expected(expected: &Expected) -> String {
    match expected {
        Expected::Ask => "?".into(),
        Expected::Null => "null".into(),
        Expected::Bool(b) => b.to_string(),
        Expected::Number(x) => x.to_string(),
        Expected::Compare(how, x) => format!("{how} {x}"),
        Expected::Text(text) => text.clone(),
        Expected::List(texts) => format!("[{}]", texts.join(", ")),
    }
}

impl Engine {
    /// A column of an account by name, also those computed on demand: `health_change_30d`, `milestone('x')`, `measure('x')`, `alert('x')`.
    pub fn column_value(&self, account: &Account, name: &str) -> Option<Value> {
        let model = self.model();
        if let Some(slot) = model.account.iter().position(|c| c.name == name) {
            return Some(account.value(slot as u32).clone());
        }
        if let Some(days) = name.strip_prefix("health_change_").and_then(|n| n.strip_suffix('d')).and_then(|n| n.parse().ok()) {
            return Some(self.health_change(account, days).map_or(Value::Null, Value::Number));
        }
        let (function, argument) = name.strip_suffix("')")?.split_once("('")?;
        match function {
            "milestone" => {
                let i = model.milestones.iter().position(|m| m.name == argument)?;
                Some(account.milestones()[i].status.map_or(Value::Null, |s| Value::text(s.name())))
            }
            "alert" => {
                let i = model.alerts.iter().position(|a| a.name == argument)?;
                Some(Value::Bool(account.alert(i).0 == AlertState::Firing))
            }
            "measure" | "measure_group" => {
                let now = self.health(account);
                let card = &model.scorecards[now.card?];
                let groups = card.groups.iter().zip(&now.groups);
                let score = if function == "measure" {
                    groups
                        .flat_map(|(g, n)| g.measures.iter().zip(&n.measures))
                        .find(|(m, _)| m.name == argument)
                        .and_then(|(_, n)| n.score)
                } else {
                    groups.into_iter().find(|(g, _)| g.name == argument).and_then(|(_, n)| n.score)
                };
                Some(score.map_or(Value::Null, Value::Number))
            }
            _ => None,
        }
    }
}
