//! The shape of a body of Segment's API: an item, or a batch of them, as raw JSON by field. Nothing is understood here.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::limits::ITEMS_MAX;
use super::refused::Refused;
use crate::reader::Object;

/// An item: the raw JSON of the fields that mean something to us.
#[derive(Clone, Copy, Default)]
pub(super) struct Item<'a> {
    pub kind: Option<&'a str>,
    pub user: Option<&'a str>,
    pub anonymous: Option<&'a str>,
    pub group: Option<&'a str>,
    pub previous: Option<&'a str>,
    pub event: Option<&'a str>,
    pub name: Option<&'a str>,
    pub category: Option<&'a str>,
    pub message: Option<&'a str>,
    pub timestamp: Option<&'a str>,
    pub original: Option<&'a str>,
    pub sent_at: Option<&'a str>,
    pub properties: Option<&'a str>,
    pub traits: Option<&'a str>,
    pub context: Option<&'a str>,
    /// How long it is, without white space; 0 for what is no object.
    pub bytes: usize,
}

/// A batch: its items, and what it says of all of them.
#[derive(Default)]
pub(super) struct Envelope<'a> {
    /// None where `batch` is missing or not an array.
    pub items: Option<Vec<Item<'a>>>,
    /// How many there are; no more than `ITEMS_MAX` are kept.
    pub count: usize,
    pub context: Option<&'a str>,
    pub sent_at: Option<&'a str>,
}

/// The items of a batch as they stand in the body: needed only where one of them is bad.
pub(super) fn as_written(body: &str) -> Vec<&RawValue> {
    let object: Option<Object<'_>> = serde_json::from_str(body).ok();
    let batch = object.and_then(|object| object.0.into_iter().rfind(|(key, _)| key == "batch"));
    batch.and_then(|(_, json)| serde_json::from_str(json).ok()).unwrap_or_default()
}

impl<'a> Envelope<'a> {
    /// Reads a batch.
    pub fn read(body: &'a str) -> Result<Envelope<'a>, Refused> {
        if !body.trim_ascii_start().starts_with('{') {
            parse::<IgnoredAny>(body)?;
            return Err(Refused::NoBatch);
        }
        let envelope: Envelope<'a> = parse(body).or_else(|refused| one_by_one(body).ok_or(refused))?;
        match &envelope.items {
            None => Err(Refused::NoBatch),
            Some(_) if envelope.count > ITEMS_MAX => Err(Refused::TooManyItems { items: envelope.count, items_max: ITEMS_MAX }),
            Some(_) => Ok(envelope),
        }
    }
}

/// Reads a batch item by item: one that is JSON and still cannot be read (half a surrogate pair, a number beyond all numbers) is one bad item, not
/// a bad request.
fn one_by_one(body: &str) -> Option<Envelope<'_>> {
    let object: Object<'_> = serde_json::from_str(body).ok()?;
    let of = |name| object.0.iter().rfind(|(key, _)| key == name).map(|(_, json)| *json);
    let raw: Vec<&RawValue> = serde_json::from_str(of("batch")?).ok()?;
    let items = raw.iter().take(ITEMS_MAX).map(|item| serde_json::from_str(item.get()).unwrap_or_default()).collect();
    Some(Envelope { items: Some(items), count: raw.len(), context: of("context"), sent_at: of("sentAt") })
}

/// Reads a body as JSON of a certain shape.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, Refused> {
    serde_json::from_str(body).map_err(|error| Refused::json(&error, body))
}

impl<'de> Deserialize<'de> for Item<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

/// What is no object of the expected kind is passed over: it is one bad item, not a bad request.
macro_rules! pass_over {
    ($lifetime:lifetime, $value:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($value)
        }
    };
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item<'de>, A::Error> {
        let mut item = Item { bytes: 1, ..Item::default() };
        while let Some(Key(field, length)) = map.next_key()? {
            let value = map.next_value::<&RawValue>()?.get();
            item.bytes += length + value.len() + 4;
            let place = match field {
                Field::Kind => &mut item.kind,
                Field::User => &mut item.user,
                Field::Anonymous => &mut item.anonymous,
                Field::Group => &mut item.group,
                Field::Previous => &mut item.previous,
                Field::Event => &mut item.event,
                Field::Name => &mut item.name,
                Field::Category => &mut item.category,
                Field::Message => &mut item.message,
                Field::Timestamp => &mut item.timestamp,
                Field::Original => &mut item.original,
                Field::SentAt => &mut item.sent_at,
                Field::Properties => &mut item.properties,
                Field::Traits => &mut item.traits,
                Field::Context => &mut item.context,
                Field::Other | Field::Batch => continue,
            };
            *place = Some(value);
        }
        Ok(item)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Item<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Item::default())
    }

    pass_over!('de, Item::default());
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EnvelopeVisitor;
        impl<'de> Visitor<'de> for EnvelopeVisitor {
            type Value = Envelope<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope<'de>, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(Key(field, _)) = map.next_key()? {
                    match field {
                        Field::Batch => {
                            let Items(items, count) = map.next_value()?;
                            (envelope.items, envelope.count) = (items, count);
                        }
                        Field::Context => envelope.context = Some(map.next_value::<&RawValue>()?.get()),
                        Field::SentAt => envelope.sent_at = Some(map.next_value::<&RawValue>()?.get()),
                        _ => _ = map.next_value::<IgnoredAny>()?,
                    }
                }
                Ok(envelope)
            }
        }
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

/// The items, if it is an array, and how many there are.
struct Items<'a>(Option<Vec<Item<'a>>>, usize);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor;
        impl<'de> Visitor<'de> for ItemsVisitor {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of items")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<'de>, A::Error> {
                let mut items = Vec::with_capacity(32);
                while items.len() < ITEMS_MAX
                    && let Some(item) = seq.next_element()?
                {
                    items.push(item);
                }
                let mut count = items.len();
                while count >= ITEMS_MAX && seq.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Items(Some(items), count))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Items<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Items(None, 0))
            }

            pass_over!('de, Items(None, 0));
        }
        deserializer.deserialize_any(ItemsVisitor)
    }
}

/// A key that means something, and how long it is.
struct Key(Field, usize);

#[derive(Clone, Copy)]
enum Field {
    Kind,
    User,
    Anonymous,
    Group,
    Previous,
    Event,
    Name,
    Category,
    Message,
    Timestamp,
    Original,
    SentAt,
    Properties,
    Traits,
    Context,
    Batch,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            // Not as text: a key may hold half a surrogate pair, and then is none that means something.
            fn visit_bytes<E>(self, text: &[u8]) -> Result<Key, E> {
                let field = match text {
                    b"type" => Field::Kind,
                    b"userId" => Field::User,
                    b"anonymousId" => Field::Anonymous,
                    b"groupId" | b"group_id" => Field::Group,
                    b"previousId" => Field::Previous,
                    b"event" => Field::Event,
                    b"name" => Field::Name,
                    b"category" => Field::Category,
                    b"messageId" => Field::Message,
                    b"timestamp" => Field::Timestamp,
                    b"originalTimestamp" => Field::Original,
                    b"sentAt" => Field::SentAt,
                    b"properties" => Field::Properties,
                    b"traits" => Field::Traits,
                    b"context" => Field::Context,
                    b"batch" => Field::Batch,
                    _ => Field::Other,
                };
                Ok(Key(field, text.len()))
            }
        }
        deserializer.deserialize_bytes(KeyVisitor)
    }
}
