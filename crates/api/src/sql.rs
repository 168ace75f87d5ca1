//! SQL over everything, read-only: accounts, people, events, the ledger, what evaluations wrote.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenure_tables::{Tables, collect};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::Body;

/// Rows of an answer unless asked otherwise …
const ROWS: usize = 1_000;
/// … and at most.
const ROWS_MAX: usize = 100_000;
/// How long a query may take.
const TIME_MAX: Duration = Duration::from_secs(60);

/// A question.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// DataFusion's SQL; `SHOW TABLES` lists the tables, `DESCRIBE events` the columns of one.
    #[schema(example = "SELECT name, COUNT(*) AS n FROM events GROUP BY name ORDER BY n DESC")]
    query: String,
    /// Rows at most, to 100000.
    #[schema(example = 100)]
    limit: Option<usize>,
}

/// An answer.
#[derive(Serialize, ToSchema)]
pub struct Answer {
    /// Names of the columns.
    #[schema(example = json!(["name", "n"]))]
    columns: Vec<String>,
    /// The rows, each as long as `columns`.
    #[schema(value_type = Vec<Vec<Value>>, example = json!([["login", 1200]]))]
    rows: Vec<Vec<Value>>,
    /// Were there more than asked for?
    more: bool,
    /// Tables in the question that are empty because nothing was evaluated yet (`tenure evaluate`).
    unevaluated: Vec<String>,
}

/// Answers a question in SQL. Nothing can be written. Events are in the tables as soon as they are answered, whether or not they are archived.
#[utoipa::path(post, path = "/api/v1/sql", tag = "sql", request_body = Question, responses((status = 200, description = "The answer", body = Answer)))]
pub async fn sql(State(app): State<App>, Body(asked): Body<Question>) -> Result<Json<Answer>, ApiError> {
    let limit = asked.limit.unwrap_or(ROWS);
    if !(1..=ROWS_MAX).contains(&limit) {
        return Err(ApiError::Bad { code: "bad_limit", message: format!("limit: from 1 to {ROWS_MAX}") });
    }
    let model = app.model();
    let answered = tokio::time::timeout(TIME_MAX, async {
        let tables = Tables::open(app.service.data(), app.store(), Some(model)).await?;
        if asked.query.trim().trim_end_matches(';').eq_ignore_ascii_case("show tables") {
            let rows = tables.names().into_iter().map(|name| vec![Value::from(name)]).collect();
            return Ok(Answer { columns: vec!["table_name".to_owned()], rows, more: false, unevaluated: vec![] });
        }
        let query = tables.query(&asked.query).await?;
        let (grid, more) = collect(query.frame, limit).await?;
        Ok::<_, ApiError>(Answer { columns: grid.columns, rows: grid.rows, more, unevaluated: query.unevaluated })
    });
    let late = || ApiError::Bad { code: "too_slow", message: format!("the query took longer than {} seconds", TIME_MAX.as_secs()) };
    answered.await.map_err(|_| late())?.map(Json)
}
