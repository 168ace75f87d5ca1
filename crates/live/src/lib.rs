//! Every account current as inputs arrive: the state of the live service, without any I/O.
//!
//! ```text
//! take(input) ─→ wanting() ─→ give(past)   accounts whose inputs are too late for what is in memory get their whole history
//!            └─→ advance(now, accounts_max) ─→ Step: what happened, for the caller to commit
//! ```
//!
//! The caller owns clock, journal, archive and store. What an account is after its inputs does not depend on their order, nor on how they
//! are divided among calls.

mod keys;
mod population;
mod recent;
mod slot;

pub use keys::{Key, Keys};
pub use population::{Change, Live, Past, PastSaid, Placed, Said, Step};
pub use recent::Recent;

use tenure_model::time::{HOUR, MINUTE};

/// How long inputs may be late without the account's whole history being read: a checkpoint stands that far back, in microseconds.
pub const LATENESS: i64 = 10 * MINUTE;

/// A checkpoint moves on when so many events have come since.
pub const TAIL_EVENTS_MAX: usize = 512;

/// How long the keys of messages are kept in memory, in microseconds; older ones are known by the archive.
pub const KEYS_KEPT: i64 = 48 * HOUR;
