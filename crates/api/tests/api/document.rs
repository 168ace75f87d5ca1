//! The OpenAPI document: locked, complete, and true of every route.

use crate::world::World;

/// Whoever changes the API changes the snapshot: clients are generated from it.
#[test]
fn the_document_is_as_it_was() {
    let document = serde_json::to_string_pretty(&tenure_api::document()).unwrap();
    insta::with_settings!({ snapshot_path => "../../../../docs/reference", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("openapi", document);
    });
}

#[test]
fn every_operation_says_what_it_does_and_has_a_name_of_its_own() {
    let document = serde_json::to_value(tenure_api::document()).unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "two operations are named {id}");
            assert!(operation["summary"].as_str().is_some_and(|s| s.len() > 10), "{method} {path} does not say what it does");
        }
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for reference in references(&document) {
        assert!(schemas.contains_key(&reference), "there is no schema {reference}");
    }
}

fn references(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::Object(map) => {
            let own = map.get("$ref").and_then(|r| r.as_str()).and_then(|r| r.strip_prefix("#/components/schemas/")).map(str::to_owned);
            own.into_iter().chain(map.values().flat_map(references)).collect()
        }
        serde_json::Value::Array(list) => list.iter().flat_map(references).collect(),
        _ => vec![],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_served() {
    let world = World::new().await;
    let served = world.get(&Default::default(), "/api/v1/openapi.json").await.ok(200);
    assert_eq!(served, serde_json::to_value(tenure_api::document()).unwrap());
}
