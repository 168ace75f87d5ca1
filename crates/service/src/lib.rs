//! The running service: what came in is journalled, every account is kept current, what happened is committed.
//!
//! ```text
//! offer(intake) ─→ journal: one durable commit for many requests ─→ engine loop: Live ─→ one transaction: outcomes, ledger, outbox, position
//!                                                              └──→ archive: Parquet; snapshot: what a start needs; then the journal's rows go
//! ```
//!
//! The clock is an argument (`Clock`), so that tests run it on a time of their own.

mod archive;
mod bring_up;
mod error;
mod journal;
mod outcome;
mod past;
mod reconcile;
mod service;
mod snapshot;
mod start;
mod status;
mod step;
mod switch;
mod told;

pub use error::Error;
pub use outcome::{alert_key, outcome_of};
pub use service::{Clock, News, Parts, Service};
pub use status::Status;
pub use switch::Progress;

/// What the service's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Bytes that may wait for a commit to the journal; beyond that, offers are refused until it has caught up.
pub const PENDING_BYTES_MAX: usize = 64 << 20;

/// Items of the journal that the engine may be behind; beyond that, offers are refused.
pub const BACKLOG_ITEMS_MAX: u64 = 2_000_000;

/// Accounts whose timers ring in one step at most: events wait for no more than these.
pub const TIMERS_MAX: usize = 500;

/// Items that one step takes in at most.
pub const STEP_ITEMS_MAX: usize = 50_000;

/// Decisions for instants further back than this, in microseconds, are recorded and never delivered.
pub const DELIVERY_AGE_MAX: i64 = 24 * tenure_model::time::HOUR;

/// The archive takes over when so many items lie in the journal …
pub const ARCHIVE_ITEMS: u64 = 500_000;
/// … or the oldest of them is so old, in microseconds.
pub const ARCHIVE_AGE: i64 = 15 * tenure_model::time::MINUTE;
