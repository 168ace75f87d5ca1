//! Bad items beside good ones: each good one is taken, each bad one is kept, whatever it is; and no body makes more of itself than its limit.

use std::io::Write;

use proptest::prelude::*;
use proptest::sample::Index;
use tenure_ingest::http::{Endpoint, Intake, Kind, Refused, cloud_events, entities, open, segment};
use tenure_ingest::journal::{Batch, FORMAT, Record};

use crate::tell::received;

fn deep(open: &str, inner: &str, close: &str, depth: usize) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

/// JSON that is no item of any endpoint.
fn bad() -> impl Strategy<Value = String> {
    let texts = [
        "17",
        "-1e999",
        "1e-999999",
        "184467440737095516160",
        "null",
        "true",
        "\"text\"",
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#""\u0000""#,
        "[]",
        "[1,[2]]",
        "{}",
        r#"{"\ud83d":1}"#,
        r#"{"type":"track"}"#,
        r#"{"type":"dance","userId":"u"}"#,
        r#"{"type":1e999}"#,
        r#"{"type":"\ud800"}"#,
        r#"{"type":"track","event":"e","userId":{"a":1}}"#,
        r#"{"type":"track","event":"e","userId":"u","timestamp":"soon"}"#,
        r#"{"type":"track","event":"e","userId":"u","timestamp":1e400}"#,
        r#"{"type":"track","event":"e","userId":"u","properties":[1]}"#,
        r#"{"id":{},"specversion":"1.0"}"#,
    ];
    prop_oneof![
        8 => prop::sample::select(texts.to_vec()).prop_map(str::to_owned),
        1 => (1usize..5_000).prop_map(|depth| deep("[", "", "]", depth)),
        1 => (1usize..3_000).prop_map(|depth| deep("{\"a\":", "1", "}", depth)),
        1 => (1usize..3_000).prop_map(|depth| format!(r#"{{"type":"identify","traits":{}}}"#, deep("[", "1", "]", depth))),
        1 => (33_000usize..60_000).prop_map(|length| format!(r#"{{"type":"track","event":"e","userId":"u","x":"{}"}}"#, "x".repeat(length))),
    ]
}

/// What a good item may say beside what it must.
fn extra() -> impl Strategy<Value = String> {
    let texts = [
        "",
        r#","other":1e999"#,
        r#","\ud800":{"a":[]}"#,
        r#","other":"\ud83d""#,
        r#","x":-0,"y":1E+2"#,
        r#","properties":{"n":1e308,"text":"\ud83d!"}"#,
        r#","properties":{"n":123456789012345678901234567890.5}"#,
        r#","context":{"\udfff":null}"#,
    ];
    prop_oneof![
        8 => prop::sample::select(texts.to_vec()).prop_map(str::to_owned),
        1 => (1usize..2_000).prop_map(|depth| format!(",\"other\":{}", deep("[", "{}", "]", depth))),
    ]
}

/// Good ones with their extras, bad ones as they stand.
fn mixture() -> impl Strategy<Value = Vec<Result<String, String>>> {
    prop::collection::vec(prop_oneof![extra().prop_map(Ok), bad().prop_map(Err)], 0..12)
}

/// Everything that is bad, by its index, and all of it in the journal.
fn kept(intake: &Intake<'_>, mixture: &[Result<String, String>]) -> Result<(), TestCaseError> {
    let found: Vec<usize> = intake.bad.iter().map(|bad| bad.index).collect();
    let expected: Vec<usize> = mixture.iter().enumerate().filter(|(_, item)| item.is_err()).map(|(i, _)| i).collect();
    prop_assert_eq!(found, expected);
    let mut batch = Batch::default();
    batch.push("s", received(), intake);
    let again = Batch::decode(&batch.encode()).unwrap();
    prop_assert_eq!(again.records().filter(|(_, record)| matches!(record, Record::Bad(_))).count(), intake.bad.len());
    prop_assert_eq!(again.events().count(), intake.events.len());
    Ok(())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A batch of the journal whose payload is not what `encode` would write, in a frame that is whole.
fn framed(payload: &[u8]) -> Vec<u8> {
    let mut bytes = [b"TNRJ".as_slice(), &[FORMAT]].concat();
    let mut length = payload.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    let mut compressor = zstd::bulk::Compressor::new(1).unwrap();
    compressor.include_contentsize(false).unwrap();
    bytes.extend(compressor.compress(payload).unwrap());
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, rng_seed: prop::test_runner::RngSeed::Fixed(11), ..ProptestConfig::default() })]

    #[test]
    fn segment_s_items(mixture in mixture(), import in any::<bool>()) {
        let items: Vec<String> = mixture.iter().enumerate().map(|(i, item)| match item {
            Ok(extra) => format!(r#"{{"type":"track","event":"e","userId":"u","messageId":"m{i}"{extra}}}"#),
            Err(bad) => bad.clone(),
        }).collect();
        let body = format!("{{\"batch\":[{}],\"sentAt\":\"{}\"}}", items.join(","), received());
        let endpoint = if import { Endpoint::Import } else { Endpoint::Batch };
        let intake = match segment(endpoint, &body, received()) {
            Err(Refused::TooLarge { .. }) if body.len() > endpoint.bytes_max() => return Ok(()),
            taken => taken.unwrap(),
        };
        let found: Vec<&str> = intake.events.iter().map(|e| &*e.message_id).collect();
        let expected: Vec<String> = mixture.iter().enumerate().filter(|(_, item)| item.is_ok()).map(|(i, _)| format!("m{i}")).collect();
        prop_assert_eq!(found, expected);
        kept(&intake, &mixture)?;
        // As it is kept, it is read again: as bad as before, and nothing else.
        for bad in &intake.bad {
            let again = segment(endpoint, &bad.raw, received()).unwrap();
            prop_assert_eq!((again.bad.len(), again.events.len(), again.bad[0].code), (1, 0, bad.code), "{}", bad.raw);
        }
    }

    #[test]
    fn rows_of_entities(mixture in mixture(), as_lines in any::<bool>()) {
        // What is an account with an id is a good row.
        let mixture: Vec<_> = mixture.into_iter().map(|item| item.map(|_| ())).collect();
        let rows: Vec<String> = mixture.iter().enumerate().map(|(i, row)| match row {
            Ok(()) => format!(r#"{{"id":"a{i}","plan":"pro"}}"#),
            Err(bad) => bad.clone(),
        }).collect();
        let goods = mixture.iter().filter(|row| row.is_ok()).count();
        // What begins as an array is one.
        let as_lines = as_lines && rows.len() > 1 && mixture[0].is_ok();
        let body = if as_lines { rows.join("\n") } else { format!("[{}]", rows.join(",")) };
        let intake = match entities(Kind::Accounts, &body, received()) {
            Err(Refused::TooLarge { .. }) if body.len() > Endpoint::Batch.bytes_max() => return Ok(()),
            taken => taken.unwrap(),
        };
        prop_assert_eq!((intake.versions.len(), intake.bad.len()), (goods, rows.len() - goods));
        let mixture: Vec<Result<String, String>> = mixture.into_iter().map(|row| row.map(|()| String::new())).collect();
        kept(&intake, &mixture)?;
    }

    #[test]
    fn cloud_events_of_an_array(mixture in mixture()) {
        let items: Vec<String> = mixture.iter().enumerate().map(|(i, item)| match item {
            Ok(_) => format!(r#"{{"specversion":"1.0","id":"m{i}","source":"s","type":"t","subject":"account/a","data":{{"n":1}}}}"#),
            Err(bad) => bad.clone(),
        }).collect();
        let body = format!("[{}]", items.join(","));
        let intake = match cloud_events(&[], &body, received()) {
            Err(Refused::TooLarge { .. }) if body.len() > Endpoint::Batch.bytes_max() => return Ok(()),
            taken => taken.unwrap(),
        };
        prop_assert_eq!(intake.events.len(), mixture.iter().filter(|item| item.is_ok()).count());
        kept(&intake, &mixture)?;
    }

    /// Whatever is compressed, and however it is damaged: an answer, and no more text than is allowed.
    #[test]
    fn compressed_bodies(zeros in 0usize..3_000_000, text in "[ -~]{0,300}", max in 0usize..20_000, damage in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4), cut in prop::option::of(any::<Index>())) {
        let mut bytes = gzip(&[text.as_bytes(), &vec![b' '; zeros]].concat());
        let whole = damage.is_empty() && cut.is_none();
        damage.iter().for_each(|(at, byte)| { let at = at.index(bytes.len()); bytes[at] = *byte; });
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let found = open(&bytes, max);
        if let Ok(text) = &found {
            prop_assert!(text.len() <= max);
        }
        if whole && !text.starts_with("data=") {
            prop_assert_eq!(found.is_ok(), text.len() + zeros <= max);
        }
    }

    /// Behind the checksum: whatever a payload says, it is a batch, or it is refused.
    #[test]
    fn payloads_of_the_journal(bytes in prop::collection::vec(prop_oneof![3 => 0u8..4, 1 => any::<u8>()], 0..80), damage in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4)) {
        let _ = Batch::decode(&framed(&bytes));
        let mut batch = Batch::default();
        batch.push("s", received(), &segment(Endpoint::Batch, include_str!("../sdk/analytics-node-3.1.0.json"), received()).unwrap());
        let encoded = batch.encode();
        let frame = &encoded[encoded[5..].iter().position(|byte| *byte < 0x80).unwrap() + 6..];
        let mut payload = zstd::stream::decode_all(frame).unwrap();
        prop_assert_eq!(&Batch::decode(&framed(&payload)).unwrap(), &batch);
        damage.iter().for_each(|(at, byte)| { let at = at.index(payload.len()); payload[at] = *byte; });
        if let Ok(read) = Batch::decode(&framed(&payload)) {
            prop_assert_eq!(&Batch::decode(&read.encode()).unwrap(), &read);
            read.record_batch();
        }
    }
}
