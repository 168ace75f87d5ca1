//! Rows of a file that could not be read: page by page, and as a file.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use tenure_import::{rejected_rows, rejects_path};
use tokio::io::AsyncReadExt;
use utoipa::ToSchema;

use super::numbered;
use crate::app::App;
use crate::error::ApiError;
use crate::extract::Params;
use crate::page::{Limit, PageAsked, cursor, read_cursor};

/// Bytes of the file that are sent at a time.
const BLOCK: usize = 64 << 10;

/// A row that could not be read.
#[derive(Serialize, ToSchema)]
pub struct RejectedRow {
    /// Its number, from 1, not counting the header of a CSV file; for NDJSON the line.
    #[schema(example = 3)]
    pub(super) row: u64,
    /// What is wrong.
    #[schema(example = "there is no id")]
    pub(super) reason: String,
    /// The row as it stands in the file.
    #[schema(example = ",Nameless,2")]
    pub(super) raw: String,
}

impl From<tenure_ingest::Reject> for RejectedRow {
    fn from(reject: tenure_ingest::Reject) -> RejectedRow {
        RejectedRow { row: reject.row, reason: reject.reason, raw: reject.raw }
    }
}

/// A page of rejected rows.
#[derive(Serialize, ToSchema)]
#[schema(as = RejectedRowsPage)]
pub struct RejectedRows {
    /// In the order of the file.
    rejects: Vec<RejectedRow>,
    /// Give it as `cursor` for the next page; null on the last.
    next: Option<String>,
}

/// The rows of an import that could not be read, with the reason, in the order of the file.
#[utoipa::path(get, path = "/api/v1/imports/{id}/rejects", tag = "imports", params(("id" = String, Path, description = "Its number", example = "1"), PageAsked),
    responses((status = 200, description = "A page", body = RejectedRows)))]
pub async fn import_rejects(
    State(app): State<App>,
    Path(id): Path<String>,
    Params(asked): Params<PageAsked>,
) -> Result<Json<RejectedRows>, ApiError> {
    let import = numbered(&app, &id).await?;
    let limit = Limit::of(asked.limit)? as usize;
    let skip = asked.cursor.as_deref().map(read_cursor::<usize>).transpose()?.unwrap_or_default();
    let path = rejects_path(app.service.data(), &import.key, &import.file);
    // One more than asked for tells whether there is another page.
    let rows = tokio::task::block_in_place(|| rejected_rows(&path, skip, limit.saturating_add(1)))?;
    let mut rows = rows.unwrap_or_default();
    let next = if rows.len() > limit { cursor(&(skip + limit)) } else { None };
    rows.truncate(limit);
    Ok(Json(RejectedRows { rejects: rows.into_iter().map(RejectedRow::from).collect(), next }))
}

/// The rows of an import that could not be read, as a CSV file: `row`, `reason`, `raw`.
#[utoipa::path(get, path = "/api/v1/imports/{id}/rejects.csv", tag = "imports", params(("id" = String, Path, description = "Its number", example = "1")),
    responses((status = 200, description = "All of them", body = String, content_type = "text/csv")))]
pub async fn import_rejects_file(State(app): State<App>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let import = numbered(&app, &id).await?;
    let path = rejects_path(app.service.data(), &import.key, &import.file);
    let body = match tokio::fs::File::open(&path).await {
        Ok(file) => Body::from_stream(stream::try_unfold(file, |mut file| async move {
            let mut block = vec![0; BLOCK];
            let read = file.read(&mut block).await?;
            block.truncate(read);
            Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(block), file)))
        })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Body::from("row,reason,raw\n"),
        Err(error) => return Err(ApiError::Internal(format!("{}: {error}", path.display()))),
    };
    let disposition = format!("attachment; filename=\"rejects-{}.csv\"", import.id);
    let headers = [(header::CONTENT_TYPE, "text/csv".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, body).into_response())
}
