//! What others send becomes inputs: CSV, NDJSON (plain or Segment's) and Parquet, through a mapping, as columns of events and versions of
//! entities; bodies of requests (`http`), and the batch in which these go into the journal (`journal`).
//!
//! Pure: bytes come in through `Read` or as slices, files are never opened here; no clock.
//!
//! ```text
//! csv(reader, mapping, lookups) ─┐
//! ndjson(reader, mapping)        ├─→ Inputs { events: RecordBatch, versions, memberships, merges, rejects }, chunk by chunk
//! parquet(reader, mapping, …)   ─┘
//! ```

pub mod batch;
mod bound;
mod column;
mod entities;
mod events;
pub mod http;
mod inputs;
pub mod journal;
pub mod mapping;
mod reader;
pub mod resolver;
mod table;
mod taken;

pub use inputs::{Inputs, Reject};
pub use mapping::{Import, Lookups, Mapping};
pub use reader::{Error, csv, ndjson, parquet};
pub use resolver::Resolver;
