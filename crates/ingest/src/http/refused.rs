//! Why a whole request is refused. What single items have wrong is in `Intake::bad` instead.

use serde::Serialize;

/// Why nothing of a request was taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refused {
    /// The body is not JSON.
    #[error("the body is not JSON: {expected} at line {line}, column {column} (byte {byte})")]
    InvalidJson {
        /// From 1.
        line: usize,
        /// In bytes, from 1; 0 at the very beginning of a line.
        column: usize,
        /// From 0: of the (decompressed) body.
        byte: usize,
        /// What was expected there, or what is wrong.
        expected: String,
    },
    /// The body is larger than allowed, decompressed.
    #[error("the body is larger than {bytes_max} bytes")]
    TooLarge {
        /// What is allowed.
        bytes_max: usize,
    },
    /// The batch has more items than allowed.
    #[error("the batch has {items} items; {items_max} are allowed")]
    TooManyItems {
        /// How many there are.
        items: usize,
        /// How many are allowed.
        items_max: usize,
    },
    /// There is no list of items.
    #[error("`batch` is missing or not an array: a batch is {{\"batch\": [ … ]}}")]
    NoBatch,
}

impl Refused {
    /// The stable code: `invalid_json`, `too_large`, `too_many_items`, `no_batch`.
    pub fn code(&self) -> &'static str {
        match self {
            Refused::InvalidJson { .. } => "invalid_json",
            Refused::TooLarge { .. } => "too_large",
            Refused::TooManyItems { .. } => "too_many_items",
            Refused::NoBatch => "no_batch",
        }
    }

    /// From what serde_json says of a body.
    pub(super) fn json(error: &serde_json::Error, body: &str) -> Refused {
        let (line, column) = (error.line(), error.column());
        let before: usize = body.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let told = error.to_string();
        let expected = told.split(" at line ").next().unwrap_or_default().to_owned();
        Refused::InvalidJson { line, column, byte: (before + column.saturating_sub(1)).min(body.len()), expected }
    }

    /// For a body that is no text.
    pub(super) fn not_text(body: &[u8], byte: usize, expected: &str) -> Refused {
        let before = &body[..byte.min(body.len())];
        let line = 1 + before.iter().filter(|c| **c == b'\n').count();
        let column = 1 + before.iter().rev().take_while(|c| **c != b'\n').count();
        Refused::InvalidJson { line, column, byte, expected: expected.to_owned() }
    }
}
