//! A column of texts, one after the other.

/// Texts of rows 0, 1, 2 ….
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// Of one text and the lengths of its parts; None where these do not fit it.
    pub fn of(text: String, lengths: impl ExactSizeIterator<Item = usize>) -> Option<Texts> {
        let mut ends = Vec::with_capacity(lengths.len());
        let mut end = 0usize;
        for length in lengths {
            end = end.checked_add(length).filter(|end| text.is_char_boundary(*end))?;
            ends.push(end);
        }
        (end == text.len()).then_some(Texts { text, ends })
    }

    pub fn get(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.text[start..self.ends[row]]
    }

    pub fn lengths(&self) -> impl Iterator<Item = usize> {
        let mut start = 0;
        self.ends.iter().map(move |end| end - std::mem::replace(&mut start, *end))
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn bytes(&self) -> usize {
        self.text.len() + self.ends.len()
    }
}
