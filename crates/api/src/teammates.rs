//! Teammates: who signs in, and with which role.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenure_store::{Role, Teammate, TeammateId, transact};
use utoipa::ToSchema;

use crate::app::App;
use crate::audit::Change;
use crate::auth::{Caller, RoleName, is_address, link, new_token};
use crate::error::ApiError;
use crate::extract::Body;
use crate::names::named;

/// A teammate.
#[derive(Serialize, ToSchema)]
#[schema(as = Teammate)]
pub struct Shown {
    /// Their id.
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
    /// When they were added.
    #[schema(format = DateTime)]
    created_at: String,
    /// Since when they cannot sign in.
    disabled_at: Option<String>,
    /// When they signed in last.
    last_login_at: Option<String>,
    /// The path of the link with which they set their password, good once, for a week; told only when it is made.
    link: Option<String>,
}

impl Shown {
    fn new(teammate: Teammate, link: Option<String>) -> Shown {
        Shown {
            id: teammate.id.to_string(),
            email: teammate.email,
            name: teammate.name,
            role: teammate.role.into(),
            created_at: teammate.created_at.to_string(),
            disabled_at: teammate.disabled_at.map(|t| t.to_string()),
            last_login_at: teammate.last_login_at.map(|t| t.to_string()),
            link,
        }
    }
}

/// All teammates.
#[derive(Serialize, ToSchema)]
pub struct Teammates {
    /// By e-mail address.
    teammates: Vec<Shown>,
}

/// A teammate to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTeammate {
    /// Their e-mail address.
    #[schema(example = "ben@example.com")]
    email: String,
    /// Their name.
    #[schema(example = "Ben")]
    name: String,
    /// What they may do.
    role: RoleName,
}

/// What is to be otherwise.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeammateChange {
    /// Their name.
    name: Option<String>,
    /// What they may do; their sessions end.
    role: Option<RoleName>,
    /// They cannot sign in (true), or can again; their sessions end.
    disabled: Option<bool>,
    /// Make a link with which they set a new password.
    #[serde(default)]
    new_link: bool,
}

/// All teammates.
#[utoipa::path(get, path = "/api/v1/teammates", tag = "teammates", responses((status = 200, description = "The teammates", body = Teammates)))]
pub async fn teammates(State(app): State<App>) -> Result<Json<Teammates>, ApiError> {
    let teammates = app.store().teammates().await?;
    Ok(Json(Teammates { teammates: teammates.into_iter().map(|t| Shown::new(t, None)).collect() }))
}

/// Invites a teammate: tells this once the link with which they set their password.
#[utoipa::path(post, path = "/api/v1/teammates", tag = "teammates", request_body = NewTeammate, responses((status = 201, description = "Invited", body = Shown)))]
pub async fn add_teammate(
    State(app): State<App>,
    caller: Caller,
    Body(asked): Body<NewTeammate>,
) -> Result<(StatusCode, Json<Shown>), ApiError> {
    is_address(&asked.email)?;
    let teammate = Teammate {
        id: TeammateId::of(&app.secret(8)),
        email: asked.email.to_lowercase(),
        name: named(asked.name)?,
        role: asked.role.into(),
        password_hash: None,
        created_at: app.now(),
        disabled_at: None,
        last_login_at: None,
    };
    let change =
        Change::new(&app, &caller, "teammate.add", teammate.id.as_str()).after(json!({ "email": teammate.email, "role": asked.role }));
    let token = transact!(app.store(), "teammate", |write| {
        write.add_teammate(&teammate).await?;
        change.write(write).await?;
        new_token(&app, write, Some(teammate.id.clone())).await
    })?;
    Ok((StatusCode::CREATED, Json(Shown::new(teammate, Some(link(&token))))))
}

/// Changes a teammate. The last admin who can sign in stays one.
#[utoipa::path(patch, path = "/api/v1/teammates/{id}", tag = "teammates", request_body = TeammateChange, params(("id" = String, Path, description = "The teammate", example = "team_4f1c")),
    responses((status = 200, description = "Changed", body = Shown)))]
pub async fn change_teammate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<TeammateChange>,
) -> Result<Json<Shown>, ApiError> {
    let missing = || ApiError::NotFound { what: "teammate", name: id.clone() };
    let id: TeammateId = id.parse().map_err(|_| missing())?;
    let name = asked.name.map(named).transpose()?;
    let mut write = app.store().write().await?;
    // Under the one writer's lock: two admins cannot demote each other at once.
    let all = app.store().teammates().await?;
    let known = all.iter().find(|t| t.id == id).cloned().ok_or_else(missing)?;
    let mut teammate = known.clone();
    teammate.name = name.unwrap_or(teammate.name);
    teammate.role = asked.role.map_or(teammate.role, Role::from);
    if let Some(disabled) = asked.disabled {
        teammate.disabled_at = disabled.then(|| known.disabled_at.unwrap_or_else(|| app.now()));
    }
    let is_admin = |t: &Teammate| t.role == Role::Admin && t.disabled_at.is_none();
    if !is_admin(&teammate) && !all.iter().any(|other| other.id != id && is_admin(other)) {
        return Err(ApiError::Conflict { code: "last_admin", message: "they are the last admin: make somebody else one first".to_owned() });
    }
    let told =
        |t: &Teammate| json!({ "name": t.name, "role": RoleName::from(t.role), "disabled_at": t.disabled_at.map(|t| t.to_string()) });
    let mut after = told(&teammate);
    after["new_link"] = asked.new_link.into();
    let change = Change::new(&app, &caller, "teammate.change", teammate.id.as_str()).before(told(&known)).after(after);
    write.update_teammate(&teammate).await?;
    if (teammate.role, teammate.disabled_at) != (known.role, known.disabled_at) {
        write.end_sessions(&teammate.id, None).await?;
    }
    let token = if asked.new_link { Some(new_token(&app, &mut write, Some(teammate.id.clone())).await?) } else { None };
    change.write(&mut write).await?;
    write.commit().await?;
    Ok(Json(Shown::new(teammate, token.map(|token| link(&token)))))
}
