//! Errors as people read them: one line with the cause and the file, one line with what to do.

use std::fmt;

/// A cause, and what to do about it.
#[derive(Debug)]
pub struct Failure {
    cause: String,
    help: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)
    }
}

impl std::error::Error for Failure {}

/// An error with advice.
pub fn failure(cause: impl Into<String>, help: impl Into<String>) -> anyhow::Error {
    Failure { cause: cause.into(), help: help.into() }.into()
}

/// The error on one line, then the advice, if one of its causes has some.
pub fn report(error: &anyhow::Error) -> String {
    let mut lines = format!("error: {error:#}").replace('\n', " ");
    if let Some(failure) = error.chain().find_map(|e| e.downcast_ref::<Failure>()) {
        lines.push_str("\n  help: ");
        lines.push_str(&failure.help);
    }
    lines
}
