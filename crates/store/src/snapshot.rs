//! All rows of all tables as of one instant, as lines of JSON that are the same for every database: what a backup holds.
//!
//! A row is an array of its columns in order. Numbers are numbers, but floats, which are text so that they come back exactly; bytes are hexadecimal.

use std::fmt::Write as _;

use sqlx::AssertSqlSafe;

use crate::dialect::{ColumnKind, Row, Transaction, query};
use crate::migrate;
use crate::{Error, Result, Store};

/// Tables that are of the process and not of the workspace: leases end with it.
const PASSING: &[&str] = &["format", "leases"];

/// A table and its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The names of its columns.
    pub columns: Vec<String>,
    pub(crate) kinds: Vec<ColumnKind>,
}

/// A transaction that only reads: everything it gives is as of its begin, whatever is written meanwhile.
pub struct Snapshot {
    tx: Transaction,
}

impl Store {
    /// Begins one.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let mut snapshot = Snapshot { tx: self.pool.begin_snapshot().await? };
        // The first read fixes what it sees.
        snapshot.format().await?;
        Ok(snapshot)
    }
}

impl Snapshot {
    /// The format of the tables.
    pub async fn format(&mut self) -> Result<i64> {
        migrate::version(&mut self.tx).await
    }

    /// The tables to be kept, in an order in which they can be filled again.
    pub async fn tables(&mut self) -> Result<Vec<Table>> {
        let tables = tables(&mut self.tx).await?;
        Ok(tables.into_iter().filter(|table| !PASSING.contains(&table.name.as_str())).collect())
    }

    /// Gives each row of a table as a line; returns how many there were.
    ///
    /// # Errors
    /// The database's, or the first one of `each`.
    pub async fn rows<E: From<Error>>(&mut self, table: &Table, mut each: impl FnMut(&str) -> Result<(), E>) -> Result<u64, E> {
        let sql = format!("SELECT {} FROM {}", quoted(&table.columns), table.name);
        let mut line = String::new();
        let mut rows = 0;
        let mut found = query(AssertSqlSafe(sql)).fetch(&mut self.tx);
        while let Some(row) = found.next().await.map_err(Error::from)? {
            line.clear();
            write_row(&row, &table.kinds, &mut line)?;
            rows += 1;
            each(&line)?;
        }
        Ok(rows)
    }
}

/// The tables of this version that are there, with their columns as the database has them.
pub(crate) async fn tables(tx: &mut Transaction) -> Result<Vec<Table>> {
    let mut tables: Vec<Table> =
        migrate::tables().map(|name| Table { name: name.to_owned(), columns: Vec::new(), kinds: Vec::new() }).collect();
    for row in query(tx.dialect().list_columns).fetch_all(&mut *tx).await? {
        let (table, column, kind): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(table) = tables.iter_mut().find(|t| t.name == table) else { continue };
        let unknown = || Error::Corrupt { table: "columns", why: format!("{}.{column} is of the type {kind}", table.name) };
        table.kinds.push(ColumnKind::of(&kind).ok_or_else(unknown)?);
        table.columns.push(column);
    }
    tables.retain(|table| !table.columns.is_empty());
    Ok(tables)
}

/// Column names for a statement: some are words of SQL.
fn quoted(columns: &[String]) -> String {
    columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ")
}

fn write_row(row: &Row, kinds: &[ColumnKind], line: &mut String) -> Result<()> {
    line.push('[');
    for (column, kind) in kinds.iter().enumerate() {
        if column > 0 {
            line.push(',');
        }
        match kind {
            ColumnKind::Int => put(line, row.get::<Option<i64>>(column)?),
            ColumnKind::Bool => put(line, row.get::<Option<bool>>(column)?.map(i64::from)),
            ColumnKind::Float => put(line, row.get::<Option<f64>>(column)?.map(|value| format!("\"{value:?}\""))),
            ColumnKind::Text => put(line, row.get::<Option<String>>(column)?.map(serde_json::Value::String)),
            ColumnKind::Bytes => match row.get::<Option<Vec<u8>>>(column)? {
                None => line.push_str("null"),
                Some(bytes) => {
                    line.push('"');
                    // Writing to a string cannot fail.
                    bytes.iter().for_each(|byte| _ = write!(line, "{byte:02x}"));
                    line.push('"');
                }
            },
        }
    }
    line.push(']');
    Ok(())
}

fn put(line: &mut String, value: Option<impl std::fmt::Display>) {
    // Writing to a string cannot fail.
    _ = match value {
        None => write!(line, "null"),
        Some(value) => write!(line, "{value}"),
    };
}
