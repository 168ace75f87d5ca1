//! Why an edit is refused.

use crate::diagnostic::Diagnostic;

/// Why an edit was refused; the files are then as they were.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("{}", .0.first().map_or_else(|| "a file is not YAML".to_owned(), |found| found.to_string()))]
    Yaml(Vec<Diagnostic>),
    /// What is to be put somewhere cannot be read.
    #[error("the value is not YAML: {why}")]
    Value {
        /// What is wrong with it.
        why: String,
    },
    /// No file defines it.
    #[error("no file defines `{path}`")]
    Missing {
        /// Its keys.
        path: String,
    },
    /// It is to be added, and is there.
    #[error("{file}:{line}: `{path}` is defined already")]
    Exists {
        /// Where it stands.
        file: String,
        /// Where it stands.
        line: usize,
        /// Its keys.
        path: String,
    },
    /// Two files define it.
    #[error("`{path}` is defined twice, in {first} and in {second}")]
    Twice {
        /// Its keys.
        path: String,
        /// One of the files.
        first: String,
        /// Another one.
        second: String,
    },
    /// It is written as `*name`: an edit would have to be made where the anchor is.
    #[error("{file}:{line}: `{path}` is an alias of what stands elsewhere")]
    Alias {
        /// Where it stands.
        file: String,
        /// Where it stands.
        line: usize,
        /// Its keys.
        path: String,
    },
    /// It is a list or map where one value is meant, or the other way round.
    #[error("{file}:{line}: `{path}` is {is}, not {expected}")]
    Kind {
        /// Where it stands.
        file: String,
        /// Where it stands.
        line: usize,
        /// Its keys.
        path: String,
        /// What it is.
        is: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// It is written in a way in which the edit would change something else too.
    #[error("{file}:{line}: `{path}` cannot be edited without changing something else")]
    Entangled {
        /// Where it stands.
        file: String,
        /// Where it stands.
        line: usize,
        /// Its keys.
        path: String,
    },
}
