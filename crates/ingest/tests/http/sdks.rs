//! The bodies that Segment's SDKs really send (`tests/sdk`).

use tenure_ingest::http::{Endpoint, open, segment, write_key};

use crate::tell::{at, tell_with};

fn told(body: &[u8]) -> String {
    let text = open(body, Endpoint::Batch.bytes_max()).unwrap();
    let intake = segment(Endpoint::Batch, &text, at("2026-11-22T08:28:15Z")).unwrap();
    format!("writeKey {}\n{}", write_key(&text).unwrap(), tell_with(&intake, at("2026-11-22T08:28:15Z"), true))
}

#[test]
fn node() {
    insta::assert_snapshot!(told(include_bytes!("../sdk/analytics-node-3.1.0.json")));
}

#[test]
fn python() {
    insta::assert_snapshot!(told(include_bytes!("../sdk/analytics-python-2.4.0.json")));
}

#[test]
fn python_gzip() {
    insta::assert_snapshot!(told(include_bytes!("../sdk/analytics-python-2.4.0.json.gz")));
}
