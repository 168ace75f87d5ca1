//! Numbers that only grow: positions of inputs, ids of imports.

use sqlx::Row as _;

use crate::{Result, Store, Write};

/// Everything that decides takes the next position of this counter.
const INPUT: &str = "input";

impl Store {
    /// The position of the newest input; 0 where there is none. Equal positions: nothing has come in between.
    pub async fn position(&self) -> Result<i64> {
        let row = sqlx::query("SELECT COALESCE(MAX(value), 0) FROM counters WHERE name = $1").bind(INPUT).fetch_one(&self.pool).await?;
        Ok(row.try_get(0)?)
    }
}

impl Write {
    /// Takes the next position of inputs.
    pub async fn next_position(&mut self) -> Result<i64> {
        self.next(INPUT).await
    }

    /// Takes the next number of a counter; the first is 1.
    pub(crate) async fn next(&mut self, name: &str) -> Result<i64> {
        let sql =
            "INSERT INTO counters (name, value) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
        Ok(sqlx::query(sql).bind(name).fetch_one(&mut *self.tx).await?.try_get(0)?)
    }
}
