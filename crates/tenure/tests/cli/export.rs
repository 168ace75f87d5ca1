//! `tenure export`: everything comes back, and can be imported again.

use crate::company::Company;

#[test]
fn round_trip() {
    let company = Company::imported();
    company.write("more.csv", "id,valid_from,tier,active\nacme,2025-02-01,2,true\n");
    company.fine(&["import", "accounts", "more.csv"]);
    company.fine(&["export", "all", "-o", "out"]);
    let copy = Company::new();
    for kind in ["accounts", "people", "subscriptions", "events"] {
        let text = company.read(&format!("out/{kind}.ndjson"));
        copy.write(&format!("{kind}.ndjson"), &text);
        copy.fine(&["import", kind, &format!("{kind}.ndjson")]);
    }
    copy.fine(&["export", "all", "-o", "out"]);
    for kind in ["accounts", "people", "subscriptions"] {
        assert_eq!(company.read(&format!("out/{kind}.ndjson")), copy.read(&format!("out/{kind}.ndjson")), "{kind}");
    }
    let events = &["sql", "SELECT account_id, person_id, name, time, properties FROM events ORDER BY time", "--csv"];
    assert_eq!(company.fine(events), copy.fine(events));
    insta::assert_snapshot!(["accounts", "people", "subscriptions"].map(|kind| company.read(&format!("out/{kind}.ndjson"))).join("\n"));
}

#[test]
fn other_formats() {
    let company = Company::imported();
    insta::assert_snapshot!(company.session(&[
        &["export", "accounts", "--format", "csv"],
        &["export", "people", "--format", "parquet", "-o", "people.parquet"],
        &["export", "people", "--format", "parquet"],
        &["export", "all"],
    ]));
    let copy = Company::new();
    std::fs::copy(company.path("people.parquet"), copy.path("people.parquet")).unwrap();
    copy.fine(&["import", "people", "people.parquet"]);
    assert_eq!(company.fine(&["export", "people"]), copy.fine(&["export", "people"]));
}
