//! From bytes to JSON.

use std::io::Write;

use tenure_ingest::http::{Refused, inflate, open, write_key};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn bodies() {
    let json = r#"{"event":"ä+b","userId":"u"}"#;
    let two = [gzip(b"{\"a\":"), gzip(b"1}")].concat();
    for (body, expected) in [
        (json.as_bytes().to_vec(), json),
        ([b"\xef\xbb\xbf", json.as_bytes()].concat(), json),
        (gzip(json.as_bytes()), json),
        (gzip(&[b"\xef\xbb\xbf", json.as_bytes()].concat()), json),
        (two, r#"{"a":1}"#),
        (b"data=eyJldmVudCI6IsOkK2IiLCJ1c2VySWQiOiJ1In0%3D".to_vec(), json),
        (b"data=eyJldmVudCI6IsOkK2IiLCJ1c2VySWQiOiJ1In0=&ip=1".to_vec(), json),
        (b"data=%7B%22event%22%3A%22%C3%A4%2Bb%22%2C%22userId%22:%22u%22%7D".to_vec(), json),
        (b"data={\"a\":\"x+y%20z\"}".to_vec(), r#"{"a":"x y z"}"#),
        (Vec::new(), ""),
    ] {
        assert_eq!(open(&body, 1000).unwrap(), expected);
    }
    assert!(matches!(open(json.as_bytes(), 1000), Ok(std::borrow::Cow::Borrowed(_))), "nothing is copied without need");
}

#[test]
fn refused() {
    let told = |body: &[u8], max: usize| open(body, max).map_or_else(|r| format!("{}: {r}", r.code()), |_| "taken".into());
    let broken = gzip(b"{\"a\":1}");
    let rows = [
        told(b"\"1234\"", 6),
        told(b"\"12345\"", 6),
        told(&gzip(&[b'x'; 1000]), 1000),
        told(&gzip(&[b'x'; 1001]), 1000),
        told(&broken[..broken.len() - 9], 1000),
        told(b"\x1f\x8bnonsense", 1000),
        told(b"{\"a\":\n \"\xff\"}", 1000),
        told(b"data=*", 1000),
        told(b"data=%7B%FF", 1000),
    ];
    insta::assert_snapshot!(rows.join("\n"));
    // A bomb costs no more than the limit.
    let bomb = gzip(&vec![0; 50 << 20]);
    assert_eq!(inflate(&bomb, 4096), Err(Refused::TooLarge { bytes_max: 4096 }));
}

#[test]
fn write_keys() {
    for (body, expected) in [
        (r#"{"writeKey":"wk"}"#, Some("wk")),
        (r#"{"batch":[{"writeKey":"inner"}],"writeKey":"wk"}"#, Some("wk")),
        (r#"{"batch":[{"writeKey":"inner"}]}"#, None),
        (r#"{"event":"\"writeKey\"","userId":"u"}"#, None),
        (r#"{"writeKey":"w\u006b"}"#, Some("wk")),
        (r#"{"writeKey":""}"#, None),
        (r#"{"writeKey":null}"#, None),
        (r#"{"writeKey":7}"#, None),
        (r#"{"writeKey":"wk""#, None),
        (r#"["writeKey"]"#, None),
        ("", None),
    ] {
        assert_eq!(write_key(body).as_deref(), expected, "{body}");
    }
}
