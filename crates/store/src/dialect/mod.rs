//! What differs between databases: how to open one, its tables, its limits. Everything outside is SQL that SQLite and PostgreSQL share.
//!
//! Rules of the shared SQL: `$1` placeholders; instants as BIGINT microseconds, with `i64::MIN` for "undated" so that they fit in keys; JSON as TEXT;
//! text compares by bytes (BINARY in SQLite, COLLATE "C" in PostgreSQL); `ON CONFLICT` and `RETURNING`, no `INSERT OR`, no `rowid`.

mod sqlite;

pub(crate) use sqlite::{BIND_LIMIT, Db, FIELD_WANTED, MIGRATIONS, PACK_VERSIONS, Pool, Row, Transaction, begin, open};
