//! What the values of an item mean: ids, times, traits and properties, out of their raw JSON.

use std::borrow::Cow;

use serde_json::Value as Json;
use tenure_model::Instant;
use tenure_model::input::{Entity, Version};

use super::intake::{Code, Fault};
use super::limits::ID_BYTES_MAX;
use crate::column::{json_text, quote};
use crate::events::is_plausible;
use crate::mapping::moment;
use crate::reader::Object;

/// The raw JSON of a value that is there and not null.
pub(super) fn given(raw: Option<&str>) -> Option<&str> {
    raw.filter(|json| *json != "null")
}

/// A text: a string, or a number as it is written; None where it is absent, null or blank.
pub(super) fn text<'a>(raw: Option<&'a str>, field: &str) -> Result<Option<Cow<'a, str>>, Fault> {
    let Some(raw) = given(raw) else { return Ok(None) };
    let wrong = || Fault::new(Code::BadId, format!("{field} is neither a text nor a number: {}", short(raw)));
    if !raw.starts_with(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        return Err(wrong());
    }
    // Only a text that cannot be read as it stands has halves of surrogate pairs.
    let text = json_text(raw).or_else(|| Some(Cow::Owned(json_text(&sound(raw))?.into_owned()))).ok_or_else(wrong)?;
    let is_blank = !text.starts_with(|c: char| c.is_ascii_graphic()) && text.trim().is_empty();
    Ok((!is_blank).then_some(text))
}

/// An id or a name: a text of reasonable length without control characters.
pub(super) fn id<'a>(raw: Option<&'a str>, field: &str) -> Result<Option<Cow<'a, str>>, Fault> {
    let Some(text) = text(raw, field)? else { return Ok(None) };
    if text.len() > ID_BYTES_MAX {
        return Err(Fault::new(Code::BadId, format!("{field} has {} bytes; {ID_BYTES_MAX} are allowed", text.len())));
    }
    if has_controls(&text) {
        return Err(Fault::new(Code::BadId, format!("{field} has control characters: {}", short(&text.escape_debug().to_string()))));
    }
    Ok(Some(text))
}

/// A time: ISO 8601 (UTC where it has no offset), or the seconds, milliseconds or microseconds since 1970, told apart by their magnitude.
pub(super) fn time(raw: Option<&str>, field: &str) -> Result<Option<Instant>, Fault> {
    let Some(raw) = given(raw) else { return Ok(None) };
    let Some(text) = json_text(raw) else {
        return Err(Fault::new(Code::BadTimestamp, format!("{field} is not a time: {}", short(raw))));
    };
    if text.trim().is_empty() {
        return Ok(None);
    }
    match moment(&text, !raw.starts_with('"')) {
        Some(t) if is_plausible(t) => Ok(Some(t)),
        Some(t) => Err(Fault::new(Code::BadTimestamp, format!("{field}: {t} is not between 1900 and 2200"))),
        None => Err(Fault::new(Code::BadTimestamp, format!("{field} is not a time: {}", short(raw)))),
    }
}

/// The members of an object; None where it is absent or null.
pub(super) fn object<'a>(raw: Option<&'a str>, field: &str, code: Code) -> Result<Option<Object<'a>>, Fault> {
    let Some(raw) = given(raw) else { return Ok(None) };
    if !raw.starts_with('{') {
        return Err(Fault::new(code, format!("{field} is not an object: {}", short(raw))));
    }
    serde_json::from_str(raw).map(Some).map_err(|_| Fault::new(code, format!("{field} has a key that cannot be read: {}", short(raw))))
}

/// Traits as versions that hold from a time on; null removes a value.
pub(super) fn versions(
    entity: &Entity,
    traits: &Object<'_>,
    valid_from: Option<Instant>,
    known_from: Option<Instant>,
) -> Result<Vec<Version>, Fault> {
    let version = |(field, json): &(Cow<'_, str>, &str)| {
        Ok(Version { entity: entity.clone(), field: field.clone().into_owned(), value: value(json, field)?, valid_from, known_from })
    };
    traits.0.iter().filter(|(field, _)| !field.trim().is_empty()).map(version).collect()
}

/// The value of a trait.
pub(super) fn value(json: &str, field: &str) -> Result<Json, Fault> {
    serde_json::from_str(&sound(json))
        .map_err(|_| Fault::new(Code::BadTraits, format!("{field} is too deep or too great: {}", short(json))))
}

/// Properties as they are kept: an object with members on one line, else None.
pub(super) fn properties(raw: Option<&str>) -> Result<Option<Cow<'_, str>>, Fault> {
    let Some(raw) = given(raw) else { return Ok(None) };
    if !raw.starts_with('{') {
        return Err(Fault::new(Code::BadProperties, format!("properties is not an object: {}", short(raw))));
    }
    let has_members = raw.len() > 2 && !raw[1..raw.len() - 1].trim_ascii().is_empty();
    Ok(has_members.then(|| sound(raw)))
}

/// Properties with further members put before them, unless they have these themselves.
pub(crate) fn with_members<'a>(properties: Option<Cow<'a, str>>, members: &[(&str, Option<&str>)]) -> Option<Cow<'a, str>> {
    let known: Option<Object<'_>> = properties.as_ref().and_then(|p| serde_json::from_str(p).ok());
    let has = |key: &str| known.as_ref().is_some_and(|o| o.get(key).is_some());
    let mut text = String::new();
    for (key, value) in members.iter().filter_map(|(key, value)| Some((*key, (*value)?))).filter(|(key, _)| !has(key)) {
        text.push(if text.is_empty() { '{' } else { ',' });
        quote(key, &mut text);
        text.push(':');
        quote(value, &mut text);
    }
    if text.is_empty() {
        return properties;
    }
    match properties.as_deref().map(|p| p[1..].trim_start()).filter(|rest| *rest != "}") {
        Some(rest) => {
            text.push(',');
            text.push_str(rest);
        }
        None => text.push('}'),
    }
    Some(Cow::Owned(text))
}

/// JSON on one line, with a replacement character for each half of a surrogate pair that lacks the other: these come from texts cut in the middle
/// of an emoji, and no reader of ours takes them.
pub(super) fn sound(json: &str) -> Cow<'_, str> {
    let lines = has_controls(json);
    let escapes = json.bytes().fold(false, |found, c| found | (c == b'\\'));
    let text = if lines { Cow::Owned(json.replace(['\n', '\r', '\t'], "")) } else { Cow::Borrowed(json) };
    if !escapes || !text.contains("\\u") {
        return text;
    }
    let unit = |at: usize| text.get(at..at + 6).filter(|u| u.starts_with("\\u")).and_then(|u| u32::from_str_radix(&u[2..], 16).ok());
    let (bytes, mut out, mut copied, mut i) = (text.as_bytes(), String::new(), 0, 0);
    while i < bytes.len() {
        let step = match bytes[i] {
            b'\\' => match unit(i) {
                Some(0xd800..=0xdbff) if unit(i + 6).is_some_and(|low| (0xdc00..=0xdfff).contains(&low)) => 12,
                Some(0xd800..=0xdfff) => {
                    out.push_str(&text[copied..i]);
                    out.push_str("\\ufffd");
                    copied = i + 6;
                    6
                }
                _ => 2,
            },
            _ => 1,
        };
        i += step;
    }
    if copied == 0 {
        return text;
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// Has it control characters? A fold, not a search: it is vectorised, and nearly every text is read to its end.
pub(super) fn has_controls(text: &str) -> bool {
    text.bytes().fold(false, |found, c| found | (c < 0x20))
}

/// The beginning of a text, for messages.
pub(super) fn short(text: &str) -> Cow<'_, str> {
    const CHARS_MAX: usize = 60;
    match text.char_indices().nth(CHARS_MAX) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}
