//! How the service is doing: what `/metrics`, `/readyz` and the status page show.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// Steps of fewer items say nothing about how fast the engine is.
const ITEMS_TIMED: u64 = 1_000;

/// Counts since the start, and where things stand.
#[derive(Debug, Default)]
pub struct Status {
    /// Items that were made durable.
    pub accepted: AtomicU64,
    /// Events that were seen before.
    pub duplicates: AtomicU64,
    /// Items that could not be read and went to the quarantine.
    pub quarantined: AtomicU64,
    /// Offers that were refused because too much waited.
    pub refused: AtomicU64,
    /// Items journalled that the engine has not committed yet.
    pub backlog: AtomicU64,
    /// Items journalled that the archive does not have yet; counted anew whenever it is looked whether there is enough to archive.
    pub unarchived: AtomicU64,
    /// Commits to the journal.
    pub commits: AtomicU64,
    /// Steps of the engine.
    pub steps: AtomicU64,
    /// Evaluations of accounts.
    pub evaluated: AtomicU64,
    /// Accounts that were told anew from their whole history.
    pub rebuilt: AtomicU64,
    /// Items a second that the engine takes and commits while it is busy; 0: not known yet.
    pub items_per_second: AtomicU64,
    /// Microseconds that the last step took.
    pub step_micros: AtomicI64,
    /// Microseconds from the last event's arrival to the commit of what it did.
    pub lag_micros: AtomicI64,
    /// The journal's position up to which the engine has committed.
    pub engine_position: AtomicI64,
    /// The latest instant of a step that was committed, in microseconds since 1970: timers up to it have rung, and what they said is written.
    pub engine_at: AtomicI64,
    /// The journal's position up to which the archive has everything.
    pub archive_position: AtomicI64,
    /// The journal's position up to which the snapshot in force has everything.
    pub snapshot_position: AtomicI64,
    /// How many items had been made durable, since the start, when it was taken.
    pub snapshot_accepted: AtomicU64,
    /// When it was taken, in microseconds since 1970; 0 where there is none.
    pub snapshot_at: AtomicI64,
    /// Its bytes.
    pub snapshot_bytes: AtomicU64,
    /// Accounts.
    pub accounts: AtomicU64,
    /// Accounts that were packed away to make room in memory.
    pub accounts_packed: AtomicU64,
    /// Sources that have fallen silent.
    pub silent_sources: AtomicU64,
    /// Accounts that wait for them.
    pub held_accounts: AtomicU64,
    /// Is every account current?
    pub ready: AtomicBool,
}

impl Status {
    pub(crate) fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }

    /// So many journalled items wait no more.
    pub(crate) fn done(&self, items: u64) {
        self.backlog.fetch_sub(items.min(self.backlog.load(Ordering::Relaxed)), Ordering::Relaxed);
    }

    /// A step took so many items in so many microseconds.
    pub(crate) fn took(&self, items: u64, micros: i64) {
        if items < ITEMS_TIMED || micros <= 0 {
            return;
        }
        let rate = items as f64 * 1e6 / micros as f64;
        let before = self.items_per_second.load(Ordering::Relaxed) as f64;
        let smoothed = if before == 0.0 { rate } else { 0.8 * before + 0.2 * rate };
        self.items_per_second.store(smoothed as u64, Ordering::Relaxed);
    }
}
