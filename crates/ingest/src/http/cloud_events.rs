//! CloudEvents 1.0: one event as JSON, a batch of them, or in the headers with its data as the body.

use std::borrow::Cow;

use serde_json::value::RawValue;
use tenure_model::Instant;

use super::body::percent_decode;
use super::envelope::parse;
use super::intake::{Bad, Code, Event, Fault, Intake};
use super::limits::{BATCH_BYTES_MAX, ITEM_BYTES_MAX, ITEMS_MAX};
use super::message_id::MessageIds;
use super::refused::Refused;
use super::said;
use crate::column::quote;
use crate::reader::Object;

/// What a request of CloudEvents says. Headers with `ce-specversion` make it one in binary mode, whose body is the data; else the body is an
/// event, or an array of events. Names of headers are in lower case.
pub fn cloud_events<'a>(headers: &[(&str, &str)], body: &'a str, received_at: Instant) -> Result<Intake<'a>, Refused> {
    if body.len() > BATCH_BYTES_MAX {
        return Err(Refused::TooLarge { bytes_max: BATCH_BYTES_MAX });
    }
    let mut intake = Intake::default();
    if headers.iter().any(|(name, _)| *name == "ce-specversion") {
        let text = structured(headers, body);
        match read(&text, received_at) {
            Ok(event) => intake.events.push(own(event)),
            Err(fault) => intake.bad.push(bad(0, fault, &text)),
        }
        return Ok(intake);
    }
    let items: Vec<&'a RawValue> = if body.trim_ascii_start().starts_with('[') { parse(body)? } else { vec![parse(body)?] };
    if items.len() > ITEMS_MAX {
        return Err(Refused::TooManyItems { items: items.len(), items_max: ITEMS_MAX });
    }
    for (index, item) in items.into_iter().enumerate() {
        match read(item.get(), received_at) {
            Ok(event) => intake.events.push(event),
            Err(fault) => intake.bad.push(bad(index, fault, item.get())),
        }
    }
    Ok(intake)
}

fn bad(index: usize, fault: Fault, raw: &str) -> Bad {
    Bad { index, code: fault.code, message: fault.message, raw: raw.to_owned(), endpoint: "cloudevents".to_owned() }
}

fn own(event: Event<'_>) -> Event<'static> {
    let own = |text: Option<Cow<'_, str>>| text.map(|t| Cow::Owned(t.into_owned()));
    Event {
        name: Cow::Owned(event.name.into_owned()),
        person: own(event.person),
        account: own(event.account),
        message_id: Cow::Owned(event.message_id.into_owned()),
        properties: own(event.properties),
        ..event
    }
}

/// An event in binary mode as one in structured mode: so there is one meaning, and what is bad can be sent again.
fn structured(headers: &[(&str, &str)], body: &str) -> String {
    let mut text = String::with_capacity(body.len() + 256);
    for (name, value) in headers.iter().filter_map(|(name, value)| Some((name.strip_prefix("ce-")?, value))) {
        text.push(if text.is_empty() { '{' } else { ',' });
        quote(name, &mut text);
        text.push(':');
        quote(&String::from_utf8_lossy(&percent_decode(value.as_bytes())), &mut text);
    }
    if !body.trim_ascii().is_empty() {
        text.push_str(",\"data\":");
        match serde_json::from_str::<&RawValue>(body) {
            Ok(json) => text.push_str(json.get()),
            Err(_) => quote(body, &mut text),
        }
    }
    text.push('}');
    text
}

fn read(json: &str, received_at: Instant) -> Result<Event<'_>, Fault> {
    if json.len() > ITEM_BYTES_MAX {
        return Err(Fault::new(Code::ItemTooLarge, format!("it has {} bytes; {ITEM_BYTES_MAX} are allowed", json.len())));
    }
    let object = said::object(Some(json), "a CloudEvent", Code::NotAnObject)?
        .ok_or_else(|| Fault::new(Code::NotAnObject, "a CloudEvent is not an object: null"))?;
    let needed = |key: &str| said::text(object.get(key), key)?.ok_or_else(|| Fault::new(Code::NoId, format!("a CloudEvent without {key}")));
    let version = needed("specversion")?;
    if !version.starts_with("1.") {
        return Err(Fault::new(Code::NoId, format!("specversion is `{}`: expected 1.0", said::short(&version))));
    }
    let (id, source) = (needed("id")?, needed("source")?);
    let name = said::id(object.get("type"), "type")?.ok_or_else(|| Fault::new(Code::NoEvent, "a CloudEvent without type"))?;
    let time = said::time(object.get("time"), "time")?.unwrap_or(received_at);
    let (person, account) = whose(&object)?;
    if person.is_none() && account.is_none() {
        return Err(Fault::new(Code::NoUser, "a CloudEvent without subject, personid or accountid"));
    }
    Ok(Event {
        name,
        person,
        account,
        time,
        sent_at: None,
        original_time: None,
        message_id: MessageIds::sent(Cow::Owned(format!("{source}#{id}"))),
        properties: said::with_members(data(&object), &[("source", Some(&source))]),
    })
}

/// A person or an account, as far as it is known.
type Whom<'a> = Option<Cow<'a, str>>;

/// Person and account: the extensions `personid` and `accountid`; what these leave open, the subject tells: `account/ID`, `person/ID`, or else the id
/// of a person.
fn whose<'a>(object: &Object<'a>) -> Result<(Whom<'a>, Whom<'a>), Fault> {
    let (mut person, mut account) = (said::id(object.get("personid"), "personid")?, said::id(object.get("accountid"), "accountid")?);
    let Some(subject) = said::id(object.get("subject"), "subject")? else { return Ok((person, account)) };
    match subject.split_once('/') {
        Some(("account" | "accounts", id)) if !id.is_empty() => account = account.or_else(|| Some(Cow::Owned(id.to_owned()))),
        Some(("person" | "people", id)) if !id.is_empty() => person = person.or_else(|| Some(Cow::Owned(id.to_owned()))),
        _ => person = person.or(Some(subject)),
    }
    Ok((person, account))
}

/// The data as properties; data that is no object becomes a property of its name.
fn data<'a>(object: &Object<'a>) -> Option<Cow<'a, str>> {
    if let Some(data) = object.get("data") {
        return match said::properties(Some(data)) {
            Ok(properties) => properties,
            Err(_) => Some(Cow::Owned(format!("{{\"data\":{}}}", said::sound(data)))),
        };
    }
    object.get("data_base64").map(|data| Cow::Owned(format!("{{\"data_base64\":{}}}", said::sound(data))))
}
