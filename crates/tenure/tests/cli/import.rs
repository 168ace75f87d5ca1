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

/// Imports one file of accounts; what was said, and the rejects.
fn rejected(company: &Company, text: &str) -> (String, String) {
    company.write("odd.csv", text);
    _ = std::fs::remove_file(company.path("rejected.csv"));
    let said = company.run(&["import", "accounts", "odd.csv", "--rejects", "rejected.csv"]);
    (said, std::fs::read_to_string(company.path("rejected.csv")).unwrap_or_default())
}

#[test]
fn quotes_that_go_wrong() {
    let company = Company::new();
    let (said, rejects) = rejected(&company, "id,name\na,A\nb,\"B\nc,C\nd,D\n");
    assert!(said.contains("2 rows, 1 rejected"), "{said}");
    assert!(
        rejects.contains("2,\"the quote that opens on line 3 never closes: it takes in the file to its end, 3 lines more\""),
        "{rejects}"
    );
    let (said, rejects) = rejected(&company, "\u{feff}\"id\",name\r\na,\"A\" B\r\n\r\nb,\"B, \"\"b\"\"\nb\"\r\nc,5\"\r\n");
    assert!(said.contains("3 rows, 1 rejected"), "{said}");
    assert!(rejects.contains("1,text follows a closing quote on line 2;"), "{rejects}");
    assert_eq!(
        company.fine(&["sql", "SELECT id, name FROM accounts ORDER BY id", "--json"]),
        "[\n{\"id\":\"a\",\"name\":\"A\"},\n{\"id\":\"b\",\"name\":\"B, \\\"b\\\"\\nb\"},\n{\"id\":\"c\",\"name\":\"5\\\"\"}\n]\n"
    );
    let long: String = (0..20_000).map(|i| format!("a{i},\"x{i}\"\n")).collect();
    let (said, rejects) = rejected(&company, &format!("id,name\n{long}z,\"zz\n"));
    assert!(said.contains("20,001 rows, 1 rejected"), "{said}");
    assert!(rejects.contains("opens on line 20002 never"), "{rejects}");
    let (said, _) = rejected(&company, "id,\"name\na,A\n");
    assert!(said.contains("the header cannot be read: the quote that opens on line 1 never closes"), "{said}");
}

#[test]
fn files_of_another_kind() {
    let company = Company::new();
    for (file, text, said) in [
        ("twice.csv", "id,name,name,tier,tier\na,1,2,3,4\n", "columns of the same name: `name`, `tier`"),
        ("semicolon.csv", "id;name\na;A\n", "say so in a mapping file: delimiter: \";\""),
        ("array.json", "[{\"id\":\"a\"},\n{\"id\":\"b\"}]\n", "the file is one JSON array"),
    ] {
        company.write(file, text);
        let run = company.run(&["import", "accounts", file]);
        assert!(run.contains(said) && run.ends_with("exit code 2\n"), "{file}: {run}");
    }
    let run = company.run(&["import", "accounts", "/dev/null"]);
    assert!(run.contains("/dev/null is no file") && run.ends_with("exit code 2\n"), "{run}");
    company.write("unix.csv", "event,account_id,time\nlogin,a,1748772000\nlogin,a,1748772000123\n");
    company.run(&["import", "events", "unix.csv", "--rejects", "rejected.csv"]);
    let rejects = company.read("rejected.csv");
    assert!(rejects.contains("says `times: unix`") && rejects.contains("says `times: unix_ms`"), "{rejects}");
}

#[test]
fn all_columns_that_are_missing() {
    let company = Company::new();
    company.write("a.csv", "id,size\na,1\n");
    company.write("m.yaml", "import: accounts\nid: no\nignore: [notes]\nrename: { sise: size }\ntypes: { day: date }\n");
    let said = company.run(&["import", "accounts", "a.csv", "--mapping", "m.yaml"]);
    assert!(said.contains("names the columns `day`, `no`, `notes`, `sise` (did you mean `size`?), which the file does not have"), "{said}");
}

#[test]
fn stays_that_are_none() {
    let company = Company::new();
    let people = "id,account_id,account_from,account_until\nann,acme,2025-02-01,2025-01-01\nbob,acme,2025-02-01,2025-02-01\ncy,acme,2025-02-01,2025-03-01\n";
    company.write("people.csv", people);
    let said = company.fine(&["import", "people", "people.csv", "--rejects", "rejected.csv"]);
    assert!(said.contains("3 rows, 2 rejected, 1 membership new"), "{said}");
    let rejects = company.read("rejected.csv");
    assert_eq!(rejects.matches("is not after account_from").count(), 2, "{rejects}");
}

#[test]
fn status_counts_what_is_known() {
    let company = Company::new();
    company.write("people.csv", "id,account_id\nann,acme\nbob,acme\n");
    company.write("subs.csv", "id,account_id,started_at\ns1,north,2025-01-01\n");
    company.write("events.csv", "event,account_id,person_id,time\nlogin,south,cy,2025-01-02\n");
    for (kind, file) in [("people", "people.csv"), ("subscriptions", "subs.csv"), ("events", "events.csv")] {
        company.fine(&["import", kind, file]);
    }
    let status = || serde_json::from_str::<serde_json::Value>(&company.fine(&["status", "--json"])).unwrap();
    assert_eq!((status()["accounts"].clone(), status()["people"].clone()), (3.into(), 2.into()));
    company.fine(&["merge", "account", "north", "acme"]);
    company.fine(&["merge", "person", "bob", "ann"]);
    let merged = status();
    assert_eq!((&merged["accounts"], &merged["people"], &merged["subscriptions"]), (&2.into(), &1.into(), &1.into()), "{merged}");
    company.write("model/model.yaml", crate::company::MODEL);
    company.fine(&["evaluate", "model", "--to", "2025-01-31", "--sampled"]);
    assert!(company.fine(&["status"]).contains("up to 2025-01-31T23:59:59.999999Z, sampled once a day"));
}
