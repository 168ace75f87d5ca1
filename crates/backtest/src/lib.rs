//! Backtests: what definitions would have said in the past, held against what came. A replay of the engine is watched; figures are computed of what was
//! seen.
//!
//! question → model with what the question adds → replay, watched (`watch`) → timelines by account (`timeline`) → tallies of signs (`tally`), courses of
//! milestones, readings of scores → figures with intervals (`findings`).

pub mod compare;
pub mod findings;
mod marks;
pub mod milestone;
pub mod outcome;
pub mod question;
pub mod report;
pub mod run;
pub mod scorecard;
pub mod sign;
pub mod statistics;
pub mod sweep;
pub mod tally;
pub mod terms;
pub mod timeline;
pub mod watch;
pub mod weights;
mod written;

pub use findings::{Answer, Findings, findings};
pub use outcome::Outcome;
pub use question::{About, Asked, Prepared, Question, QuestionError};
pub use run::{Backtest, BacktestError, Ready};
pub use sweep::Sweep;
pub use terms::Terms;
pub use watch::Watch;
