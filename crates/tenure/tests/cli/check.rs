//! `tenure check`, `schema` and `test`.

use crate::company::Company;

#[test]
fn a_model_that_is_fine() {
    let company = Company::with_files();
    let said = company.fine(&["check"]);
    assert!(said.starts_with("model: fine (2 metrics, 1 segment, 2 stages, 1 milestone, 1 scorecard, 1 alert), revision "), "{said}");
    assert_eq!(company.fine(&["check", "model/model.yaml", "--json"]), "[]\n");
}

#[test]
fn everything_wrong_at_once() {
    let company = Company::new();
    company.write("model/a.yaml", "traits: { tier: number }\nsegments:\n  big: { when: \"teir = 1\" }\n");
    company.write("model/deep/b.yaml", "alerts:\n  odd: { when: \"tier = 'one'\" }\n");
    company.write("model/scenarios/not_a_model.yaml", "scenario: this is no definition\n");
    insta::assert_snapshot!(company.session(&[&["check", "model"], &["check", "nowhere"], &["check", "model", "--json"]]));
}

#[test]
fn the_schema_is_json() {
    let schema: serde_json::Value = serde_json::from_str(&Company::new().fine(&["schema"])).unwrap();
    assert!(schema.get("$schema").is_some());
}

const SCENARIO: &str = r#"scenario: A login in the first week
account: acme
steps:
  - at: 2025-01-06 09:00
    traits: { tier: 1 }
    subscription: { id: s1, plan: pro, arr: 12000, seats: 20, started_at: 2025-01-06, renewal_at: 2026-01-06 }
  - at: +1d
    event: login
    by: ann
  - at: +1h
    expect: { stage: adoption, metrics: { logins_7d: ? }, health: ? }
"#;

#[test]
fn scenarios() {
    let company = Company::with_files();
    company.write("model/scenarios/login.yaml", SCENARIO);
    company
        .write("model/scenarios/wrong.yaml", &SCENARIO.replace("stage: adoption", "stage: onboarding").replace("health: ?", "health: 30"));
    insta::assert_snapshot!(company.session(&[
        &["test"],
        &["test", "model/scenarios/login.yaml", "--complete", "--verbose"],
        &["test", "elsewhere"]
    ]));
    assert!(
        company.read("model/scenarios/login.yaml").ends_with("metrics: { logins_7d: 1 }, health: 25 }\n"),
        "{}",
        company.read("model/scenarios/login.yaml")
    );
}
