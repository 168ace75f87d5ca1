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
        &["alerts", "snooze", id, "--until", "2999-01-01"],
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
