//! Lists of accounts as they stand now: sorted by a column, page by page; a page begins where the last one ended, whatever changed since.

use serde::{Deserialize, Serialize};

use super::{LiveAccount, read, select};
use crate::dialect::{Query, Value};
use crate::page::bounded;
use crate::{Result, Store};

/// What lists can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveSort {
    /// By bytes.
    Name,
    /// By bytes.
    Status,
    /// By bytes; not the order of the model's file.
    Stage,
    /// How long it has been in its stage.
    StageEnteredAt,
    /// The score.
    Health,
    /// The share of the score that had data.
    Coverage,
    /// Yearly revenue.
    Arr,
    /// The next renewal.
    RenewalAt,
    /// By bytes.
    Owner,
    /// How many alerts are open.
    OpenAlerts,
}

impl LiveSort {
    fn column(self) -> &'static str {
        match self {
            LiveSort::Name => "name",
            LiveSort::Status => "status",
            LiveSort::Stage => "stage",
            LiveSort::StageEnteredAt => "stage_entered_at",
            LiveSort::Health => "health",
            LiveSort::Coverage => "coverage",
            LiveSort::Arr => "arr",
            LiveSort::RenewalAt => "renewal_at",
            LiveSort::Owner => "owner",
            LiveSort::OpenAlerts => "open_alerts",
        }
    }

    fn value(self, account: &LiveAccount) -> Option<SortValue> {
        match self {
            LiveSort::Name => Some(SortValue::Text(account.name.clone())),
            LiveSort::Status => Some(SortValue::Text(account.status.clone())),
            LiveSort::Stage => account.stage.clone().map(SortValue::Text),
            LiveSort::StageEnteredAt => account.stage_entered_at.map(|t| SortValue::Int(t.0)),
            LiveSort::Health => account.health.map(SortValue::Float),
            LiveSort::Coverage => account.coverage.map(SortValue::Float),
            LiveSort::Arr => account.arr.map(SortValue::Float),
            LiveSort::RenewalAt => account.renewal_at.map(|t| SortValue::Int(t.0)),
            LiveSort::Owner => account.owner.clone().map(SortValue::Text),
            LiveSort::OpenAlerts => Some(SortValue::Int(account.open_alerts)),
        }
    }
}

/// A value of a column that is sorted by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortValue {
    /// Text.
    Text(String),
    /// A count, or microseconds.
    Int(i64),
    /// A score or an amount.
    Float(#[serde(with = "exact")] f64),
}

/// A number as text: read back it is the same to the last bit, so that no account is skipped.
mod exact {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl<'v> From<&'v SortValue> for Value<'v> {
    fn from(value: &'v SortValue) -> Value<'v> {
        match value {
            SortValue::Text(text) => Value::from(text),
            SortValue::Int(number) => Value::from(*number),
            SortValue::Float(number) => Value::from(*number),
        }
    }
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveCursor {
    /// The last account's value in the sorted column.
    pub value: Option<SortValue>,
    /// Its id.
    pub id: String,
}

/// Which accounts; each condition that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveFilter {
    /// Of this owner.
    pub owner: Option<String>,
    /// In this stage.
    pub stage: Option<String>,
    /// In this band.
    pub band: Option<String>,
    /// Of this status.
    pub status: Option<String>,
}

impl LiveFilter {
    /// The condition, with placeholders from number `first` on, and their values.
    pub(super) fn condition(&self, first: usize) -> (String, Vec<Value<'_>>) {
        let columns = [("owner", &self.owner), ("stage", &self.stage), ("band", &self.band), ("status", &self.status)];
        let given: Vec<_> = columns.into_iter().filter_map(|(column, value)| Some((column, value.as_deref()?))).collect();
        let conditions = (first..).zip(&given).map(|(n, (column, _))| format!("{column} = ${n}"));
        let condition = std::iter::once("1 = 1".to_owned()).chain(conditions).collect::<Vec<_>>().join(" AND ");
        (condition, given.into_iter().map(|(_, value)| Value::from(value)).collect())
    }
}

/// A list: which accounts, in which order, which page.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveList {
    /// Which accounts.
    pub filter: LiveFilter,
    /// By which column; accounts without a value come last, and equal ones by id.
    pub sort: LiveSort,
    /// Greatest first.
    pub descending: bool,
    /// Where the page before ended; None: the first page.
    pub after: Option<LiveCursor>,
    /// Accounts at most; no more than `ROWS_MAX` are given.
    pub limit: u32,
}

impl LiveList {
    /// Where the next page begins, after this account.
    pub fn cursor(&self, account: &LiveAccount) -> LiveCursor {
        LiveCursor { value: self.sort.value(account), id: account.id.clone() }
    }

    fn query(&self) -> Query<'_> {
        let column = self.sort.column();
        let (direction, beyond) = if self.descending { ("DESC", "<") } else { ("ASC", ">") };
        let (filter, mut values) = self.filter.condition(1);
        let after = match &self.after {
            None => "1 = 1".to_owned(),
            Some(LiveCursor { value: None, id }) => {
                values.push(Value::from(id));
                format!("({column} IS NULL AND id > ${})", values.len())
            }
            Some(LiveCursor { value: Some(value), id }) => {
                values.push(Value::from(value));
                values.push(Value::from(id));
                let (value, id) = (values.len() - 1, values.len());
                format!("({column} {beyond} ${value} OR ({column} = ${value} AND id > ${id}) OR {column} IS NULL)")
            }
        };
        values.push(Value::from(bounded(self.limit)));
        let limit = values.len();
        let rest = format!("WHERE {filter} AND {after} ORDER BY {column} {direction} NULLS LAST, id LIMIT ${limit}");
        values.into_iter().fold(select(&rest), Query::bind)
    }
}

impl Store {
    /// A page of a list.
    pub async fn live_list(&self, list: &LiveList) -> Result<Vec<LiveAccount>> {
        list.query().fetch_all(&self.pool).await?.iter().map(read).collect()
    }
}
