//! HTTP in and out: ingestion, the REST API, sign-in, how the service is doing. Handlers load, act, save; what they decide lies in other crates.
//!
//! The URL map is `router`, with the least role before every route. Handlers lie by noun. Errors become answers in one place, `error`.

mod accounts;
mod alerts;
mod app;
mod apply;
mod audit;
mod auth;
mod backtests;
mod cors;
mod error;
mod extract;
mod imports;
mod ingest;
mod keys;
mod lifecycle;
mod limits;
mod model;
mod names;
mod openapi;
mod ops;
mod page;
mod patience;
mod quarantine;
mod router;
mod secure;
mod segments;
mod server;
mod setup;
mod sources;
mod sql;
mod status;
mod stream;
mod teammates;
mod views;

pub use accounts::{Detail, SUBSCRIPTION};
pub use app::{App, Random};
pub use auth::setup_link;
pub use error::ApiError;
pub use limits::Limits;
pub use router::{document, least_roles, router};
pub use server::serve;
pub use sources::first_source;
