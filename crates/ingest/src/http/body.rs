//! From the bytes of a request to the text of its JSON: decompressed, without a byte order mark, out of a form.

use std::borrow::Cow;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::refused::Refused;
use crate::column::json_text;

/// Decompresses a body that is gzip; any other stays as it is. What it is, its first bytes tell: headers are wrong too often.
/// Refuses more than `bytes_max`, compressed or not.
pub fn inflate(body: &[u8], bytes_max: usize) -> Result<Cow<'_, [u8]>, Refused> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return if body.len() > bytes_max { Err(Refused::TooLarge { bytes_max }) } else { Ok(Cow::Borrowed(body)) };
    }
    let mut inflated = Vec::with_capacity(body.len().saturating_mul(4).min(bytes_max));
    let read = flate2::read::MultiGzDecoder::new(body).take(bytes_max as u64 + 1).read_to_end(&mut inflated);
    if inflated.len() > bytes_max {
        return Err(Refused::TooLarge { bytes_max });
    }
    match read {
        Ok(_) => Ok(Cow::Owned(inflated)),
        Err(error) => Err(Refused::not_text(&inflated, inflated.len(), &format!("the gzip data is broken ({error})"))),
    }
}

/// The text of the JSON in a body: decompressed, without a byte order mark, and out of a form `data=…` (base64 or percent-encoded, as
/// Segment's pixel sends it). All functions that read a body take what this gives.
pub fn open(body: &[u8], bytes_max: usize) -> Result<Cow<'_, str>, Refused> {
    match inflate(body, bytes_max)? {
        Cow::Borrowed(bytes) => text(bytes),
        Cow::Owned(bytes) => text(&bytes).map(|text| Cow::Owned(text.into_owned())),
    }
}

fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Refused> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Some(form) = bytes.trim_ascii_start().strip_prefix(b"data=") {
        let value = form.split(|c| *c == b'&').next().unwrap_or_default().trim_ascii();
        let json =
            out_of_form(value).ok_or_else(|| Refused::not_text(bytes, 0, "`data=` holds neither base64 nor percent-encoded JSON"))?;
        return Ok(Cow::Owned(json));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => Err(Refused::not_text(bytes, error.valid_up_to(), "expected UTF-8")),
    }
}

fn out_of_form(value: &[u8]) -> Option<String> {
    let decoded = percent_decode(value);
    let bytes = if decoded.trim_ascii_start().starts_with(b"{") || decoded.trim_ascii_start().starts_with(b"[") {
        let spaced: Vec<u8> = value.iter().map(|c| if *c == b'+' { b' ' } else { *c }).collect();
        percent_decode(&spaced)
    } else {
        // base64 of either alphabet, padded or not; a `+` may have become a space on its way.
        let standard = decoded.iter().filter(|c| **c != b'=').map(|c| match c {
            b'-' | b' ' => b'+',
            b'_' => b'/',
            c => *c,
        });
        STANDARD_NO_PAD.decode(standard.collect::<Vec<u8>>()).ok()?
    };
    String::from_utf8(bytes).ok()
}

/// `%41` becomes `A`; a percent sign before anything else stays.
pub(super) fn percent_decode(text: &[u8]) -> Vec<u8> {
    let hex = |c: Option<&u8>| c.and_then(|c| (*c as char).to_digit(16));
    let mut out = Vec::with_capacity(text.len());
    let mut i = 0;
    while i < text.len() {
        match (text[i], hex(text.get(i + 1)), hex(text.get(i + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                i += 3;
            }
            (c, ..) => {
                out.push(c);
                i += 1;
            }
        }
    }
    out
}

/// The `writeKey` of a body, for requests without `Authorization`. A body without one costs a search for the word; only one that has it is read,
/// and of that nothing is kept but the key.
pub fn write_key(body: &str) -> Option<Cow<'_, str>> {
    struct Key;
    impl<'de> Visitor<'de> for Key {
        type Value = Option<&'de RawValue>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                if key == "writeKey" {
                    found = Some(map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }
    if !body.contains("\"writeKey\"") {
        return None;
    }
    let raw = serde_json::Deserializer::from_str(body).deserialize_map(Key).ok()??.get();
    json_text(raw).filter(|key| raw.starts_with('"') && !key.trim().is_empty())
}
