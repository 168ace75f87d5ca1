//! `tenure plan`, `apply`, `revisions`, `rollback` and `pull`: how a model changes, and comes back.

use serde_json::{Value, json};

use crate::company::{Company, MODEL};

const UNTIL: &str = "2025-02-10";

/// A company whose model is applied and told up to a day.
fn company() -> Company {
    let company = Company::with_files();
    company.fine(&["import", "accounts", "accounts.csv"]);
    company.fine(&["import", "subscriptions", "subscriptions.csv"]);
    company.fine(&["import", "people", "people.csv"]);
    company.fine(&["import", "events", "events.ndjson"]);
    company.fine(&["evaluate", "model", "--to", UNTIL, "--by", "ann"]);
    company
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Revision and reason, the newest first.
fn revisions(company: &Company) -> Vec<(String, String)> {
    let rows = json_of(&company.fine(&["revisions", "--json"]));
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    rows.as_array().unwrap().iter().map(|row| (text(row, "revision"), text(row, "reason"))).collect()
}

#[test]
fn a_plan_says_what_applying_would_change() {
    let company = company();
    assert!(company.fine(&["plan", "model"]).contains("the definitions are those that are applied already"));
    let changed = MODEL.replace("days_since_login >= 10", "days_since_login >= 40").replace("tier = 1", "tier <= 3");
    company.write("model/model.yaml", &changed);
    let plan = json_of(&company.fine(&["plan", "model", "--json", "--days", "30"]));
    let sections: Vec<_> = plan["definitions"].as_array().unwrap().iter().map(|d| d["name"].clone()).collect();
    assert_eq!(sections, [json!("silent"), json!("enterprise")]);
    let effect = &plan["effect"];
    // Both have been silent for three weeks, neither for forty days.
    assert_eq!(
        effect["alerts"],
        json!([{ "alert": "silent", "was": null, "fired_before": 2, "fired_after": 0, "stay": 0, "start": 0, "stop": 2, "on_existing": "fire" }])
    );
    assert_eq!(effect["segments"], json!([{ "segment": "enterprise", "stay": 1, "enter": 1, "leave": 0 }]));
    let text = company.fine(&["plan", "model", "--accounts"]);
    for line in ["~ alerts.silent  when: \"days_since_login >= 10\" → \"days_since_login >= 40\"", "+enterprise", "-silent"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(revisions(&company).len(), 1, "it changed nothing");
}

#[test]
fn applied_and_rolled_back() {
    let company = company();
    let before = company.fine(&["alerts", "--json"]);
    company.write("model/model.yaml", &MODEL.replace("days_since_login >= 10", "days_since_login >= 40"));
    company.fine(&["apply", "model", "--reason", "ten days are a holiday", "--by", "ann"]);
    assert_eq!(json_of(&company.fine(&["alerts", "--json"])), json!([]));
    assert!(company.fine(&["apply", "model", "--reason", "again"]).contains("is applied already"));
    let all = revisions(&company);
    assert_eq!(all.iter().map(|(_, reason)| reason.as_str()).collect::<Vec<_>>(), ["ten days are a holiday", "evaluated"]);
    company.fine(&["rollback", &all[1].0[..8], "--reason", "they were not away"]);
    assert_eq!(company.fine(&["alerts", "--json"]), before);
    assert_eq!(revisions(&company)[0], (all[1].0.clone(), "they were not away".to_owned()));
    // The folder was made from what was rolled back.
    let refused = company.run(&["apply", "model", "--reason", "once more"]);
    assert!(refused.contains("somebody changed the model since") && refused.contains("tenure pull"), "{refused}");
    company.fine(&["apply", "model", "--reason", "once more", "--over"]);
    assert_eq!(revisions(&company).len(), 4);
    let unknown = company.run(&["rollback", "nothing", "--reason", "x"]);
    assert!(unknown.contains("no revision `nothing` was applied"), "{unknown}");
    assert!(company.run(&["rollback", &all[0].0[..8]]).contains("--reason"), "a reason is asked for");
}

const MINE: &str = "# Ours since 2024.
segments:
  enterprise: { when: \"tier = 1\" }   # the big ones
  small:      { when: \"tier = 3\" }

alerts:
  # Ask before changing this.
  silent:
    when: \"days_since_login >= 10\"   # working days would be better
    severity: high
";

/// The model in two files, so that there is something to keep.
fn in_two_files(company: &Company, folder: &str, mine: &str) {
    let (head, _) = MODEL.split_once("segments:").unwrap();
    company.write(&format!("{folder}/metrics.yaml"), head);
    company.write(&format!("{folder}/rules.yaml"), mine);
}

#[test]
fn what_was_changed_elsewhere_comes_into_its_place() {
    let company = company();
    std::fs::remove_file(company.path("model/model.yaml")).unwrap();
    in_two_files(&company, "model", MINE);
    company.fine(&["apply", "model", "--reason", "two files", "--over"]);
    // Somebody else, in a folder of their own: a threshold, a new rule, a segment that goes.
    let theirs = MINE
        .replace("  small:      { when: \"tier = 3\" }\n", "")
        .replace(">= 10\"", ">= 12\"")
        .replace("    severity: high\n", "    severity: high\n  gone: { when: \"days_since_login > 60\" }\n");
    in_two_files(&company, "elsewhere", &theirs);
    company.fine(&["apply", "elsewhere", "--reason", "from elsewhere", "--over"]);
    // Meanwhile, here: a comment and another definition.
    let here = MINE.replace("# the big ones", "# the biggest").replace("tier = 1", "tier <= 1");
    company.write("model/rules.yaml", &here);
    let shown = company.fine(&["pull", "model", "--dry-run"]);
    assert_eq!(company.read("model/rules.yaml"), here);
    let pulled = company.fine(&["pull", "model"]);
    for line in ["- segments.small  rules.yaml", "~ alerts.silent  rules.yaml", "+ alerts.gone  rules.yaml"] {
        assert!(pulled.contains(line) && shown.contains(line), "{pulled} {shown}");
    }
    let expected = "# Ours since 2024.
segments:
  enterprise: { when: \"tier <= 1\" }   # the biggest

alerts:
  # Ask before changing this.
  silent:
    when: \"days_since_login >= 12\"   # working days would be better
    severity: high
  gone: { when: \"days_since_login > 60\" }
";
    assert_eq!(company.read("model/rules.yaml"), expected);
    company.fine(&["apply", "model", "--reason", "with what came from elsewhere"]);
    assert!(company.fine(&["pull", "model"]).contains("nothing to take"));
}

#[test]
fn conflicts_are_shown_and_nothing_is_overwritten() {
    let company = company();
    company.fine(&["pull", "copy"]);
    company.write("copy/model.yaml", &MODEL.replace(">= 10", ">= 20"));
    company.fine(&["apply", "copy", "--reason", "longer"]);
    let here = MODEL.replace(">= 10", ">= 5");
    company.write("model/model.yaml", &here);
    let base = revisions(&company)[1].0.clone();
    let unknown = company.run(&["pull", "model"]);
    assert!(unknown.contains("it is not known from which revision"), "{unknown}");
    let conflict = company.run(&["pull", "model", "--base", &base]);
    assert!(conflict.contains("conflict: alerts.silent at model.yaml:") && conflict.contains("exit code 1"), "{conflict}");
    for text in ["days_since_login >= 10", "days_since_login >= 5", "days_since_login >= 20"] {
        assert!(conflict.contains(text), "{conflict}");
    }
    assert_eq!(company.read("model/model.yaml"), here);
}

#[test]
fn by_the_model_that_decided_then() {
    let company = company();
    company.write("model/model.yaml", &MODEL.replace("tier = 1", "tier = 3"));
    company.fine(&["apply", "model", "--reason", "the small ones"]);
    let segments = |options: &[&str]| json_of(&company.fine(&[&["account", "acme", "--json"], options].concat()))["segments"].clone();
    assert_eq!(segments(&["--as-of", "2025-02-01"]), json!([]));
    // Long after both were applied, the last one decides.
    assert_eq!(segments(&["--as-of", "2100-01-01", "--as-was"]), json!([]));
    let before = company.run(&["account", "acme", "--as-of", "2025-02-01", "--as-was"]);
    assert!(before.contains("no model decided at 2025-02-01") && before.contains("the first was applied at"), "{before}");
    let other = company.run(&["explain", "acme", "--as-of", "2025-02-01", "--as-was", "--model", "model"]);
    assert!(other.contains("--as-was asks the model that was applied then"), "{other}");
}
