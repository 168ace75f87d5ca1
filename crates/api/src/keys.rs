//! API keys: for programs, in the name of whoever made them, with scopes.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenure_store::{ApiKey, ApiKeyId, transact};
use utoipa::ToSchema;

use crate::app::App;
use crate::audit::Change;
use crate::auth::{Caller, KEY_PREFIX, Scope, key_hash};
use crate::error::ApiError;
use crate::extract::Body;
use crate::names::named;

/// An API key.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct Shown {
    /// Its id.
    #[schema(example = "key_5d0e")]
    id: String,
    /// Its name.
    #[schema(example = "warehouse sync")]
    name: String,
    /// What it may do.
    scopes: Vec<String>,
    /// In whose name: it may do nothing that they may not.
    teammate: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was used last.
    last_used_at: Option<String>,
    /// Since when it is worth nothing.
    revoked_at: Option<String>,
    /// The key itself; told only when it is made. Send it as `Authorization: Bearer`.
    key: Option<String>,
}

impl Shown {
    fn new(known: ApiKey, key: Option<String>) -> Shown {
        Shown {
            id: known.id.to_string(),
            name: known.name,
            scopes: known.scopes,
            teammate: known.teammate.to_string(),
            created_at: known.created_at.to_string(),
            last_used_at: known.last_used_at.map(|t| t.to_string()),
            revoked_at: known.revoked_at.map(|t| t.to_string()),
            key,
        }
    }
}

/// All keys.
#[derive(Serialize, ToSchema)]
pub struct Keys {
    /// Oldest first.
    keys: Vec<Shown>,
}

/// A key to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// Its name.
    #[schema(example = "warehouse sync")]
    name: String,
    /// What it may do.
    #[schema(example = json!(["read"]))]
    scopes: Vec<Scope>,
}

/// All API keys.
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", responses((status = 200, description = "The keys", body = Keys)))]
pub async fn keys(State(app): State<App>) -> Result<Json<Keys>, ApiError> {
    let keys = app.store().api_keys().await?;
    Ok(Json(Keys { keys: keys.into_iter().map(|k| Shown::new(k, None)).collect() }))
}

/// Makes an API key in one's own name, and tells it this once.
#[utoipa::path(post, path = "/api/v1/keys", tag = "keys", request_body = NewKey, responses((status = 201, description = "Made", body = Shown)))]
pub async fn add_key(State(app): State<App>, caller: Caller, Body(asked): Body<NewKey>) -> Result<(StatusCode, Json<Shown>), ApiError> {
    let name = named(asked.name)?;
    if asked.scopes.is_empty() {
        return Err(ApiError::Bad { code: "no_scope", message: "`scopes` is empty: read, write, manage or admin".to_owned() });
    }
    let secret = format!("{KEY_PREFIX}{}", app.secret(24));
    let scopes = asked.scopes.iter().filter_map(|scope| serde_json::to_value(scope).ok()?.as_str().map(str::to_owned)).collect();
    let key = ApiKey {
        id: ApiKeyId::of(&app.secret(8)),
        name,
        hash: key_hash(&secret),
        scopes,
        teammate: caller.teammate.id.clone(),
        created_at: app.now(),
        last_used_at: None,
        revoked_at: None,
    };
    let change = Change::new(&app, &caller, "key.add", key.id.as_str()).after(json!({ "name": key.name, "scopes": key.scopes }));
    transact!(app.store(), "API key", |write| {
        write.add_api_key(&key).await?;
        change.write(write).await
    })?;
    Ok((StatusCode::CREATED, Json(Shown::new(key, Some(secret)))))
}

/// Revokes an API key.
#[utoipa::path(delete, path = "/api/v1/keys/{id}", tag = "keys", params(("id" = String, Path, description = "The key's id", example = "key_5d0e")),
    responses((status = 204, description = "Revoked")))]
pub async fn revoke_key(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    let id: ApiKeyId = id.parse().map_err(|_| ApiError::NotFound { what: "API key", name: id.clone() })?;
    let now = app.now();
    let change = Change::new(&app, &caller, "key.revoke", id.as_str());
    transact!(app.store(), "API key", |write| {
        write.revoke_api_key(&id, now).await?;
        change.write(write).await
    })?;
    Ok(StatusCode::NO_CONTENT)
}
