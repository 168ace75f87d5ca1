//! API keys: what their scopes allow.

use serde::{Deserialize, Serialize};
use tenure_store::{Hash, Role};
use utoipa::ToSchema;

/// What an API key may do; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read everything that viewers see.
    Read,
    /// Work with accounts, as a CSM does.
    Write,
    /// Change the model, sources and quarantine, as a manager does.
    Manage,
    /// Everything.
    Admin,
}

impl Scope {
    /// The role that may do the same.
    pub fn role(self) -> Role {
        match self {
            Scope::Read => Role::Viewer,
            Scope::Write => Role::Csm,
            Scope::Manage => Role::Manager,
            Scope::Admin => Role::Admin,
        }
    }

    /// From its name; unknown ones allow nothing.
    pub fn parse(name: &str) -> Option<Scope> {
        serde_json::from_value(name.into()).ok()
    }
}

/// What is kept of a secret of high entropy.
pub(crate) fn key_hash(secret: &str) -> Hash {
    Hash(*blake3::hash(secret.as_bytes()).as_bytes())
}
