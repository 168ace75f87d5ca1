//! The live table: the rows of many accounts as columns, kept up to date one account at a time, so that a condition is asked of all at once.
//!
//! Beside the row it keeps of each account what its state machines stand on, as far as evaluating every definition again needs it
//! ([`Engine::stale`]).

mod beside;
mod health;
mod stale;

use std::ops::Range;
use std::sync::Arc;

use tenure_model::condition::{Column, Rows, Scratch};
use tenure_model::definition::ColumnId;
use tenure_model::time::Instant;
use tenure_model::{Model, Program, Value};

use crate::Engine;
use crate::account::Account;
use beside::{Beside, Place, Shape};

/// Rows that are looked at together: their columns and what is computed of them fit a core's cache.
const CHUNK: usize = 1_024;

/// The rows of many accounts, as columns. A row has a number that the caller gives and keeps.
#[derive(Clone, Debug)]
pub struct LiveTable {
    model: Arc<Model>,
    shape: Arc<Shape>,
    /// By slot of the account's row.
    columns: Vec<Column>,
    beside: Beside,
}

impl Engine {
    /// An empty table for the accounts of this model.
    pub fn live_table(&self) -> LiveTable {
        let shape = Shape::new(&self.model, &self.plan);
        LiveTable {
            model: self.model.clone(),
            columns: self.model.account.iter().map(|c| Column::new(c.kind)).collect(),
            beside: Beside::new(&shape),
            shape: Arc::new(shape),
        }
    }
}

impl LiveTable {
    /// How many rows there are, vacant ones included: one more than the greatest number that was ever set.
    pub fn len(&self) -> usize {
        self.beside.place.len()
    }

    /// Has it no rows?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes an account as it stands into a row. Rows up to it that were never set are vacant. The account must be one of the table's model.
    pub fn set(&mut self, row: usize, account: &Account) {
        if row >= self.len() {
            self.columns.iter_mut().for_each(|c| c.resize(row + 1));
            self.beside.resize(row + 1);
        }
        self.columns.iter_mut().zip(account.row()).for_each(|(column, value)| column.set(row, value));
        self.beside.set(row, account, &self.model, &self.shape);
    }

    /// Writes one value into a row, leaving everything else of it as it is: what would have to be looked at again if it were so?
    /// Without effect on rows and columns that are not there.
    pub fn put(&mut self, row: usize, column: ColumnId, value: &Value) {
        if row >= self.len() || self.beside.place[row] == Place::Vacant {
            return;
        }
        let Some(values) = self.columns.get_mut(column as usize) else { return };
        values.set(row, value);
        self.beside.put(row, column, value, &self.model, &self.shape);
    }

    /// Makes a row vacant: nothing holds there, until it is set again.
    pub fn remove(&mut self, row: usize) {
        if row < self.len() {
            self.columns.iter_mut().for_each(|c| c.set(row, &Value::Null));
            self.beside.remove(row);
        }
    }

    /// A value of a row; NULL of what is not there.
    pub fn value(&self, row: usize, column: ColumnId) -> Value {
        self.columns.get(column as usize).map_or(Value::Null, |c| c.value(row))
    }

    /// In which rows a condition over the account's row holds at an instant, exactly as [`Program::holds`] has it row by row. NULL is not true,
    /// and nothing holds in a vacant row.
    pub fn holds(&self, condition: &Program, now: Instant) -> Vec<bool> {
        let mut found = Vec::with_capacity(self.len());
        let (mut scratch, mut truths) = (Scratch::default(), Vec::new());
        for range in self.chunks() {
            condition.over(&self.rows(&range), now, &mut scratch, &mut truths);
            let places = &self.beside.place[range];
            found.extend(truths.iter().zip(places).map(|(truth, place)| *truth == 1.0 && *place != Place::Vacant));
        }
        found
    }

    fn chunks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let len = self.len();
        (0..len).step_by(CHUNK).map(move |from| from..len.min(from + CHUNK))
    }

    fn rows(&self, range: &Range<usize>) -> Rows<'_> {
        Rows { from: range.start, len: range.len(), shared: &[], columns: &self.columns }
    }

    /// Bytes it takes, nearly.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(Column::bytes).sum::<usize>() + self.beside.bytes()
    }
}
