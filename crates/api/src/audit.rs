//! The audit log: who changed what, and what it was before; written in the transaction of the change.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenure_store::{AuditEntry, AuditFilter, AuditId, Write};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::page::{Limit, before, next};

/// A change on its way into the log.
pub(crate) struct Change(AuditEntry);

impl Change {
    /// By whom, what, to what.
    pub fn new(app: &App, caller: &Caller, action: &str, target: &str) -> Change {
        Change(AuditEntry {
            id: AuditId::of(&app.secret(12)),
            at: app.now(),
            actor: caller.actor().to_owned(),
            action: action.to_owned(),
            target: target.to_owned(),
            before: None,
            after: None,
            address: caller.address.clone(),
        })
    }

    /// What it was. Never a secret.
    pub fn before(mut self, was: Value) -> Change {
        self.0.before = Some(was.to_string());
        self
    }

    /// What it is now. Never a secret.
    pub fn after(mut self, is: Value) -> Change {
        self.0.after = Some(is.to_string());
        self
    }

    /// As the log has it, where another one writes it.
    pub fn entry(&self) -> &AuditEntry {
        &self.0
    }

    pub async fn write(&self, write: &mut Write) -> tenure_store::Result<()> {
        write.audit(&self.0).await
    }
}

/// An entry of the audit log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct Entry {
    /// Its id.
    #[schema(example = "aud_91c2")]
    id: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Who: the id of a teammate or API key.
    #[schema(example = "team_4f1c")]
    actor: String,
    /// What.
    #[schema(example = "alert.close")]
    action: String,
    /// To what.
    #[schema(example = "acme")]
    target: String,
    /// What it was.
    before: Option<Value>,
    /// What it is.
    after: Option<Value>,
    /// The network address it came from.
    address: Option<String>,
}

/// A page of the audit log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub struct Entries {
    /// Newest first.
    entries: Vec<Entry>,
    /// Give it as `cursor` for the next page; null on the last.
    next: Option<String>,
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// By this teammate or API key.
    actor: Option<String>,
    /// To this.
    target: Option<String>,
    /// At most so many.
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Who changed what, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(Asked), responses((status = 200, description = "A page", body = Entries)))]
pub async fn audit_log(State(app): State<App>, Params(asked): Params<Asked>) -> Result<Json<Entries>, ApiError> {
    let filter = AuditFilter { actor: asked.actor, target: asked.target };
    let page = before(asked.cursor.as_deref(), asked.limit)?;
    let found = app.store().audit_log(&filter, &page).await?;
    let next = next(&page, &found, |entry: &AuditEntry| (entry.at, entry.id.as_str()));
    let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    let entry = |e: AuditEntry| Entry {
        id: e.id.to_string(),
        at: e.at.to_string(),
        actor: e.actor,
        action: e.action,
        target: e.target,
        before: json(e.before),
        after: json(e.after),
        address: e.address,
    };
    Ok(Json(Entries { entries: found.into_iter().map(entry).collect(), next }))
}
