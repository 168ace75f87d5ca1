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

#[test]
fn questions_without_answers_are_no_success() {
    let company = Company::with_files();
    company.write("model/scenarios/login.yaml", SCENARIO);
    let said = company.run(&["test"]);
    assert!(said.contains("2 unanswered (`?`): --complete writes what comes out") && said.ends_with("exit code 1\n"), "{said}");
    assert!(company.run(&["test", "--complete"]).ends_with("2 answers written\n"));
    company.write(
        "model/scenarios/login.yaml",
        &SCENARIO.replace("    expect: { stage: adoption, metrics: { logins_7d: ? }, health: ? }\n", "    event: login\n"),
    );
    let said = company.run(&["test"]);
    assert!(said.contains("warning: model/scenarios/login.yaml: it expects nothing") && !said.contains("exit code"), "{said}");
    company
        .write("model/scenarios/login.yaml", &SCENARIO.replace("logins_7d: ?", "logins_7d: \">= 5\"").replace("health: ?", "health: 25"));
    let said = company.run(&["test"]);
    assert!(said.contains("expected >= 5, was 1"), "{said}");
}

#[test]
fn what_is_a_scenario() {
    let company = Company::with_files();
    let none = company.run(&["test", "model"]);
    assert_eq!(none.matches("error").count(), 1, "{none}");
    assert!(none.contains("there are no scenarios in model") && none.ends_with("exit code 2\n"), "{none}");
    let answered = SCENARIO.replace("logins_7d: ?", "logins_7d: 1").replace("health: ?", "health: 25");
    company.write("stories/README.md", "not one");
    company.write("stories/settings.yaml", "a: b\n");
    company.write("stories/login.yaml", &answered.replace("account: acme", "model: ../model\naccount: acme"));
    assert!(company.fine(&["test", "stories"]).starts_with("1 scenario, "));
    assert!(company.fine(&["test", "stories/README.md", "stories/login.yaml"]).starts_with("1 scenario, "));
}

#[test]
fn fields_of_alerts() {
    let company = Company::new();
    company.write("model/a.yaml", "alerts:\n  odd: { when: \"age_days > 1\", for: 2mo, segments: [], stages: [], title: 5 }\n");
    let said = company.run(&["check", "model"]);
    for wrong in ["`for` is no number of months", "`segments` names none", "`stages` names none", "`title` must be text"] {
        assert!(said.contains(wrong), "{wrong}: {said}");
    }
}
