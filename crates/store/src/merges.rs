//! Merges of accounts and of persons: which id stays for which.

use std::collections::BTreeMap;

use tenure_model::Instant;
use tenure_model::input::{Membership, Merge};

use crate::dialect::{Row, query};
use crate::{Error, Result, Store, Write};

/// All merges, resolved: each id that went leads to the one that stays in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merges {
    accounts: BTreeMap<String, String>,
    people: BTreeMap<String, String>,
}

impl Merges {
    /// The id that stays for an account.
    pub fn account<'a>(&'a self, id: &'a str) -> &'a str {
        self.accounts.get(id).map_or(id, String::as_str)
    }

    /// The id that stays for a person.
    pub fn person<'a>(&'a self, id: &'a str) -> &'a str {
        self.people.get(id).map_or(id, String::as_str)
    }

    /// Accounts that went, with the one that stays.
    pub fn accounts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.accounts.iter().map(|(from, into)| (from.as_str(), into.as_str()))
    }

    /// Persons that went, with the one that stays.
    pub fn people(&self) -> impl Iterator<Item = (&str, &str)> {
        self.people.iter().map(|(from, into)| (from.as_str(), into.as_str()))
    }

    pub(crate) fn membership(&self, mut membership: Membership) -> Membership {
        replace(&self.accounts, &mut membership.account);
        replace(&self.people, &mut membership.person);
        membership
    }
}

fn replace(stays: &BTreeMap<String, String>, id: &mut String) {
    if let Some(into) = stays.get(id) {
        id.clone_from(into);
    }
}

/// Follows chains (a into b, b into c: a into c).
fn resolve(direct: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let end = |from: &String| {
        let mut into = &direct[from];
        for _ in 0..direct.len() {
            match direct.get(into) {
                Some(next) => into = next,
                None => break,
            }
        }
        into.clone()
    };
    direct.keys().map(|from| (from.clone(), end(from))).collect()
}

fn kind(account: bool) -> &'static str {
    if account { "account" } else { "person" }
}

impl Store {
    /// All merges as they were written down, by kind and id.
    pub async fn merge_list(&self) -> Result<Vec<Merge>> {
        let rows = query("SELECT kind, from_id, into_id, at FROM merges ORDER BY kind, from_id").fetch_all(&self.pool).await?;
        let read = |row: &Row| {
            Ok(Merge { account: row.get::<&str>(0)? == kind(true), from: row.get(1)?, into: row.get(2)?, at: Instant(row.get(3)?) })
        };
        rows.iter().map(read).collect()
    }

    /// All merges, resolved.
    pub async fn merges(&self) -> Result<Merges> {
        self.merges_with(&[]).await
    }

    /// As `merges`, only those that were decided up to an instant.
    pub(crate) async fn merges_known(&self, at: Instant) -> Result<Merges> {
        let (mut accounts, mut people) = (BTreeMap::new(), BTreeMap::new());
        for merge in self.merge_list().await?.into_iter().filter(|merge| merge.at <= at) {
            let direct = if merge.account { &mut accounts } else { &mut people };
            direct.insert(merge.from, merge.into);
        }
        Ok(Merges { accounts: resolve(&accounts), people: resolve(&people) })
    }

    /// As `merges`, with some that are still to be written.
    pub(crate) async fn merges_with(&self, unwritten: &[Merge]) -> Result<Merges> {
        let rows = query("SELECT kind, from_id, into_id FROM merges").fetch_all(&self.pool).await?;
        let (mut accounts, mut people) = (BTreeMap::new(), BTreeMap::new());
        for row in &rows {
            let direct = if row.get::<&str>(0)? == kind(true) { &mut accounts } else { &mut people };
            direct.insert(row.get(1)?, row.get(2)?);
        }
        for merge in unwritten {
            let direct = if merge.account { &mut accounts } else { &mut people };
            direct.entry(merge.from.clone()).or_insert_with(|| merge.into.clone());
        }
        Ok(Merges { accounts: resolve(&accounts), people: resolve(&people) })
    }
}

impl Write {
    /// Writes a merge down; false where it is known already.
    ///
    /// # Errors
    /// `Error::Merge` where `from` was merged into another one, or where the merges would run in a circle.
    pub async fn add_merge(&mut self, merge: &Merge, author: &str) -> Result<bool> {
        let refuse = |why: String| Err(Error::Merge { from: merge.from.clone(), into: merge.into.clone(), why });
        let mut end = merge.into.clone();
        loop {
            if end == merge.from {
                return refuse(if merge.from == merge.into {
                    "they are the same".into()
                } else {
                    format!("{} already stands for {}", merge.from, merge.into)
                });
            }
            match self.merged_into(merge.account, &end).await? {
                Some(next) => end = next,
                None => break,
            }
        }
        if let Some(other) = self.merged_into(merge.account, &merge.from).await? {
            return if other == merge.into { Ok(false) } else { refuse(format!("it was merged into {other} before")) };
        }
        let position = self.next_position().await?;
        let sql = "INSERT INTO merges (kind, from_id, into_id, at, author, position) VALUES ($1, $2, $3, $4, $5, $6)";
        let query = query(sql).bind(kind(merge.account)).bind(merge.from.as_str()).bind(merge.into.as_str());
        query.bind(merge.at.0).bind(author).bind(position).execute(&mut self.tx).await?;
        Ok(true)
    }

    async fn merged_into(&mut self, account: bool, id: &str) -> Result<Option<String>> {
        let query = query("SELECT into_id FROM merges WHERE kind = $1 AND from_id = $2").bind(kind(account)).bind(id);
        query.fetch_optional(&mut self.tx).await?.map(|row| Ok(row.get(0)?)).transpose()
    }
}
