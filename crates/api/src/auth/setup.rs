//! Links that are good once: the one that makes the first admin, and those with which teammates set their passwords.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::Deserialize;
use tenure_model::time::DAY;
use tenure_store::{Role, SetupToken, Teammate, TeammateId, Write, transact};
use utoipa::ToSchema;

use super::key::key_hash;
use super::password::{self, is_acceptable};
use super::session::{Fresh, SignedIn, begin};
use crate::app::App;
use crate::error::ApiError;
use crate::extract::Body;

/// How long a link is good, in microseconds.
const GOOD: i64 = 7 * DAY;

/// Who uses a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// What the link holds.
    #[schema(example = "3b1f")]
    token: String,
    /// The password to be: at least 10 characters.
    #[schema(example = "correct horse battery")]
    password: String,
    /// The first admin's e-mail address; not with a teammate's link.
    #[schema(example = "ann@example.com")]
    email: Option<String>,
    /// The first admin's name.
    #[schema(example = "Ann")]
    name: Option<String>,
}

/// Uses a link up: makes the first admin, or sets a teammate's password; and signs in.
#[utoipa::path(post, path = "/api/v1/setup", tag = "session", request_body = Setup,
    responses((status = 200, description = "Signed in", body = SignedIn)))]
pub async fn set_up(State(app): State<App>, headers: HeaderMap, Body(asked): Body<Setup>) -> Result<impl IntoResponse, ApiError> {
    is_acceptable(&asked.password)?;
    let email = asked.email.map(|email| is_address(&email).map(|()| email.to_lowercase())).transpose()?;
    let hash = key_hash(&asked.token);
    let password = password::hash(&app, asked.password).await?;
    let (now, id) = (app.now(), TeammateId::of(&app.secret(8)));
    let new = email.map(|email| Teammate {
        id,
        name: asked.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| email.clone()),
        email,
        role: Role::Admin,
        password_hash: Some(password.clone()),
        created_at: now,
        disabled_at: None,
        last_login_at: None,
    });
    let mut write = app.store().write().await?;
    let token = write.use_setup_token(&hash, now).await?;
    let token = token.ok_or(ApiError::Unauthorized("the link was used before, or has expired; ask an admin for a new one"))?;
    let teammate = match (token.teammate, new) {
        (Some(id), _) => {
            let known = app.store().teammate(&id).await?.ok_or(ApiError::Unauthorized("the teammate is gone"))?;
            let changed = Teammate { password_hash: Some(password), ..known };
            write.update_teammate(&changed).await?;
            write.end_sessions(&changed.id, None).await?;
            changed
        }
        (None, Some(_)) if !app.store().teammates().await?.is_empty() => {
            return Err(ApiError::Unauthorized("there is an admin already: ask them to invite you"));
        }
        (None, Some(first)) => {
            write.add_teammate(&first).await?;
            first
        }
        (None, None) => {
            return Err(ApiError::Bad { code: "missing_email", message: "`email` is missing: it is the first admin's".to_owned() });
        }
    };
    let fresh = Fresh::new(&app, &teammate.id);
    begin(&mut write, &fresh, now).await?;
    write.commit().await?;
    let body = SignedIn::new(&teammate, teammate.role, Some(fresh.session.csrf.clone()));
    Ok((fresh.cookie(&headers, now), Json(body)))
}

/// Refuses what is no e-mail address.
pub(crate) fn is_address(email: &str) -> Result<(), ApiError> {
    let parts = email.split_once('@').filter(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.ends_with('.'));
    if parts.is_some() && email.len() <= 254 && !email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Ok(());
    }
    Err(ApiError::Bad { code: "bad_email", message: format!("`{email}` is no e-mail address") })
}

/// Makes a link's token for a teammate (None: for the first admin).
pub(crate) async fn new_token(app: &App, write: &mut Write, teammate: Option<TeammateId>) -> tenure_store::Result<String> {
    let (now, secret) = (app.now(), app.secret(24));
    write.add_setup_token(&SetupToken { hash: key_hash(&secret), teammate, created_at: now, expires_at: now.plus(GOOD) }).await?;
    Ok(secret)
}

/// The path of the link that makes the first admin, where there is no teammate yet.
///
/// # Errors
/// What the database says.
pub async fn setup_link(app: &App) -> Result<Option<String>, ApiError> {
    if !app.store().teammates().await?.is_empty() {
        return Ok(None);
    }
    let token = transact!(app.store(), "setup link", |write| new_token(app, write, None).await)?;
    Ok(Some(link(&token)))
}

/// The path of a token's link. What follows `#` is never sent to a server, so it stands in no log.
pub(crate) fn link(token: &str) -> String {
    format!("/setup#{token}")
}
