//! The properties a model reads, taken out of the JSON text of an event.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use tenure_model::definition::Property;
use tenure_model::{Calendar, Kind, Value};

/// Reads wanted properties; equal texts share their memory.
pub(crate) struct PropertyReader<'a> {
    /// Name, name's parts, type.
    wanted: Vec<(&'a str, Vec<&'a str>, Kind)>,
    calendar: &'a Calendar,
    texts: FxHashSet<Arc<str>>,
}

impl<'a> PropertyReader<'a> {
    pub fn new(properties: &'a [Property], calendar: &'a Calendar) -> PropertyReader<'a> {
        let wanted = properties.iter().map(|p| (p.name.as_str(), p.name.split('.').collect(), p.kind)).collect();
        PropertyReader { wanted, calendar, texts: FxHashSet::default() }
    }

    /// Appends the values of all wanted properties; appends nothing and returns false where all are NULL.
    pub fn read(&mut self, json: &str, values: &mut Vec<Value>) -> bool {
        let start = values.len();
        values.resize(start + self.wanted.len(), Value::Null);
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let object = Object { reader: self, values: &mut values[start..] };
        // The archive holds JSON objects; should one be broken, what was read of it before the break stands.
        let _ = object.deserialize(&mut deserializer);
        let any = values[start..].iter().any(|v| !v.is_null());
        if !any {
            values.truncate(start);
        }
        any
    }

    fn value(&mut self, json: &serde_json::Value, kind: Kind) -> Value {
        let value = Value::from_json(json, kind, self.calendar).unwrap_or(Value::Null);
        let Value::Text(text) = value else { return value };
        if let Some(shared) = self.texts.get(&text) {
            return Value::Text(shared.clone());
        }
        self.texts.insert(text.clone());
        Value::Text(text)
    }

    fn wants(&self, key: &str) -> bool {
        self.wanted.iter().any(|(name, parts, _)| *name == key || parts[0] == key)
    }

    /// The value of a key of the object: it may be a property itself and hold nested ones.
    fn take(&mut self, key: &str, json: &serde_json::Value, values: &mut [Value]) {
        for (i, value) in values.iter_mut().enumerate() {
            let (name, parts, kind) = &self.wanted[i];
            let found = if *name == key {
                Some(json)
            } else if parts.len() > 1 && parts[0] == key && value.is_null() {
                parts[1..].iter().try_fold(json, |json, part| json.get(part))
            } else {
                None
            };
            let kind = *kind;
            if let Some(found) = found {
                *value = self.value(found, kind);
            }
        }
    }
}

struct Object<'r, 'a, 'v> {
    reader: &'r mut PropertyReader<'a>,
    values: &'v mut [Value],
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            if self.reader.wants(&key) {
                let json: serde_json::Value = map.next_value()?;
                self.reader.take(&key, &json, self.values);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// A key, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_properties() {
        let property = |name: &str, kind| Property { name: name.into(), kind };
        let properties = [property("path", Kind::Text), property("seconds", Kind::Number), property("plan.name", Kind::Text)];
        let calendar = Calendar::utc();
        let mut reader = PropertyReader::new(&properties, &calendar);
        for (json, expected) in [
            (r#"{"path":"/help","other":[1,{"path":2}],"seconds":"12"}"#, Some("'/help' 12 NULL")),
            (r#"{"plan":{"name":"pro"},"path":null}"#, Some("NULL NULL 'pro'")),
            (r#"{"plan.name":"flat","plan":{"name":"nested"}}"#, Some("NULL NULL 'flat'")),
            (r#"{"seconds":"long"}"#, None),
            (r#"{"path":"\u00e4\n"}"#, Some("'ä\n' NULL NULL")),
            (r#"{}"#, None),
            (r#"not json"#, None),
        ] {
            let mut values = Vec::new();
            let any = reader.read(json, &mut values);
            let text = values.iter().map(Value::to_string).collect::<Vec<_>>().join(" ");
            assert_eq!(any.then_some(text.as_str()), expected, "{json}");
            assert!(any || values.is_empty());
        }
    }
}
