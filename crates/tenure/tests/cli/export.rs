//! `tenure export`: everything comes back, and can be imported again.

use std::process::Stdio;

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

#[test]
fn exported_events_are_the_same_events() {
    let company = Company::with_files();
    let times = ["2025-01-02T09:00:00Z", "2025-01-02T09:00:00Z", "2025-02-03T09:00:00Z"];
    let events: String = times.iter().map(|time| format!("{{\"event\":\"login\",\"person_id\":\"ann\",\"time\":\"{time}\"}}\n")).collect();
    company.write("plain.ndjson", &events);
    company.fine(&["import", "people", "people.csv"]);
    company.fine(&["import", "events", "events.ndjson", "--source", "product"]);
    company.fine(&["import", "events", "plain.ndjson", "--source", "logs"]);
    let all = &["sql", "SELECT source, account_id, person_id, name, time, received_at FROM events ORDER BY 1, 5, 3", "--json"][..];
    let counts = &["sql", "SELECT (SELECT COUNT(*) FROM events) AS events, (SELECT COUNT(*) FROM quarantine) AS kept", "--csv"][..];
    let there = company.fine(all);
    for format in ["ndjson", "csv", "parquet"] {
        let file = format!("out.{format}");
        company.fine(&["export", "events", "--format", format, "-o", &file]);
        let copy = Company::with_files();
        std::fs::copy(company.path(&file), copy.path(&file)).unwrap();
        copy.write("plain.ndjson", &events);
        copy.fine(&["import", "people", "people.csv"]);
        copy.fine(&["import", "events", &file]);
        assert_eq!(copy.fine(all), there, "{format}");
        assert_eq!(copy.fine(counts), "events,kept\n6,1\n", "{format}");
        copy.fine(&["import", "events", "events.ndjson", "--source", "product"]);
        copy.fine(&["import", "events", "plain.ndjson", "--source", "logs"]);
        assert_eq!(copy.fine(counts), "events,kept\n6,1\n", "{format}: the original adds nothing");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let company = Company::imported();
    for run in [&["export", "events"][..], &["accounts", "--model", "model"], &["check", "model"], &["status"], &["people"]] {
        let mut child = company.command(run).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && !said.contains("error") && !said.contains("panicked"), "{run:?}: {said}");
    }
}
