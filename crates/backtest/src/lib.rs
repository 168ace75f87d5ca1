//! Backtests: what a definition would have said in the past, held against what came. A replay of the engine is watched; figures are computed of what was
//! seen.
//!
//! question → model with the question's own rules → replay, watched (`timeline`) → tallies by account (`rule`) → figures with intervals (`report`).

pub mod findings;
pub mod outcome;
pub mod question;
pub mod report;
pub mod rule;
pub mod statistics;
pub mod sweep;
pub mod timeline;
pub mod watch;

pub use findings::{Findings, findings};
pub use outcome::Outcome;
pub use question::{Asked, Prepared, Question, QuestionError};
pub use rule::Terms;
pub use sweep::Sweep;
pub use watch::Watch;
