//! What a model says, as data, and what two sides make of it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

/// Section and name.
pub type Key = (String, String);

/// Definitions, in an order.
#[derive(Clone, Debug, Default)]
pub struct World(Vec<(Key, Value)>);

/// A model and two that were made of it.
#[derive(Clone, Debug)]
pub struct Sides {
    pub base: World,
    pub mine: World,
    pub theirs: World,
}

pub const SECTIONS: &[&str] = &["metrics", "segments", "lifecycle.stages", "lifecycle.milestones", "scorecards", "timezone"];
const NAMES: &[&str] = &["a", "b", "c", "long_name", "e", "f"];

impl World {
    pub fn get(&self, key: &Key) -> Option<&Value> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, value)| value)
    }

    pub fn set(&mut self, key: Key, value: Value) {
        match self.0.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.0.iter().map(|(key, _)| key.clone())
    }

    pub fn values(&self) -> BTreeMap<Key, Value> {
        self.0.iter().cloned().collect()
    }

    pub fn order(&self, section: &str) -> Vec<String> {
        self.0.iter().filter(|((s, _), _)| s == section).map(|((_, name), _)| name.clone()).collect()
    }

    fn apply(&mut self, change: &Change) {
        let key = |section: &str, name: &str| (section.to_owned(), if section == "timezone" { String::new() } else { name.to_owned() });
        match change {
            Change::Set(section, name, value) => {
                let key = key(section, name);
                let value = if *section == "timezone" { json!(format!("Zone/{name}")) } else { value.clone() };
                self.set(key, value);
            }
            Change::Remove(section, name) => self.0.retain(|(k, _)| *k != key(section, name)),
            Change::Move(section, name, to) => {
                let Some(at) = self.0.iter().position(|(k, _)| *k == key(section, name)) else { return };
                let moved = self.0.remove(at);
                self.0.insert(to.index(self.0.len() + 1), moved);
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Change {
    Set(&'static str, &'static str, Value),
    Remove(&'static str, &'static str),
    Move(&'static str, &'static str, prop::sample::Index),
}

fn values() -> Vec<Value> {
    vec![
        json!("7d"),
        json!("it's"),
        json!("a: b # c"),
        json!("→ é 𝄞"),
        json!("x > 1 AND y = 'b'"),
        json!("\"q\" \\ z"),
        json!("one, two"),
        json!("line one\nline two"),
        json!("true"),
        json!("12"),
        json!(true),
        json!(1),
        json!(2.5),
        json!(null),
        json!(["a", "b c", "d, e"]),
        json!([]),
        json!({}),
        json!({ "when": "x > 1" }),
        json!({ "when": "x > 2", "for": "3d" }),
        json!({ "for": "3d", "when": "x > 2", "label": "A: 'b'" }),
        json!({ "when": "x IN (1, 2)\nOR y = 'z'", "for": "3d", "label": "A, b" }),
        json!({ "count": "login", "window": "7d" }),
        json!({ "count": ["login", "x"], "window": "8d", "steps": { "1": 2, "else": 3 } }),
        json!({ "count": ["login"], "steps": { "1": 2, "< 2": null, "else": { "a": [{ "b": 1, "c": "d" }, "e"] } } }),
    ]
}

fn set() -> impl Strategy<Value = Change> {
    let (section, name) = (prop::sample::select(SECTIONS), prop::sample::select(NAMES));
    (section, name, prop::sample::select(values())).prop_map(|(section, name, value)| Change::Set(section, name, value))
}

fn change() -> impl Strategy<Value = Change> {
    let (section, name) = (prop::sample::select(SECTIONS), prop::sample::select(NAMES));
    let ordered = prop::sample::select(&["lifecycle.stages", "scorecards"][..]);
    prop_oneof![
        3 => set(),
        2 => (section, name.clone()).prop_map(|(section, name)| Change::Remove(section, name)),
        1 => (ordered, name, any::<prop::sample::Index>()).prop_map(|(section, name, to)| Change::Move(section, name, to)),
    ]
}

/// A model, and two sides with a few changes each.
pub fn sides() -> impl Strategy<Value = Sides> {
    let changes = || prop::collection::vec(change(), 0..6);
    (prop::collection::vec(set(), 0..16), changes(), changes()).prop_map(|(begun, mine, theirs)| {
        let made = |of: &World, changes: &[Change]| {
            let mut world = of.clone();
            changes.iter().for_each(|change| world.apply(change));
            world
        };
        let base = made(&World::default(), &begun);
        Sides { mine: made(&base, &mine), theirs: made(&base, &theirs), base }
    })
}
