//! Segment's messages: track, identify, group, page, screen and alias.

use std::borrow::Cow;

use tenure_model::Instant;
use tenure_model::input::{Entity, Membership, Merge, Version};

use super::ndjson::Object;
use crate::Inputs;
use crate::batch::{Builder, Row};
use crate::column::json_text;
use crate::events::is_plausible;
use crate::http::with_members;
use crate::mapping::Times;

const TYPES: [&str; 6] = ["track", "identify", "group", "page", "screen", "alias"];

/// Is it a message of Segment's?
pub(super) fn is_message(object: &Object<'_>) -> bool {
    let is_typed = object.get("type").and_then(json_text).is_some_and(|kind| TYPES.contains(&kind.as_ref()));
    is_typed && ["userId", "anonymousId", "groupId", "previousId", "messageId"].iter().any(|key| object.0.iter().any(|(k, _)| k == key))
}

/// Adds what a message says; Err says why it cannot be read.
pub(super) fn read(message: &Object<'_>, events: &mut Builder, inputs: &mut Inputs) -> Result<(), String> {
    let text = |key: &str| message.get(key).and_then(json_text).filter(|t| !t.trim().is_empty());
    let kind = text("type").unwrap_or_default();
    let time = time(message)?;
    let person = text("userId").or_else(|| text("anonymousId"));
    let account = group(message).or_else(|| text("groupId"));
    match kind.as_ref() {
        "track" => {
            let name = text("event").ok_or("a track without event")?;
            events.push(Row {
                account: account.as_deref(),
                person: person.as_deref(),
                name: &name,
                time,
                message_id: text("messageId").as_deref(),
                properties: properties(message).as_deref(),
            });
        }
        "page" | "screen" => {
            let name = if kind == "page" { "page_viewed" } else { "screen_viewed" };
            let properties =
                with_members(properties(message), &[("name", text("name").as_deref()), ("category", text("category").as_deref())]);
            events.push(Row {
                account: account.as_deref(),
                person: person.as_deref(),
                name,
                time,
                message_id: text("messageId").as_deref(),
                properties: properties.as_deref(),
            });
        }
        "identify" => {
            let person = person.ok_or("an identify without userId")?;
            versions(message, Entity::Person(person.to_string()), time, inputs)?;
            inputs.memberships.extend(account.map(|account| membership(&person, &account)));
        }
        "group" => {
            let account = text("groupId").ok_or("a group without groupId")?;
            versions(message, Entity::Account(account.to_string()), time, inputs)?;
            inputs.memberships.extend(person.map(|person| membership(&person, &account)));
        }
        _ => {
            let (from, into) = (text("previousId").ok_or("an alias without previousId")?, text("userId").ok_or("an alias without userId")?);
            inputs.merges.push(Merge { account: false, from: from.into_owned(), into: into.into_owned(), at: time });
        }
    }
    Ok(())
}

/// A person who was ever said to belong to an account belongs to it: the message tells when it was said, not since when it is so.
fn membership(person: &str, account: &str) -> Membership {
    Membership { person: person.to_owned(), account: account.to_owned(), from: None, until: None }
}

fn time(message: &Object<'_>) -> Result<Instant, String> {
    let written = ["timestamp", "originalTimestamp", "sentAt", "receivedAt"]
        .iter()
        .find_map(|key| message.get(key))
        .and_then(json_text)
        .ok_or("there is no timestamp")?;
    match Times::default().read(&written) {
        Some(t) if is_plausible(t) => Ok(t),
        Some(t) => Err(format!("the time {t} is not between 1900 and 2200")),
        None => Err(format!("`{written}` is not a time")),
    }
}

/// `context.groupId`.
fn group<'a>(message: &Object<'a>) -> Option<Cow<'a, str>> {
    let context: Object<'a> = serde_json::from_str(message.get("context").filter(|c| c.contains("groupId"))?).ok()?;
    json_text(context.get("groupId")?).filter(|t| !t.trim().is_empty())
}

fn properties<'a>(message: &Object<'a>) -> Option<Cow<'a, str>> {
    message.get("properties").filter(|p| p.starts_with('{') && *p != "{}").map(Cow::Borrowed)
}

/// The traits as versions from the message's time on; those that are null are removed from then on.
fn versions(message: &Object<'_>, entity: Entity, time: Instant, inputs: &mut Inputs) -> Result<(), String> {
    let Some(traits) = message.get("traits") else { return Ok(()) };
    let traits: Object<'_> = serde_json::from_str(traits).map_err(|_| "its traits are no object".to_owned())?;
    for (field, json) in traits.0 {
        let value = serde_json::from_str(json).map_err(|e| e.to_string())?;
        inputs.versions.push(Version {
            entity: entity.clone(),
            field: field.into_owned(),
            value,
            valid_from: Some(time),
            known_from: None,
        });
    }
    Ok(())
}
