//! Plain enums as the words that serde writes, and JSON as text.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The word of a plain enum.
pub(crate) fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The enum of a word read from a table.
pub(crate) fn parse<T: DeserializeOwned>(table: &'static str, word: &str) -> Result<T> {
    serde_json::from_value(word.into()).map_err(|e| Error::Corrupt { table, why: e.to_string() })
}

/// JSON from a column of a table.
pub(crate) fn json<'t, T: Deserialize<'t>>(table: &'static str, text: &'t str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| Error::Corrupt { table, why: e.to_string() })
}
