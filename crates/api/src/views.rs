//! Saved views: lists with their columns, filter and order, for oneself or for all.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenure_store::{Role, SavedView, ViewId, transact};
use utoipa::ToSchema;

use crate::app::App;
use crate::audit::Change;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Body;
use crate::names::named;

/// Bytes of a view's definition at most.
const DEFINITION_BYTES_MAX: usize = 32 << 10;

/// A saved view.
#[derive(Serialize, ToSchema)]
pub struct View {
    /// Its id.
    #[schema(example = "view_20fd")]
    id: String,
    /// The teammate whose it is.
    owner: String,
    /// Its name.
    #[schema(example = "Renewals at risk")]
    name: String,
    /// Do all teammates see it?
    shared: bool,
    /// Columns, filter, order: whatever the page that made it keeps.
    #[schema(value_type = Value, example = json!({ "where": "health < 50", "sort": "-arr" }))]
    definition: Value,
    /// When it was changed last.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<SavedView> for View {
    fn from(view: SavedView) -> View {
        View {
            id: view.id.to_string(),
            owner: view.owner.to_string(),
            name: view.name,
            shared: view.shared,
            definition: serde_json::from_str(&view.definition).unwrap_or_default(),
            updated_at: view.updated_at.to_string(),
        }
    }
}

/// The views that the caller sees.
#[derive(Serialize, ToSchema)]
pub struct Views {
    /// By name.
    views: Vec<View>,
}

/// A view to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewView {
    /// Its name: none of the caller's other views has it.
    #[schema(example = "Renewals at risk")]
    name: String,
    /// Do all teammates see it?
    #[serde(default)]
    shared: bool,
    /// Columns, filter, order.
    #[schema(value_type = Value, example = json!({ "where": "health < 50", "sort": "-arr" }))]
    definition: Value,
}

/// One's own views and the shared ones.
#[utoipa::path(get, path = "/api/v1/views", tag = "views", responses((status = 200, description = "The views", body = Views)))]
pub async fn views(State(app): State<App>, caller: Caller) -> Result<Json<Views>, ApiError> {
    let views = app.store().views_of(&caller.teammate.id).await?;
    Ok(Json(Views { views: views.into_iter().map(View::from).collect() }))
}

/// Saves a view.
#[utoipa::path(post, path = "/api/v1/views", tag = "views", request_body = NewView, responses((status = 201, description = "Saved", body = View)))]
pub async fn add_view(State(app): State<App>, caller: Caller, Body(asked): Body<NewView>) -> Result<(StatusCode, Json<View>), ApiError> {
    let now = app.now();
    let view = SavedView {
        id: ViewId::of(&app.secret(8)),
        owner: caller.teammate.id.clone(),
        name: named(asked.name)?,
        shared: asked.shared,
        definition: defined(&asked.definition)?,
        created_at: now,
        updated_at: now,
    };
    put(&app, &caller, "view.add", &view).await?;
    Ok((StatusCode::CREATED, Json(view.into())))
}

/// Changes a view. Who does not own it must be a manager.
#[utoipa::path(put, path = "/api/v1/views/{id}", tag = "views", request_body = NewView, params(("id" = String, Path, description = "The view", example = "view_20fd")),
    responses((status = 200, description = "Changed", body = View)))]
pub async fn change_view(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<NewView>,
) -> Result<Json<View>, ApiError> {
    let known = own(&app, &caller, &id).await?;
    let view = SavedView {
        name: named(asked.name)?,
        shared: asked.shared,
        definition: defined(&asked.definition)?,
        updated_at: app.now(),
        ..known
    };
    put(&app, &caller, "view.change", &view).await?;
    Ok(Json(view.into()))
}

/// Deletes a view. Who does not own it must be a manager.
#[utoipa::path(delete, path = "/api/v1/views/{id}", tag = "views", params(("id" = String, Path, description = "The view", example = "view_20fd")),
    responses((status = 204, description = "Deleted")))]
pub async fn delete_view(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    let view = own(&app, &caller, &id).await?;
    let change = Change::new(&app, &caller, "view.delete", &id).before(serde_json::json!({ "name": view.name }));
    transact!(app.store(), "view", |write| {
        write.delete_view(&view.id).await?;
        change.write(write).await
    })?;
    Ok(StatusCode::NO_CONTENT)
}

async fn put(app: &App, caller: &Caller, action: &str, view: &SavedView) -> Result<(), ApiError> {
    let change = Change::new(app, caller, action, view.id.as_str()).after(serde_json::json!({ "name": view.name, "shared": view.shared }));
    transact!(app.store(), "view", |write| {
        write.put_view(view).await?;
        change.write(write).await
    })?;
    Ok(())
}

/// A view that the caller may change.
async fn own(app: &App, caller: &Caller, id: &str) -> Result<SavedView, ApiError> {
    let missing = || ApiError::NotFound { what: "view", name: id.to_owned() };
    let id: ViewId = id.parse().map_err(|_| missing())?;
    let view = app.store().view(&id).await?.filter(|v| v.shared || v.owner == caller.teammate.id).ok_or_else(missing)?;
    if view.owner != caller.teammate.id {
        caller.at_least(Role::Manager)?;
    }
    Ok(view)
}

fn defined(definition: &Value) -> Result<String, ApiError> {
    let text = definition.to_string();
    if text.len() > DEFINITION_BYTES_MAX {
        return Err(ApiError::TooLarge(format!("a view's definition has at most {DEFINITION_BYTES_MAX} bytes")));
    }
    Ok(text)
}
