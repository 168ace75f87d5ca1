//! Accounts, people and subscriptions of warehouse syncs.

use tenure_ingest::http::{Kind, entities};

use crate::tell::{received, tell};

fn read(kind: Kind, body: &str) -> String {
    match entities(kind, body, received()) {
        Ok(intake) => tell(&intake).replace(&received().to_string(), "NOW"),
        Err(refused) => format!("{}: {refused}", refused.code()),
    }
}

#[test]
fn rows() {
    use Kind::{Accounts, People, Subscriptions};
    for (kind, body, expected) in [
        (Accounts, r#"{"id":"a","plan":"pro","gone":null}"#, "Account(\"a\").plan = \"pro\" from NOW\nAccount(\"a\").gone = null from NOW"),
        (Accounts, r#"[{"id":1},{"id":"b","traits":{"x":[1]}}]"#, "Account(\"1\").id = \"1\" from NOW\nAccount(\"b\").x = [1] from NOW"),
        (Accounts, "{\"id\":\"a\"}\n\n {\"id\":\"b\"}\n", "Account(\"a\").id = \"a\" from NOW\nAccount(\"b\").id = \"b\" from NOW"),
        (Accounts, "{\n\"id\":\"a\"\n}", "Account(\"a\").id = \"a\" from NOW"),
        (Accounts, "[]", ""),
        (
            Accounts,
            r#"{"id":"a","x":1,"valid_from":"2026-01-01","known_from":"2026-02-01"}"#,
            "Account(\"a\").x = 1 from 2026-01-01T00:00:00Z, known 2026-02-01T00:00:00Z",
        ),
        (Accounts, r#"{"id":"a","x":1,"valid_from":null}"#, "Account(\"a\").x = 1 from -"),
        (People, r#"{"id":"p","role":"admin"}"#, "Person(\"p\").role = \"admin\" from NOW"),
        (People, r#"{"id":"p","account_id":"a"}"#, "p belongs to a from -"),
        (
            People,
            r#"{"id":"p","account_id":"a","account_from":"2026-01-01","account_until":"2026-02-01"}"#,
            "p belongs to a from 2026-01-01T00:00:00Z until 2026-02-01T00:00:00Z",
        ),
        (
            Subscriptions,
            r#"{"id":"s","account_id":"a","started_at":"2026-01-01","seats":"5","mrr":9.5,"plan":7,"ended_at":null}"#,
            "Subscription(\"a\", \"s\").started_at = \"2026-01-01T00:00:00Z\" from 2026-01-01T00:00:00Z, known NOW\n\
             Subscription(\"a\", \"s\").seats = 5.0 from 2026-01-01T00:00:00Z, known NOW\n\
             Subscription(\"a\", \"s\").mrr = 9.5 from 2026-01-01T00:00:00Z, known NOW\n\
             Subscription(\"a\", \"s\").plan = \"7\" from 2026-01-01T00:00:00Z, known NOW\n\
             Subscription(\"a\", \"s\").ended_at = null from 2026-01-01T00:00:00Z, known NOW",
        ),
        (
            Subscriptions,
            r#"{"id":"s","account_id":"a","started_at":"2026-01-01","valid_from":"2026-03-01"}"#,
            "Subscription(\"a\", \"s\").started_at = \"2026-01-01T00:00:00Z\" from 2026-03-01T00:00:00Z",
        ),
    ] {
        assert_eq!(read(kind, body), expected, "{body}");
    }
}

#[test]
fn messages() {
    use Kind::{Accounts, People, Subscriptions};
    let mut told = String::new();
    for (kind, body) in [
        (Accounts, ""),
        (Accounts, "{\"id\":"),
        (Accounts, "{\n\"id\": a\n}"),
        (Accounts, "{\"id\":\"a\"}\nnonsense\n{\"id\":\"b\"}"),
        (Accounts, "[1,null,{}]"),
        (Accounts, r#"{"id":"a","traits":7}"#),
        (Accounts, r#"{"id":{},"x":1}"#),
        (Accounts, r#"{"id":"a","valid_from":"soon"}"#),
        (People, r#"{"id":"p","account_id":[]}"#),
        (People, r#"{"id":"p","account_id":"a","account_from":"x"}"#),
        (Subscriptions, r#"{"id":"s","started_at":"2026-01-01"}"#),
        (Subscriptions, r#"{"id":"s","account_id":"a"}"#),
        (Subscriptions, r#"{"id":"s","account_id":"a","started_at":"2026-01-01","seat":5}"#),
        (Subscriptions, r#"{"id":"s","account_id":"a","started_at":"2026-01-01","colour":"red"}"#),
        (Subscriptions, r#"{"id":"s","account_id":"a","started_at":"2026-01-01","seats":"many"}"#),
        (Subscriptions, r#"{"id":"s","account_id":"a","started_at":"2026-01-01","renewal_at":"later"}"#),
    ] {
        told += &format!("{kind:?} {}\n    {}\n", body.escape_debug(), read(kind, body).replace('\n', "\n    "));
    }
    insta::assert_snapshot!(told);
}
