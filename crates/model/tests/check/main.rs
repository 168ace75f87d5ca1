//! Tests of reading models: what checks, what is refused and how that is said, and that nothing makes it panic.

mod built;
mod edits;
mod errors;
mod models;
mod places;
mod random;
mod scenarios;
mod schema;
