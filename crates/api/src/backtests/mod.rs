//! Backtests and plans: questions to the past that take a while, asked, watched, given up, answered.

mod ask;
mod cases;
mod jobs;
mod plan;

pub(crate) mod routes {
    pub use super::ask::*;
    pub use super::cases::*;
    pub use super::jobs::*;
    pub use super::plan::*;
}

pub(crate) use jobs::Jobs;
