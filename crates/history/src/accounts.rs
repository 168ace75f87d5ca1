//! What a scan gives: the events of many accounts in columns, each account's in time order.

use std::sync::Arc;

use tenure_model::Value;

/// The events of some accounts, account by account in order of id, each account's by (time, content).
///
/// All columns are flat; `starts[i]..starts[i + 1]` are the rows of account `i`, and `person_starts` likewise of its persons.
#[derive(Debug, Default)]
pub struct Accounts {
    pub(crate) ids: Vec<Arc<str>>,
    pub(crate) starts: Vec<usize>,
    pub(crate) time: Vec<i64>,
    pub(crate) name: Vec<u16>,
    pub(crate) person: Vec<u32>,
    pub(crate) position: Vec<i64>,
    pub(crate) persons: Vec<Arc<str>>,
    pub(crate) person_starts: Vec<usize>,
    /// Per event, which row of `values`; `NO_FIELDS` where all are NULL. Empty where no property is needed.
    pub(crate) fields: Vec<u32>,
    pub(crate) values: Vec<Value>,
    pub(crate) property_count: usize,
}

/// In `Accounts::fields`: an event of whose properties none is needed or there.
pub(crate) const NO_FIELDS: u32 = u32::MAX;

impl Accounts {
    /// Leaves none, and their memory for others.
    pub(crate) fn clear(&mut self) {
        let Accounts { ids, starts, time, name, person, position, persons, person_starts, fields, values, property_count } = self;
        [starts, person_starts].into_iter().for_each(Vec::clear);
        [time, position].into_iter().for_each(Vec::clear);
        [person, fields].into_iter().for_each(Vec::clear);
        [ids, persons].into_iter().for_each(Vec::clear);
        name.clear();
        values.clear();
        *property_count = 0;
    }

    /// How many accounts.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// How many events in all.
    pub fn event_count(&self) -> usize {
        self.time.len()
    }

    /// The events of the i-th account.
    pub fn get(&self, i: usize) -> AccountEvents<'_> {
        let rows = self.starts[i]..self.starts[i + 1];
        AccountEvents {
            account: &self.ids[i],
            time: &self.time[rows.clone()],
            name: &self.name[rows.clone()],
            person: &self.person[rows.clone()],
            position: if self.position.is_empty() { &[] } else { &self.position[rows.clone()] },
            persons: &self.persons[self.person_starts[i]..self.person_starts[i + 1]],
            fields: if self.fields.is_empty() { &[] } else { &self.fields[rows] },
            values: &self.values,
            property_count: self.property_count,
        }
    }

    /// All of them, in order of account id.
    pub fn iter(&self) -> impl Iterator<Item = AccountEvents<'_>> {
        (0..self.len()).map(|i| self.get(i))
    }
}

/// The events of one account in columns, by (time, content): the order does not depend on arrival.
#[derive(Clone, Copy, Debug)]
pub struct AccountEvents<'a> {
    /// Whose.
    pub account: &'a Arc<str>,
    /// Microseconds since 1970, ascending.
    pub time: &'a [i64],
    /// Index into `Needs::names`, or `OTHER`.
    pub name: &'a [u16],
    /// Index into `persons`, or `NOBODY`.
    pub person: &'a [u32],
    /// Order of arrival; empty unless `Needs::positions`.
    pub position: &'a [i64],
    /// Ids of the persons among these events, ascending.
    pub persons: &'a [Arc<str>],
    fields: &'a [u32],
    values: &'a [Value],
    property_count: usize,
}

impl<'a> AccountEvents<'a> {
    /// How many events.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// The needed properties of an event, in the order of `Needs::properties`; None where all of them are NULL.
    #[inline]
    pub fn fields(&self, event: usize) -> Option<&'a [Value]> {
        match self.fields.get(event) {
            None | Some(&NO_FIELDS) => None,
            Some(&row) => Some(&self.values[row as usize * self.property_count..][..self.property_count]),
        }
    }

    /// The needed properties in columns: for each event its row of the values, `u32::MAX` where all are NULL; and the values, row by row.
    pub fn property_rows(&self) -> (&'a [u32], &'a [Value]) {
        (self.fields, self.values)
    }

    /// One property of an event; NULL where it has none.
    #[inline]
    pub fn field(&self, event: usize, property: usize) -> &'a Value {
        static NULL: Value = Value::Null;
        self.fields(event).map_or(&NULL, |fields| &fields[property])
    }
}
