//! Uploaded files are imported while the service runs: one at a time, in the background, each with its progress.

mod one;
mod queue;
mod tell;

use std::sync::{Arc, Mutex as Lock, PoisonError};

use tenure_import::{Phase, Progress};
use tenure_store::ImportStatus;
use tokio::sync::{Mutex, Notify, broadcast};

pub use queue::{Cancelled, Upload};
pub(crate) use queue::{adopt, run};

/// Accounts that are told anew in one step: what comes in meanwhile waits for no more than these.
pub const TOLD_AT_ONCE: usize = 32;
/// Statements of a file that are written in one transaction: the journal waits for no more than these.
const STATEMENTS_MAX: usize = 5_000;
/// News that a slow listener may be behind.
const NEWS_KEPT: usize = 256;

/// How an import stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImportNews {
    /// Its number.
    pub id: i64,
    /// How far it is.
    pub status: ImportStatus,
    /// What is being done, while it is running.
    pub phase: Option<Phase>,
    /// The share of that which is done, 0 to 1.
    pub share: f64,
    /// Rows that were read.
    pub rows: u64,
    /// Of these, rows that were rejected.
    pub rejected: u64,
}

/// What is imported now, and who waits for it.
pub(crate) struct Imports {
    /// Held while somebody asks for an import or cancels one, and while the next one is chosen.
    asking: Mutex<()>,
    wake: Notify,
    running: Lock<Option<(i64, Arc<Progress>)>>,
    pub news: broadcast::Sender<ImportNews>,
}

impl Default for Imports {
    fn default() -> Imports {
        let (news, _) = broadcast::channel(NEWS_KEPT);
        Imports { asking: Mutex::default(), wake: Notify::new(), running: Lock::default(), news }
    }
}

impl Imports {
    /// The progress of an import, while it is under way.
    pub fn progress(&self, id: i64) -> Option<Arc<Progress>> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().filter(|(running, _)| *running == id).map(|(_, progress)| progress.clone())
    }

    fn set(&self, running: Option<(i64, Arc<Progress>)>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = running;
    }

    fn tell(&self, id: i64, status: ImportStatus, progress: &Progress) {
        let phase = (status == ImportStatus::Running).then(|| progress.phase());
        let news = ImportNews { id, status, phase, share: progress.share(), rows: progress.rows(), rejected: progress.rejected() };
        // Nobody may be listening.
        let _ = self.news.send(news);
    }
}
