//! An event as it is kept in memory for a while: for inputs that come late, and until the archive has it.

use std::cmp::Ordering;
use std::sync::Arc;

use tenure_engine::EventTable;
use tenure_engine::snapshot::SnapshotError;
use tenure_ingest::Resolver;
use tenure_model::Instant;

use crate::bytes::{Reader, Writer};

/// An event of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// When.
    pub time: Instant,
    /// Where it stands in the journal; `ARCHIVED` for events that were read from the archive.
    pub position: i64,
    /// What.
    pub name: Arc<str>,
    /// Who, after merges.
    pub person: Option<Arc<str>>,
    /// As sent, before merges.
    pub given_account: Option<Arc<str>>,
    /// As sent, before merges.
    pub given_person: Option<Arc<str>>,
    /// Where it came from.
    pub source: Arc<str>,
    /// The text of a JSON object.
    pub properties: Option<Box<str>>,
    /// As sent.
    pub message_id: Option<Box<str>>,
    /// When it arrived.
    pub arrived: Instant,
}

impl Recent {
    /// The position of events that were read from the archive.
    pub const ARCHIVED: i64 = i64::MIN;

    /// The order in which the archive has events: by time, then by everything that was given, so that the order of arrival decides nothing.
    pub fn order(&self, other: &Recent) -> Ordering {
        self.order_said(other).then_with(|| self.position.cmp(&other.position))
    }

    /// Is it the same message, sent again?
    pub fn is_copy(&self, other: &Recent) -> bool {
        self.message_id.is_some() && self.order_said(other).is_eq()
    }

    /// Its person under the id by which it is known now.
    pub fn rename(&mut self, resolver: &Resolver) {
        self.person = self.given_person.as_ref().map(|given| match resolver.person(given) {
            same if *same == **given => given.clone(),
            other => other.into(),
        });
    }

    fn order_said(&self, other: &Recent) -> Ordering {
        fn content(r: &Recent) -> [Option<&str>; 4] {
            [Some(&r.name), r.given_person.as_deref(), r.given_account.as_deref(), Some(&r.source)]
        }
        self.time
            .cmp(&other.time)
            .then_with(|| content(self).cmp(&content(other)))
            .then_with(|| self.properties.cmp(&other.properties))
            .then_with(|| self.message_id.cmp(&other.message_id))
    }

    /// Adds it to a table of the engine's.
    pub fn push(&self, table: &mut EventTable) {
        let properties = self.properties.as_deref().filter(|_| table.reads_properties()).and_then(|text| serde_json::from_str(text).ok());
        table.push(self.time, &self.name, self.person.as_deref(), &properties.unwrap_or_default());
    }

    pub(crate) fn save(w: &mut Writer<'_>, event: &Recent) {
        w.number(event.time.0);
        w.number(event.position);
        w.text(&event.name);
        w.text(&event.source);
        w.maybe(event.person.as_deref());
        w.maybe(event.given_account.as_deref());
        w.maybe(event.given_person.as_deref());
        w.maybe(event.properties.as_deref());
        w.maybe(event.message_id.as_deref());
        w.number(event.arrived.0);
    }

    pub(crate) fn restore(r: &mut Reader<'_, '_>) -> Result<Recent, SnapshotError> {
        Ok(Recent {
            time: Instant(r.number()?),
            position: r.number()?,
            name: r.shared()?,
            source: r.shared()?,
            person: r.maybe()?.map(Into::into),
            given_account: r.maybe()?.map(Into::into),
            given_person: r.maybe()?.map(Into::into),
            properties: r.maybe()?.map(Into::into),
            message_id: r.maybe()?.map(Into::into),
            arrived: Instant(r.number()?),
        })
    }
}
