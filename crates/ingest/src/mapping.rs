//! The mapping file: which of a foreign file's columns is what (docs/reference/mapping.md).

use std::collections::BTreeMap;

use tenure_model::Diagnostic;

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Import {
    /// Accounts and their traits.
    Accounts,
    /// People, their traits and where they belong.
    People,
    /// Subscriptions.
    Subscriptions,
    /// Events.
    Events,
}

/// Which column is what.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// What the file holds.
    pub import: Import,
}

impl Mapping {
    /// Reads a mapping file. `file` is its name in diagnostics, all of which are returned at once.
    pub fn parse(_file: &str, _yaml: &str) -> Result<Mapping, Vec<Diagnostic>> {
        todo!()
    }

    /// The mapping that is used where none is given.
    pub fn default_for(import: Import) -> Mapping {
        Mapping { import }
    }

    /// The source its events are said to come from; a part of their duplicate key. None: the caller's.
    pub fn source(&self) -> Option<&str> {
        None
    }

    /// The files its lookups need, relative to the mapping file, for `Lookups::add`.
    pub fn lookup_files(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The contents of lookup files.
#[derive(Clone, Debug, Default)]
pub struct Lookups {
    _tables: BTreeMap<String, ()>,
}

impl Lookups {
    /// Adds the content of a CSV file under the name the mapping calls it.
    pub fn add(&mut self, _name: &str, _csv: &[u8]) -> Result<(), String> {
        todo!()
    }
}
