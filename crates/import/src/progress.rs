//! How far an import is, told while it is under way; and giving it up, as long as nothing of it is kept.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use serde::Serialize;

use crate::{Error, Result};

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The file is read; nothing of it is kept yet.
    Reading,
    /// What it says of accounts, people and subscriptions is written.
    Writing,
    /// Its events are put in their places.
    Settling,
    /// Its accounts are told from their history anew.
    Telling,
}

/// Nobody has given it up, and it may be.
const OPEN: u8 = 0;
const CANCELLED: u8 = 1;
/// Something is kept: it goes to its end.
const KEPT: u8 = 2;

/// How far an import is.
#[derive(Debug, Default)]
pub struct Progress {
    phase: AtomicU8,
    done: AtomicU64,
    total: AtomicU64,
    rows: AtomicU64,
    rejected: AtomicU64,
    fate: AtomicU8,
    stopped: AtomicBool,
}

impl Progress {
    /// Begins a phase of so many parts: bytes (of Parquet rows), statements, months, accounts.
    pub fn begin(&self, phase: Phase, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// Some more of the phase is done.
    pub fn add(&self, parts: u64) {
        self.done.fetch_add(parts, Ordering::Relaxed);
    }

    /// So much of the phase is done.
    pub fn set(&self, done: u64, total: u64) {
        self.total.store(total, Ordering::Relaxed);
        self.done.store(done, Ordering::Relaxed);
    }

    pub(crate) fn count(&self, rows: u64, rejected: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.rejected.fetch_add(rejected, Ordering::Relaxed);
    }

    /// What is being done.
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Reading,
            1 => Phase::Writing,
            2 => Phase::Settling,
            _ => Phase::Telling,
        }
    }

    /// Parts of the phase that are done, and all.
    pub fn parts(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    /// The share of the phase that is done, 0 to 1.
    pub fn share(&self) -> f64 {
        let (done, total) = self.parts();
        if total == 0 { 0.0 } else { (done as f64 / total as f64).min(1.0) }
    }

    /// Rows that were read.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Of these, rows that were rejected.
    pub fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    /// Gives it up. False where something of it is kept already.
    pub fn cancel(&self) -> bool {
        let before = self.fate.compare_exchange(OPEN, CANCELLED, Ordering::Relaxed, Ordering::Relaxed);
        before.is_ok() || before == Err(CANCELLED)
    }

    /// The process is to end.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Goes on, unless somebody gave it up or the process is to end.
    ///
    /// # Errors
    /// `Error::Cancelled`, `Error::Stopped`.
    pub fn go_on(&self) -> Result<()> {
        match () {
            () if self.fate.load(Ordering::Relaxed) == CANCELLED => Err(Error::Cancelled),
            () if self.stopped.load(Ordering::Relaxed) => Err(Error::Stopped),
            () => Ok(()),
        }
    }

    /// From now on something is kept, and it cannot be given up any more.
    ///
    /// # Errors
    /// `Error::Cancelled` where it was before; `Error::Stopped`.
    pub fn keep(&self) -> Result<()> {
        self.go_on()?;
        let before = self.fate.compare_exchange(OPEN, KEPT, Ordering::Relaxed, Ordering::Relaxed);
        if before == Err(CANCELLED) { Err(Error::Cancelled) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_up_before_something_is_kept_or_not_at_all() {
        let progress = Progress::default();
        assert!(progress.cancel() && progress.cancel());
        assert!(matches!(progress.keep(), Err(Error::Cancelled)));
        let progress = Progress::default();
        assert!(progress.keep().is_ok() && !progress.cancel() && progress.go_on().is_ok());
        progress.stop();
        assert!(matches!(progress.go_on(), Err(Error::Stopped)));
    }
}
