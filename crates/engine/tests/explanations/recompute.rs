//! Computes an outcome again from nothing but the JSON of its explanation: a second, plain implementation of the rules of meaning.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use tenure_model::condition::{Names, compile};
use tenure_model::{Calendar, Instant, Kind, Model, Value};

/// What cannot be right about an explanation.
pub type Outcome<T> = Result<T, String>;

/// Reads explanations. Of the model it knows the types of columns and the calendar only.
pub struct Reader {
    kinds: BTreeMap<String, Kind>,
    calendar: Calendar,
    /// How many things of each kind were computed again.
    pub checked: BTreeMap<&'static str, usize>,
}

/// The columns printed under an expression.
struct Printed<'a> {
    kinds: &'a BTreeMap<String, Kind>,
    names: Vec<String>,
}

impl Names for Printed<'_> {
    fn column(&mut self, relation: Option<&str>, name: &str) -> Option<(u32, Kind)> {
        let full = relation.map_or_else(|| name.to_owned(), |r| format!("{r}.{name}"));
        let slot = self.names.iter().position(|n| *n == full)?;
        Some((slot as u32, self.kinds.get(&full).copied()?))
    }

    fn call(&mut self, function: &str, argument: &str) -> Option<Result<(u32, Kind), (String, Option<String>)>> {
        let full = format!("{function}('{argument}')");
        let slot = self.names.iter().position(|n| *n == full)?;
        Some(Ok((slot as u32, self.kinds.get(&full).copied()?)))
    }

    fn infer(&mut self, _: u32, _: Kind) {}

    fn candidates(&self) -> Vec<String> {
        self.names.clone()
    }
}

pub fn below(node: &Json) -> &[Json] {
    node["because"].as_array().map_or(&[], Vec::as_slice)
}

pub fn of_kind<'a>(node: &'a Json, kind: &'a str) -> impl Iterator<Item = &'a Json> {
    below(node).iter().filter(move |n| n["kind"] == kind)
}

pub fn first<'a>(node: &'a Json, kind: &str) -> Option<&'a Json> {
    below(node).iter().find(|n| n["kind"] == *kind)
}

pub fn time(json: &Json) -> Option<Instant> {
    json.as_str().and_then(Instant::parse)
}

pub fn same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-7,
        (a, b) => a == b,
    }
}

impl Reader {
    pub fn new(model: &Model) -> Reader {
        let of_person = model.person.iter().map(|c| (c.name.clone(), c.kind));
        let kinds = of_person.chain(model.account.iter().map(|c| (c.name.clone(), c.kind))).collect();
        Reader { kinds, calendar: model.calendar.clone(), checked: BTreeMap::new() }
    }

    pub fn count(&mut self, what: &'static str) {
        *self.checked.entry(what).or_default() += 1;
    }

    /// The outcome that follows from the reasons.
    pub fn outcome(&mut self, printed: &Json) -> Outcome<Json> {
        let subject = printed["subject"].as_str().ok_or("no subject")?;
        let at = time(&printed["as_of"]).ok_or("no as_of")?;
        match subject.split_once(' ').map_or(subject, |(first, _)| first) {
            "health" => self.health(printed),
            "stage" => self.stage(printed),
            "segment" => {
                let held = self.truth(&below(printed)[0])?;
                Ok(json!(held == Some(true)))
            }
            "milestone" => self.milestone(printed, at),
            "alert" => self.alert(printed),
            other => Err(format!("what is {other}?")),
        }
    }

    // Conditions, columns, metrics

    /// The truth of a condition from its leaves, by three-valued logic. Every part's printed value must follow from the parts below it.
    pub fn truth(&mut self, node: &Json) -> Outcome<Option<bool>> {
        let at = time(&node["at"]).ok_or_else(|| format!("no instant: {}", node["text"]))?;
        self.truth_at(node, at)
    }

    fn truth_at(&mut self, node: &Json, at: Instant) -> Outcome<Option<bool>> {
        let parts = |reader: &mut Reader| below(node).iter().map(|n| reader.truth_at(n, at)).collect::<Outcome<Vec<_>>>();
        let truth = match node["kind"].as_str().unwrap_or_default() {
            "all" => {
                let parts = parts(self)?;
                if parts.contains(&Some(false)) { Some(false) } else { (!parts.contains(&None)).then_some(true) }
            }
            "any" => {
                let parts = parts(self)?;
                if parts.contains(&Some(true)) { Some(true) } else { (!parts.contains(&None)).then_some(false) }
            }
            "not" => parts(self)?.first().ok_or("NOT of nothing")?.map(|x| !x),
            _ => self.value(node, at)?.as_bool(),
        };
        if json!(truth) != node["value"] {
            return Err(format!("{}: its parts give {truth:?}, printed is {}", node["text"], node["value"]));
        }
        Ok(truth)
    }

    /// The value of a comparison, an expression or a column.
    fn value(&mut self, node: &Json, at: Instant) -> Outcome<Value> {
        if node.get("column").is_some() {
            return self.column(node, at);
        }
        let sql = node["sql"].as_str().ok_or_else(|| format!("neither column nor SQL: {node}"))?;
        let value = self.eval(sql, node, at)?;
        self.count(if node["kind"] == "comparison" { "comparison" } else { "expression" });
        self.agree(node, &value)?;
        Ok(value)
    }

    fn agree(&self, node: &Json, value: &Value) -> Outcome<()> {
        let printed = &node["value"];
        let same = match value {
            Value::Number(x) => same(Some(*x), printed.as_f64()),
            other => other.to_json() == *printed,
        };
        if same { Ok(()) } else { Err(format!("{}: computed again it is {value}", node["text"])) }
    }

    /// Evaluates SQL over the columns printed below a node.
    fn eval(&mut self, sql: &str, node: &Json, at: Instant) -> Outcome<Value> {
        let mut columns: BTreeMap<String, Value> = BTreeMap::new();
        self.columns(node, at, &mut columns)?;
        let kinds = self.kinds.clone();
        let mut names = Printed { kinds: &kinds, names: columns.keys().cloned().collect() };
        let program = compile(sql, &mut names, None).map_err(|p| format!("{sql}: {} (printed: {:?})", p[0].message, columns.keys()))?;
        let row: Vec<Value> = columns.into_values().collect();
        Ok(program.eval(&row, at))
    }

    fn columns(&mut self, node: &Json, at: Instant, into: &mut BTreeMap<String, Value>) -> Outcome<()> {
        for part in below(node) {
            match part["column"].as_str() {
                Some(name) => {
                    let value = self.column(part, at)?;
                    into.insert(name.to_owned(), value);
                }
                None => self.columns(part, at, into)?,
            }
        }
        Ok(())
    }

    /// The printed value of a column, which must follow from what is printed below it.
    pub fn column(&mut self, node: &Json, at: Instant) -> Outcome<Value> {
        let name = node["column"].as_str().ok_or("no column")?;
        let kind = *self.kinds.get(name).ok_or_else(|| format!("no type of {name}"))?;
        let printed = Value::from_json(&node["value"], kind, &self.calendar).ok_or_else(|| format!("{name}: {}", node["value"]))?;
        if node["kind"] == "segment" && !below(node).is_empty() {
            let member = self.truth(&below(node)[0])? == Some(true);
            self.count("segment");
            if printed.as_bool() != Some(member) {
                return Err(format!("{}: its condition gives {member}", node["text"]));
            }
        } else if node.get("take").is_some() {
            if let Some(value) = self.taken(node, at)? {
                self.count("metric of events");
                self.agree(node, &value)?;
            }
        } else if let Some(sql) = node["sql"].as_str() {
            let value = self.eval(sql, node, at)?;
            self.count("expression");
            self.agree(node, &value)?;
        } else if node.get("people_in").is_some() && printed.as_number() != Some(below(node).len() as f64) {
            return Err(format!("{}: {} are printed", node["text"], below(node).len()));
        }
        Ok(printed)
    }

    /// The value of a metric from its events; None where not all of them are printed.
    fn taken(&mut self, node: &Json, at: Instant) -> Outcome<Option<Value>> {
        let Some(window) = node["window"].as_object() else { return Ok(Some(Value::Null)) };
        if first(node, "more").is_some() {
            return Ok(None);
        }
        let (from, before) = (time(&window["from"]).unwrap_or(Instant::MIN), time(&window["before"]).ok_or("no end of the window")?);
        let events: Vec<&Json> = of_kind(node, "event").map(|n| &n["event"]).collect();
        let mut times = Vec::new();
        for event in &events {
            let t = time(&event["time"]).ok_or("an event without a time")?;
            let named = node["names"].as_array().is_none_or(|names| names.contains(&event["name"]));
            if t < from || t >= before || t > at || !named {
                return Err(format!("{}: {event} is none of its events", node["text"]));
            }
            times.push(t);
        }
        let distinct = |key: &str| events.iter().map(|e| e[key].to_string()).collect::<BTreeSet<_>>().len() as f64;
        let property = node["property"].as_str().unwrap_or_default();
        let numbers: Vec<f64> = events.iter().filter_map(|e| e["properties"][property].as_f64()).collect();
        let sum: f64 = numbers.iter().sum();
        let number = |x: Option<f64>| x.map_or(Value::Null, Value::Number);
        let value = match node["take"].as_str().unwrap_or_default() {
            "count" => Value::Number(events.len() as f64),
            "sum" => Value::Number(sum),
            "avg" => number((!numbers.is_empty()).then(|| sum / numbers.len() as f64)),
            "min" => number(numbers.iter().copied().reduce(f64::min)),
            "max" => number(numbers.iter().copied().reduce(f64::max)),
            "people" => Value::Number(distinct("person_id")),
            "events" => Value::Number(distinct("name")),
            "days" => Value::Number(times.iter().map(|t| self.calendar.day(*t)).collect::<BTreeSet<_>>().len() as f64),
            "ever" => Value::Bool(!events.is_empty()),
            "first_time" | "last_time" => times.first().map_or(Value::Null, |t| Value::Time(*t)),
            "since" => {
                let start = below(node).iter().find(|n| n["column"] == "started_at").and_then(|n| time(&n["value"]));
                let from = times.first().copied().or(start);
                number(from.map(|from| f64::from(self.calendar.day(at).0 - self.calendar.day(from).0)))
            }
            _ => return Ok(None),
        };
        Ok(Some(value))
    }
}
