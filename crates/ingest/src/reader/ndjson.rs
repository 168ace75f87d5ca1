//! One JSON object per line: Segment's messages, and objects of any other kind through the mapping.

use std::borrow::Cow;
use std::fmt;
use std::io::BufRead;
use std::sync::Arc;

use datafusion::arrow::array::StringBuilder;
use rustc_hash::FxHashMap;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::segment;
use super::{Chunks, Error, read_table};
use crate::batch::Builder;
use crate::column::Column;
use crate::table::Table;
use crate::{Inputs, Lookups, Mapping, Reject};

/// Lines of a chunk.
const CHUNK_ROWS: usize = 16_384;

/// Reads one JSON object per line. Segment's objects (`type: track | identify | group | page | screen | alias`) are understood in any file,
/// whatever the mapping's kind; other objects through the mapping.
pub fn ndjson<'a, R: BufRead + Send + 'a>(mut reader: R, mapping: &'a Mapping, lookups: &'a Lookups) -> Result<Chunks<'a>, Error> {
    let first = reader.fill_buf()?.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(b'[') {
        return Err(Error::Columns("the file is one JSON array, not one object a line; jq -c '.[]' FILE makes lines of it".into()));
    }
    let mut line = 0;
    Ok(Box::new(std::iter::from_fn(move || chunk(&mut reader, &mut line, mapping, lookups).transpose())))
}

fn chunk(reader: &mut impl BufRead, line: &mut u64, mapping: &Mapping, lookups: &Lookups) -> Result<Option<Inputs>, Error> {
    let mut text = Vec::with_capacity(CHUNK_ROWS * 256);
    let mut ends = Vec::with_capacity(CHUNK_ROWS);
    while ends.len() < CHUNK_ROWS && reader.read_until(b'\n', &mut text)? > 0 {
        ends.push(text.len());
    }
    if ends.is_empty() {
        return Ok(None);
    }
    let mut inputs = Inputs::default();
    let mut events = Builder::default();
    let mut plain = Objects::default();
    let mut start = 0;
    for end in ends {
        let bytes = text[start..end].trim_ascii();
        start = end;
        *line += 1;
        if bytes.is_empty() {
            continue;
        }
        inputs.rows += 1;
        let read = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()).and_then(|text| {
            let object: Object<'_> = serde_json::from_str(text).map_err(|e| format!("it is not a JSON object: {e}"))?;
            if segment::is_message(&object) {
                segment::read(&object, &mut events, &mut inputs)
            } else {
                plain.push(*line, text, &object);
                Ok(())
            }
        });
        if let Err(reason) = read {
            inputs.rejects.push(Reject { row: *line, reason, raw: String::from_utf8_lossy(bytes).into_owned() });
        }
    }
    if !events.is_empty() {
        inputs.events.push(events.finish());
    }
    if !plain.numbers.is_empty() {
        read_table(&plain.finish(), mapping, lookups, &mut inputs)?;
    }
    inputs.rejects.sort_by_key(|r| r.row);
    Ok(Some(inputs))
}

/// The members of an object, borrowed from its text.
pub(crate) struct Object<'a>(pub Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Object<'a> {
    /// The JSON of a member; None where it is not there or null.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, json)| *json).filter(|json| *json != "null")
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::with_capacity(12);
                while let Some((Key(key), value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    members.push((key, value.get()));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A key, borrowed unless it has escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Text).map(Key)
    }
}

/// Objects that become a table: a column for each key that one of them has.
#[derive(Default)]
struct Objects {
    numbers: Vec<u64>,
    raw: Vec<String>,
    ids: FxHashMap<String, usize>,
    names: Vec<String>,
    columns: Vec<StringBuilder>,
}

impl Objects {
    fn push(&mut self, number: u64, text: &str, object: &Object<'_>) {
        use datafusion::arrow::array::ArrayBuilder;
        let row = self.numbers.len();
        self.numbers.push(number);
        self.raw.push(text.to_owned());
        for (i, (key, json)) in object.0.iter().enumerate() {
            // Objects of one file mostly have the same keys in the same order.
            let column = match self.names.get(i) {
                Some(name) if name == key => i,
                _ => self.column(key),
            };
            let builder = &mut self.columns[column];
            if builder.len() <= row {
                (builder.len()..row).for_each(|_| builder.append_null());
                builder.append_value(json);
            }
        }
    }

    fn column(&mut self, key: &str) -> usize {
        if let Some(&column) = self.ids.get(key) {
            return column;
        }
        self.ids.insert(key.to_owned(), self.names.len());
        self.names.push(key.to_owned());
        self.columns.push(StringBuilder::new());
        self.names.len() - 1
    }

    fn finish(mut self) -> Table {
        use datafusion::arrow::array::ArrayBuilder;
        let rows = self.numbers.len();
        let columns = self.columns.iter_mut().map(|builder| {
            (builder.len()..rows).for_each(|_| builder.append_null());
            Column::Json(builder.finish())
        });
        let columns = columns.collect();
        Table { first_row: 1, numbers: Some(self.numbers), names: Arc::from(self.names), columns, rows, raw: Some(self.raw) }
    }
}
