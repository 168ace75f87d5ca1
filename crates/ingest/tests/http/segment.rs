//! The meaning of Segment's calls: a row for each rule.

use tenure_ingest::http::{Code, Endpoint, ITEMS_MAX, segment};

use crate::tell::{received, tell, tell_with};

fn read(endpoint: &str, body: &str) -> String {
    match segment(Endpoint::parse(endpoint).unwrap(), body, received()) {
        Ok(intake) => tell(&intake),
        Err(refused) => format!("{}: {refused}", refused.code()),
    }
}

fn table(rows: &[(&str, &str, &str)]) {
    for (endpoint, body, expected) in rows {
        let expected = expected.replace("NOW", &received().to_string());
        assert_eq!(read(endpoint, body), expected, "{endpoint} {body}");
    }
}

#[test]
fn events() {
    table(&[
        ("track", r#"{"event":"a","userId":"u"}"#, "a by u at -, NOW"),
        ("t", r#"{"event":"a","userId":"u"}"#, "a by u at -, NOW"),
        ("track", r#" {"type":"track","event":"a","userId":"u"} "#, "a by u at -, NOW"),
        ("track", r#"{"event":"a\n","userId":"u"}"#, r#"bad 0 bad_id: event has control characters: a\n"#),
        ("track", r#"{"event":"é\u00e9\ud83d\ude00","userId":"u"}"#, "éé😀 by u at -, NOW"),
        ("track", r#"{"event":"cut \ud83d","userId":"u"}"#, "cut \u{fffd} by u at -, NOW"),
        // Persons: userId before anonymousId; null and blank are absent; numbers are their text.
        ("track", r#"{"event":"a","userId":null,"anonymousId":"x"}"#, "a by x at -, NOW"),
        ("track", r#"{"event":"a","userId":" ","anonymousId":"x"}"#, "a by x at -, NOW"),
        ("track", r#"{"event":"a","userId":17}"#, "a by 17 at -, NOW"),
        ("track", r#"{"event":"a","userId":17.50,"anonymousId":null}"#, "a by 17.50 at -, NOW"),
        ("track", r#"{"event":7,"userId":"u"}"#, "7 by u at -, NOW"),
        ("track", r#"{"event":"a","userId":"u","anonymousId":"x"}"#, "a by u at -, NOW\nx ~ u"),
        ("track", r#"{"event":"a","userId":"u","anonymousId":"u"}"#, "a by u at -, NOW"),
        // Accounts: context.groupId, groupId, the batch's context; properties are the sender's own.
        ("track", r#"{"event":"a","userId":"u","context":{"groupId":"acme"},"groupId":"other"}"#, "a by u at acme, NOW"),
        ("track", r#"{"event":"a","userId":"u","groupId":"acme"}"#, "a by u at acme, NOW"),
        ("track", r#"{"event":"a","userId":"u","context":{"group_id":9}}"#, "a by u at 9, NOW"),
        ("track", r#"{"event":"a","userId":"u","context":{"groupId":null}}"#, "a by u at -, NOW"),
        ("track", r#"{"event":"a","userId":"u","properties":{"groupId":"x"}}"#, r#"a by u at -, NOW, {"groupId":"x"}"#),
        ("track", r#"{"event":"a","context":{"groupId":"acme"}}"#, "a by - at acme, NOW"),
        ("batch", r#"{"batch":[{"type":"track","event":"a","userId":"u"}],"context":{"groupId":"acme"}}"#, "a by u at acme, NOW"),
        (
            "batch",
            r#"{"context":{"groupId":"acme"},"batch":[{"type":"track","event":"a","userId":"u","context":{"groupId":"own"}}]}"#,
            "a by u at own, NOW",
        ),
        // Properties: as they stand, on one line; nothing where there are none.
        ("track", r#"{"event":"a","userId":"u","properties":{}}"#, "a by u at -, NOW"),
        ("track", r#"{"event":"a","userId":"u","properties":{ }}"#, "a by u at -, NOW"),
        ("track", r#"{"event":"a","userId":"u","properties":null}"#, "a by u at -, NOW"),
        ("track", "{\"event\":\"a\",\"userId\":\"u\",\"properties\":{\n\t\"n\": 1.50\r\n}}", r#"a by u at -, NOW, {"n": 1.50}"#),
        (
            "track",
            r#"{"event":"a","userId":"u","properties":{"a":"\ud83d\ude00 \ud83d \\ud83d \ude00\u00e9"}}"#,
            r#"a by u at -, NOW, {"a":"\ud83d\ude00 \ufffd \\ud83d \ufffd\u00e9"}"#,
        ),
        // The last of equal keys counts, as in JavaScript.
        ("track", r#"{"event":"a","event":"b","userId":"u"}"#, "b by u at -, NOW"),
        ("page", r#"{"name":"Home","category":"docs","userId":"u"}"#, r#"page_viewed by u at -, NOW, {"name":"Home","category":"docs"}"#),
        ("page", r#"{"userId":"u"}"#, "page_viewed by u at -, NOW"),
        (
            "page",
            r#"{"name":"Home","userId":"u","properties":{"name":"own","p":1}}"#,
            r#"page_viewed by u at -, NOW, {"name":"own","p":1}"#,
        ),
        ("screen", r#"{"name":"A \"b\"","userId":"u","properties":{"p":1}}"#, r#"screen_viewed by u at -, NOW, {"name":"A \"b\"","p":1}"#),
    ]);
}

#[test]
fn times() {
    let sent = |timestamp: &str, sent_at: &str| {
        format!(r#"{{"batch":[{{"type":"track","event":"a","userId":"u","timestamp":{timestamp}}}],"sentAt":{sent_at}}}"#)
    };
    let noon = "2026-06-01T12:00:00Z";
    for (endpoint, timestamp, sent_at, expected) in [
        ("batch", r#""2026-06-01T11:00:00Z""#, "null", "2026-06-01T11:00:00Z"),
        ("batch", r#""2026-06-01T13:00:00+02:00""#, "null", "2026-06-01T11:00:00Z"),
        ("batch", r#""2026-06-01 11:00:00.123456""#, "null", "2026-06-01T11:00:00.123456Z"),
        ("batch", r#""2026-06-01""#, "null", "2026-06-01T00:00:00Z"),
        ("batch", "1780311600", "null", "2026-06-01T11:00:00Z"),
        ("batch", "1780311600123", "null", "2026-06-01T11:00:00.123Z"),
        ("batch", "1780311600.5", "null", "2026-06-01T11:00:00.5Z"),
        ("batch", "null", r#""2026-06-01T11:00:00Z""#, "2026-06-01T12:00:00Z, sent 2026-06-01T11:00:00Z"),
        ("batch", r#""""#, "null", noon),
        // Up to five minutes of difference may be the way and the retries.
        ("batch", r#""2026-06-01T10:00:00Z""#, r#""2026-06-01T11:55:00Z""#, "2026-06-01T10:00:00Z, sent 2026-06-01T11:55:00Z"),
        // Beyond, the sender's clock is wrong: it lay two hours before its sending, so two hours before its arrival.
        (
            "batch",
            r#""2026-06-01T09:00:00Z""#,
            r#""2026-06-01T11:00:00Z""#,
            "2026-06-01T10:00:00Z, was 2026-06-01T09:00:00Z, sent 2026-06-01T11:00:00Z",
        ),
        (
            "batch",
            r#""2031-06-01T09:00:00Z""#,
            r#""2031-06-01T09:00:01Z""#,
            "2026-06-01T11:59:59Z, was 2031-06-01T09:00:00Z, sent 2031-06-01T09:00:01Z",
        ),
        // History is as it is said.
        ("import", r#""2020-06-01T09:00:00Z""#, r#""2026-06-01T11:00:00Z""#, "2020-06-01T09:00:00Z, sent 2026-06-01T11:00:00Z"),
        // The future waits.
        ("batch", r#""2026-06-01T13:00:00Z""#, "null", "2026-06-01T13:00:00Z"),
        ("batch", r#""2026-06-01T13:00:01Z""#, "null", "2026-06-01T13:00:01Z, waits"),
    ] {
        assert_eq!(read(endpoint, &sent(timestamp, sent_at)), format!("a by u at -, {expected}"), "{timestamp} {sent_at}");
    }
    table(&[
        ("track", r#"{"event":"a","userId":"u","originalTimestamp":"2026-06-01T11:00:00Z"}"#, "a by u at -, 2026-06-01T11:00:00Z"),
        (
            "track",
            r#"{"event":"a","userId":"u","timestamp":"2026-06-01T11:30:00Z","originalTimestamp":"2026-06-01T11:00:00Z"}"#,
            "a by u at -, 2026-06-01T11:30:00Z",
        ),
        (
            "batch",
            r#"{"batch":[{"type":"track","event":"a","userId":"u","sentAt":"2026-06-01T11:59:00Z"}],"sentAt":"2026-06-01T11:58:00Z"}"#,
            "a by u at -, NOW, sent 2026-06-01T11:59:00Z",
        ),
    ]);
}

#[test]
fn people_and_accounts() {
    table(&[
        (
            "identify",
            r#"{"userId":"u","traits":{"role":"admin","gone":null,"seats":3,"at":{"b":[1]}}}"#,
            "Person(\"u\").role = \"admin\" from NOW\nPerson(\"u\").gone = null from NOW\nPerson(\"u\").seats = 3 from NOW\nPerson(\"u\").at = {\"b\":[1]} from NOW",
        ),
        ("identify", r#"{"anonymousId":"x","traits":{"a":1}}"#, "Person(\"x\").a = 1 from NOW"),
        ("identify", r#"{"userId":"u"}"#, ""),
        ("identify", r#"{"userId":"u","anonymousId":"x"}"#, "x ~ u"),
        // RudderStack's SDKs put the traits there.
        ("identify", r#"{"userId":"u","context":{"traits":{"a":1}}}"#, "Person(\"u\").a = 1 from NOW"),
        ("identify", r#"{"userId":"u","traits":{},"context":{"groupId":"acme"}}"#, "u belongs to acme from NOW"),
        (
            "identify",
            r#"{"userId":"u","traits":{"company":{"id":7,"name":"Acme"},"a":1},"timestamp":"2026-01-01"}"#,
            "Person(\"u\").a = 1 from 2026-01-01T00:00:00Z\nAccount(\"7\").name = \"Acme\" from 2026-01-01T00:00:00Z\nu belongs to 7 from 2026-01-01T00:00:00Z",
        ),
        ("identify", r#"{"userId":"u","traits":{"company":{"id":"c"}}}"#, "Account(\"c\").id = \"c\" from NOW\nu belongs to c from NOW"),
        ("identify", r#"{"userId":"u","traits":{"company":"Acme"}}"#, "Person(\"u\").company = \"Acme\" from NOW"),
        ("identify", r#"{"userId":"u","traits":{"company":{"name":"A"}}}"#, "Person(\"u\").company = {\"name\":\"A\"} from NOW"),
        (
            "group",
            r#"{"userId":"u","groupId":"acme","traits":{"plan":"pro"}}"#,
            "Account(\"acme\").plan = \"pro\" from NOW\nu belongs to acme from NOW",
        ),
        ("group", r#"{"groupId":"acme"}"#, "Account(\"acme\").id = \"acme\" from NOW"),
        ("group", r#"{"userId":"u","context":{"groupId":"acme"}}"#, "Account(\"acme\").id = \"acme\" from NOW\nu belongs to acme from NOW"),
        ("alias", r#"{"previousId":"x","userId":"u"}"#, "x is u"),
        ("alias", r#"{"previousId":"x","userId":"u","anonymousId":"x"}"#, "x is u"),
        ("alias", r#"{"previousId":"u","userId":"u"}"#, ""),
        // One link for the same two, however often they come one after the other.
        (
            "batch",
            r#"{"batch":[{"type":"page","userId":"u","anonymousId":"x"},{"type":"page","userId":"u","anonymousId":"x"},{"type":"page","userId":"v","anonymousId":"x"}]}"#,
            "page_viewed by u at -, NOW\npage_viewed by u at -, NOW\npage_viewed by v at -, NOW\nx ~ u\nx ~ v",
        ),
    ]);
}

#[test]
fn message_ids() {
    let ids = |body: &str, minutes: i64| {
        let at = received().plus(minutes * 60_000_000);
        let intake = segment(Endpoint::Batch, body, at).unwrap();
        intake.events.iter().map(|e| e.message_id.to_string()).collect::<Vec<_>>()
    };
    let one = |rest: &str| format!(r#"{{"batch":[{{"type":"track","event":"a","userId":"u"{rest}}}]}}"#);
    assert_eq!(ids(&one(r#","messageId":"m-1""#), 0), ["m-1"]);
    assert_eq!(ids(&one(r#","messageId":5"#), 0), ["5"]);
    let long = |c: char| ids(&one(&format!(r#","messageId":"{}""#, c.to_string().repeat(201))), 0);
    assert_eq!(long('x')[0].len(), 33);
    assert_ne!(long('x'), long('y'));
    assert_eq!(ids(&one(&format!(r#","messageId":"{}""#, "é".repeat(200))), 0)[0].chars().count(), 200);
    let dated = one(r#","timestamp":"2026-06-01T11:00:00Z""#);
    assert_eq!(ids(&dated, 0), ids(&dated, 1), "a repeated request has the same ids");
    assert_eq!(ids(&dated, 0)[0].len(), 33);
    assert_ne!(ids(&one(""), 0), ids(&one(""), 1), "without a time it is another event each time");
    assert_ne!(ids(&dated, 0), ids(&one(r#","timestamp":"2026-06-01T11:00:00Z","properties":{"n":1}"#), 0));
    let skewed = dated.replace("]}", r#"],"sentAt":"2026-06-01T11:30:00Z"}"#);
    assert_eq!(ids(&skewed, 0), ids(&skewed, 1), "also where the time is corrected");
    let twice = r#"{"batch":[{"type":"page","userId":"u"},{"type":"page","userId":"u"}]}"#;
    let both = ids(twice, 0);
    assert_eq!(both[1], format!("{}-2", both[0]));
}

/// A request for each message of an error, one line each.
#[test]
fn messages() {
    let large = format!(r#"{{"type":"track","event":"a","userId":"u","properties":{{"x":"{}"}}}}"#, "x".repeat(33_000));
    let deep = format!(r#"{{"userId":"u","traits":{{"x":{}{}}}}}"#, "[".repeat(200), "]".repeat(200));
    let many = format!(r#"{{"batch":[{}]}}"#, vec!["{}"; ITEMS_MAX + 1].join(","));
    let rows: &[(&str, &str)] = &[
        ("track", ""),
        ("track", "event=a&userId=u"),
        ("track", "{\"event\":\"a\",\n \"userId\":u}"),
        ("track", r#"{"event":"a"} {}"#),
        ("batch", r#"{"batch":[{"type":"track"}"#),
        ("batch", "{}"),
        ("batch", "[]"),
        ("batch", r#"{"batch":{"type":"track"}}"#),
        ("batch", r#"{"batch":null}"#),
        ("batch", r#"{"batch":"x"}"#),
        ("batch", &many),
        ("track", &large),
        ("track", "[1]"),
        ("track", "7"),
        ("track", r#"{"type":"page","event":"a","userId":"u"}"#),
        ("track", r#"{"event":"a"}"#),
        ("track", r#"{"event":"a","userId":"","anonymousId":null}"#),
        ("track", r#"{"userId":"u"}"#),
        ("track", r#"{"userId":"u","event":""}"#),
        ("track", r#"{"userId":"u","event":{"name":"a"}}"#),
        ("track", r#"{"userId":true,"event":"a"}"#),
        ("track", r#"{"userId":["u"],"event":"a"}"#),
        ("track", r#"{"userId":"a\u0000b","event":"a"}"#),
        ("track", &format!(r#"{{"userId":"{}","event":"a"}}"#, "u".repeat(513))),
        ("track", r#"{"userId":"u","event":"a","context":{"groupId":{}}}"#),
        ("track", r#"{"userId":"u","event":"a","properties":[1]}"#),
        ("track", r#"{"userId":"u","event":"a","properties":"x"}"#),
        ("track", r#"{"userId":"u","event":"a","timestamp":"yesterday"}"#),
        ("track", r#"{"userId":"u","event":"a","timestamp":true}"#),
        ("track", r#"{"userId":"u","event":"a","timestamp":1e300}"#),
        ("track", r#"{"userId":"u","event":"a","timestamp":"0001-01-01"}"#),
        ("track", r#"{"userId":"u","event":"a","sentAt":"now"}"#),
        ("track", r#"{"userId":"u","event":"a","timestamp":"2199-01-01","sentAt":"1901-01-01"}"#),
        ("track", r#"{"userId":"u","event":"a","messageId":{}}"#),
        ("identify", "{}"),
        ("identify", r#"{"userId":"u","traits":[]}"#),
        ("identify", r#"{"userId":"u","traits":{"company":{"id":[]}}}"#),
        ("identify", &deep),
        ("group", r#"{"userId":"u"}"#),
        ("group", r#"{"userId":"u","groupId":"g","traits":"x"}"#),
        ("alias", r#"{"userId":"u"}"#),
        ("alias", r#"{"previousId":"x"}"#),
        ("batch", r#"{"batch":[null,1,-1,0.5,"x",true,[1]]}"#),
        ("batch", r#"{"batch":[{"userId":"u"},{"type":"delete"},{"type":7},{"type":{}}]}"#),
        ("batch", &format!(r#"{{"batch":[{large}]}}"#)),
    ];
    let mut told = String::new();
    for (endpoint, body) in rows {
        let shown = if body.len() > 100 { format!("{}…", &body[..60]) } else { (*body).to_owned() };
        told += &format!("{endpoint} {shown}\n    {}\n", read(endpoint, body).replace('\n', "\n    "));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn bad_items_lose_no_good_ones_and_can_be_sent_again() {
    let body = r#"{"batch":[{"type":"track","event":"a","userId":"u"},{"type":"track","userId":"u","timestamp":"2026-06-01T09:00:00Z"},17,
        {"type":"track","event":"b","userId":"u"}],"context":{"groupId":"acme"},"sentAt":"2026-06-01T11:00:00Z"}"#;
    let intake = segment(Endpoint::Batch, body, received()).unwrap();
    assert_eq!(intake.events.iter().map(|e| e.name.as_ref()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(intake.bad.iter().map(|b| (b.index, b.code)).collect::<Vec<_>>(), [(1, Code::NoEvent), (2, Code::NotAnObject)]);
    // Corrected in the quarantine, it means what it would have meant.
    let mended = intake.bad[0].raw.replace(r#""userId""#, r#""event":"mended","userId""#);
    let again = segment(Endpoint::Batch, &mended, received()).unwrap();
    assert_eq!(tell(&again), "mended by u at acme, 2026-06-01T10:00:00Z, was 2026-06-01T09:00:00Z, sent 2026-06-01T11:00:00Z");
    let twice = segment(Endpoint::Batch, r#"{"batch":[1],"batch":[2]}"#, received()).unwrap();
    assert_eq!(twice.bad[0].raw, r#"{"batch":[2]}"#, "of equal keys the last counts, also here");
    let single = segment(Endpoint::parse("track").unwrap(), r#" {"userId":"u"} "#, received()).unwrap();
    assert_eq!(single.bad[0].raw, r#"{"userId":"u"}"#);
    // What is long in a batch is not kept with each of its items.
    let long = format!(r#"{{"batch":[1,2],"context":{{"groupId":"acme","x":"{0}"}},"sentAt":"{0}"}}"#, "x".repeat(5000));
    let long = segment(Endpoint::Batch, &long, received()).unwrap();
    assert_eq!(long.bad[1].raw, r#"{"batch":[2],"context":{"groupId":"acme"}}"#);
    for bad in &intake.bad {
        assert_eq!(segment(Endpoint::Batch, &bad.raw, received()).unwrap().bad[0].code, bad.code);
    }
}

#[test]
fn codes_are_stable() {
    let codes: Vec<String> = Code::ALL.iter().map(|code| format!("{} {}", code.as_str(), serde_json::to_string(code).unwrap())).collect();
    assert!(codes.iter().all(|c| c.split_once(' ').is_some_and(|(text, json)| json == format!("\"{text}\""))));
    insta::assert_snapshot!(Code::ALL.iter().map(|c| c.as_str()).collect::<Vec<_>>().join(" "), @"invalid_json not_an_object item_too_large unknown_type wrong_type no_user no_event no_group no_previous_id no_id no_account no_started_at bad_id bad_timestamp bad_properties bad_traits unknown_field bad_number");
}

#[test]
fn limits_hold_exactly() {
    let one = |length: usize| {
        let empty = r#"{"type":"track","event":"a","userId":"u","properties":{"x":""}}"#.len();
        format!(r#"{{"type":"track","event":"a","userId":"u","properties":{{"x":"{}"}}}}"#, "x".repeat(length - empty))
    };
    let max = tenure_ingest::http::ITEM_BYTES_MAX;
    for (length, fits) in [(max, true), (max + 1, false)] {
        assert_eq!(segment(Endpoint::parse("track").unwrap(), &one(length), received()).is_ok(), fits);
        let batch = format!(r#"{{"batch":[{}]}}"#, one(length));
        let told = tell_with(&segment(Endpoint::Batch, &batch, received()).unwrap(), received(), false);
        assert_eq!(!told.starts_with("bad"), fits, "{length}");
    }
}
