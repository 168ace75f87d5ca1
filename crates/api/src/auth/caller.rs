//! Who calls, found in a cookie or a key; and the gate before every route.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use tenure_model::Instant;
use tenure_model::time::MINUTE;
use tenure_store::{ApiKeyId, Role, Session, Teammate, transact};

use super::key::{Scope, key_hash};
use super::session::{COOKIE, expires};
use crate::app::App;
use crate::error::ApiError;

/// The header that requests which change something carry along with a session's cookie.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";

/// What every API key begins with.
pub(crate) const KEY_PREFIX: &str = "tk_";

/// How often the use of a session or key is written down, in microseconds.
const USED: i64 = MINUTE;

/// Who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The teammate, or in whose name the key is.
    pub teammate: Teammate,
    /// What they may do, with this session or key.
    pub role: Role,
    /// How they came.
    pub(crate) via: Via,
    /// From where.
    pub(crate) address: Option<String>,
}

/// How somebody came.
#[derive(Clone, Debug)]
pub(crate) enum Via {
    Session(Session),
    Key(ApiKeyId),
}

impl Caller {
    /// As the audit log names them.
    pub(crate) fn actor(&self) -> &str {
        match &self.via {
            Via::Session(_) => self.teammate.id.as_str(),
            Via::Key(id) => id.as_str(),
        }
    }

    /// As decisions, notes and alerts name them: their e-mail address.
    pub(crate) fn author(&self) -> &str {
        &self.teammate.email
    }

    /// Refuses whoever has less than this role.
    pub(crate) fn at_least(&self, least: Role) -> Result<(), ApiError> {
        if self.role < least {
            return Err(ApiError::Forbidden(match least {
                Role::Viewer => "this needs the role viewer",
                Role::Csm => "this needs the role csm, or a key with the scope write",
                Role::Manager => "this needs the role manager, or a key with the scope manage",
                Role::Admin => "this needs the role admin, or a key with the scope admin",
            }));
        }
        Ok(())
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, ApiError> {
        parts.extensions.get::<Caller>().cloned().ok_or(ApiError::Unauthorized("nobody is signed in"))
    }
}

/// The gate: lets in who has at least a role. Requests of sessions that change something must carry the session's token against forgery.
///
/// # Errors
/// `Unauthorized`, `Forbidden`; what the database says.
pub async fn require(State((app, least)): State<(App, Role)>, mut request: Request, next: Next) -> Result<Response, ApiError> {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_string());
    let caller = identify(&app, request.headers(), address).await?;
    if let Via::Session(session) = &caller.via
        && !request.method().is_safe()
        && request.headers().get(CSRF_HEADER).is_none_or(|sent| sent.as_bytes() != session.csrf.as_bytes())
    {
        return Err(ApiError::Forbidden("the header x-csrf-token is missing or wrong: GET /api/v1/session tells the session's"));
    }
    caller.at_least(least)?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

async fn identify(app: &App, headers: &HeaderMap, address: Option<String>) -> Result<Caller, ApiError> {
    let now = app.now();
    if let Some(key) = bearer(headers) {
        return by_key(app, key, address, now).await;
    }
    let Some(token) = cookie(headers) else {
        return Err(ApiError::Unauthorized("sign in (POST /api/v1/session), or send an API key as Authorization: Bearer tk_…"));
    };
    let session = app.store().session(&key_hash(token), now).await?;
    let session = session.ok_or(ApiError::Unauthorized("the session has ended: sign in again"))?;
    let teammate = app.store().teammate(&session.teammate).await?.ok_or(ApiError::Unauthorized("the teammate is gone"))?;
    if now.0 - session.last_used_at.0 >= USED {
        // One that was changed, and only serves what is under way, is not made to last.
        let until = if session.expires_at.0 - now.0 <= USED { session.expires_at } else { expires(now) };
        transact!(app.store(), "session", |write| write.session_used(&session.hash, now, until).await)?;
    }
    Ok(Caller { role: teammate.role, teammate, via: Via::Session(session), address })
}

async fn by_key(app: &App, key: &str, address: Option<String>, now: Instant) -> Result<Caller, ApiError> {
    let known = app.store().api_key_by_hash(&key_hash(key)).await?;
    let known = known.ok_or(ApiError::Unauthorized("the API key is not known, or was revoked"))?;
    let teammate = app.store().teammate(&known.teammate).await?.ok_or(ApiError::Unauthorized("the teammate is gone"))?;
    if known.last_used_at.is_none_or(|last| now.0 - last.0 >= USED) {
        transact!(app.store(), "API key", |write| write.api_key_used(&known.id, now).await)?;
    }
    let scope = known.scopes.iter().filter_map(|name| Scope::parse(name)).max();
    let scope = scope.ok_or(ApiError::Forbidden("the API key has no scope"))?;
    Ok(Caller { role: teammate.role.min(scope.role()), teammate, via: Via::Key(known.id), address })
}

/// The API key of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

/// The session's secret.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';')).find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}
