//! Files of accounts, people, subscriptions and events come into a workspace: each is read once, and becomes visible when it is whole.
//!
//! ```text
//! read    the file to its end: rejected rows aside, events gathered, whose accounts it is about; nothing is kept yet
//! state   what it says of accounts, people and subscriptions is committed
//! finish  its events are swapped into the archive; events whose account is known now leave quarantine
//! ```
//!
//! Stopping between any two of these is harmless: doing it again adds nothing twice. Statements are their own keys, events have theirs. `import` does
//! all of it in a workspace where nothing else writes; the running service does the same steps between its own (`tenure_service`).

mod accounts;
mod columns;
mod error;
mod kept;
mod preview;
mod progress;
mod read;
mod reading;
mod rejects;
mod source;
mod state;
mod whole;

pub use accounts::Concerned;
pub use error::Error;
pub use kept::{Incoming, Kept};
pub use preview::{Preview, preview};
pub use progress::{Phase, Progress};
pub use read::{Read, read};
pub use reading::{Reading, hash_texts, kind_name};
pub use rejects::{Rejects, path as rejects_path, rows as rejected_rows};
pub use source::{Format, Source};
pub use state::{Stated, Transactions, state};
pub use whole::{Imported, Outcome, import, settle, try_out};

/// What importing returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Events later than now by more than this wait for their time, in microseconds.
pub const FUTURE_TOLERANCE: i64 = tenure_model::time::HOUR;

/// Chunks that are read ahead of what is written.
const CHUNKS_AHEAD: usize = 4;
