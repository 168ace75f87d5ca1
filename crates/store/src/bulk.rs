//! Inserting many rows with few statements.

use sqlx::QueryBuilder;
use sqlx::query_builder::Separated;

use crate::Result;
use crate::dialect::{BIND_LIMIT, Db, Transaction};

/// Rows of one statement: beyond some hundred more rows gain nothing.
const ROWS_MAX: usize = 250;

/// Runs `INSERT INTO … VALUES (…), (…) ON CONFLICT DO NOTHING` over all rows; returns how many were new.
/// `head` ends before VALUES; `bind` pushes exactly `columns` values.
pub(crate) async fn insert<T>(
    tx: &mut Transaction,
    head: &'static str,
    columns: usize,
    rows: &[T],
    mut bind: impl FnMut(&mut Separated<'_, Db, &'static str>, &T),
) -> Result<u64> {
    let mut new = 0;
    for chunk in rows.chunks(ROWS_MAX.min(BIND_LIMIT / columns)) {
        let mut query = QueryBuilder::<Db>::new(head);
        query.push(" ").push_values(chunk, |mut values, row| bind(&mut values, row));
        query.push(" ON CONFLICT DO NOTHING");
        new += query.build().execute(&mut **tx).await?.rows_affected();
    }
    Ok(new)
}
