//! `tenure import`: once, whole, in any order, with what could not be read set aside.

use crate::company::Company;

#[test]
fn importing_and_importing_again() {
    let company = Company::with_files();
    insta::assert_snapshot!(company.session(&[
        &["import", "accounts", "accounts.csv"],
        &["import", "people", "people.csv"],
        &["import", "subscriptions", "subscriptions.csv"],
        &["import", "events", "events.ndjson"],
        &["import", "accounts", "accounts.csv"],
        &["import", "events", "events.ndjson", "--again"],
        &["import", "accounts", "accounts.csv", "--dry-run"],
        &["status"],
    ]));
    insta::assert_snapshot!("rejects", company.only_file("tenure-data/rejects"));
}

#[test]
fn any_order_gives_the_same() {
    let kinds = ["accounts.csv", "people.csv", "subscriptions.csv", "events.ndjson"];
    let mut exports = Vec::new();
    for rotation in 0..kinds.len() {
        let company = Company::with_files();
        for i in 0..kinds.len() {
            let file = kinds[(i + rotation) % kinds.len()];
            company.fine(&["import", file.split('.').next().unwrap(), file]);
        }
        let said = ["accounts", "people", "subscriptions"].map(|what| company.fine(&["export", what]));
        let events = company.fine(&["sql", "SELECT account_id, person_id, name, time FROM events ORDER BY time, account_id", "--csv"]);
        exports.push((said, events));
    }
    exports.windows(2).for_each(|pair| assert_eq!(pair[0], pair[1]));
}

#[test]
fn people_tell_whose_events_are() {
    let company = Company::with_files();
    company.fine(&["import", "events", "events.ndjson"]);
    company.write("zoe.csv", "id,account_id\nzoe,acme\n");
    let counts = "SELECT (SELECT COUNT(*) FROM events) AS events, COUNT(*) AS quarantined FROM quarantine";
    insta::assert_snapshot!(company.session(&[
        &["sql", counts, "--csv"],
        &["import", "people", "people.csv"],
        &["sql", counts, "--csv"],
        &["import", "people", "zoe.csv"],
        &["sql", "SELECT account_id, person_id, name FROM events ORDER BY time", "--csv"],
    ]));
}

#[test]
fn contradictions_are_counted_and_settled() {
    let company = Company::new();
    company.write("a.csv", "id,plan_name\nacme,gold\n");
    company.write("b.csv", "id,plan_name\nacme,silver\n");
    company.write("c.csv", "id,plan_name\nacme,bronze\n");
    insta::assert_snapshot!(company.session(&[
        &["import", "accounts", "a.csv", "b.csv"],
        &["sql", "SELECT id, plan_name FROM accounts", "--csv"],
        &["import", "accounts", "c.csv", "--at", "2025-06-01"],
        &["sql", "SELECT id, plan_name FROM accounts", "--csv"],
        &["sql", "SELECT value, valid_from FROM versions", "--csv"],
    ]));
}

#[test]
fn a_mapping() {
    let company = Company::new();
    company.write("customers.csv", "Customer No;Since;Size\n17;31.12.2024;3\n18;soon;4\n");
    let mapping = r#"import: accounts
delimiter: ";"
times: ["%d.%m.%Y"]
types: { Since: date }
id: Customer No
rename: { Since: customer_since, Size: size }
"#;
    company.write("mapping.yaml", mapping);
    company.write("broken.yaml", "import: accounts\nidd: Customer No\n");
    insta::assert_snapshot!(company.session(&[
        &["import", "accounts", "customers.csv", "--mapping", "broken.yaml"],
        &["import", "people", "customers.csv", "--mapping", "mapping.yaml"],
        &["import", "accounts", "customers.csv", "--mapping", "mapping.yaml"],
        &["sql", "SELECT * FROM accounts ORDER BY id"],
    ]));
}

#[test]
fn lookups_beside_the_mapping_or_the_data() {
    let company = Company::new();
    company.write("data/usage.csv", "sub,day\ns1,2025-01-02\ns2,2025-01-03\n");
    company.write(
        "maps/usage.yaml",
        "import: events\naccount_id: { lookup: subs.csv, by: sub, take: account }\nevent: { constant: used }\ntime: day\n",
    );
    let import = &["import", "events", "data/usage.csv", "--mapping", "maps/usage.yaml"][..];
    let nowhere = company.run(import);
    company.write("data/subs.csv", "sub,account\ns1,acme\ns2,north\n");
    insta::assert_snapshot!(nowhere + &company.session(&[import, &["sql", "SELECT account_id, name FROM events ORDER BY 1", "--csv"]]));
}

#[test]
fn what_is_no_file() {
    let company = Company::new();
    company.write("data.txt", "id\nacme\n");
    company.write("bad.parquet", "not Parquet");
    insta::assert_snapshot!(company.session(&[
        &["import", "accounts", "nowhere.csv"],
        &["import", "accounts", "data.txt"],
        &["import", "accounts", "bad.parquet"],
        &["import", "accounts", "data.txt", "--format", "csv"],
    ]));
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a lock like another process's")]
fn one_writer_at_a_time() {
    let company = Company::imported();
    let lock = std::fs::File::options().write(true).open(company.path("tenure-data/lock")).unwrap();
    lock.lock().unwrap();
    insta::assert_snapshot!(
        company.session(&[&["import", "accounts", "accounts.csv"], &["waive", "acme", "first_login", "--reason", "no"]])
    );
    assert_eq!(company.fine(&["sql", "SELECT COUNT(*) AS n FROM accounts", "--csv"]), "n\n2\n", "readers do not wait");
}
