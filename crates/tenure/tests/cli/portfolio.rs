//! `tenure accounts`: from the last evaluation or by a replay, the same; who has ended, and who has not begun.

use crate::company::Company;

/// A company with one account that has left, one of which only the id is known, and one without any date.
fn company() -> Company {
    let company = Company::imported();
    company.write("left.csv", "id,account_id,plan,arr,started_at,renewal_at,ended_at\ns3,gone,pro,500,2025-01-02,2025-02-20,2025-01-20\n");
    company.write("ids.csv", "id\nonly-an-id\n");
    company.write("undated.csv", "id,name,tier\nundated,\"No date, Inc\",2\n");
    company.write("late.csv", "id,created_at\nlater,2026-01-01\n");
    company.fine(&["import", "subscriptions", "left.csv"]);
    company.fine(&["import", "accounts", "ids.csv", "undated.csv", "late.csv"]);
    company
}

const LISTS: &[&[&str]] = &[
    &["accounts"],
    &["accounts", "--json"],
    &["accounts", "--csv", "--sort", "-arr", "--limit", "3"],
    &["accounts", "--json", "--columns", "id,stage,health_coverage,enterprise,logins_7d,started_at,ended_at,alerts,next_milestone_due"],
    &["accounts", "--where", "enterprise AND days_since_login > 20", "--json"],
    &["accounts", "--where", "status = 'live' AND stage_due IS NULL AND health_change_30d IS NULL", "--csv"],
    &["accounts", "--where", "status = 'ended' AND ended_at < now", "--csv"],
    &["accounts", "--status", "new", "--json", "--columns", "id,name,tier,status"],
    &["accounts", "--where", "created_at > TIMESTAMP '2025-01-10 00:00:00'", "--csv", "--columns", "id"],
    &["accounts", "--where", "alert('silent')", "--csv", "--columns", "id"],
    &["accounts", "--where", "NOT alert('silent')", "--csv", "--columns", "id"],
    &["accounts", "--where", "industry IS NULL", "--csv", "--columns", "id"],
];

#[test]
fn the_last_evaluation_answers_as_a_replay_does() {
    let company = company();
    company.fine(&["evaluate", "model", "--to", "2025-01-31"]);
    let replayed: Vec<String> = {
        let derived = company.path("tenure-data/derived");
        std::fs::rename(&derived, company.path("aside")).unwrap();
        let replayed = LISTS.iter().map(|list| company.run(list)).collect();
        std::fs::rename(company.path("aside"), derived).unwrap();
        replayed
    };
    // Without its events nothing can be replayed: what answers now is the evaluation. (The last list reads a trait that the model does not know.)
    std::fs::rename(company.path("tenure-data/events"), company.path("events-aside")).unwrap();
    for (list, replayed) in LISTS.iter().zip(&replayed).take(LISTS.len() - 1) {
        assert_eq!(&company.run(list), replayed, "{list:?}");
    }
    std::fs::rename(company.path("events-aside"), company.path("tenure-data/events")).unwrap();
    assert_eq!(company.run(LISTS[LISTS.len() - 1]), replayed[LISTS.len() - 1]);
}

#[test]
fn an_evaluation_that_does_not_hold_any_more_does_not_answer() {
    let company = company();
    let list = &["accounts", "--csv", "--columns", "id,logins_7d,tier", "--as-of", "2025-01-31"][..];
    company.fine(&["evaluate", "model", "--to", "2025-01-31", "--sampled"]);
    let before = company.fine(list);
    company.write("more.csv", "id,tier\nacme,3\n");
    company.fine(&["import", "accounts", "more.csv", "--at", "2025-01-30"]);
    let after = company.fine(list);
    assert!(before.contains("acme,0,1") && after.contains("acme,0,3"), "{before}{after}");
    assert!(company.fine(&["evaluate", "--to", "2025-01-31", "--sampled"]).contains("sampled once a day"));
    assert!(company.fine(&["evaluate", "--to", "2025-01-31"]).contains("events"), "a sampled evaluation does not stand for an exact one");
}

#[test]
fn who_has_ended_and_who_has_not_begun() {
    let company = company();
    insta::assert_snapshot!(company.session(&[
        &["evaluate", "model", "--to", "2025-01-31"],
        &["accounts"],
        &["accounts", "--where", "status = 'ended'", "--json"],
        &["accounts", "--status", "new"],
        &["accounts", "--sort", "days_to_renewal", "--columns", "id,status,stage,days_to_renewal,health"],
        &["account", "gone"],
        &["account", "undated"],
        &["account", "only-an-id"],
        &["account", "later"],
        &["explain", "gone", "stage"],
        &["export", "accounts"],
        &["status"],
    ]));
}

#[test]
fn events_of_explanations_are_cut() {
    let company = Company::imported();
    let events: String = (1..=9)
        .map(|i| format!("{{\"event\":\"login\",\"account_id\":\"acme\",\"person_id\":\"ann\",\"time\":\"2025-01-2{i}T08:00:00Z\"}}\n"))
        .collect();
    company.write("more.ndjson", &events);
    company.fine(&["import", "events", "more.ndjson"]);
    company.fine(&["evaluate", "model", "--to", "2025-01-29T12:00:00Z"]);
    insta::assert_snapshot!(company.session(&[
        &["explain", "acme"],
        &["explain", "acme", "--events", "2"],
        &["explain", "acme", "segment", "enterprise"],
        &["explain", "acme", "stage"],
        &["explain", "acme", "milestone", "first_login"],
    ]));
    let json = company.fine(&["explain", "acme", "logins_7d", "--json", "--events", "1"]);
    let explained: serde_json::Value = serde_json::from_str(&json).unwrap();
    let metric = &explained["because"][0];
    assert_eq!((&metric["value"], &metric["events"]), (&7.into(), &7.into()), "{json}");
    assert_eq!((&metric["because"][1]["kind"], &metric["because"][1]["hidden"]), (&"more".into(), &6.into()), "{json}");
}

#[test]
fn alerts_in_conditions() {
    let company = company();
    company.fine(&["evaluate", "model", "--to", "2025-01-31"]);
    let ids = |condition: &str| company.fine(&["accounts", "--where", condition, "--csv", "--columns", "id"]);
    assert_eq!(ids("alert('silent')"), "id\nacme\nnorth\n");
    assert_eq!(ids("NOT alert('silent')"), "id\ngone\nonly-an-id\nundated\n");
}

#[test]
fn traits_that_the_model_does_not_have() {
    let company = Company::imported();
    company.write("more.csv", "id,industry,employees,customer_since\nacme,media,120,2020-05-01\nnorth,retail,7,2021-01-01\n");
    company.fine(&["import", "accounts", "more.csv", "--at", "2025-01-20"]);
    company.fine(&["evaluate", "model", "--to", "2025-01-31"]);
    let condition = "industry = 'media' AND employees > 100 AND customer_since < DATE '2021-01-01' AND alert('silent')";
    let ids = |as_of: &str| company.fine(&["accounts", "--where", condition, "--csv", "--columns", "id,industry", "--as-of", as_of]);
    assert_eq!(ids("2025-01-31"), "id,industry\nacme,media\n");
    assert_eq!(ids("2025-01-19"), "id,industry\n", "it was not known then");
    let wrong = company.run(&["accounts", "--where", "employes > 100"]);
    assert!(wrong.contains("there is no column employes") && wrong.ends_with("exit code 2\n"), "{wrong}");
}
