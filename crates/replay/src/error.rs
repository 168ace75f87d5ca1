//! What can go wrong in a replay.

use std::error::Error as StdError;

/// Why accounts could not be told anew.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Operational data could not be read.
    #[error(transparent)]
    Store(#[from] tenure_store::Error),
    /// The archive could not be read.
    #[error(transparent)]
    History(#[from] tenure_history::Error),
    /// Inputs were not in order; from nothing on, they always are.
    #[error(transparent)]
    Late(#[from] tenure_engine::Late),
    /// Whoever takes the accounts could not.
    #[error(transparent)]
    Visitor(#[from] Box<dyn StdError + Send + Sync>),
    /// What was said of the accounts could not be read; it is told to everybody who waits for it.
    #[error("{0}")]
    Inputs(String),
    /// Nobody wants it any more.
    #[error("cancelled")]
    Cancelled,
    /// A thread ended without a result.
    #[error("an evaluation panicked")]
    Panicked,
}
