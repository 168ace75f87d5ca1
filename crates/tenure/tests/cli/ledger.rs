//! The ledger of alerts, as evaluations change it.

use crate::company::{Company, MODEL};

/// The whole ledger: rule, account, when it opened, how it stands and why.
fn ledger(company: &Company) -> String {
    company.fine(&[
        "sql",
        "SELECT rule, account_id, CAST(opened_at AS DATE) AS opened, state, resolved_reason FROM ledger ORDER BY 3, 1, 2",
        "--csv",
    ])
}

/// The open ones.
fn open(company: &Company) -> Vec<serde_json::Value> {
    serde_json::from_str(&company.fine(&["alerts", "--json"])).unwrap()
}

#[test]
fn what_history_no_longer_has_is_closed() {
    let company = Company::imported();
    company.fine(&["evaluate", "model", "--to", "2025-01-31"]);
    assert_eq!(
        ledger(&company),
        "rule,account_id,opened,state,resolved_reason\nsilent,acme,2025-01-13,open,\nsilent,north,2025-01-30,open,\n"
    );
    let id = open(&company)[0]["id"].as_str().unwrap().to_owned();
    company.fine(&["alerts", "ack", &id]);

    company.write("late.ndjson", "{\"event\":\"login\",\"account_id\":\"acme\",\"time\":\"2025-01-12T09:00:00Z\"}\n");
    company.fine(&["import", "events", "late.ndjson"]);
    let said = company.fine(&["evaluate", "--to", "2025-01-31"]);
    assert!(said.contains("1 new in the ledger, 1 closed that history no longer has"), "{said}");
    assert_eq!(
        ledger(&company),
        "rule,account_id,opened,state,resolved_reason\nsilent,acme,2025-01-13,resolved,learned late\nsilent,acme,2025-01-22,open,\nsilent,north,2025-01-30,open,\n"
    );
    assert_eq!(open(&company).len(), 2);
    let all: Vec<serde_json::Value> = serde_json::from_str(&company.fine(&["alerts", "--all", "--json"])).unwrap();
    assert_eq!((&all[0]["state"], &all[0]["reason"], &all[0]["by"]), (&"resolved".into(), &"learned late".into(), &"carla".into()));

    let said = company.run(&["alerts", "reopen", &id]);
    assert!(said.contains("history no longer has this alert: learned late"), "{said}");

    company.write("twin.csv", "id\nacme-inc\n");
    company.fine(&["import", "accounts", "twin.csv"]);
    company.fine(&["merge", "account", "north", "acme-inc"]);
    company.fine(&["evaluate", "--to", "2025-01-31"]);
    assert!(
        ledger(&company).contains("silent,acme-inc,2025-01-30,open,\nsilent,north,2025-01-30,resolved,merged\n"),
        "{}",
        ledger(&company)
    );

    company.write("model/model.yaml", &MODEL.replace("days_since_login >= 10", "days_since_login >= 12"));
    company.fine(&["evaluate", "model", "--to", "2025-01-31"]);
    assert!(ledger(&company).contains("silent,acme,2025-01-22,resolved,rule changed\n"), "{}", ledger(&company));
    company.write("model/model.yaml", &MODEL.replace("  silent:", "  quiet:"));
    company.fine(&["evaluate", "model", "--to", "2025-01-31"]);
    assert!(ledger(&company).contains("silent,acme,2025-01-24,resolved,rule removed\n"), "{}", ledger(&company));
    assert!(open(&company).iter().all(|alert| alert["rule"] == "quiet"));

    // What was withdrawn is back where history has it again.
    company.write("model/model.yaml", MODEL);
    company.fine(&["evaluate", "model", "--to", "2025-01-31"]);
    assert!(ledger(&company).contains("silent,acme,2025-01-22,open,\n"), "{}", ledger(&company));
}

#[test]
fn what_opened_later_stays() {
    let company = Company::imported();
    company.fine(&["evaluate", "model", "--to", "2025-01-31"]);
    let before = ledger(&company);
    let said = company.run(&["evaluate", "--to", "2025-01-20"]);
    assert!(said.contains("up to 2025-01-20T23:59:59.999999Z lies before the last evaluation"), "{said}");
    assert_eq!(ledger(&company), before);
}

#[test]
fn samples_leave_it_alone() {
    let company = Company::imported();
    let said = company.fine(&["evaluate", "model", "--to", "2025-01-31", "--sampled"]);
    assert!(said.contains("2 alerts in all, 2 of them firing now, the ledger is left as it is: sampled"), "{said}");
    assert_eq!(ledger(&company), "rule,account_id,opened,state,resolved_reason\n");
    company.fine(&["evaluate", "--to", "2025-01-31"]);
    let exact = ledger(&company);
    company.fine(&["evaluate", "--to", "2025-01-28", "--sampled"]);
    assert_eq!(ledger(&company), exact);
}

#[test]
fn existing_episodes_of_a_new_rule() {
    let company = Company::imported();
    let rules = "  ignored: { when: \"days_since_login >= 10\", on_existing: ignore }\n  quiet: { when: \"days_since_login >= 10\", on_existing: silent }\n";
    company.fine(&["evaluate", "model", "--to", "2025-01-31"]);
    company.write("model/model.yaml", &(MODEL.to_owned() + rules));
    for _ in 0..2 {
        company.fine(&["evaluate", "model", "--to", "2025-01-31", "--again"]);
        let open: Vec<String> =
            open(&company).iter().map(|a| format!("{} {} {}", a["rule"], a["account"], a["state"]).replace('"', "")).collect();
        assert_eq!(open, ["quiet acme silent", "silent acme open", "quiet north silent", "silent north open"]);
    }
    let firing = company.fine(&["accounts", "--csv", "--columns", "id,alerts"]);
    assert!(
        firing.contains("acme,\"ignored, quiet, silent\"") || firing.contains("acme,\"silent, ignored, quiet\""),
        "history has it: {firing}"
    );

    // The next episode, after the rule was applied, is like that of any rule.
    company.write("later.ndjson", "{\"event\":\"login\",\"account_id\":\"acme\",\"time\":\"2100-01-01T09:00:00Z\"}\n");
    company.fine(&["import", "events", "later.ndjson"]);
    company.fine(&["evaluate", "--to", "2100-01-15"]);
    let open: Vec<String> = open(&company)
        .iter()
        .filter(|a| a["account"] == "acme")
        .map(|a| format!("{} {}", a["rule"], a["state"]).replace('"', ""))
        .collect();
    assert_eq!(open, ["ignored open", "quiet open", "silent open"]);

    // A rule that is changed is a new one.
    company.write("model/model.yaml", &(MODEL.to_owned() + &rules.replace("10\", on_existing: silent", "11\", on_existing: ignore")));
    company.fine(&["evaluate", "model", "--to", "2025-01-31"]);
    assert!(!ledger(&company).contains("quiet,acme,2025-01-14"), "{}", ledger(&company));
}

#[test]
fn what_does_not_fit() {
    let company = Company::imported();
    company.fine(&["evaluate", "model", "--to", "2025-01-31"]);
    let id = open(&company)[0]["id"].as_str().unwrap().to_owned();
    let said = company.run(&["alerts", "snooze", &id, "--until", "2025-01-01"]);
    assert!(said.contains("is past") && said.ends_with("exit code 2\n"), "{said}");
    company.write("model/people.yaml", "alerts: { admin: { of: person, when: \"role = 'admin'\" } }\n");
    let said = company.run(&["explain", "acme", "alert", "admin", "--model", "model"]);
    assert!(said.contains("the alert `admin` is of persons") && said.contains("explain acme alert admin PERSON"), "{said}");
    let said = company.run(&["alerts", "--rule", "silnet"]);
    assert!(said.contains("there is no alert rule `silnet`") && said.contains("did you mean `silent`?"), "{said}");
}

#[test]
fn damaged_tables_are_written_again() {
    let company = Company::imported();
    company.fine(&["evaluate", "model", "--to", "2025-01-31"]);
    assert!(company.fine(&["evaluate", "--to", "2025-01-31"]).contains("nothing has come in since"));
    let revision = std::fs::read_dir(company.path("tenure-data/derived")).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_dir_all(revision.join("stages")).unwrap();
    assert!(company.fine(&["evaluate", "--to", "2025-01-31"]).contains("evaluated up to 2025-01-31"));
    std::fs::write(revision.join("state/part-0.parquet"), "PAR1 not").unwrap();
    assert!(company.fine(&["evaluate", "--to", "2025-01-31"]).contains("evaluated up to 2025-01-31"));
    assert!(company.fine(&["evaluate", "--to", "2025-01-31"]).contains("nothing has come in since"));
}
