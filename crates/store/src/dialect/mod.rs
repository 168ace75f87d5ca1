//! What differs between databases, and the small driver that hides it. Everything outside is SQL that SQLite and PostgreSQL share.
//!
//! Rules of the shared SQL: `$1` placeholders; instants as BIGINT microseconds, with `i64::MIN` for "undated" so that they fit in keys; JSON as TEXT;
//! text compares by bytes (BINARY in SQLite, COLLATE "C" in PostgreSQL); `ON CONFLICT` and `RETURNING`, no `INSERT OR`, no `rowid`; no sum or
//! literal is read without its column (PostgreSQL widens SUM to NUMERIC and narrows `1` to INTEGER: CAST them).

mod driver;
mod postgres;
mod sqlite;
mod value;

pub(crate) use driver::{On, Pool, Query, Row, Transaction, is_passing, look, open, query};
pub(crate) use value::{ColumnKind, Value};

/// The texts and limits of one database.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// What stands for the placeholders of migrations, by name.
    pub types: &'static [(&'static str, &'static str)],
    /// Counts the tables of this name.
    pub count_tables: &'static str,
    /// All columns of all tables: table, column, type, in order.
    pub list_columns: &'static str,
    /// What time it is, in microseconds; None where the database has no clock of its own.
    pub clock: Option<&'static str>,
    /// Reads every page and says `ok`, or what is wrong; None where the database has nothing such.
    pub check: Option<&'static str>,
    /// Packs the values of a column, for which `?` stands, into one JSON array: a row fetched costs several microseconds, however short.
    pub pack: &'static str,
    /// A query for the texts of a JSON array; `?` stands for its place.
    pub unpack_names: &'static str,
}

impl Dialect {
    /// `pack` of an expression.
    pub(crate) fn packed(&self, column: &str) -> String {
        self.pack.replace('?', column)
    }

    /// A migration's text with this database's types.
    pub(crate) fn fill(&self, template: &str) -> String {
        self.types.iter().fold(template.to_owned(), |sql, (name, text)| sql.replace(&format!("{{{name}}}"), text))
    }
}
