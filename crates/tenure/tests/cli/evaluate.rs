//! `tenure evaluate` and what reads its results: accounts, account, explain, alerts, sql.

use crate::company::Company;

#[test]
fn from_files_to_reasons() {
    let company = Company::imported();
    insta::assert_snapshot!(company.session(&[
        &["evaluate", "model", "--to", "2025-01-31"],
        &["evaluate", "--to", "2025-01-31"],
        &["accounts"],
        &["accounts", "--as-of", "2025-01-05", "--columns", "id,stage,health,logins_7d", "--sort", "-logins_7d", "--csv"],
        &["accounts", "--where", "enterprise AND days_since_login > 20", "--json", "--columns", "id,health,alerts"],
        &["accounts", "--where", "logins_8d > 1"],
        &["accounts", "--where", "tier = 'one'"],
        &["accounts", "--columns", "id,helth"],
        &["account", "acme"],
        &["account", "acne"],
        &["explain", "acme", "alert", "silent"],
        &["explain", "acme", "logins_7d", "--as-of", "2025-01-05"],
        &["explain", "acme", "nothing"],
        &["sql", "SELECT account_id, stage, moved_by, at FROM stages ORDER BY account_id, at", "--csv"],
        &["status"],
    ]));
}

#[test]
fn alerts_are_worked_on() {
    let company = Company::imported();
    company.fine(&["evaluate", "model", "--to", "2025-01-31"]);
    let list = company.fine(&["alerts", "--json"]);
    let alerts: Vec<serde_json::Value> = serde_json::from_str(&list).unwrap();
    let id = alerts.iter().find(|a| a["account"] == "acme").unwrap()["id"].as_str().unwrap();
    insta::assert_snapshot!(company.session(&[
        &["alerts"],
        &["alerts", "ack", id],
        &["alerts", "snooze", id, "--until", "2199-01-01"],
        &["alerts", "--account", "acme"],
        &["alerts", "close", id, "--as", "false-alarm", "--reason", "on holiday"],
        &["alerts", "--all", "--csv"],
        &["evaluate", "--to", "2025-02-05"],
        &["alerts", "--all", "--csv"],
        &["alerts", "ack", "nothing"],
        &["sql", "SELECT rule, account_id, state, closed_as, closed_reason FROM ledger ORDER BY opened_at", "--csv"],
    ]));
}

#[test]
fn without_a_model() {
    let company = Company::imported();
    std::fs::remove_dir_all(company.path("model")).unwrap();
    insta::assert_snapshot!(company.session(&[&["evaluate"], &["accounts"], &["accounts", "--model", "nowhere"]]));
}

#[test]
fn the_last_date_counts() {
    let company = Company::imported();
    for sampled in [&["--to", "2025-01-03"][..], &["--to", "2025-01-03", "--sampled", "--again"]] {
        company.fine(&[&["evaluate", "model"], sampled].concat());
        let dates =
            |table: &str| company.fine(&["sql", &format!("SELECT date FROM {table} WHERE account_id = 'acme' ORDER BY date"), "--csv"]);
        assert_eq!(dates("metrics"), "date\n2025-01-01\n2025-01-02\n2025-01-03\n", "{sampled:?}");
        assert_eq!(dates("health_daily"), dates("metrics"), "{sampled:?}");
    }
    // As of the last date, not of the one that begins after it: health was 25 on 2025-01-02 and 50 on the day after.
    for sampled in [&["--to", "2025-02-01"][..], &["--to", "2025-02-01", "--sampled", "--again"]] {
        company.fine(&[&["evaluate", "model"], sampled].concat());
        let change = company.fine(&["sql", "SELECT health_change_30d FROM state WHERE account_id = 'acme'", "--csv"]);
        assert_eq!(change, "health_change_30d\n-25\n", "{sampled:?}");
    }
    company.fine(&["evaluate", "model", "--to", "2025-01-03 12:00"]);
    let dates = company.fine(&["sql", "SELECT MAX(date) AS date FROM metrics", "--csv"]);
    assert_eq!(dates, "date\n2025-01-02\n", "a date that is not over has no row");
}

#[test]
fn parents_count() {
    let company = Company::imported();
    company.write("model/family.yaml", "metrics: { family: { children: logins_7d, how: sum } }\n");
    company.write("parents.csv", "id,parent\nacme,group\nnorth,group\n");
    company.fine(&["import", "accounts", "parents.csv", "--at", "2025-01-20"]);
    let summary: serde_json::Value = serde_json::from_str(&company.fine(&["evaluate", "model", "--to", "2025-01-31", "--json"])).unwrap();
    let rows = company.fine(&["sql", "SELECT COUNT(*) AS n FROM state", "--csv"]);
    assert_eq!(summary["accounts"], 3);
    assert_eq!(rows, "n\n3\n");
}

#[test]
fn what_does_not_settle_is_told() {
    let company = Company::imported();
    company.write(
        "model/restless.yaml",
        "alerts:\n  this: { when: \"tier = 1 AND NOT alert('that')\" }\n  that: { when: \"alert('this')\" }\n",
    );
    insta::assert_snapshot!(company.session(&[
        &["evaluate", "model", "--to", "2025-01-31"],
        &["status"],
        &["evaluate", "--to", "2025-01-31", "--sampled"],
    ]));
    let summary: serde_json::Value = serde_json::from_str(&company.fine(&["evaluate", "--to", "2025-01-30", "--json"])).unwrap();
    assert_eq!(summary["oscillated"], serde_json::json!({ "accounts": ["acme"], "definitions": ["that", "this"] }));
}
