//! CloudEvents in all three modes.

use tenure_ingest::http::cloud_events;

use crate::tell::{received, tell_with};

fn read(headers: &[(&str, &str)], body: &str) -> String {
    match cloud_events(headers, body, received()) {
        Ok(intake) => tell_with(&intake, received(), true),
        Err(refused) => format!("{}: {refused}", refused.code()),
    }
}

#[test]
fn structured() {
    let event = |rest: &str| format!(r#"{{"specversion":"1.0","id":"1","source":"/app","type":"order.paid"{rest}}}"#);
    for (rest, expected) in [
        (r#","subject":"u""#, r#"order.paid by u at -, 2026-06-01T12:00:00Z, {"source":"/app"}, id /app#1"#),
        (r#","subject":"person/u""#, r#"order.paid by u at -, 2026-06-01T12:00:00Z, {"source":"/app"}, id /app#1"#),
        (r#","subject":"account/acme""#, r#"order.paid by - at acme, 2026-06-01T12:00:00Z, {"source":"/app"}, id /app#1"#),
        (
            r#","subject":"orders/7","personid":"u","accountid":"acme""#,
            r#"order.paid by u at acme, 2026-06-01T12:00:00Z, {"source":"/app"}, id /app#1"#,
        ),
        (
            r#","subject":"u","time":"2026-06-01T10:00:00Z","data":{"n":1}"#,
            r#"order.paid by u at -, 2026-06-01T10:00:00Z, {"source":"/app","n":1}, id /app#1"#,
        ),
        (r#","subject":"u","data":{"source":"own"}"#, r#"order.paid by u at -, 2026-06-01T12:00:00Z, {"source":"own"}, id /app#1"#),
        (r#","subject":"u","data":[1]"#, r#"order.paid by u at -, 2026-06-01T12:00:00Z, {"source":"/app","data":[1]}, id /app#1"#),
        (
            r#","subject":"u","data_base64":"AAE=""#,
            r#"order.paid by u at -, 2026-06-01T12:00:00Z, {"source":"/app","data_base64":"AAE="}, id /app#1"#,
        ),
    ] {
        assert_eq!(read(&[("content-type", "application/cloudevents+json")], &event(rest)), expected, "{rest}");
    }
    let both = format!("[{},{}]", event(r#","subject":"u""#), event(r#","subject":"v""#));
    assert_eq!(read(&[], &both).lines().count(), 2);
    assert_eq!(read(&[], "[]"), "");
}

#[test]
fn binary() {
    let headers = [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "/app"),
        ("ce-type", "order%20paid"),
        ("ce-accountid", "acme"),
    ];
    for (body, expected) in [
        (r#"{"n":1}"#, r#"order paid by - at acme, 2026-06-01T12:00:00Z, {"source":"/app","n":1}, id /app#1"#),
        ("", r#"order paid by - at acme, 2026-06-01T12:00:00Z, {"source":"/app"}, id /app#1"#),
        ("plain text", r#"order paid by - at acme, 2026-06-01T12:00:00Z, {"source":"/app","data":"plain text"}, id /app#1"#),
    ] {
        assert_eq!(read(&headers, body), expected, "{body}");
    }
    // What is bad can be sent again as a structured one.
    let intake = cloud_events(&headers[..4], "{}", received()).unwrap();
    assert_eq!(intake.bad[0].raw, r#"{"specversion":"1.0","id":"1","source":"/app","data":{}}"#);
}

#[test]
fn messages() {
    let mut told = String::new();
    for body in [
        "{",
        "17",
        "null",
        "{}",
        r#"{"specversion":"0.3","id":"1","source":"s","type":"t","subject":"u"}"#,
        r#"{"specversion":"1.0","source":"s","type":"t","subject":"u"}"#,
        r#"{"specversion":"1.0","id":"1","type":"t","subject":"u"}"#,
        r#"{"specversion":"1.0","id":"1","source":"s","subject":"u"}"#,
        r#"{"specversion":"1.0","id":"1","source":"s","type":"t"}"#,
        r#"{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"u","time":"noon"}"#,
        r#"[{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"u"},1]"#,
    ] {
        told += &format!("{body}\n    {}\n", read(&[], body).replace('\n', "\n    "));
    }
    insta::assert_snapshot!(told);
}
