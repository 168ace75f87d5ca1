//! A file is sent: kept until it is imported, or only looked at.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenure_import::{Format, Incoming, Reading, preview};
use tenure_ingest::Import as Kind;
use tenure_model::Calendar;
use tenure_service::Upload;
use utoipa::{IntoParams, ToSchema};

use super::list::Shown;
use super::numbered;
use super::rejects::RejectedRow;
use crate::accounts::time;
use crate::app::App;
use crate::audit::Change;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::names::named;

/// How long a sender may pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Bytes of a mapping's text.
const MAPPING_BYTES_MAX: usize = 32 << 10;

/// What a file holds.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Accounts and their traits.
    Accounts,
    /// People, their traits and where they belong.
    People,
    /// What accounts pay for.
    Subscriptions,
    /// What people and accounts did. Segment's NDJSON may hold everything.
    Events,
}

/// What a file is.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Comma-separated, with a header line.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Parquet.
    Parquet,
}

/// How a file is to be imported.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadAsked {
    /// What it holds.
    #[param(inline, example = "accounts")]
    kind: FileKind,
    /// Its name, for people.
    #[param(example = "accounts.csv")]
    file: Option<String>,
    /// What it is; without, its content tells.
    #[param(inline)]
    format: Option<FileFormat>,
    /// Which column is what: the YAML of docs/reference/mapping.md. Lookups in other files are not possible here.
    mapping: Option<String>,
    /// The source that its events are said to come from; events are told apart by source and message id. Without: the mapping's, else `file`.
    source: Option<String>,
    /// The date of rows that have none; without, they count as always true, and as assumed.
    #[param(example = "2026-06-01")]
    at: Option<String>,
    /// Read the file again even if it was imported before, in the same way.
    #[serde(default)]
    again: bool,
    /// Only look at the first rows: nothing is kept.
    #[serde(default)]
    check: bool,
}

/// What the first rows of a file would give.
#[derive(Serialize, ToSchema)]
pub struct CheckedFile {
    /// What the file is: `csv`, `ndjson` or `parquet`.
    #[schema(example = "csv")]
    format: &'static str,
    /// Its columns.
    #[schema(example = json!(["id", "name"]))]
    columns: Vec<String>,
    /// Rows that were read: the first thousand, or some more.
    #[schema(example = 500)]
    rows: u64,
    /// Were these all?
    whole: bool,
    /// Rows that the mapping left out.
    skipped: u64,
    /// Values of fields that they say.
    values: u64,
    /// Memberships that they say.
    memberships: u64,
    /// Events that they say.
    events: u64,
    /// The first of what they say.
    #[schema(value_type = Vec<Value>, example = json!([{ "account": "acme", "field": "name", "value": "Acme", "valid_from": null }]))]
    sample: Vec<Value>,
    /// Rows that would be rejected.
    rejected: u64,
    /// The first of them.
    rejects: Vec<RejectedRow>,
}

/// Imports a file, which is the body: answers when it is received whole and kept; the import goes on in the background, also after a restart.
/// A file that was imported before, in the same way, is answered with that import and not read again. With `check=true` only its first rows are read: what they
/// would give, and what would be rejected.
#[utoipa::path(post, path = "/api/v1/imports", tag = "imports", params(UploadAsked),
    request_body(content = String, content_type = "application/octet-stream", description = "The file: CSV, NDJSON or Parquet", example = json!("id,name\nacme,Acme\n")),
    responses((status = 202, description = "It is kept, and imported in the background", body = Shown), (status = 200, description = "With `check=true`: what it would give", body = CheckedFile)))]
pub async fn add_import(
    State(app): State<App>,
    caller: Caller,
    Params(asked): Params<UploadAsked>,
    body: Body,
) -> Result<Response, ApiError> {
    let name = named(file_name(asked.file.as_deref()))?;
    let mapping = asked.mapping.as_deref().filter(|yaml| !yaml.trim().is_empty());
    if mapping.is_some_and(|yaml| yaml.len() > MAPPING_BYTES_MAX) {
        return Err(ApiError::TooLarge(format!("a mapping has at most {MAPPING_BYTES_MAX} bytes")));
    }
    let source = asked.source.map(named).transpose()?;
    let dated = asked.at.as_deref().map(|at| time("at", at, &Calendar::utc())).transpose()?;
    let kind = match asked.kind {
        FileKind::Accounts => Kind::Accounts,
        FileKind::People => Kind::People,
        FileKind::Subscriptions => Kind::Subscriptions,
        FileKind::Events => Kind::Events,
    };
    // What is wrong with the mapping is told before the file is received.
    let reading = Reading::of(kind, mapping, source, dated)?;
    let slot = app.uploads.clone().try_acquire_owned();
    let _slot = slot.map_err(|_| ApiError::Busy("some files are being received already; try again in some seconds".to_owned()))?;
    let incoming = receive(&app, body).await?;
    let format = asked.format.map(|format| match format {
        FileFormat::Csv => Format::Csv,
        FileFormat::Ndjson => Format::Ndjson,
        FileFormat::Parquet => Format::Parquet,
    });
    let file = incoming.source(&name, format)?;
    if asked.check {
        let preview = tokio::task::block_in_place(|| preview(&file, &reading))?;
        return Ok(Json(CheckedFile::from(preview)).into_response());
    }
    let told = json!({ "file": name, "kind": tenure_import::kind_name(kind), "source": reading.source, "bytes": incoming.bytes() });
    let audit = |id: i64| Change::new(&app, &caller, "import.add", &id.to_string()).after(told.clone()).entry().clone();
    let upload = Upload { incoming: &incoming, name: &name, format: file.format(), mapping, reading: &reading, again: asked.again };
    let id = app.service.import(upload, caller.author(), audit).await?;
    Ok((StatusCode::ACCEPTED, Json(Shown::new(&app, numbered(&app, &id.to_string()).await?))).into_response())
}

/// The name of a file without folders.
fn file_name(given: Option<&str>) -> String {
    let name = given.unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    if name.trim().is_empty() { "upload".to_owned() } else { name.to_owned() }
}

/// Receives a file into the data folder.
async fn receive(app: &App, body: Body) -> Result<Incoming, ApiError> {
    let mut incoming = Incoming::create(app.service.data(), &app.secret(12), app.service.limits().import_bytes_max).await?;
    let mut chunks = body.into_data_stream();
    loop {
        let next = tokio::time::timeout(PAUSE_MAX, chunks.next()).await;
        let late = |_| ApiError::Bad { code: "too_slow", message: format!("nothing of the file came for {} seconds", PAUSE_MAX.as_secs()) };
        let Some(chunk) = next.map_err(late)? else { break };
        let broken = |error: axum::Error| ApiError::Bad { code: "bad_body", message: format!("the file did not arrive whole: {error}") };
        incoming.write(&chunk.map_err(broken)?).await?;
    }
    if incoming.bytes() == 0 {
        return Err(ApiError::Bad { code: "bad_file", message: "the file is empty: send it as the body of the request".to_owned() });
    }
    incoming.finish().await?;
    Ok(incoming)
}

impl From<tenure_import::Preview> for CheckedFile {
    fn from(preview: tenure_import::Preview) -> CheckedFile {
        CheckedFile {
            format: preview.format.name(),
            columns: preview.columns,
            rows: preview.rows,
            whole: preview.whole,
            skipped: preview.skipped,
            values: preview.values,
            memberships: preview.memberships,
            events: preview.events,
            sample: preview.sample,
            rejected: preview.rejected,
            rejects: preview.rejects.into_iter().map(RejectedRow::from).collect(),
        }
    }
}
