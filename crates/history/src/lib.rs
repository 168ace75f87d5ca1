//! The archive of events: Parquet files by month, their catalog, and scans for the engine.
//! The only crate that knows Parquet files of events.
//!
//! ```text
//! ingest's batches → Import ─ month by month: resolve accounts, sort, drop duplicates ─→ events/2025-06/000042.parquet
//!                                                                └─ whose event is unknown ─→ quarantine/2025-06/000043.parquet
//! Archive::partitions(n) → Scan::new(needs), .read(partition) → Accounts (columns per account, in time order)
//! Archive::account(id)   → events in full, for explanations
//! ```
//!
//! A month is always one sorted file, a function of the set of its events, the memberships and the merges: the order of imports does not
//! matter.
//! All files are written under temporary names; one atomic swap of `events/catalog.json` makes an import happen, or not at all.

mod accounts;
mod archive;
mod catalog;
mod check;
mod error;
mod event;
mod export;
mod import;
mod incoming;
mod intern;
mod known;
mod month;
mod partition;
mod pinned;
mod properties;
mod resolution;
mod retention;
mod rows;
mod scan;
mod schema;
mod spill;
mod tail;
mod texts;
mod timelines;
mod times;

pub use accounts::{AccountEvents, Accounts};
pub use archive::{Archive, Resolved};
pub use catalog::{Catalog, File, Month};
pub use check::Condition;
pub use error::Error;
pub use event::Event;
pub use export::Format;
pub use import::{Import, Summary};
pub use known::Arrived;
pub use partition::{Needs, Partition};
pub use pinned::Pinned;
pub use scan::Scan;
pub use schema::schema as events_schema;
pub use tail::Tail;
pub use tenure_ingest::Resolver;

/// The name of every event that the needs of a scan do not mention.
pub const OTHER: u16 = u16::MAX;
/// The person of an event that has none.
pub const NOBODY: u32 = u32::MAX;
