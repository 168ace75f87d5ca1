//! A nullable column of instants; takes no memory while all are NULL.

/// Instants of rows 0, 1, 2 … in microseconds.
#[derive(Default)]
pub(crate) struct Times {
    rows: usize,
    /// `NULL` for none; empty while all rows are NULL.
    values: Vec<i64>,
}

/// No instant has this value.
const NULL: i64 = i64::MIN;

impl Times {
    /// Adds a row.
    pub fn push(&mut self, time: Option<i64>) {
        if time.is_some() && self.values.is_empty() {
            self.values.resize(self.rows, NULL);
        }
        if time.is_some() || !self.values.is_empty() {
            self.values.push(time.unwrap_or(NULL));
        }
        self.rows += 1;
    }

    /// Adds rows.
    pub fn extend(&mut self, times: impl Iterator<Item = Option<i64>>) {
        times.for_each(|time| self.push(time));
    }

    /// The instant of a row.
    pub fn get(&self, row: usize) -> Option<i64> {
        self.values.get(row).copied().filter(|time| *time != NULL)
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.values.capacity() * size_of::<i64>()
    }
}
