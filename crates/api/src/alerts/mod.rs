//! Alerts: those that are open, what teammates do with them, and how good their rules are.

mod act;
mod list;

/// Handlers, for the URL map.
pub(crate) mod routes {
    pub use super::act::*;
    pub use super::list::*;
}
