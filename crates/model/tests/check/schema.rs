//! The JSON Schema for editors accepts what `check` accepts, and knows the same fields.

use serde_json::Value;
use tenure_model::{check, schema::schema, yaml};

use crate::built::MODEL;

/// A validator of the part of JSON Schema that the schema uses. Returns paths of what is wrong.
fn validate(root: &Value, schema: &Value, value: &Value, path: &str, wrong: &mut Vec<String>) {
    let keywords = schema.as_object().expect("a schema is an object");
    for (keyword, rule) in keywords {
        let holds = match keyword.as_str() {
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                validate(root, root.pointer(pointer).unwrap_or_else(|| panic!("{pointer}")), value, path, wrong);
                true
            }
            "type" => match rule {
                Value::String(one) => is(value, one),
                several => several.as_array().unwrap().iter().any(|one| is(value, one.as_str().unwrap())),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "anyOf" => rule.as_array().unwrap().iter().any(|option| {
                let mut inner = Vec::new();
                validate(root, option, value, path, &mut inner);
                inner.is_empty()
            }),
            "properties" => {
                for (name, inner) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        validate(root, inner, value, &format!("{path}.{name}"), wrong);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (name, value) in
                    value.as_object().into_iter().flatten().filter(|(name, _)| known.is_none_or(|k| !k.contains_key(*name)))
                {
                    match rule {
                        Value::Bool(allowed) => wrong.extend((!allowed).then(|| format!("{path}.{name} is unknown"))),
                        inner => validate(root, inner, value, &format!("{path}.{name}"), wrong),
                    }
                }
                true
            }
            "required" => rule.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some()),
            "items" => {
                for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                    validate(root, rule, item, &format!("{path}[{i}]"), wrong);
                }
                true
            }
            "minimum" => value.as_f64().is_none_or(|x| x >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|x| x <= rule.as_f64().unwrap()),
            "exclusiveMinimum" => value.as_f64().is_none_or(|x| x > rule.as_f64().unwrap()),
            "minItems" => value.as_array().is_none_or(|a| a.len() as u64 >= rule.as_u64().unwrap()),
            "minProperties" => value.as_object().is_none_or(|o| o.len() as u64 >= rule.as_u64().unwrap()),
            "$schema" | "$defs" | "title" | "description" | "pattern" | "propertyNames" => true,
            other => panic!("the validator does not know {other}"),
        };
        if !holds {
            wrong.push(format!("{path}: {keyword} {rule} does not hold of {value}"));
        }
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "integer" => value.as_f64().is_some_and(|x| x.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    }
}

fn json(text: &str) -> Value {
    let files = tenure_model::file::Files::new([("m.yaml", text)]);
    let mut report = tenure_model::file::Report::new(&files);
    yaml::parse(0, &mut report).map_or(Value::Null, |node| node.to_json())
}

/// What the schema says is wrong with a model.
fn wrong(text: &str) -> Vec<String> {
    let schema = schema();
    let mut wrong = Vec::new();
    validate(&schema, &schema, &json(text), "", &mut wrong);
    wrong
}

#[test]
fn it_accepts_the_example() {
    assert!(schema().is_object());
    assert_eq!(wrong(MODEL), Vec::<String>::new());
}

#[test]
fn it_accepts_the_ready_made_models() {
    for (path, text) in crate::models::files() {
        assert_eq!(wrong(&text), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn it_refuses() {
    for text in
        ["metric: {}", "metrics: { a: { cuont: login } }", "segments: { a: {} }", "alerts: { a: { severity: hgih } }", "timezone: 5"]
    {
        assert!(!wrong(text).is_empty(), "{text}");
    }
}

/// For each sort of definition: a model with the unknown field `zzz`, and the definition in the schema.
#[test]
fn it_knows_the_fields_that_check_knows() {
    for (text, pointer) in [
        ("zzz: 1", ""),
        ("subscriptions: { zzz: 1 }", "/properties/subscriptions"),
        ("lifecycle: { zzz: 1 }", "/properties/lifecycle"),
        ("metrics: { a: { zzz: 1, count: any } }", "/$defs/metric"),
        ("segments: { a: { zzz: 1, when: 'true' } }", "/$defs/segment"),
        ("lifecycle: { stages: { a: { zzz: 1 } } }", "/$defs/stage"),
        ("lifecycle: { milestones: { a: { zzz: 1, reached: 'true' } } }", "/$defs/milestone"),
        ("scorecards: { a: { zzz: 1, groups: {} } }", "/$defs/scorecard"),
        ("scorecards: { a: { groups: { g: { zzz: 1, measures: { m: { metric: arr, steps: { 1: 1 } } } } } } }", "/$defs/group"),
        ("scorecards: { a: { groups: { g: { measures: { m: { zzz: 1, metric: arr, steps: { 1: 1 } } } } } } }", "/$defs/measure"),
        ("scorecards: { a: { caps: [ { zzz: 1, when: 'true', at: 1 } ], groups: {} } }", "/$defs/limit"),
        ("alerts: { a: { zzz: 1, when: 'true' } }", "/$defs/alert"),
        ("playbooks: { a: { zzz: 1, tasks: [ { title: x } ] } }", "/$defs/playbook"),
        ("playbooks: { a: { tasks: [ { zzz: 1, title: x } ] } }", "/$defs/task"),
    ] {
        let said = check(&[("m.yaml".into(), text.into())]).expect_err(text);
        let help = said[0]
            .help
            .as_deref()
            .and_then(|h| h.strip_prefix("its fields are: ").or_else(|| h.strip_prefix("there are: ")))
            .unwrap_or_else(|| panic!("{text}: {said:?}"));
        let mut known: Vec<String> = help.split(", ").map(String::from).collect();
        let schema = schema();
        let mut fields: Vec<String> = schema.pointer(pointer).unwrap()["properties"].as_object().unwrap().keys().cloned().collect();
        known.sort();
        known.dedup();
        fields.sort();
        assert_eq!(fields, known, "{pointer}");
    }
}
