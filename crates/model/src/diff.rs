//! What differs between two models: definition by definition, as they were written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Model;

/// A definition that is not the same in both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Where it stands: `metrics`, `segments`, `lifecycle.stages`, `alerts` …
    pub section: String,
    /// Its name; empty for a setting that has none, such as the time zone, and where only the order of a section is another.
    pub name: String,
    /// What it was; None where it is new.
    pub was: Option<Value>,
    /// What it is; None where it is gone.
    pub is: Option<Value>,
}

/// What of a model is otherwise in another, by section and name.
pub fn diff(was: &Model, is: &Model) -> Vec<Difference> {
    let (was, is) = (sections(&was.definitions), sections(&is.definitions));
    let mut names: Vec<&str> = was.keys().chain(is.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().flat_map(|section| of_section(section, was.get(section).copied(), is.get(section).copied())).collect()
}

fn sections(definitions: &Value) -> BTreeMap<&str, &Value> {
    definitions.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value)).collect()
}

fn of_section(section: &str, was: Option<&Value>, is: Option<&Value>) -> Vec<Difference> {
    let difference = |name: &str, was: Option<&Value>, is: Option<&Value>| Difference {
        section: section.to_owned(),
        name: name.to_owned(),
        was: was.cloned(),
        is: is.cloned(),
    };
    if was == is {
        return vec![];
    }
    let (Some(before), Some(after)) = (named(was), named(is)) else { return vec![difference("", was, is)] };
    let find = |all: &[(String, Value)], name: &str| all.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    let mut found: Vec<Difference> = Vec::new();
    for (name, value) in &after {
        let old = find(&before, name);
        if old.as_ref() != Some(value) {
            found.push(difference(name, old.as_ref(), Some(value)));
        }
    }
    let gone = before.iter().filter(|(name, _)| find(&after, name).is_none());
    found.extend(gone.map(|(name, value)| difference(name, Some(value), None)));
    if found.is_empty() {
        let order = |all: &[(String, Value)]| Value::from(all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
        found.push(difference("", Some(&order(&before)), Some(&order(&after))));
    }
    found
}

/// The definitions of a section, by name; none where it is not there. None where it is no map of names.
fn named(section: Option<&Value>) -> Option<Vec<(String, Value)>> {
    match section {
        None => Some(vec![]),
        Some(Value::Object(map)) => Some(map.iter().map(|(name, value)| (name.clone(), value.clone())).collect()),
        Some(Value::Array(pairs)) => pairs.iter().map(|pair| Some((pair.get(0)?.as_str()?.to_owned(), pair.get(1)?.clone()))).collect(),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn model(text: &str) -> Model {
        crate::check(&[("model.yaml".to_owned(), text.to_owned())]).unwrap_or_else(|found| panic!("{found:?}"))
    }

    #[test]
    fn definitions_that_are_new_changed_and_gone() {
        let was = model("metrics: { a: { count: login, window: 7d }, b: { count: login } }\ntimezone: UTC\n");
        let is = model("metrics: { a: { count: login, window: 8d }, c: { count: login } }\ntimezone: Europe/Berlin\n");
        let found = diff(&was, &is);
        let told: Vec<_> = found.iter().map(|d| (d.section.as_str(), d.name.as_str(), d.was.is_some(), d.is.is_some())).collect();
        assert_eq!(
            told,
            [("metrics", "a", true, true), ("metrics", "c", false, true), ("metrics", "b", true, false), ("timezone", "", true, true)]
        );
        assert_eq!(found[0].is, Some(json!({ "count": "login", "window": "8d" })));
        assert!(diff(&was, &was).is_empty());
    }

    #[test]
    fn another_order_of_stages_is_a_difference() {
        let stages = |order: [&str; 2]| {
            model(&format!(
                "lifecycle: {{ stages: {{ first: {{ first: true }}, {}: {{ when: \"age_days > 1\" }}, {}: {{ when: \"age_days > 1\" }} }} }}\n",
                order[0], order[1]
            ))
        };
        let found = diff(&stages(["a", "b"]), &stages(["b", "a"]));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].section.as_str(), found[0].name.as_str()), ("lifecycle.stages", ""));
        assert_eq!(found[0].is, Some(json!(["first", "b", "a"])));
    }
}
