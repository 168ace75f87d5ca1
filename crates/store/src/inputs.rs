//! All inputs of an account together, under canonical ids, in the order the engine takes them: for one account, and for all page by page.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::SqlSafeStr;
use tenure_model::Instant;
use tenure_model::input::{Decision, Membership, Merge, Version};

use crate::dialect::{Row, query};
use crate::{Merges, Result, Store, decisions, memberships, versions};

/// What was said and decided about one account and its persons.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountInputs {
    /// Its canonical id.
    pub account: String,
    /// Of the account, its subscriptions and everyone who ever was a member; by entity, field and date, settled.
    pub versions: Vec<Version>,
    /// By person and start, settled.
    pub memberships: Vec<Membership>,
    /// By instant, then position.
    pub decisions: Vec<Decision>,
}

/// Reads all accounts in order of their ids, some at a time.
#[derive(Debug)]
pub struct InputPages {
    store: Store,
    merges: Merges,
    ids: std::vec::IntoIter<String>,
    size: usize,
    what: What,
}

/// What of versions is read.
#[derive(Clone, Debug)]
struct What {
    /// Names of fields, each between line ends; empty: all.
    fields: String,
    /// Repetitions that show after it stay.
    open: Instant,
}

impl What {
    const ALL: What = What { fields: String::new(), open: Instant::NEVER };
}

impl InputPages {
    /// Only versions of these fields: what else was said of the accounts is not read.
    pub fn only<'f>(mut self, fields: impl IntoIterator<Item = &'f str>) -> InputPages {
        self.what.fields = fields.into_iter().fold("\n".to_owned(), |all, name| all + name + "\n");
        self
    }

    /// For those who go on from an instant and may yet learn of what lies after it: what repeats a value after it is not left out.
    pub fn open_after(mut self, at: Instant) -> InputPages {
        self.what.open = at;
        self
    }

    /// How many accounts are still to come.
    pub fn left(&self) -> usize {
        self.ids.len()
    }

    /// The next page; None after the last.
    pub async fn next(&mut self) -> Result<Option<Vec<AccountInputs>>> {
        let ids: Vec<String> = self.ids.by_ref().take(self.size).collect();
        if ids.is_empty() {
            return Ok(None);
        }
        self.store.gather(&self.merges, ids, &self.what).await.map(Some)
    }

    /// All that are still to come, several pages at a time: each connection reads with a core of its own.
    pub async fn all(mut self, at_a_time: usize) -> Result<Vec<AccountInputs>> {
        let mut reading = tokio::task::JoinSet::new();
        let mut all = Vec::with_capacity(self.left());
        loop {
            while reading.len() < at_a_time.max(1) && self.left() > 0 {
                let ids: Vec<String> = self.ids.by_ref().take(self.size).collect();
                let (store, merges, what) = (self.store.clone(), self.merges.clone(), self.what.clone());
                reading.spawn(async move { store.gather(&merges, ids, &what).await });
            }
            match reading.join_next().await {
                Some(Ok(page)) => all.extend(page?),
                Some(Err(stopped)) => std::panic::resume_unwind(stopped.into_panic()),
                None => return Ok(all),
            }
        }
    }
}

impl Store {
    /// The canonical ids of all accounts of whom something was said or decided, ascending. Accounts known by events only are not among them.
    pub async fn accounts(&self) -> Result<Vec<String>> {
        self.canonical_accounts(&self.merges().await?).await
    }

    /// All accounts, so many a page.
    pub async fn inputs(&self, page_size: usize) -> Result<InputPages> {
        let merges = self.merges().await?;
        let ids = self.canonical_accounts(&merges).await?.into_iter();
        Ok(InputPages { store: self.clone(), merges, ids, size: page_size.max(1), what: What::ALL })
    }

    /// One account, by any of its ids; empty where nothing was said of it.
    pub async fn account_inputs(&self, account: &str) -> Result<AccountInputs> {
        self.one(account, AccountInputs::default(), &[], Instant::NEVER).await
    }

    /// As `account_inputs`, with versions, memberships (both under canonical ids) and merges that are still to be written: settled together. What only
    /// repeats an earlier statement is kept: it says something once another one has come in between.
    pub async fn account_inputs_with(&self, account: &str, unwritten: AccountInputs, merges: &[Merge]) -> Result<AccountInputs> {
        self.one(account, unwritten, merges, Instant::MIN).await
    }

    async fn one(&self, account: &str, unwritten: AccountInputs, merges: &[Merge], open: Instant) -> Result<AccountInputs> {
        let merges = self.merges_with(merges).await?;
        let id = merges.account(account).to_owned();
        let page = [(id.clone(), AccountInputs { account: id, ..unwritten })].into();
        Ok(self.gather_into(&merges, page, &What { open, ..What::ALL }).await?.pop().unwrap_or_default())
    }

    async fn canonical_accounts(&self, merges: &Merges) -> Result<Vec<String>> {
        let sql = "SELECT owner FROM versions WHERE kind = 'account' UNION SELECT owner FROM versions WHERE kind = 'subscription' \
            UNION SELECT account FROM memberships UNION SELECT account FROM decisions";
        let rows = query(sql).fetch_all(&self.pool).await?;
        let ids: BTreeSet<String> = rows.iter().map(|row| Ok(merges.account(row.get(0)?).to_owned())).collect::<Result<_>>()?;
        Ok(ids.into_iter().collect())
    }

    /// The inputs of the given canonical ids, which are ascending and, but for merged ones, all there are between the first and the last.
    async fn gather(&self, merges: &Merges, ids: Vec<String>, what: &What) -> Result<Vec<AccountInputs>> {
        let page = ids.into_iter().map(|id| (id.clone(), AccountInputs { account: id, ..Default::default() })).collect();
        self.gather_into(merges, page, what).await
    }

    /// As `gather`, beside what is there already.
    async fn gather_into(&self, merges: &Merges, mut page: BTreeMap<String, AccountInputs>, what: &What) -> Result<Vec<AccountInputs>> {
        let (Some(first), Some(last)) = (page.keys().next().cloned(), page.keys().last().cloned()) else { return Ok(Vec::new()) };
        let unwritten: BTreeSet<String> = page.values().flat_map(|inputs| inputs.memberships.iter().map(|m| m.person.clone())).collect();
        // The ids between first and last, then, one by one, those that were merged into one of them.
        let mut ranges = vec![(first, last)];
        ranges.extend(merges.accounts().filter(|(_, into)| page.contains_key(*into)).map(|(from, _)| (from.to_owned(), from.to_owned())));
        for (low, high) in &ranges {
            self.gather_accounts(merges, &mut page, (low, high), &what.fields).await?;
        }
        self.gather_people(merges, &mut page, &ranges, &unwritten, &what.fields).await?;
        Ok(page
            .into_values()
            .map(|mut inputs| {
                versions::settle(&mut inputs.versions, what.open);
                memberships::settle(&mut inputs.memberships);
                inputs
            })
            .collect())
    }

    /// Memberships, decisions, and versions of accounts and subscriptions in a range of ids. Ids outside the page are passed over: a range may
    /// hold merged ids that stay elsewhere.
    async fn gather_accounts(
        &self,
        merges: &Merges,
        page: &mut BTreeMap<String, AccountInputs>,
        (low, high): (&str, &str),
        fields: &str,
    ) -> Result<()> {
        let sql = "SELECT m.account, m.person, m.valid_from, m.valid_until FROM memberships m WHERE m.account BETWEEN $1 AND $2";
        for row in self.between(sql, low, high).await? {
            let membership = merges.membership(memberships::read(&row)?);
            if let Some(inputs) = page.get_mut(&membership.account) {
                inputs.memberships.push(membership);
            }
        }
        for of_kind in ["v.kind = 'account' AND v.owner BETWEEN $1 AND $2", "v.kind = 'subscription' AND v.owner BETWEEN $1 AND $2"] {
            for row in self.versions_between(of_kind, low, high, fields).await? {
                if let Some(inputs) = page.get_mut(merges.account(row.get(1)?)) {
                    inputs.versions.extend(versions::unpack(&row, merges)?);
                }
            }
        }
        let sql =
            "SELECT position, account, at, author, reason, action FROM decisions WHERE account BETWEEN $1 AND $2 ORDER BY at, position";
        for row in self.between(sql, low, high).await? {
            let mut decision = decisions::read(&row)?.decision;
            decision.account = merges.account(&decision.account).to_owned();
            if let Some(inputs) = page.get_mut(&decision.account) {
                let place = inputs.decisions.partition_point(|d| d.at <= decision.at);
                inputs.decisions.insert(place, decision);
            }
        }
        Ok(())
    }

    /// Versions of the persons of the page's accounts; a person at two accounts is given to both. `unwritten`: persons whose memberships are not in the
    /// database yet.
    async fn gather_people(
        &self,
        merges: &Merges,
        page: &mut BTreeMap<String, AccountInputs>,
        ranges: &[(String, String)],
        unwritten: &BTreeSet<String>,
        fields: &str,
    ) -> Result<()> {
        let mut accounts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for inputs in page.values() {
            for membership in &inputs.memberships {
                accounts.entry(membership.person.clone()).or_default().insert(inputs.account.clone());
            }
        }
        let mut rows = Vec::new();
        for (low, high) in ranges {
            let members = "v.kind = 'person' AND v.owner IN (SELECT m.person FROM memberships m WHERE m.account BETWEEN $1 AND $2)";
            rows.extend(self.versions_between(members, low, high, fields).await?);
        }
        let read: BTreeSet<String> = rows.iter().map(|row| Ok(row.get(1)?)).collect::<Result<_>>()?;
        // Ids of a person that stand in no membership here: those merged, or merged into.
        let merged = merges.people().flat_map(|(from, into)| [(from, into), (into, into)]);
        let new = unwritten.iter().map(|person| (person.as_str(), person.as_str()));
        let missing: BTreeSet<&str> =
            merged.chain(new).filter(|(id, into)| accounts.contains_key(*into) && !read.contains(*id)).map(|(id, _)| id).collect();
        for id in missing {
            rows.extend(self.versions_between("v.kind = 'person' AND v.owner BETWEEN $1 AND $2", id, id, fields).await?);
        }
        for row in &rows {
            let versions = versions::unpack(row, merges)?;
            for account in accounts.get(merges.person(row.get(1)?)).into_iter().flatten() {
                if let Some(inputs) = page.get_mut(account) {
                    inputs.versions.extend(versions.iter().cloned());
                }
            }
        }
        Ok(())
    }

    /// Packed versions by a condition with two bounds, of some fields.
    async fn versions_between(&self, condition: &str, low: &str, high: &str, fields: &str) -> Result<Vec<Row>> {
        if fields.is_empty() {
            return self.between(versions::packed(self.pool.dialect(), condition), low, high).await;
        }
        let sql = versions::packed(self.pool.dialect(), &format!("{condition} AND {}", self.pool.dialect().field_wanted));
        Ok(query(sql).bind(low).bind(high).bind(fields).fetch_all(&self.pool).await?)
    }

    /// Rows of a query with two bounds.
    async fn between(&self, sql: impl SqlSafeStr, low: &str, high: &str) -> Result<Vec<Row>> {
        Ok(query(sql).bind(low).bind(high).fetch_all(&self.pool).await?)
    }
}
