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

#[test]
fn merging_what_is_not_known() {
    let company = Company::imported();
    let said = company.run(&["merge", "account", "acmee", "acme"]);
    assert!(said.contains("there is no account `acmee`") && said.contains("--force") && said.ends_with("exit code 2\n"), "{said}");
    let said = company.run(&["merge", "person", "annn", "bob"]);
    assert!(said.contains("there is no person `annn`") && said.contains("did you mean `ann`?"), "{said}");
    assert_eq!(company.fine(&["merge", "person", "zoe", "ann"]), "merged zoe into ann, 1 event placed anew\n", "zoe is known by an event");
    assert_eq!(company.fine(&["merge", "account", "acmee", "acme", "--force"]), "merged acmee into acme\n");
    assert_eq!(
        company.fine(&["sql", "SELECT kind, from_id, into_id FROM merges ORDER BY 1", "--csv"]),
        "kind,from_id,into_id\naccount,acmee,acme\nperson,zoe,ann\n"
    );
}

#[test]
fn times_out_of_range() {
    let company = Company::imported();
    for run in [&["evaluate", "model", "--to", "20250-01-31"][..], &["accounts", "--model", "model", "--as-of", "0205-01-01"]] {
        let said = company.run(run);
        assert!(said.ends_with("exit code 2\n"), "{said}");
    }
}
