//! Errors as people read them: one line with the cause and the file, one line with what to do.

use std::{fmt, io};

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

/// The error on one line, then the advice, if one of its causes has some. Causes that only repeat what was said are left out.
pub fn report(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain().map(|cause| cause.to_string().replace('\n', " ")) {
        if !said.contains(&cause) {
            said += if said.is_empty() { "" } else { ": " };
            said += &cause;
        }
    }
    let advice = error.chain().find_map(help).map(|help| format!("\n  help: {help}"));
    format!("error: {said}{}", advice.unwrap_or_default())
}

/// The advice that an error carries.
fn help<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e str> {
    if let Some(tenure_tables::Error::Asked { help, .. }) = error.downcast_ref() {
        return Some(help);
    }
    if let Some(tenure_import::Error::Asked { help, .. }) = error.downcast_ref() {
        return Some(help);
    }
    error.downcast_ref::<Failure>().map(|failure| failure.help.as_str())
}

/// Has the reader of standard output gone away?
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|e| e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_and_advice() {
        let error = failure("there is no file a.csv", "write one").context("cannot import").context("cannot import");
        assert_eq!(report(&error), "error: cannot import: there is no file a.csv\n  help: write one");
    }
}
