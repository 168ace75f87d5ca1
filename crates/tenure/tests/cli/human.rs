//! What people decide: overrides, stages by hand, waivers, merges; and lists of people and alerts.

use crate::company::Company;

#[test]
fn decisions() {
    let company = Company::imported();
    let at = &["--at", "2025-01-10T09:00:00Z"];
    let with = |run: &[&'static str]| -> Vec<&'static str> { run.iter().chain(at).copied().collect() };
    let runs = [
        with(&["override", "acme", "total", "cap", "49", "--until", "2025-02-01", "--reason", "sponsor left"]),
        with(&["override", "acme", "measure:logins", "set", "80", "--reason", "counted wrongly", "--by", "dora"]),
        with(&["override", "acme", "total", "clear", "--reason", "sponsor is back"]),
        with(&["set-stage", "acme", "adoption", "--until", "2025-03-01", "--reason", "went live"]),
        with(&["set-stage", "acme", "--release", "--reason", "as usual"]),
        with(&["waive", "north", "first_login", "--reason", "uses the API only"]),
        with(&["override", "acme", "total", "cap", "149", "--reason", "x"]),
        with(&["override", "acme", "total", "cap", "--reason", "x"]),
        with(&["override", "acme", "group:usgae", "cap", "50", "--reason", "x"]),
        with(&["override", "acme", "everything", "cap", "50", "--reason", "x"]),
        with(&["set-stage", "acme", "adoptoin", "--reason", "x"]),
        with(&["waive", "acne", "first_login", "--reason", "x"]),
        vec!["waive", "acme", "first_login", "--reason", "x", "--at", "soon"],
        vec!["sql", "SELECT position, account_id, at, author, reason, action FROM decisions", "--csv"],
    ];
    let runs: Vec<&[&str]> = runs.iter().map(Vec::as_slice).collect();
    insta::assert_snapshot!(company.session(&runs));
}

#[test]
fn merging() {
    let company = Company::imported();
    company.write("twice.csv", "id,tier\nacme-inc,1\n");
    company.write("late.ndjson", "{\"event\":\"login\",\"account_id\":\"acme-inc\",\"time\":\"2025-02-01T00:00:00Z\"}\n");
    company.fine(&["import", "accounts", "twice.csv"]);
    company.fine(&["import", "events", "late.ndjson"]);
    insta::assert_snapshot!(company.session(&[
        &["merge", "account", "acme-inc", "acme"],
        &["merge", "account", "acme-inc", "acme"],
        &["merge", "account", "acme", "acme-inc"],
        &["merge", "person", "bob", "ann"],
        &["sql", "SELECT id FROM accounts ORDER BY id", "--csv"],
        &["sql", "SELECT account_id, person_id, time FROM events ORDER BY time", "--csv"],
        &["people", "--csv"],
        &["people", "--account", "acme-inc"],
    ]));
}
