//! What tests need from outside of the process: a PostgreSQL of their own. Only for `[dev-dependencies]`.

mod postgres;

pub use postgres::{Durability, Postgres};
