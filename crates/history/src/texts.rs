//! A nullable column of texts in one arena; takes no memory while all are NULL.

/// Texts of rows 0, 1, 2 ….
#[derive(Default)]
pub(crate) struct Texts {
    rows: usize,
    bytes: String,
    /// End of each row's text and whether there is one; empty while all rows are NULL.
    ends: Vec<(u64, bool)>,
}

impl Texts {
    /// Adds a row.
    pub fn push(&mut self, text: Option<&str>) {
        if let Some(text) = text {
            if self.ends.is_empty() {
                self.ends.resize(self.rows, (0, false));
            }
            self.bytes.push_str(text);
            self.ends.push((self.bytes.len() as u64, true));
        } else if !self.ends.is_empty() {
            self.ends.push((self.bytes.len() as u64, false));
        }
        self.rows += 1;
    }

    /// Adds rows.
    pub fn extend<'a>(&mut self, texts: impl Iterator<Item = Option<&'a str>>) {
        texts.for_each(|text| self.push(text));
    }

    /// The text of a row.
    pub fn get(&self, row: usize) -> Option<&str> {
        let (end, there) = *self.ends.get(row)?;
        let start = if row == 0 { 0 } else { self.ends[row - 1].0 };
        there.then(|| &self.bytes[start as usize..end as usize])
    }

    /// Are all NULL?
    pub fn all_null(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<(u64, bool)>()
    }
}
