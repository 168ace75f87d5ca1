//! How much may wait, and when the journal is archived: what an operator can set.

use tenure_model::time::MINUTE;

/// Bytes of a file that is sent to be imported, unless an operator says otherwise.
const IMPORT_BYTES_MAX: u64 = 2 << 30;

/// Limits of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that may wait for a commit to the journal; beyond that, offers are refused until it has caught up.
    pub pending_bytes_max: usize,
    /// Items of the journal that the engine may be behind; beyond that, offers are refused.
    pub backlog_items_max: u64,
    /// Items of the journal that the archive may be behind, which live in memory and in the database; beyond that, offers are refused.
    pub unarchived_items_max: u64,
    /// The archive takes over when so many items lie in the journal …
    pub archive_items: u64,
    /// … or the oldest of them is so old, in microseconds.
    pub archive_age: i64,
    /// Bytes of memory that the process may have before accounts are packed away into a file; None: all accounts stay in memory.
    pub memory_max: Option<u64>,
    /// Bytes of a file that is sent to be imported.
    pub import_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            pending_bytes_max: 64 << 20,
            backlog_items_max: 2_000_000,
            unarchived_items_max: 5_000_000,
            archive_items: 500_000,
            archive_age: 15 * MINUTE,
            memory_max: None,
            import_bytes_max: IMPORT_BYTES_MAX,
        }
    }
}
