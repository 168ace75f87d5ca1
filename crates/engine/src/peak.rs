//! The greatest value that a metric has had in a tenure, and when it first had it.

use tenure_model::Value;
use tenure_model::definition::ColumnId;
use tenure_model::time::Instant;

use crate::account::Body;

impl Body {
    /// The greatest of what stands in `of` now and what stood in `slot` before. NULL is less than any number.
    pub fn peak(&mut self, of: ColumnId, slot: ColumnId, t: Instant) -> Value {
        let before = &self.row[slot as usize];
        match self.row[of as usize].as_number() {
            Some(now) if before.as_number().is_none_or(|b| now > b) => {
                self.peaks.insert(slot, t);
                Value::Number(now)
            }
            _ => before.clone(),
        }
    }

    /// A new tenure: nothing has been reached yet.
    pub fn forget_peaks(&mut self) {
        for slot in std::mem::take(&mut self.peaks).into_keys() {
            self.row[slot as usize] = Value::Null;
        }
    }
}
