//! Each edit as a table: what a file was, what was done, what it is then.

mod find;
mod insert;
mod refused;
mod remove;
mod replace;
mod set;

use super::{Error, Texts};

/// The file all of these tests are about.
const FILE: &str = "m.yaml";

fn texts(text: &str) -> Texts {
    Texts::from([(FILE.to_owned(), text.to_owned())])
}

/// The keys of `a.b.c`.
fn keys(path: &str) -> Vec<&str> {
    path.split('.').collect()
}

/// What an edit makes of the one file.
fn edited(before: &str, edit: impl FnOnce(&mut Texts) -> Result<(), Error>) -> String {
    let mut files = texts(before);
    edit(&mut files).unwrap_or_else(|error| panic!("{error}\n{before}"));
    assert_eq!(files.len(), 1, "no other file comes into being");
    files.remove(FILE).unwrap_or_default()
}

/// An edit that is refused leaves the files as they are.
fn refused(before: &str, edit: impl FnOnce(&mut Texts) -> Result<(), Error>) -> String {
    let mut files = texts(before);
    let error = edit(&mut files).expect_err(before);
    assert_eq!(files, texts(before));
    error.to_string()
}

#[track_caller]
fn is(what: &str, after: &str, expected: &str) {
    assert_eq!(after, expected, "{what}:\n--- is\n{after}\n--- should be\n{expected}");
}
