//! A chunk of a file as a table.

use std::sync::Arc;

use crate::bound::object;
use crate::column::{Column, NONE};
use crate::mapping::Filter;
use crate::taken::Part;

/// Columns by which an export of events is told from other files.
const EXPORTED: [&str; 3] = ["position", "source", "received_at"];

/// Consecutive rows of a file in named columns.
pub(crate) struct Table {
    /// Number of the first row, from 1.
    pub first_row: u64,
    /// Row numbers, where they are not consecutive.
    pub numbers: Option<Vec<u64>>,
    pub names: Arc<[String]>,
    pub columns: Vec<Column>,
    pub rows: usize,
    /// The rows as they stand in the file, where they are at hand.
    pub raw: Option<Vec<String>>,
}

impl Table {
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.names.iter().position(|n| n == name).map(|i| &self.columns[i])
    }

    /// Is it what `tenure export events` writes?
    pub fn is_export(&self) -> bool {
        EXPORTED.iter().all(|name| self.column(name).is_some())
    }

    /// The number of a row in the file.
    pub fn number(&self, row: usize) -> u64 {
        self.numbers.as_ref().map_or(self.first_row + row as u64, |numbers| numbers[row])
    }

    /// A row as it stands in the file, or as JSON.
    pub fn raw(&self, row: usize) -> String {
        if let Some(raw) = &self.raw {
            return raw[row].clone();
        }
        let mut out = String::new();
        let parts: Vec<(String, &Column)> = self.names.iter().cloned().zip(&self.columns).collect();
        let parts: Vec<(String, Part<'_>)> = parts.into_iter().map(|(name, column)| (name, Part::Column(column))).collect();
        if object(&parts, row, &mut out) { out } else { "{}".into() }
    }

    /// For each row, whether the filter holds; None where it always does.
    pub fn filter(&self, filter: &Filter) -> Option<Vec<bool>> {
        if filter.0.is_empty() {
            return None;
        }
        let mut holds = vec![true; self.rows];
        for (name, test) in &filter.0 {
            let symbols = self.column(name).map(Column::symbols);
            let (by_value, blank): (Vec<bool>, bool) =
                (symbols.iter().flat_map(|s| &s.values).map(|text| test.holds(Some(text))).collect(), test.holds(None));
            for (row, holds) in holds.iter_mut().enumerate() {
                let key = symbols.as_ref().map_or(NONE, |s| s.keys[row]);
                *holds &= if key == NONE { blank } else { by_value[key as usize] };
            }
        }
        Some(holds)
    }
}
