//! Long lists page by page, newest first: a page begins where the last one ended, whatever was added since.

use tenure_model::Instant;

/// Rows that one answer holds at most, whatever a caller asks for.
pub const ROWS_MAX: u32 = 1_000;

/// Rows of an answer, as asked for and allowed.
pub(crate) fn bounded(limit: u32) -> i64 {
    i64::from(limit.min(ROWS_MAX))
}

/// Which page: rows older than one seen already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<Id> {
    /// Instant and id of the last row seen; None: from the newest.
    pub before: Option<(Instant, Id)>,
    /// Rows at most; no more than `ROWS_MAX` are given.
    pub limit: u32,
}

impl<Id> Page<Id> {
    /// The first page.
    pub fn first(limit: u32) -> Page<Id> {
        Page { before: None, limit }
    }

    /// Rows that are read.
    pub(crate) fn rows(&self) -> i64 {
        bounded(self.limit)
    }

    /// What `(at, id)` must be less than.
    pub(crate) fn bound<'p>(&'p self, id: impl Fn(&'p Id) -> &'p str) -> (Instant, &'p str) {
        self.before.as_ref().map_or((Instant::NEVER, ""), |(at, last)| (*at, id(last)))
    }
}
