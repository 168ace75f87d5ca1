//! Accounts: lists, one of them with everything about it, what happened to it and why, and what teammates decide about it.

mod columns;
mod decide;
mod detail;
mod events;
mod explain;
mod list;
mod notes;
mod past;
mod people;
mod series;
mod timeline;

pub use detail::{Detail, SUBSCRIPTION};
pub(crate) use list::{Asked as ListAsked, Page as ListPage, list_where};
pub(crate) use past::{end, time};

/// Handlers, for the URL map.
pub(crate) mod routes {
    pub use super::decide::*;
    pub use super::detail::*;
    pub use super::events::*;
    pub use super::explain::*;
    pub use super::list::*;
    pub use super::notes::*;
    pub use super::people::*;
    pub use super::series::*;
    pub use super::timeline::*;
}
