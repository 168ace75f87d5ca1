//! Every account current as inputs arrive: the state of the live service, without any I/O.
//!
//! ```text
//! take(input) ─→ wanting() ─→ give(past)   accounts whose inputs are too late for what is in memory get their whole history
//!            └─→ advance(now, accounts_max) ─→ Step: what happened, for the caller to commit
//! begin_saving() ─→ save_some()…           the state of one instant in parts, while it lives on; restore(parts) brings it back
//! ```
//!
//! The caller owns clock, journal, archive and store. What an account is after its inputs does not depend on their order, nor on how they
//! are divided among calls.

mod bytes;
mod cores;
mod inputs;
mod keys;
mod learn;
mod population;
mod recent;
mod saving;
mod shelf;
mod silence;
mod slot;

pub use inputs::Said;
pub use keys::{Key, Keys};
pub use population::{Change, EVERYBODY, Live, Past, PastSaid, Placed, Standing, Step, Through, Unsaved};
pub use recent::Recent;
pub use saving::{FORMAT as SNAPSHOT_FORMAT, Part, Restoring};
pub use shelf::{Page, Pages};
pub use silence::{Gap, SETTLING, Silence};

use tenure_model::time::{HOUR, MINUTE};

/// How long inputs may be late without the account's whole history being read: a checkpoint stands that far back, in microseconds.
pub const LATENESS: i64 = 3 * MINUTE;

/// A checkpoint moves on when so many events have come since.
pub const TAIL_EVENTS_MAX: usize = 512;

/// How long the keys of messages are kept in memory, in microseconds; older ones are known by the archive.
pub const KEYS_KEPT: i64 = 48 * HOUR;

/// How many keys of messages are kept in memory, the latest (a quarter of a gigabyte). A copy of an older message is told apart as one is that comes
/// after `KEYS_KEPT`: by its account's latest events, or by its history.
pub const KEYS_MAX: usize = 5_000_000;
