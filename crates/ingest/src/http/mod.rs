//! What arrives over HTTP becomes inputs: Segment's tracking API, CloudEvents, and entities of warehouse syncs, body by body.
//!
//! ```text
//! body ── open(bytes, bytes_max) ──→ text ─┬─ segment(endpoint, text, received_at)         ─┐
//!                                          ├─ cloud_events(headers, text, received_at)      ├─→ Intake { events, versions, …, bad }
//!                                          └─ entities(kind, text, received_at)            ─┘
//! ```
//!
//! Nothing here knows what came before: whether a message is a duplicate, which of two links is the first, whose event it is, are questions
//! for whoever keeps the answers. The meaning is written down in docs/reference/ingest.md.

mod again;
mod body;
mod clock;
mod cloud_events;
mod entities;
mod envelope;
mod intake;
mod limits;
mod message_id;
mod refused;
mod said;
mod segment;

pub use again::again;
pub use body::{inflate, open, write_key};
pub use cloud_events::cloud_events;
pub use entities::{Kind, entities};
pub use intake::{Bad, Code, Event, Intake, Link};
pub use limits::*;
pub use refused::Refused;
pub(crate) use said::with_members;
pub use segment::{Call, Endpoint, segment};
