//! Versions of fields: what was said of accounts, persons and subscriptions, each statement once.
//!
//! Every statement is kept, also one that repeats an earlier one at a later time: only so does the order of files not matter. Reading leaves
//! out what says nothing new (`settle`).

use std::borrow::Cow;

use serde::Deserialize;
use sqlx::AssertSqlSafe;
use tenure_model::Instant;
use tenure_model::input::{Entity, Version};

use crate::dialect::{Dialect, Row, Value, query};
use crate::word::json;
use crate::{Merges, Result, Store, Write};

/// Statements turned into rows at a time: bounds the memory.
const ROWS_MAX: usize = 10_000;

/// What became of rows that were added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Written.
    pub new: u64,
    /// Already there.
    pub known: u64,
}

impl std::ops::AddAssign for Added {
    fn add_assign(&mut self, other: Added) {
        self.new += other.new;
        self.known += other.known;
    }
}

impl Added {
    pub(crate) fn of(rows: usize, new: u64) -> Added {
        Added { new, known: (rows as u64).saturating_sub(new) }
    }
}

/// What versions are of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Account,
    Person,
    Subscription,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Account => "account",
            Kind::Person => "person",
            Kind::Subscription => "subscription",
        }
    }

    /// What is called so, under its canonical id.
    fn entity(self, owner: &str, item: String, merges: &Merges) -> Entity {
        match self {
            Kind::Account => Entity::Account(merges.account(owner).to_owned()),
            Kind::Person => Entity::Person(merges.person(owner).to_owned()),
            Kind::Subscription => Entity::Subscription(merges.account(owner).to_owned(), item),
        }
    }
}

/// A query for versions of a kind, each column in one text, as `unpack` expects them. `condition` is a constant text.
pub(crate) fn packed(dialect: &Dialect, kind: Kind, condition: &str) -> AssertSqlSafe<String> {
    let columns = ["v.owner", "v.item", "v.field", "v.valid_from", "v.known_from", "v.value"].map(|column| dialect.packed(column));
    AssertSqlSafe(format!("SELECT {} FROM versions v WHERE v.kind = '{}' AND {condition}", columns.join(", "), kind.name()))
}

impl Write {
    /// Adds versions from an import. Statements already there change nothing.
    pub async fn add_versions(&mut self, import: i64, versions: &[Version]) -> Result<Added> {
        const COLUMNS: [&str; 8] = ["kind", "owner", "item", "field", "valid_from", "known_from", "value", "import"];
        let row = |version| values(version, import);
        let mut new = 0;
        for some in versions.chunks(ROWS_MAX) {
            let rows: Vec<_> = some.iter().map(row).collect();
            new += self.tx.insert("versions", COLUMNS, "DO NOTHING", &rows).await?;
        }
        Ok(Added::of(versions.len(), new))
    }
}

impl Store {
    /// How many statements of an import contradict another one of the same field and the same dates, so that neither is newer.
    /// On reading the one whose JSON text is greatest holds.
    pub async fn count_conflicts(&self, import: i64) -> Result<u64> {
        let sql = "SELECT COUNT(*) FROM versions a WHERE a.import = $1 AND EXISTS (SELECT 1 FROM versions b WHERE b.kind = a.kind AND b.owner = a.owner \
            AND b.item = a.item AND b.field = a.field AND b.valid_from = a.valid_from AND b.known_from = a.known_from AND b.value <> a.value)";
        Ok(query(sql).bind(import).fetch_one(&self.pool).await?.get::<i64>(0)? as u64)
    }
}

fn values(version: &Version, import: i64) -> [Value<'_>; 8] {
    let (kind, owner, item) = key(&version.entity);
    [
        Value::from(kind),
        Value::from(owner),
        Value::from(item),
        Value::from(&version.field),
        Value::from(version.valid_from.unwrap_or(Instant::MIN)),
        Value::from(version.known_from.unwrap_or(Instant::MIN)),
        Value::from(version.value.to_string()),
        Value::from(import),
    ]
}

/// (kind, owner, item) of an entity.
fn key(entity: &Entity) -> (&'static str, &str, &str) {
    match entity {
        Entity::Account(id) => ("account", id, ""),
        Entity::Person(id) => ("person", id, ""),
        Entity::Subscription(account, id) => ("subscription", account, id),
    }
}

/// An owner as it was told, and versions of it under canonical ids.
pub(crate) type OfOwner = (String, Vec<Version>);

/// A text of a JSON array, not copied where it stands there as it is.
#[derive(Deserialize)]
struct Text<'r>(#[serde(borrow)] Cow<'r, str>);

/// The versions in the row of a query `packed`, by their owners.
pub(crate) fn unpack(row: &Row, kind: Kind, merges: &Merges) -> Result<Vec<OfOwner>> {
    let dated = |t: i64| (t != Instant::MIN.0).then_some(Instant(t));
    let texts = |column| -> Result<_> { Ok(json::<Vec<Text<'_>>>("versions", row.get(column)?)?.into_iter().map(|text| text.0)) };
    let times = |column| -> Result<_> { Ok(json::<Vec<i64>>("versions", row.get(column)?)?.into_iter().map(dated)) };
    let (owners, mut items, mut fields, mut values) = (texts(0)?, texts(1)?, texts(2)?, texts(5)?);
    let (mut valid_from, mut known_from) = (times(3)?, times(4)?);
    let mut all: Vec<OfOwner> = Vec::new();
    for owner in owners {
        let (Some(item), Some(field), Some(value)) = (items.next(), fields.next(), values.next()) else { break };
        let (Some(valid_from), Some(known_from)) = (valid_from.next(), known_from.next()) else { break };
        let entity = kind.entity(&owner, item.into_owned(), merges);
        let version = Version { entity, field: field.into_owned(), value: json("versions", &value)?, valid_from, known_from };
        match all.last_mut().filter(|(last, _)| *last == owner) {
            Some((_, versions)) => versions.push(version),
            None => all.push((owner.into_owned(), vec![version])),
        }
    }
    Ok(all)
}

/// Brings versions into their one order (entity, field, valid from, known from) and leaves out those that say nothing: of contradicting ones
/// all but the greatest in JSON text, and a dated repetition of the version before it. Repetitions that show after `open` stay: whoever goes on from
/// there may learn what lies in between.
pub(crate) fn settle(versions: &mut Vec<Version>, open: Instant) {
    let dates = |v: &Version| (v.valid_from.unwrap_or(Instant::MIN), v.known_from.unwrap_or(Instant::MIN));
    let order = |v: &Version| std::cmp::Reverse(v.value.to_string());
    versions.sort_by(|a, b| {
        a.entity
            .cmp(&b.entity)
            .then_with(|| a.field.cmp(&b.field))
            .then_with(|| dates(a).cmp(&dates(b)))
            .then_with(|| order(a).cmp(&order(b)))
    });
    let same_field = |a: &Version, b: &Version| a.entity == b.entity && a.field == b.field;
    // First the ones, then the others: what repeats still holds against what contradicts it.
    versions.dedup_by(|b, a| same_field(a, b) && dates(a) == dates(b));
    versions.dedup_by(|b, a| {
        let repeats = same_field(a, b) && a.value == b.value && a.valid_from.is_some() && a.visible_from() <= b.visible_from();
        repeats && b.visible_from() <= open
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(value: &str, valid_from: Option<i64>, known_from: Option<i64>) -> Version {
        let value = serde_json::from_str(value).unwrap();
        Version {
            entity: Entity::Account("acme".into()),
            field: "tier".into(),
            value,
            valid_from: valid_from.map(Instant),
            known_from: known_from.map(Instant),
        }
    }

    /// Each row: what was said (value, valid from, known from), and which of it, by index, is left.
    #[test]
    fn what_is_left() {
        type Said = (&'static str, Option<i64>, Option<i64>);
        let rules: &[(&str, &[Said], &[usize])] = &[
            ("of undated ones the greatest text holds", &[("1", None, None), ("\"a\"", None, None), ("2", None, None)], &[2]),
            ("so also of those at the same date", &[("1", Some(5), None), ("2", Some(5), None)], &[1]),
            ("a later repetition says nothing", &[("1", Some(5), None), ("1", Some(9), None)], &[0]),
            ("a repetition holds against what is less", &[("2", Some(5), None), ("2", Some(9), None), ("1", Some(9), None)], &[0]),
            ("a repetition after a change does", &[("1", Some(5), None), ("2", Some(7), None), ("1", Some(9), None)], &[0, 1, 2]),
            ("a date for what was assumed does", &[("1", None, None), ("1", Some(9), None)], &[0, 1]),
            ("what was learned earlier does", &[("1", Some(5), Some(20)), ("1", Some(9), None)], &[0, 1]),
            ("a correction of the same date does", &[("1", Some(5), None), ("2", Some(5), Some(8))], &[0, 1]),
        ];
        for (rule, said, left) in rules {
            let said: Vec<Version> = said.iter().map(|(value, valid, known)| version(value, *valid, *known)).collect();
            let expected: Vec<Version> = left.iter().map(|i| said[*i].clone()).collect();
            for rotation in 0..said.len() {
                let mut versions = said.clone();
                versions.rotate_left(rotation);
                settle(&mut versions, Instant::NEVER);
                assert_eq!(versions, expected, "{rule}");
            }
        }
    }

    #[test]
    fn a_repetition_stays_where_something_may_come_in_between() {
        let mut versions: Vec<Version> = [5, 8, 9].into_iter().map(|valid| version("1", Some(valid), None)).collect();
        settle(&mut versions, Instant(8));
        assert_eq!(versions.iter().filter_map(|v| v.valid_from).collect::<Vec<_>>(), [Instant(5), Instant(9)]);
    }
}
