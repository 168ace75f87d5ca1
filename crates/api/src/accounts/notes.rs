//! Notes of teammates about an account.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenure_store::{Note, NoteId, Role, transact};
use utoipa::ToSchema;

use super::past::{known, time};
use crate::app::App;
use crate::audit::Change;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Body, Params};
use crate::page::{PageAsked, before, next};

/// Bytes of a note at most.
const BODY_BYTES_MAX: usize = 64 << 10;

/// Of what a note tells.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = NoteKind)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nothing special.
    #[default]
    Note,
    /// A call.
    Call,
    /// A meeting.
    Meeting,
    /// An e-mail.
    Email,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Note => "note",
            Kind::Call => "call",
            Kind::Meeting => "meeting",
            Kind::Email => "email",
        }
    }
}

/// A note.
#[derive(Serialize, ToSchema)]
#[schema(as = Note)]
pub struct Written {
    /// Its id.
    #[schema(example = "note_71ab")]
    id: String,
    /// The account.
    #[schema(example = "acme")]
    account: String,
    /// The teammate who wrote it.
    author: String,
    /// When what it tells of took place.
    #[schema(format = DateTime)]
    at: String,
    /// `note`, `call`, `meeting` or `email`.
    kind: String,
    /// In Markdown.
    #[schema(example = "Wants **SSO** before the renewal.")]
    body: String,
    /// When it was changed last.
    edited_at: Option<String>,
}

impl From<Note> for Written {
    fn from(note: Note) -> Written {
        Written {
            id: note.id.to_string(),
            account: note.account,
            author: note.author.to_string(),
            at: note.at.to_string(),
            kind: note.kind,
            body: note.body,
            edited_at: note.edited_at.map(|t| t.to_string()),
        }
    }
}

/// A page of notes.
#[derive(Serialize, ToSchema)]
pub struct Notes {
    /// Newest first.
    notes: Vec<Written>,
    /// Give it as `cursor` for the next page; null on the last.
    next: Option<String>,
}

/// A note to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    /// In Markdown.
    #[schema(example = "Wants **SSO** before the renewal.")]
    body: String,
    /// Of what it tells.
    #[serde(default)]
    kind: Kind,
    /// When that took place; without: now.
    #[schema(example = "2026-06-01T10:00:00Z")]
    at: Option<String>,
}

/// The notes of an account, newest first.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/notes", tag = "notes", params(("id" = String, Path, description = "The account", example = "acme"), PageAsked),
    responses((status = 200, description = "A page", body = Notes)))]
pub async fn notes(State(app): State<App>, Path(id): Path<String>, Params(asked): Params<PageAsked>) -> Result<Json<Notes>, ApiError> {
    let account = known(&app, &id)?;
    let page = before(asked.cursor.as_deref(), asked.limit)?;
    let found = app.store().notes(&account, &page).await?;
    let next = next(&page, &found, |note: &Note| (note.at, note.id.as_str()));
    Ok(Json(Notes { notes: found.into_iter().map(Written::from).collect(), next }))
}

/// Writes a note.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/notes", tag = "notes", request_body = NewNote,
    params(("id" = String, Path, description = "The account", example = "acme")), responses((status = 201, description = "Written", body = Written)))]
pub async fn add_note(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<NewNote>,
) -> Result<(StatusCode, Json<Written>), ApiError> {
    let account = known(&app, &id)?.to_string();
    let calendar = app.model().calendar.clone();
    let at = asked.at.as_deref().map(|text| time("at", text, &calendar)).transpose()?.unwrap_or_else(|| app.now());
    let note = Note {
        id: NoteId::of(&app.secret(8)),
        account,
        author: caller.teammate.id.clone(),
        at,
        kind: asked.kind.name().to_owned(),
        body: checked(asked.body)?,
        edited_at: None,
    };
    let change = Change::new(&app, &caller, "note.add", note.id.as_str()).after(json!({ "account": note.account, "body": note.body }));
    transact!(app.store(), "note", |write| {
        write.add_note(&note).await?;
        change.write(write).await
    })?;
    Ok((StatusCode::CREATED, Json(note.into())))
}

/// A note's new text.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBody {
    /// In Markdown.
    #[schema(example = "Wants **SSO** and SCIM before the renewal.")]
    body: String,
}

/// Changes a note's text. Who did not write it must be a manager.
#[utoipa::path(patch, path = "/api/v1/notes/{id}", tag = "notes", request_body = NewBody,
    params(("id" = String, Path, description = "The note", example = "note_71ab")), responses((status = 200, description = "Changed", body = Written)))]
pub async fn edit_note(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<NewBody>,
) -> Result<Json<Written>, ApiError> {
    let note = own(&app, &caller, &id).await?;
    let (now, body) = (app.now(), checked(asked.body)?);
    let change = Change::new(&app, &caller, "note.edit", &id).before(json!({ "body": note.body })).after(json!({ "body": body }));
    transact!(app.store(), "note", |write| {
        write.edit_note(&note.id, &body, now).await?;
        change.write(write).await
    })?;
    Ok(Json(Note { body, edited_at: Some(now), ..note }.into()))
}

/// Deletes a note. Who did not write it must be a manager.
#[utoipa::path(delete, path = "/api/v1/notes/{id}", tag = "notes", params(("id" = String, Path, description = "The note", example = "note_71ab")),
    responses((status = 204, description = "Deleted")))]
pub async fn delete_note(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    let note = own(&app, &caller, &id).await?;
    let now = app.now();
    let change = Change::new(&app, &caller, "note.delete", &id).before(json!({ "account": note.account, "body": note.body }));
    transact!(app.store(), "note", |write| {
        write.delete_note(&note.id, now).await?;
        change.write(write).await
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// A note that the caller may change.
async fn own(app: &App, caller: &Caller, id: &str) -> Result<Note, ApiError> {
    let missing = || ApiError::NotFound { what: "note", name: id.to_owned() };
    let id: NoteId = id.parse().map_err(|_| missing())?;
    let note = app.store().note(&id).await?.ok_or_else(missing)?;
    if note.author != caller.teammate.id {
        caller.at_least(Role::Manager)?;
    }
    Ok(note)
}

fn checked(body: String) -> Result<String, ApiError> {
    match body {
        body if body.trim().is_empty() => Err(ApiError::Bad { code: "empty_note", message: "the note is empty".to_owned() }),
        body if body.len() > BODY_BYTES_MAX => Err(ApiError::TooLarge(format!("a note has at most {BODY_BYTES_MAX} bytes"))),
        body => Ok(body),
    }
}
