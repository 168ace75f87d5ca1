//! Fills an empty database with the rows of a snapshot, in one transaction: all of them, or none.

use serde_json::Value as Json;

use crate::dialect::{ColumnKind, Pool, Transaction, Value, open};
use crate::migrate::{self, KNOWN};
use crate::snapshot::{Table, tables};
use crate::{Database, Error, Result};

/// Rows written at a time.
const ROWS_AT_ONCE: usize = 2_000;
/// Bytes of rows written at a time: the journal's are large.
const BYTES_AT_ONCE: usize = 8 << 20;

/// A database that is being filled. Dropped without `commit`, it stays empty.
pub struct Restore {
    pool: Pool,
    tx: Transaction,
    tables: Vec<Table>,
}

impl Restore {
    /// Opens an empty database (a file is made) and makes the tables of a format in it.
    ///
    /// # Errors
    /// `Error::Newer` for a format this version does not know; `Error::Taken` where the database is not empty.
    pub async fn begin(database: &Database, format: i64) -> Result<Restore> {
        if !(1..=KNOWN).contains(&format) {
            return Err(Error::Newer { found: format, known: KNOWN });
        }
        let pool = open(database).await?;
        let mut tx = pool.begin().await?;
        if !tables(&mut tx).await?.is_empty() {
            return Err(Error::Taken { what: "workspace in the database", name: database.to_string() });
        }
        migrate::make(&mut tx, format).await?;
        let tables = tables(&mut tx).await?;
        Ok(Restore { pool, tx, tables })
    }

    /// Writes rows of a table whose columns have these names. Returns how many were read.
    ///
    /// # Errors
    /// `Error::Corrupt` where table, columns or a row are not those of the format.
    pub async fn rows<E: From<Error>>(
        &mut self,
        name: &str,
        columns: &[String],
        lines: &mut (dyn Iterator<Item = Result<String, E>> + Send),
    ) -> Result<u64, E> {
        let corrupt = |why: String| Error::Corrupt { table: "backup", why };
        let table = self.tables.iter().find(|t| t.name == name).ok_or_else(|| corrupt(format!("there is no table {name}")))?;
        if table.columns != columns {
            return Err(corrupt(format!("{name} has the columns {}, not {}", table.columns.join(", "), columns.join(", "))).into());
        }
        let (mut rows, mut bytes, mut written) = (Vec::new(), 0, 0);
        for line in lines {
            let line = line?;
            bytes += line.len();
            written += 1;
            rows.push(read_row(&line, &table.kinds).map_err(|why| corrupt(format!("{name}, row {written}: {why}")))?);
            if rows.len() >= ROWS_AT_ONCE || bytes >= BYTES_AT_ONCE {
                self.tx.insert_rows(name, columns, &rows).await.map_err(Error::from)?;
                rows.clear();
                bytes = 0;
            }
        }
        self.tx.insert_rows(name, columns, &rows).await.map_err(Error::from)?;
        Ok(written)
    }

    /// Makes everything durable at once.
    pub async fn commit(self) -> Result<()> {
        self.tx.commit().await?;
        self.pool.close().await;
        Ok(())
    }
}

fn read_row(line: &str, kinds: &[ColumnKind]) -> Result<Vec<Value<'static>>, String> {
    let values: Vec<Json> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if values.len() != kinds.len() {
        return Err(format!("{} values for {} columns", values.len(), kinds.len()));
    }
    values.into_iter().zip(kinds).map(|(value, kind)| read_value(value, *kind).ok_or_else(|| format!("a value is no {kind:?}"))).collect()
}

/// A value of a column; None where it is of another type.
fn read_value(value: Json, kind: ColumnKind) -> Option<Value<'static>> {
    if value.is_null() {
        return Some(match kind {
            ColumnKind::Int => Value::Int(None),
            ColumnKind::Bool => Value::Bool(None),
            ColumnKind::Float => Value::Float(None),
            ColumnKind::Text => Value::Text(None),
            ColumnKind::Bytes => Value::Bytes(None),
        });
    }
    Some(match (kind, value) {
        (ColumnKind::Int, value) => Value::from(value.as_i64()?),
        (ColumnKind::Bool, value) => Value::Bool(Some(value.as_i64()? != 0)),
        (ColumnKind::Float, Json::String(text)) => Value::Float(Some(text.parse().ok()?)),
        (ColumnKind::Text, Json::String(text)) => Value::from(text),
        (ColumnKind::Bytes, Json::String(text)) => Value::Bytes(Some(bytes(&text)?.into())),
        _ => return None,
    })
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16).map(|d| d as u8);
    text.as_bytes().chunks(2).map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}
