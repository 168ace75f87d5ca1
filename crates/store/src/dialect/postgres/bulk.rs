//! Many rows in one statement: an array for each column, unnested by the server; one text for any number of rows.

use sqlx::PgConnection;
use sqlx::query::Query;

use crate::dialect::Value;

/// Rows of one statement: bounds the memory of one message.
const ROWS_MAX: usize = 10_000;

type Statement = Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments>;

/// Inserts rows, all or those without a conflict. Without a word on conflicts, one is an error.
pub(in crate::dialect) async fn insert<'v>(
    connection: &mut PgConnection,
    table: &str,
    columns: &[&str],
    conflict: &str,
    rows: &[impl AsRef<[Value<'v>]>],
) -> sqlx::Result<u64> {
    let Some(first) = rows.first().map(AsRef::as_ref) else { return Ok(0) };
    let width = columns.len();
    let arrays: Vec<String> = (1..).zip(first).map(|(n, value)| format!("CAST(${n} AS {}[])", type_of(value))).collect();
    let (columns, arrays) = (columns.join(", "), arrays.join(", "));
    let sql = format!(
        "INSERT INTO {table} ({columns}) SELECT * FROM UNNEST({arrays}) {}{conflict}",
        if conflict.is_empty() { "" } else { "ON CONFLICT " }
    );
    let mut written = 0;
    for chunk in rows.chunks(ROWS_MAX) {
        let query = sqlx::query(sqlx::AssertSqlSafe(sql.as_str()));
        written += (0..width).fold(query, |query, column| bind(query, chunk, column)).execute(&mut *connection).await?.rows_affected();
    }
    Ok(written)
}

fn type_of(value: &Value<'_>) -> &'static str {
    match value {
        Value::Int(_) => "bigint",
        Value::Float(_) => "double precision",
        Value::Bool(_) => "boolean",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytea",
    }
}

/// Binds a column of the rows, whose values are all of the first one's type.
fn bind<'v>(query: Statement, rows: &[impl AsRef<[Value<'v>]>], column: usize) -> Statement {
    macro_rules! array {
        ($variant:ident, $value:ident => $read:expr) => {
            query.bind(
                rows.iter().map(|row| if let Value::$variant($value) = &row.as_ref()[column] { $read } else { None }).collect::<Vec<_>>(),
            )
        };
    }
    match rows[0].as_ref()[column] {
        Value::Int(_) => array!(Int, v => *v),
        Value::Float(_) => array!(Float, v => *v),
        Value::Bool(_) => array!(Bool, v => *v),
        Value::Text(_) => array!(Text, v => v.as_deref()),
        Value::Bytes(_) => array!(Bytes, v => v.as_deref()),
    }
}
