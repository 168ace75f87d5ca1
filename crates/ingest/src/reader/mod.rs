//! The readers: one per format, each an iterator of chunks of inputs.

mod csv;
mod ndjson;
mod parquet;
mod quotes;
mod segment;

use crate::table::Table;
use crate::{Import, Inputs, Lookups, Mapping, entities, events};

pub use self::csv::csv;
pub(crate) use self::ndjson::Object;
pub use self::ndjson::ndjson;
pub use self::parquet::parquet;

/// Why a file cannot be read any further. What single rows have wrong is in `Inputs::rejects` instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file's columns do not fit the mapping.
    #[error("{0}")]
    Columns(String),
    /// Reading failed.
    #[error("cannot read: {0}")]
    Read(#[from] std::io::Error),
    /// Not a Parquet file, or a broken one.
    #[error("cannot read Parquet: {0}")]
    Parquet(#[from] datafusion::parquet::errors::ParquetError),
    /// Arrow could not convert a column.
    #[error("cannot convert: {0}")]
    Arrow(#[from] datafusion::arrow::error::ArrowError),
}

/// The chunks of a file's inputs.
pub type Chunks<'a> = Box<dyn Iterator<Item = Result<Inputs, Error>> + Send + 'a>;

/// What the rows of a table say.
fn read_table(table: &Table, mapping: &Mapping, lookups: &Lookups, inputs: &mut Inputs) -> Result<(), Error> {
    match mapping.import {
        Import::Events => events::add(table, mapping, lookups, inputs),
        Import::Accounts | Import::People | Import::Subscriptions => entities::add(table, mapping, lookups, inputs),
    }
}

/// Refuses a file that lacks a column which the mapping names, or one without which no row can be read.
fn check_columns(names: &[String], mapping: &Mapping) -> Result<(), Error> {
    let known = || names.iter().map(String::as_str);
    let missing = mapping.columns().into_iter().filter(|column| !names.iter().any(|n| n == column)).map(|column| {
        let near = tenure_model::diagnostic::nearest(column, known());
        format!("`{column}`{}", near.map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default())
    });
    let missing: Vec<String> = missing.collect();
    if !missing.is_empty() {
        let columns = if missing.len() == 1 { "the column" } else { "the columns" };
        return Err(Error::Columns(format!("the mapping names {columns} {}, which the file does not have", missing.join(", "))));
    }
    let needed: &[&str] = match mapping.import {
        Import::Accounts | Import::People => &["id"],
        Import::Subscriptions => &["id", "account_id", "started_at"],
        Import::Events => &["event", "time"],
    };
    for (field, usual) in mapping.import.fields().iter().filter(|(field, _)| needed.contains(field)) {
        let is_mapped = mapping.rules.iter().all(|rule| rule.fields.contains_key(field));
        if !is_mapped && !names.iter().any(|n| usual.contains(&n.as_str())) {
            let usual = usual.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" or ");
            return Err(Error::Columns(format!(
                "no column gives the {field}: name one {usual}, or say in a mapping file which it is; the file has {}",
                names.join(", ")
            )));
        }
    }
    Ok(())
}
