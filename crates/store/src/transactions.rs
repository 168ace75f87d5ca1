//! Transactions by name: counted, timed, and run again where they lost against another one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::{Error, Result, Store, Write};

/// How often a transaction is run before its conflict becomes the caller's.
const ATTEMPTS_MAX: u32 = 6;
/// Half the pause before the second attempt; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(3);

/// What became of the transactions of one name, in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransactionCounts {
    /// Committed.
    pub committed: u64,
    /// Given up with an error.
    pub failed: u64,
    /// Attempts that lost against another transaction and were made again.
    pub retried: u64,
    /// Time from the first attempt to the end, all together.
    pub took: Duration,
    /// The longest.
    pub took_max: Duration,
}

/// Where a transaction stands: between two of these moments nothing becomes durable in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It is about to begin.
    Begins,
    /// What it wrote is durable.
    Committed,
}

/// Who is told where each transaction of a store stands, by its name.
#[derive(Clone, Default)]
pub(crate) struct Watcher(Option<Arc<dyn Fn(&'static str, Moment) + Send + Sync>>);

impl Watcher {
    fn tell(&self, name: &'static str, moment: Moment) {
        if let Some(tell) = &self.0 {
            tell(name, moment);
        }
    }
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Watcher").field(&self.0.is_some()).finish()
    }
}

/// Counts by name, shared by the clones of a store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts(Arc<Mutex<BTreeMap<&'static str, TransactionCounts>>>);

impl Counts {
    fn of(&self, name: &'static str, add: impl FnOnce(&mut TransactionCounts)) {
        add(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default());
    }
}

/// Runs an expression in the transaction of the one writer and commits: `transact!(store, "name", |write| write.set_mark(…).await)`.
/// What the transaction reads stays true until then. The expression is a `Result` of the store and may use `?`; where it fails, nothing is
/// written; where it loses against another transaction, it runs again.
///
/// A macro because a future made of an async closure that borrows cannot be spawned (it is not `Send` "enough").
#[macro_export]
macro_rules! transact {
    ($store:expr, $name:expr, |$write:ident| $body:expr) => {
        $crate::transact!(@ $store.attempts($name), $write, $body)
    };
    (@ $attempts:expr, $write:ident, $body:expr) => {{
        let mut attempts = $attempts;
        loop {
            let mut write = match attempts.begin().await {
                Ok(write) => write,
                Err(error) => break Err(error),
            };
            let $write = &mut write;
            let result = async { $body }.await;
            if let Some(result) = attempts.end(write, result).await {
                break result;
            }
        }
    }};
}

/// As `transact!`, beside the writer: for what only adds rows, or changes rows by their key, and decides nothing by what else it reads.
/// On SQLite, which has one writer only, it is the same.
#[macro_export]
macro_rules! transact_beside {
    ($store:expr, $name:expr, |$write:ident| $body:expr) => {
        $crate::transact!(@ $store.attempts_beside($name), $write, $body)
    };
}

/// The attempts at one transaction; see `transact!`.
#[derive(Debug)]
pub struct Attempts {
    store: Store,
    name: &'static str,
    beside: bool,
    attempt: u32,
    started: Instant,
}

impl Attempts {
    /// Begins the next attempt.
    pub async fn begin(&mut self) -> Result<Write> {
        self.attempt += 1;
        if self.attempt == 1 {
            self.store.watcher.tell(self.name, Moment::Begins);
        }
        let begun = if self.beside { self.store.write_beside().await } else { self.store.write().await };
        if begun.is_err() {
            self.ended(false);
        }
        begun
    }

    /// Ends an attempt: commits it where its result is good, undoes it where it is not. None: it lost against another transaction, and is to
    /// be made again.
    pub async fn end<T>(&mut self, write: Write, result: Result<T>) -> Option<Result<T>> {
        let result = match result {
            Ok(value) => write.commit().await.map(|()| value),
            Err(error) => {
                let _ = write.tx.rollback().await; // the error that matters is the first one
                Err(error)
            }
        };
        if let Err(Error::Database(error)) = &result
            && self.attempt < ATTEMPTS_MAX
            && self.store.pool.is_conflict(error)
        {
            self.store.counts.of(self.name, |counts| counts.retried += 1);
            tokio::time::sleep(PAUSE * (1 << self.attempt)).await;
            return None;
        }
        self.ended(result.is_ok());
        if result.is_ok() {
            self.store.watcher.tell(self.name, Moment::Committed);
        }
        Some(result)
    }

    fn ended(&self, committed: bool) {
        let took = self.started.elapsed();
        self.store.counts.of(self.name, |counts| {
            *(if committed { &mut counts.committed } else { &mut counts.failed }) += 1;
            counts.took += took;
            counts.took_max = counts.took_max.max(took);
        });
    }
}

impl Store {
    /// For `transact!`.
    pub fn attempts(&self, name: &'static str) -> Attempts {
        Attempts { store: self.clone(), name, beside: false, attempt: 0, started: Instant::now() }
    }

    /// For `transact_beside!`.
    pub fn attempts_beside(&self, name: &'static str) -> Attempts {
        Attempts { beside: true, ..self.attempts(name) }
    }

    /// The same store, with somebody who is told where each transaction stands: a test ends the process there.
    pub fn watched(self, watcher: impl Fn(&'static str, Moment) + Send + Sync + 'static) -> Store {
        Store { watcher: Watcher(Some(Arc::new(watcher))), ..self }
    }

    /// What became of the transactions that ran by name, in this process.
    pub fn transactions(&self) -> BTreeMap<&'static str, TransactionCounts> {
        self.counts.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
