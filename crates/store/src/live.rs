//! Where each account stands now: one row an account, as lists sort and page it.

use sqlx::AssertSqlSafe;
use tenure_model::Instant;

use crate::dialect::{Query, Row, Value, query};
use crate::{Result, Store, Write};

mod list;

pub use list::{LiveCursor, LiveFilter, LiveList, LiveSort, SortValue};

/// An account as it stands now.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveAccount {
    /// Canonical id.
    pub id: String,
    /// For people.
    pub name: String,
    /// `live`, `ended`, `new`.
    pub status: String,
    /// The stage it is in.
    pub stage: Option<String>,
    /// Since when.
    pub stage_entered_at: Option<Instant>,
    /// 0 to 100.
    pub health: Option<f64>,
    /// The band of its health.
    pub band: Option<String>,
    /// The share, 0 to 1, of the scorecard's weight that had data.
    pub coverage: Option<f64>,
    /// Yearly revenue, rounded for sorting; `detail` has it exactly.
    pub arr: Option<f64>,
    /// When its contract renews.
    pub renewal_at: Option<Instant>,
    /// Whose account it is.
    pub owner: Option<String>,
    /// How many alerts are open.
    pub open_alerts: i64,
    /// The position in the journal up to which this holds.
    pub position: i64,
    /// Everything that lists show, as JSON.
    pub detail: String,
}

const COLUMNS: [&str; 14] = [
    "id",
    "name",
    "status",
    "stage",
    "stage_entered_at",
    "health",
    "band",
    "coverage",
    "arr",
    "renewal_at",
    "owner",
    "open_alerts",
    "position",
    "detail",
];

const REPLACE: &str = "(id) DO UPDATE SET name = excluded.name, status = excluded.status, stage = excluded.stage, \
    stage_entered_at = excluded.stage_entered_at, health = excluded.health, band = excluded.band, coverage = excluded.coverage, \
    arr = excluded.arr, renewal_at = excluded.renewal_at, owner = excluded.owner, open_alerts = excluded.open_alerts, \
    position = excluded.position, detail = excluded.detail";

impl Write {
    /// Writes accounts as they stand now, in place of what was; each id once.
    pub async fn put_live(&mut self, accounts: &[LiveAccount]) -> Result<()> {
        let rows: Vec<_> = accounts.iter().map(values).collect();
        self.tx.insert("live_accounts", COLUMNS, REPLACE, &rows).await?;
        Ok(())
    }

    /// Removes accounts, such as those merged into others; returns how many were there.
    pub async fn remove_live(&mut self, ids: &[&str]) -> Result<u64> {
        let mut removed = 0;
        for id in ids {
            removed += query("DELETE FROM live_accounts WHERE id = $1").bind(*id).execute(&mut self.tx).await?;
        }
        Ok(removed)
    }
}

impl Store {
    /// An account as it stands now, by its canonical id.
    pub async fn live(&self, id: &str) -> Result<Option<LiveAccount>> {
        select("WHERE id = $1").bind(id).fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }

    /// How many accounts a list holds, on all its pages.
    pub async fn count_live(&self, filter: &LiveFilter) -> Result<u64> {
        let (condition, values) = filter.condition(1);
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM live_accounts WHERE {condition}"));
        Ok(values.into_iter().fold(query(sql), Query::bind).fetch_one(&self.pool).await?.get::<i64>(0)? as u64)
    }
}

/// A query for rows as `read` expects them.
fn select<'v>(rest: &str) -> Query<'v> {
    query(AssertSqlSafe(format!("SELECT {} FROM live_accounts {rest}", COLUMNS.join(", "))))
}

fn values(account: &LiveAccount) -> [Value<'_>; 14] {
    [
        Value::from(&account.id),
        Value::from(&account.name),
        Value::from(&account.status),
        Value::from(account.stage.as_deref()),
        Value::from(account.stage_entered_at),
        Value::from(account.health),
        Value::from(account.band.as_deref()),
        Value::from(account.coverage),
        Value::from(account.arr),
        Value::from(account.renewal_at),
        Value::from(account.owner.as_deref()),
        Value::from(account.open_alerts),
        Value::from(account.position),
        Value::from(&account.detail),
    ]
}

fn read(row: &Row) -> Result<LiveAccount> {
    Ok(LiveAccount {
        id: row.get(0)?,
        name: row.get(1)?,
        status: row.get(2)?,
        stage: row.get(3)?,
        stage_entered_at: row.maybe_at(4)?,
        health: row.get(5)?,
        band: row.get(6)?,
        coverage: row.get(7)?,
        arr: row.get(8)?,
        renewal_at: row.maybe_at(9)?,
        owner: row.get(10)?,
        open_alerts: row.get(11)?,
        position: row.get(12)?,
        detail: row.get(13)?,
    })
}
