//! Whatever arrives, nothing panics; and the order of keys does not matter.

use proptest::prelude::*;
use tenure_ingest::http::{Endpoint, Kind, cloud_events, entities, open, segment, write_key};
use tenure_ingest::journal::Batch;

use crate::tell::{received, tell_with};

const ENDPOINTS: [&str; 8] = ["track", "page", "screen", "identify", "group", "alias", "batch", "import"];

const BODIES: [&[u8]; 6] = [
    include_bytes!("../sdk/analytics-node-3.1.0.json"),
    include_bytes!("../sdk/analytics-python-2.4.0.json"),
    include_bytes!("../sdk/analytics-python-2.4.0.json.gz"),
    br#"{"event":"a\ud83d","userId":"u","timestamp":1780311600123,"properties":{"a":"\u00e9"},"context":{"groupId":"g"},"messageId":"m"}"#,
    br#"[{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"account/a","time":"2026-01-01T00:00:00Z","data":{"n":[1]}}]"#,
    b"{\"id\":\"s\",\"account_id\":\"a\",\"started_at\":\"2026-01-01\",\"seats\":5}\n{\"id\":\"t\",\"traits\":{\"x\":null},\"valid_from\":1780311600}",
];

/// Reads bytes as everything they may be.
fn swallow(bytes: &[u8]) {
    let Ok(text) = open(bytes, 1 << 20) else { return };
    let _ = write_key(&text);
    let mut batch = Batch::default();
    for endpoint in ENDPOINTS {
        if let Ok(intake) = segment(Endpoint::parse(endpoint).unwrap(), &text, received()) {
            batch.push("s", received(), &intake);
        }
    }
    for kind in [Kind::Accounts, Kind::People, Kind::Subscriptions] {
        if let Ok(intake) = entities(kind, &text, received()) {
            batch.push("s", received(), &intake);
        }
    }
    for headers in [&[][..], &[("ce-specversion", "1.0"), ("ce-type", &text[..0]), ("ce-id", "%f%41%")]] {
        if let Ok(intake) = cloud_events(headers, &text, received()) {
            batch.push("s", received(), &intake);
        }
    }
    assert_eq!(Batch::decode(&batch.encode()).unwrap(), batch);
}

#[derive(Clone, Debug)]
enum Change {
    Set(usize, u8),
    Remove(usize, usize),
    Copy(usize, usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<usize>(), prop_oneof![any::<u8>(), Just(b'"'), Just(b'\\'), Just(b'{'), Just(b'}'), Just(b'['), Just(b'0')])
            .prop_map(|(at, byte)| Change::Set(at, byte)),
        (any::<usize>(), 1..40usize).prop_map(|(at, length)| Change::Remove(at, length)),
        (any::<usize>(), any::<usize>(), 1..60usize).prop_map(|(from, to, length)| Change::Copy(from, to, length)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let length = bytes.len().max(1);
    match *change {
        _ if bytes.is_empty() => {}
        Change::Set(at, byte) => bytes[at % length] = byte,
        Change::Remove(at, n) => _ = bytes.drain(at % length..(at % length + n).min(length)),
        Change::Copy(from, to, n) => {
            let piece = bytes[from % length..(from % length + n).min(length)].to_vec();
            bytes.splice(to % length..to % length, piece);
        }
    }
}

/// JSON objects whose keys mean something.
fn item() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let keys = prop::sample::select(vec![
        "type",
        "userId",
        "anonymousId",
        "groupId",
        "previousId",
        "event",
        "name",
        "messageId",
        "timestamp",
        "sentAt",
        "properties",
        "traits",
        "context",
        "other",
    ]);
    let values = prop::sample::select(vec![
        "null",
        "17",
        "\"\"",
        "\"u\"",
        "\"track\"",
        "\"page\"",
        "\"identify\"",
        "\"2026-06-01T11:00:00Z\"",
        "{}",
        "{\"a\":1,\"company\":{\"id\":\"c\"}}",
        "{\"groupId\":\"g\",\"traits\":{\"b\":2}}",
        "[1]",
        "true",
    ]);
    let members = prop::collection::vec((keys, values), 0..10);
    members.prop_map(|mut members| {
        members.sort();
        members.dedup_by_key(|m| m.0);
        members
    })
}

fn json(members: &[(&str, &str)]) -> String {
    format!("{{{}}}", members.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect::<Vec<_>>().join(","))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, rng_seed: prop::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        swallow(&bytes);
    }

    #[test]
    fn any_json_like_text(text in "[\\[\\]{}\",:\\\\ua-d0-9.eE+\\- \n]{0,200}") {
        swallow(text.as_bytes());
    }

    #[test]
    fn changed_bodies(which in 0..BODIES.len(), changes in prop::collection::vec(change(), 0..6)) {
        let mut bytes = BODIES[which].to_vec();
        changes.iter().for_each(|c| apply(&mut bytes, c));
        swallow(&bytes);
    }

    #[test]
    fn the_order_of_keys_does_not_matter(members in item(), shuffled in any::<prop::sample::Index>()) {
        let mut other = members.clone();
        if !other.is_empty() {
            let by = shuffled.index(other.len());
            other.rotate_left(by);
            other.reverse();
        }
        for endpoint in ENDPOINTS {
            let endpoint = Endpoint::parse(endpoint).unwrap();
            let body = |members: &[(&str, &str)]| match endpoint {
                Endpoint::One(_) => json(members),
                _ => format!("{{\"batch\":[{0},{0}]}}", json(members)),
            };
            let (a, b) = (body(&members), body(&other));
            let (a, b) = (segment(endpoint, &a, received()).unwrap(), segment(endpoint, &b, received()).unwrap());
            // What is quoted of a bad item is quoted as it stands.
            prop_assert_eq!(tell_with(&a, received(), true), tell_with(&b, received(), true));
        }
    }

    #[test]
    fn changed_journals(changes in prop::collection::vec(change(), 1..4)) {
        let text = std::str::from_utf8(BODIES[0]).unwrap();
        let mut batch = Batch::default();
        batch.push("s", received(), &segment(Endpoint::Batch, text, received()).unwrap());
        let mut bytes = batch.encode();
        changes.iter().for_each(|c| apply(&mut bytes, c));
        if let Ok(decoded) = Batch::decode(&bytes) {
            prop_assert_eq!(decoded, batch);
        }
    }
}
