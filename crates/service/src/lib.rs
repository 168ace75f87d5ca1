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
mod existing;
mod history;
mod imports;
mod journal;
mod limits;
mod memory;
mod outcome;
mod past;
mod phase;
mod reconcile;
mod retold;
mod service;
pub mod snapshot;
mod start;
mod status;
mod step;
mod stepwise;
mod switch;
mod told;
mod unsaved;

pub use error::Error;
pub use imports::{Cancelled, ImportNews, TOLD_AT_ONCE, Upload};
pub use limits::Limits;
pub use outcome::{alert_key, outcome_of};
pub use service::{Clock, LEASE, News, Parts, Service};
pub use status::Status;
pub use stepwise::Stepwise;
pub use switch::Progress;

/// What the service's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Accounts whose timers ring in one step at most: events wait for no more than these.
pub const TIMERS_MAX: usize = 500;

/// Items that one step takes in at most.
pub const STEP_ITEMS_MAX: usize = 50_000;

/// Decisions for instants further back than this, in microseconds, are recorded and never delivered.
pub const DELIVERY_AGE_MAX: i64 = 24 * tenure_model::time::HOUR;
