//! What differs between two models, as people read it: definitions, and what they say of accounts.

use serde_json::Value;
use tenure_backtest::compare::{Comparison, Move};
use tenure_model::diff::Difference;

use crate::render::{self, Grid, NOTHING};

/// Accounts that are named where many change.
const CHANGED_SHOWN: usize = 20;

/// The differences between definitions: `+` new, `-` gone, `~` another, with the parts that are other.
pub fn definitions(differences: &[Difference]) -> String {
    let mut out = String::new();
    for difference in differences {
        let name =
            if difference.name.is_empty() { difference.section.clone() } else { format!("{}.{}", difference.section, difference.name) };
        out += &match (&difference.was, &difference.is) {
            (None, Some(is)) => format!("+ {name}  {}\n", compact(is)),
            (Some(_), None) => format!("- {name}\n"),
            (Some(was), Some(is)) => parts(&name, was, is),
            (None, None) => String::new(),
        };
    }
    out
}

fn parts(name: &str, was: &Value, is: &Value) -> String {
    let mut found = Vec::new();
    changed("", was, is, &mut found);
    match found.as_slice() {
        [(path, was, is)] => format!("~ {name}  {path}{was} → {is}\n"),
        many => {
            let lines: String = many.iter().map(|(path, was, is)| format!("    {path}{was} → {is}\n")).collect();
            format!("~ {name}\n{lines}")
        }
    }
}

/// The innermost parts in which two values differ.
fn changed(path: &str, was: &Value, is: &Value, found: &mut Vec<(String, String, String)>) {
    if let (Value::Object(before), Value::Object(after)) = (was, is) {
        let mut keys: Vec<&String> = before.keys().chain(after.keys().filter(|key| !before.contains_key(*key))).collect();
        keys.sort();
        for key in keys {
            let (was, is) = (before.get(key), after.get(key));
            if was != is {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                changed(&path, was.unwrap_or(&Value::Null), is.unwrap_or(&Value::Null), found);
            }
        }
        return;
    }
    let path = if path.is_empty() { String::new() } else { format!("{path}: ") };
    found.push((path, compact(was), compact(is)));
}

/// As YAML's flow style would have it, as far as it is plain.
fn compact(value: &Value) -> String {
    match value {
        Value::Null => "(nothing)".to_owned(),
        Value::Object(map) => {
            let fields: Vec<String> = map.iter().map(|(key, value)| format!("{key}: {}", compact(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// Where accounts stand otherwise. `days`: of the period in which firings are counted.
pub fn effect(found: &Comparison, days: i32) -> String {
    let mut out = format!(
        "{} of {} stand otherwise as of {}\n",
        render::count(found.changed.len() as u64),
        render::counted(found.accounts as u64, "account"),
        found.at
    );
    out += &moves("stage", &found.stages);
    out += &moves("band", &found.bands);
    let number = |n: usize| Value::from(render::count(n as u64));
    let segments = found.segments.iter().filter(|s| s.enter + s.leave > 0);
    let rows = segments.map(|s| vec![s.segment.as_str().into(), number(s.stay), number(s.enter), number(s.leave)]).collect();
    out += &grid(&["segment", "stay", "enter", "leave"], rows);
    let differs = |a: &&tenure_backtest::compare::AlertDifference| a.start + a.stop > 0 || a.fired_before != a.fired_after;
    let fired = |n: Option<usize>| n.map_or_else(|| Value::from(NOTHING), number);
    let rows = found.alerts.iter().filter(differs).map(|a| {
        let existing = if a.start > 0 { a.on_existing.as_deref().unwrap_or(NOTHING) } else { NOTHING };
        let name = a.was.as_ref().map_or_else(|| a.alert.clone(), |was| format!("{} (was {was})", a.alert));
        vec![name.into(), fired(a.fired_before), fired(a.fired_after), number(a.stay), number(a.start), number(a.stop), existing.into()]
    });
    let before = format!("fired in {days} days");
    out += &grid(&["alert", &before, "would have", "go on", "start", "stop", "on existing"], rows.collect());
    out
}

/// The accounts that stand otherwise.
pub fn accounts(found: &Comparison) -> String {
    let text = |name: &Option<String>| name.clone().unwrap_or_else(|| NOTHING.to_owned());
    let change = |change: &Option<(Option<String>, Option<String>)>| {
        change.as_ref().map_or_else(String::new, |(from, to)| format!("{} → {}", text(from), text(to)))
    };
    let signed = |plus: &[String], minus: &[String]| {
        let plus = plus.iter().map(|name| format!("+{name}"));
        plus.chain(minus.iter().map(|name| format!("-{name}"))).collect::<Vec<_>>().join(" ")
    };
    let rows = found.changed.iter().take(CHANGED_SHOWN).map(|a| {
        let cells = [change(&a.stage), change(&a.band), signed(&a.enters, &a.leaves), signed(&a.starts, &a.stops)];
        [a.account.to_string()].into_iter().chain(cells).map(Value::from).collect()
    });
    let mut out = grid(&["account", "stage", "band", "segments", "alerts"], rows.collect());
    if found.changed.len() > CHANGED_SHOWN {
        out += &format!("and {} more: --json lists all\n", render::count((found.changed.len() - CHANGED_SHOWN) as u64));
    }
    out
}

fn moves(what: &str, moves: &[Move]) -> String {
    let text = |name: &Option<String>| Value::from(name.as_deref().unwrap_or(NOTHING));
    let row = |m: &Move| vec![text(&m.from), text(&m.to), Value::from(render::count(m.accounts as u64))];
    grid(&[what, "to", "accounts"], moves.iter().map(row).collect())
}

/// A table with a blank line before it; nothing where it has no rows.
pub fn grid(columns: &[&str], rows: Vec<Vec<Value>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!("\n{}", render::tabled(&Grid { columns: columns.iter().map(|c| (*c).to_owned()).collect(), rows }))
}
