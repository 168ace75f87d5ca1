//! How a file is to be read: its mapping, where its events come from, the date of what has none.

use std::sync::Arc;

use tenure_ingest::{Import, Lookups, Mapping};
use tenure_model::Instant;
use tenure_store::ImportKey;

use crate::error::asked;
use crate::{Error, Result};

/// The source of events that nobody gave one.
const SOURCE: &str = "file";

/// How files are to be read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Which column is what.
    pub mapping: Arc<Mapping>,
    /// What the mapping looks things up in.
    pub lookups: Arc<Lookups>,
    /// Hash of the mapping and its lookups; empty for the default mapping.
    pub mapping_hash: String,
    /// Part of every event's duplicate key.
    pub source: String,
    /// The date of statements without one.
    pub dated: Option<Instant>,
}

impl Reading {
    /// By a mapping and its lookups. `source`: as asked for, else the mapping's, else `file`.
    pub fn new(mapping: Mapping, lookups: Lookups, mapping_hash: String, source: Option<String>, dated: Option<Instant>) -> Reading {
        let source = source.or_else(|| mapping.source().map(str::to_owned)).unwrap_or_else(|| SOURCE.to_owned());
        Reading { mapping: Arc::new(mapping), lookups: Arc::new(lookups), mapping_hash, source, dated }
    }

    /// By the text of a mapping alone; the default one where there is none.
    ///
    /// # Errors
    /// What is wrong with the mapping; where it is of another kind, or needs lookup files.
    pub fn of(kind: Import, mapping: Option<&str>, source: Option<String>, dated: Option<Instant>) -> Result<Reading> {
        let Some(yaml) = mapping else {
            return Ok(Reading::new(Mapping::default_for(kind), Lookups::default(), String::new(), source, dated));
        };
        let mapping = Mapping::parse("mapping", yaml).map_err(Error::Mapping)?;
        if mapping.import != kind {
            let (is, wanted) = (kind_name(mapping.import), kind_name(kind));
            return Err(asked(format!("it is a mapping of {is}, and the file is to hold {wanted}"), format!("import it as {is}")));
        }
        if let Some(file) = mapping.lookup_files().first() {
            let help = "tenure import reads it beside the mapping, while no tenure serve runs";
            return Err(asked(format!("the mapping looks things up in the file {file}, which cannot be sent along"), help));
        }
        Ok(Reading::new(mapping, Lookups::default(), hash_texts([yaml.as_bytes()]), source, dated))
    }

    /// What makes imports of files the same.
    pub fn key(&self, content_hash: String) -> ImportKey {
        ImportKey {
            kind: kind_name(self.mapping.import).to_owned(),
            content_hash,
            mapping_hash: self.mapping_hash.clone(),
            source: self.source.clone(),
            dated: self.dated,
        }
    }
}

/// The name of what a file holds, as callers and the store write it.
pub fn kind_name(kind: Import) -> &'static str {
    match kind {
        Import::Accounts => "accounts",
        Import::People => "people",
        Import::Subscriptions => "subscriptions",
        Import::Events => "events",
    }
}

/// Hash of several texts, such as a mapping and the files it looks things up in.
pub fn hash_texts<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text);
    }
    hasher.finalize().to_hex().to_string()
}
