//! Ids that say what they are of: a prefix and whatever the caller drew. An id of one thing cannot be taken for another's.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::dialect::Value;

/// Declares ids, each with its prefix.
macro_rules! ids {
    ($($(#[$doc:meta])+ $name:ident $prefix:literal;)+) => { $(
        $(#[$doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What every such id begins with.
            pub const PREFIX: &'static str = $prefix;

            /// An id from its part after the prefix.
            pub fn of(rest: &str) -> $name {
                $name(format!("{}{rest}", $prefix))
            }

            /// As text, with its prefix.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// From the database, which holds only what was checked.
            pub(crate) fn stored(text: String) -> $name {
                $name(text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = Error;

            /// # Errors
            /// `Error::Id` where the prefix is another one, or nothing but letters, digits, `-` and `_` follows.
            fn from_str(text: &str) -> Result<$name, Error> {
                check(text, $prefix).map($name)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(text: String) -> Result<$name, Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl<'v> From<&'v $name> for Value<'v> {
            fn from(id: &'v $name) -> Value<'v> {
                Value::from(&id.0)
            }
        }

        impl<'v> From<Option<&'v $name>> for Value<'v> {
            fn from(id: Option<&'v $name>) -> Value<'v> {
                Value::from(id.map(|id| id.0.as_str()))
            }
        }
    )+ };
}

ids! {
    /// Of a source of inputs.
    SourceId "src_";
    /// Of an item in quarantine.
    QuarantineId "qrt_";
    /// Of a message in the outbox.
    MessageId "msg_";
    /// Of a teammate.
    TeammateId "team_";
    /// Of an API key.
    ApiKeyId "key_";
    /// Of an entry of the audit log.
    AuditId "aud_";
    /// Of a saved view.
    ViewId "view_";
    /// Of a note.
    NoteId "note_";
}

fn check(text: &str, prefix: &'static str) -> Result<String, Error> {
    match text.strip_prefix(prefix) {
        Some(rest) if !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') => Ok(text.to_owned()),
        _ => Err(Error::Id { prefix, found: text.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_what_it_is_of() {
        assert_eq!("src_01J".parse::<SourceId>().unwrap(), SourceId::of("01J"));
        for other in ["", "src_", "team_01J", "01J", "src_a b", "SRC_01J", "src_é"] {
            assert!(matches!(other.parse::<SourceId>(), Err(Error::Id { prefix: "src_", .. })), "{other}");
        }
        assert!(serde_json::from_str::<SourceId>("\"team_1\"").is_err());
        assert_eq!(serde_json::to_string(&NoteId::of("1")).unwrap(), "\"note_1\"");
    }
}
