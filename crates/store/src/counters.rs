//! Numbers that only grow: positions of inputs, ids of imports, numbers of outcomes.

use crate::dialect::query;
use crate::{Result, Store, Write};

/// Everything that decides takes the next position of this counter.
pub(crate) const INPUT: &str = "input";

const POSITION: &str = "SELECT COALESCE(MAX(value), 0) FROM counters WHERE name = $1";

impl Store {
    /// The position of the newest input; 0 where there is none. Equal positions: nothing has come in between.
    pub async fn position(&self) -> Result<i64> {
        Ok(query(POSITION).bind(INPUT).fetch_one(&self.pool).await?.get(0)?)
    }
}

impl Write {
    /// As `Store::position`, with what this transaction has taken.
    pub async fn position(&mut self) -> Result<i64> {
        Ok(query(POSITION).bind(INPUT).fetch_one(&mut self.tx).await?.get(0)?)
    }

    /// Takes the next position of inputs.
    pub async fn next_position(&mut self) -> Result<i64> {
        self.next(INPUT).await
    }

    /// Takes the next number of a counter; the first is 1.
    pub(crate) async fn next(&mut self, name: &str) -> Result<i64> {
        Ok(self.next_many(name, 1).await?.start)
    }

    /// Takes the next `count` numbers of a counter. Its row stays locked until this transaction ends, so numbers become visible in their order:
    /// whoever sees one sees, or will never see, every smaller one.
    pub(crate) async fn next_many(&mut self, name: &str, count: usize) -> Result<std::ops::Range<i64>> {
        let sql = "INSERT INTO counters (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value RETURNING value";
        let last: i64 = query(sql).bind(name).bind(count as i64).fetch_one(&mut self.tx).await?.get(0)?;
        Ok(last - count as i64 + 1..last + 1)
    }
}
