//! Sessions: the cookie, who is signed in, signing out, changing one's password.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{AppendHeaders, IntoResponse};
use serde::{Deserialize, Serialize};
use tenure_model::Instant;
use tenure_model::time::{DAY, HOUR, MINUTE};
use tenure_store::{Role, Session, Teammate, TeammateId, Write, transact};
use utoipa::ToSchema;

use super::caller::{Caller, Via};
use super::key::key_hash;
use super::password::{self, is_acceptable};
use super::throttle;
use crate::app::App;
use crate::audit::Change;
use crate::error::ApiError;
use crate::extract::Body;

/// The cookie's name.
pub(super) const COOKIE: &str = "tenure_session";
/// A session ends when it was not used for so long, in microseconds.
const IDLE: i64 = 12 * HOUR;
/// Its secret is changed when it is older …
const ROTATE: i64 = DAY;
/// … and the old one still serves requests that are under way.
const UNDER_WAY: i64 = MINUTE;

/// When a session that is used now ends.
pub(super) fn expires(now: Instant) -> Instant {
    now.plus(IDLE)
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub struct SignedIn {
    /// The teammate's id.
    #[schema(example = "team_4f1c")]
    id: String,
    /// Their e-mail address.
    #[schema(example = "ann@example.com")]
    email: String,
    /// Their name.
    #[schema(example = "Ann")]
    name: String,
    /// What they may do.
    role: RoleName,
    /// To be sent as the header `x-csrf-token` with every request that changes something; null with an API key, which needs none.
    csrf: Option<String>,
}

/// What a teammate may do; each may do all that those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleName {
    /// Read.
    Viewer,
    /// Work with accounts.
    Csm,
    /// Lead teammates; change the model.
    Manager,
    /// Everything.
    Admin,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> RoleName {
        match role {
            Role::Viewer => RoleName::Viewer,
            Role::Csm => RoleName::Csm,
            Role::Manager => RoleName::Manager,
            Role::Admin => RoleName::Admin,
        }
    }
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Role {
        match role {
            RoleName::Viewer => Role::Viewer,
            RoleName::Csm => Role::Csm,
            RoleName::Manager => Role::Manager,
            RoleName::Admin => Role::Admin,
        }
    }
}

impl SignedIn {
    pub(super) fn new(teammate: &Teammate, role: Role, csrf: Option<String>) -> SignedIn {
        SignedIn { id: teammate.id.to_string(), email: teammate.email.clone(), name: teammate.name.clone(), role: role.into(), csrf }
    }
}

/// A session that is about to begin, with the secret that only its cookie holds.
pub(super) struct Fresh {
    pub session: Session,
    pub secret: String,
}

impl Fresh {
    pub fn new(app: &App, teammate: &TeammateId) -> Fresh {
        let (now, secret) = (app.now(), app.secret(32));
        let session = Session {
            hash: key_hash(&secret),
            teammate: teammate.clone(),
            csrf: app.secret(16),
            created_at: now,
            last_used_at: now,
            expires_at: expires(now),
        };
        Fresh { session, secret }
    }

    /// The header that sets its cookie.
    pub fn cookie(&self, headers: &HeaderMap, now: Instant) -> AppendHeaders<[(header::HeaderName, HeaderValue); 1]> {
        set_cookie(headers, &self.secret, (self.session.expires_at.0 - now.0) / 1_000_000)
    }
}

/// Only over TLS where the request came over TLS; scripts cannot read it, and other sites cannot make use of it.
fn set_cookie(headers: &HeaderMap, secret: &str, seconds: i64) -> AppendHeaders<[(header::HeaderName, HeaderValue); 1]> {
    let secure = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    AppendHeaders([(header::SET_COOKIE, HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("")))])
}

/// Who is signed in, and the token that requests which change something must carry. A secret older than a day is changed here.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses((status = 200, description = "Who is signed in", body = SignedIn)))]
pub async fn session(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Result<axum::response::Response, ApiError> {
    let now = app.now();
    let Via::Session(session) = &caller.via else {
        return Ok(Json(SignedIn::new(&caller.teammate, caller.role, None)).into_response());
    };
    // A secret that was changed serves on for a minute: it is not changed again.
    if now.0 - session.created_at.0 <= ROTATE || session.expires_at.0 - now.0 <= UNDER_WAY {
        return Ok(Json(SignedIn::new(&caller.teammate, caller.role, Some(session.csrf.clone()))).into_response());
    }
    let fresh = Fresh::new(&app, &caller.teammate.id);
    transact!(app.store(), "session", |write| {
        write.session_used(&session.hash, now, now.plus(UNDER_WAY)).await?;
        write.add_session(&fresh.session).await
    })?;
    let body = Json(SignedIn::new(&caller.teammate, caller.role, Some(fresh.session.csrf.clone())));
    Ok((fresh.cookie(&headers, now), body).into_response())
}

/// Signs out: the session ends.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses((status = 204, description = "Signed out")))]
pub async fn sign_out(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Result<impl IntoResponse, ApiError> {
    if let Via::Session(session) = &caller.via {
        transact!(app.store(), "session", |write| write.end_session(&session.hash).await)?;
    }
    Ok((axum::http::StatusCode::NO_CONTENT, set_cookie(&headers, "", 0)))
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The present one.
    #[schema(example = "correct horse battery")]
    current: String,
    /// The new one: at least 10 characters.
    #[schema(example = "staple for a new lock")]
    new: String,
}

/// Changes one's own password; all other sessions end.
#[utoipa::path(put, path = "/api/v1/session/password", tag = "session", request_body = NewPassword, responses((status = 204, description = "Changed")))]
pub async fn change_password(
    State(app): State<App>,
    caller: Caller,
    Body(asked): Body<NewPassword>,
) -> Result<axum::http::StatusCode, ApiError> {
    let Via::Session(session) = &caller.via else {
        return Err(ApiError::Forbidden("a password is changed in a session, not with an API key"));
    };
    is_acceptable(&asked.new)?;
    let email = &caller.teammate.email;
    throttle::check(&app, email, caller.address.as_deref()).await?;
    if !password::verify(&app, asked.current, caller.teammate.password_hash.clone()).await? {
        throttle::failed(&app, email, caller.address.as_deref()).await?;
        return Err(ApiError::Bad { code: "wrong_password", message: "the present password is another one".to_owned() });
    }
    let changed = Teammate { password_hash: Some(password::hash(&app, asked.new).await?), ..caller.teammate.clone() };
    let change = Change::new(&app, &caller, "teammate.password", changed.id.as_str());
    transact!(app.store(), "password", |write| {
        write.update_teammate(&changed).await?;
        write.end_sessions(&changed.id, Some(&session.hash)).await?;
        change.write(write).await
    })?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// Begins a session for somebody who has proven who they are.
pub(super) async fn begin(write: &mut Write, fresh: &Fresh, now: Instant) -> tenure_store::Result<()> {
    write.add_session(&fresh.session).await?;
    write.teammate_signed_in(&fresh.session.teammate, now).await
}
