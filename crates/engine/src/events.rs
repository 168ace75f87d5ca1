//! The events of one account in columns: borrowed for an advance, or built up one by one.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use tenure_model::definition::Property;
use tenure_model::time::Instant;
use tenure_model::{Calendar, Model, Value};

/// An event without any of the properties that the model reads.
pub const NO_PROPERTIES: u32 = u32::MAX;
/// The name of an event that no definition mentions.
pub const OTHER_NAME: u16 = u16::MAX;
/// The person of an event that has none.
pub const NOBODY: u32 = u32::MAX;

/// The events of one account, sorted by time, in columns of one length.
#[derive(Clone, Copy, Debug, Default)]
pub struct Events<'a> {
    /// Instant of each, microseconds.
    pub time: &'a [i64],
    /// Its name: index into `Model::event_names`, or `OTHER_NAME`.
    pub name: &'a [u16],
    /// Index into `Inputs::people`, or `NOBODY`.
    pub person: &'a [u32],
    /// By event the row of `values` that holds its properties, or `NO_PROPERTIES`; empty where there are none at all.
    pub rows: &'a [u32],
    /// Rows of as many values as the model reads properties.
    pub values: &'a [Value],
}

impl<'a> Events<'a> {
    /// The properties of an event, `width` of them; empty for none.
    #[inline]
    pub(crate) fn properties(&self, event: usize, width: usize) -> &'a [Value] {
        match self.rows.get(event) {
            None | Some(&NO_PROPERTIES) => &[],
            Some(row) => &self.values[*row as usize * width..][..width],
        }
    }

    /// The events up to and with an instant.
    pub fn until(&self, t: Instant) -> Events<'a> {
        let n = self.time.partition_point(|x| *x <= t.0);
        Events {
            time: &self.time[..n],
            name: &self.name[..n],
            person: &self.person[..n],
            rows: &self.rows[..n.min(self.rows.len())],
            values: self.values,
        }
    }

    /// The events after an instant.
    pub fn after(&self, t: Instant) -> Events<'a> {
        let n = self.time.partition_point(|x| *x <= t.0);
        Events {
            time: &self.time[n..],
            name: &self.name[n..],
            person: &self.person[n..],
            rows: &self.rows[n.min(self.rows.len())..],
            values: self.values,
        }
    }
}

/// What a table of events has to know of a model: shared by all tables.
#[derive(Debug)]
struct Shape {
    names: FxHashMap<String, u16>,
    properties: Vec<Property>,
    calendar: Calendar,
}

/// Columns of events, built one by one in any order.
#[derive(Clone, Debug)]
pub struct EventTable {
    shape: Arc<Shape>,
    people: Vec<Arc<str>>,
    ordinals: FxHashMap<Arc<str>, u32>,
    time: Vec<i64>,
    name: Vec<u16>,
    person: Vec<u32>,
    rows: Vec<u32>,
    values: Vec<Value>,
}

impl EventTable {
    /// An empty table for a model.
    pub fn new(model: &Model) -> EventTable {
        let names = model.event_names.iter().cloned().zip(0..).collect();
        EventTable::of(Arc::new(Shape { names, properties: model.properties.clone(), calendar: model.calendar.clone() }))
    }

    /// An empty table for the same model.
    pub fn another(&self) -> EventTable {
        EventTable::of(self.shape.clone())
    }

    fn of(shape: Arc<Shape>) -> EventTable {
        EventTable {
            shape,
            people: vec![],
            ordinals: FxHashMap::default(),
            time: vec![],
            name: vec![],
            person: vec![],
            rows: vec![],
            values: vec![],
        }
    }

    /// Does any definition read properties of events of this name? Those of others need not be parsed.
    pub fn reads_properties(&self) -> bool {
        !self.shape.properties.is_empty()
    }

    /// Adds an event. `properties`: a JSON object; dots in a property's name descend into objects.
    pub fn push(&mut self, time: Instant, name: &str, person: Option<&str>, properties: &serde_json::Value) {
        let person = person.map_or(NOBODY, |id| self.ordinal(id));
        self.time.push(time.0);
        self.name.push(self.shape.names.get(name).copied().unwrap_or(OTHER_NAME));
        self.person.push(person);
        let shape = &self.shape;
        let value = |p: &Property| {
            let json = p.name.split('.').try_fold(properties, |json, key| json.get(key)).or_else(|| properties.get(&p.name));
            json.and_then(|json| Value::from_json(json, p.kind, &shape.calendar)).unwrap_or_default()
        };
        if properties.is_null() || shape.properties.iter().all(|p| value(p).is_null()) {
            self.rows.push(NO_PROPERTIES);
        } else {
            self.rows.push((self.values.len() / shape.properties.len()) as u32);
            self.values.extend(shape.properties.iter().map(value));
        }
    }

    /// The index of a person among `people`, new if unknown.
    pub fn ordinal(&mut self, id: &str) -> u32 {
        if let Some(i) = self.ordinals.get(id) {
            return *i;
        }
        let (id, i): (Arc<str>, u32) = (id.into(), self.people.len() as u32);
        self.people.push(id.clone());
        self.ordinals.insert(id, i);
        i
    }

    /// How many events.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Forgets the events up to and with an instant; the table is sorted. Persons keep their places.
    pub fn forget(&mut self, through: Instant) {
        let n = self.time.partition_point(|t| *t <= through.0);
        self.time.drain(..n);
        self.name.drain(..n);
        self.person.drain(..n);
        self.rows.drain(..n);
        let width = self.shape.properties.len();
        let mut values = Vec::new();
        for row in self.rows.iter_mut().filter(|row| **row != NO_PROPERTIES) {
            let new = (values.len() / width) as u32;
            values.extend_from_slice(&self.values[*row as usize * width..][..width]);
            *row = new;
        }
        self.values = values;
    }

    /// Sorts by time, keeping the order of arrival within an instant. Gives the permutation: the old index of each.
    pub fn sort(&mut self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.time.len()).collect();
        if self.time.is_sorted() {
            return order;
        }
        order.sort_by_key(|i| self.time[*i]);
        self.time = order.iter().map(|i| self.time[*i]).collect();
        self.name = order.iter().map(|i| self.name[*i]).collect();
        self.person = order.iter().map(|i| self.person[*i]).collect();
        self.rows = order.iter().map(|i| self.rows[*i]).collect();
        order
    }

    /// The ids of the persons, in the order of their first event.
    pub fn people(&self) -> &[Arc<str>] {
        &self.people
    }

    /// The columns.
    pub fn events(&self) -> Events<'_> {
        Events { time: &self.time, name: &self.name, person: &self.person, rows: &self.rows, values: &self.values }
    }
}
