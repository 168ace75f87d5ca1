//! HTTP in and out: ingestion, the REST API, how the service is doing. Handlers load, act, save; what they decide lies in other crates.
//!
//! The URL map is `router`. Handlers lie by noun and verb: `ingest/track.rs` … Errors become answers in one place, `error`.

mod app;
mod error;
mod ingest;
mod limits;
mod ops;
mod router;
mod server;

pub use app::App;
pub use error::ApiError;
pub use limits::Limits;
pub use router::router;
pub use server::serve;
