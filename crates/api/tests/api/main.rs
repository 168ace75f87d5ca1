//! The API as its callers see it: a real service behind it, on a clock and randomness of the test's own.

mod backtests;
mod document;
mod edge;
mod imports;
mod roles;
mod sign_in;
mod story;
mod world;
