//! Long lists page by page, newest first: a page begins where the last one ended, whatever was added since.

use tenure_model::Instant;

/// Which page: rows older than one seen already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<Id> {
    /// Instant and id of the last row seen; None: from the newest.
    pub before: Option<(Instant, Id)>,
    /// Rows at most.
    pub limit: u32,
}

impl<Id> Page<Id> {
    /// The first page.
    pub fn first(limit: u32) -> Page<Id> {
        Page { before: None, limit }
    }

    /// What `(at, id)` must be less than.
    pub(crate) fn bound<'p>(&'p self, id: impl Fn(&'p Id) -> &'p str) -> (Instant, &'p str) {
        self.before.as_ref().map_or((Instant::NEVER, ""), |(at, last)| (*at, id(last)))
    }
}
