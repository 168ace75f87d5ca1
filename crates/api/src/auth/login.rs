//! Signing in: with an e-mail address and a password.

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::Deserialize;
use std::net::SocketAddr;
use tenure_store::transact;
use utoipa::ToSchema;

use super::session::{Fresh, SignedIn, begin};
use super::{password, throttle};
use crate::app::App;
use crate::error::ApiError;
use crate::extract::Body;

/// Who wants to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The teammate's e-mail address.
    #[schema(example = "ann@example.com")]
    email: String,
    /// Their password.
    #[schema(example = "correct horse battery")]
    password: String,
}

/// Signs in: sets the session's cookie, which scripts cannot read. Who fails too often waits.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = Credentials,
    responses((status = 200, description = "Signed in", body = SignedIn)))]
pub async fn sign_in(
    State(app): State<App>,
    address: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    Body(asked): Body<Credentials>,
) -> Result<impl IntoResponse, ApiError> {
    let address = address.map(|info| info.0.0.ip().to_string());
    throttle::check(&app, &asked.email, address.as_deref()).await?;
    let teammate = app.store().teammate_by_email(&asked.email).await?.filter(|t| t.disabled_at.is_none());
    let hash = teammate.as_ref().and_then(|t| t.password_hash.clone());
    let verified = password::verify(&app, asked.password, hash).await?;
    let Some(teammate) = teammate.filter(|_| verified) else {
        throttle::failed(&app, &asked.email, address.as_deref()).await?;
        return Err(ApiError::Unauthorized("the e-mail address or the password is wrong"));
    };
    throttle::succeeded(&app, &asked.email).await?;
    let (now, fresh) = (app.now(), Fresh::new(&app, &teammate.id));
    transact!(app.store(), "sign-in", |write| begin(write, &fresh, now).await)?;
    let body = SignedIn::new(&teammate, teammate.role, Some(fresh.session.csrf.clone()));
    Ok((fresh.cookie(&headers, now), Json(body)))
}
