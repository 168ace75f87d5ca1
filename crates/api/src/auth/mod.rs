//! Who asks, and what they may do: sessions in cookies, API keys, roles.
//!
//! Every route stands in `router` under the least role that may call it; `require` finds out who calls, and refuses the others.

mod caller;
mod key;
mod login;
mod password;
mod session;
mod setup;
mod throttle;

pub(crate) use caller::{Caller, KEY_PREFIX, require};
pub(crate) use key::{Scope, key_hash};
pub(crate) use session::RoleName;
pub use setup::setup_link;
pub(crate) use setup::{is_address, link, new_token};

/// Handlers, for the URL map.
pub(crate) mod routes {
    pub use super::login::*;
    pub use super::session::*;
    pub use super::setup::*;
}
