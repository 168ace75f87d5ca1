//! Group commit: requests that come in while a commit is under way become one row of the journal together.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tenure_ingest::http::Intake;
use tenure_ingest::journal::{Batch, FORMAT, Record};
use tenure_model::Instant;
use tenure_store::{NewRow, Store, transact_beside};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::status::Status;
use crate::{Error, Limits, Result};

/// The engine is behind when it needs longer for what waits, in seconds.
const PACED: f64 = 0.4;
/// How long a commit waits for it: a pause …
const PAUSE: Duration = Duration::from_millis(5);
/// … so many times.
const PAUSES_MAX: u32 = 100;

/// A batch that is durable.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    pub position: i64,
    pub received_at: Instant,
    pub batch: Arc<Batch>,
}

/// A batch that this process appended, as the engine hears of it.
#[derive(Debug)]
pub(crate) struct Appended {
    pub batch: Committed,
    /// The position of the journal's row before it, whoever appended that.
    pub after: i64,
}

/// What waits for the next commit.
#[derive(Default)]
struct Pending {
    batch: Batch,
    waiters: Vec<oneshot::Sender<std::result::Result<(), String>>>,
    closed: bool,
}

/// Where requests wait for their commit.
pub(crate) struct Journal {
    limits: Limits,
    pending: Mutex<Pending>,
    wake: Notify,
}

impl Journal {
    /// An empty one.
    pub fn new(limits: Limits) -> Journal {
        Journal { limits, pending: Mutex::default(), wake: Notify::new() }
    }

    /// Makes what a request says durable; comes back when it is.
    pub async fn offer(&self, status: &Status, source: &str, received_at: Instant, intake: &Intake<'_>) -> Result<()> {
        self.wait(status, |batch| batch.push(source, received_at, intake)).await
    }

    /// Makes a decision durable.
    pub async fn record(&self, status: &Status, source: &str, received_at: Instant, record: Record) -> Result<()> {
        self.wait(status, |batch| batch.record(source, received_at, record)).await
    }

    async fn wait(&self, status: &Status, add: impl FnOnce(&mut Batch)) -> Result<()> {
        let done = {
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            if pending.closed {
                return Err(Error::Unavailable("it is being stopped".into()));
            }
            let full = match () {
                _ if pending.batch.bytes() > self.limits.pending_bytes_max => Some("too much waits for the disk"),
                _ if status.backlog.load(Ordering::Relaxed) > self.limits.backlog_items_max => Some("the engine has much to do"),
                _ if status.unarchived.load(Ordering::Relaxed) > self.limits.unarchived_items_max => {
                    Some("the archive has much to take over")
                }
                _ => None,
            };
            if let Some(why) = full {
                Status::add(&status.refused, 1);
                return Err(Error::Full(why));
            }
            add(&mut pending.batch);
            let (sender, done) = oneshot::channel();
            pending.waiters.push(sender);
            done
        };
        self.wake.notify_one();
        match done.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(Error::Unavailable(why)),
            Err(_) => Err(Error::Unavailable("it was stopped".into())),
        }
    }

    /// Takes no more; what waits is still committed.
    pub fn close(&self) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.wake.notify_one();
    }

    fn is_closed(&self) -> bool {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).closed
    }

    fn take(&self) -> Pending {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = pending.closed;
        std::mem::replace(&mut *pending, Pending { closed, ..Pending::default() })
    }

    /// Commits what waits as one row, and answers those who wait. False where nothing waits.
    pub async fn commit(&self, store: &Store, status: &Status, now: impl Fn() -> Instant, out: &mpsc::UnboundedSender<Appended>) -> bool {
        let pending = self.take();
        if pending.waiters.is_empty() {
            return false;
        }
        let batch = Arc::new(pending.batch);
        let received_at = now();
        let result = commit(store, received_at, &batch).await;
        if let Ok((after, position)) = &result {
            let items = batch.items() as u64;
            Status::add(&status.accepted, items);
            Status::add(&status.backlog, items);
            Status::add(&status.unarchived, items);
            Status::add(&status.commits, 1);
            let _ = out.send(Appended { batch: Committed { position: *position, received_at, batch }, after: *after });
        }
        let answer = result.map(drop).map_err(|error| error.to_string());
        if let Err(why) = &answer {
            tracing::error!(%why, "a commit to the journal failed");
        }
        for waiter in pending.waiters {
            // Who has gone away meanwhile does not want to know.
            let _ = waiter.send(answer.clone());
        }
        true
    }

    /// Commits what waits, one row after the other, until the journal is closed and nothing waits any more.
    pub async fn run(&self, store: &Store, status: &Status, now: impl Fn() -> Instant, out: mpsc::UnboundedSender<Appended>) {
        loop {
            pace(status).await;
            // Looked at before: what was taken until the journal was closed is still committed.
            let closed = self.is_closed();
            if !self.commit(store, status, &now, &out).await {
                if closed {
                    return;
                }
                self.wake.notified().await;
            }
        }
    }
}

/// Waits a little while the engine is behind: what comes in meanwhile is answered later, and decided sooner.
async fn pace(status: &Status) {
    let most = (status.items_per_second.load(Ordering::Relaxed) as f64 * PACED) as u64;
    for _ in 0..PAUSES_MAX {
        if most == 0 || status.backlog.load(Ordering::Relaxed) <= most {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The position of the row before, and its own.
async fn commit(store: &Store, received_at: Instant, batch: &Batch) -> tenure_store::Result<(i64, i64)> {
    let payload = tokio::task::block_in_place(|| batch.encode());
    let row = NewRow { received_at, items: batch.items() as u64, codec: u16::from(FORMAT), payload: &payload };
    transact_beside!(store, "journal", |write| {
        let position = write.append(&[row]).await?.first().copied().unwrap_or_default();
        Ok((write.journal_before(position).await?, position))
    })
}
