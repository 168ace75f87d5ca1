//! Ingestion: who sends, what they say, and the answer once it is durable.

mod cloud_events;
mod entities;
mod segment;
mod sources;

pub use cloud_events::cloud_events;
pub use entities::entities;
pub use segment::{preflight, segment};
pub use sources::Sources;
