//! A scan for the engine: the events of a range of accounts, in columns.

use std::collections::BTreeSet;

use tenure_model::definition::{EventId, Property};
use tenure_model::{Calendar, Instant};

use crate::accounts::Accounts;
use crate::error::Error;

/// What a scan needs. Whatever is not needed is not read.
#[derive(Clone, Debug)]
pub struct Needs<'a> {
    /// Event names that are told apart (`Model::event_names`); all others become `OTHER`.
    pub names: &'a [String],
    /// Properties to read (`Model::properties`).
    pub properties: &'a [Property],
    /// Read properties only of these events; None: of all, also of `OTHER` ones.
    pub properties_of: Option<&'a [EventId]>,
    /// Reads times and dates in properties.
    pub calendar: &'a Calendar,
    /// Only events up to then, inclusive.
    pub until: Option<Instant>,
    /// Only these accounts; None: all.
    pub accounts: Option<&'a BTreeSet<String>>,
    /// Fill `AccountEvents::position`.
    pub positions: bool,
}

/// A range of account ids of an archive, as of its catalog when it was made. May be sent to a thread.
#[derive(Clone)]
pub struct Partition {}

impl Partition {
    /// Roughly how many events it has.
    pub fn rows(&self) -> u64 {
        todo!()
    }

    /// Reads it, in the calling thread.
    pub fn read(&self, _needs: &Needs<'_>) -> Result<Accounts, Error> {
        todo!()
    }
}
