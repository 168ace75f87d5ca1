//! All inputs of an account together, under canonical ids, in the order the engine takes them: for one account, and for all page by page.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::SqlSafeStr;
use tenure_model::Instant;
use tenure_model::input::{Decision, Fields, Membership, Merge, Version};

use crate::dialect::{Row, query};
use crate::versions::OfOwner;
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
    /// Only these fields; None: all.
    fields: Option<Fields>,
    /// And these, where they have a date.
    dated: Fields,
    /// Repetitions that show after it stay.
    open: Instant,
    /// Not what shows after it.
    known: Instant,
}

impl Default for What {
    fn default() -> What {
        What { fields: None, dated: Fields::default(), open: Instant::NEVER, known: Instant::NEVER }
    }
}

/// What versions are of.
#[derive(Clone, Copy)]
enum Kind {
    Account,
    Person,
    Subscription,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Account => "account",
            Kind::Person => "person",
            Kind::Subscription => "subscription",
        }
    }

    fn of(self, fields: &Fields) -> &BTreeSet<String> {
        match self {
            Kind::Account => &fields.account,
            Kind::Person => &fields.person,
            Kind::Subscription => &fields.subscription,
        }
    }
}

impl InputPages {
    /// Only versions of these fields: what else was said of the accounts is not read.
    pub fn only(mut self, fields: Fields) -> InputPages {
        self.what.fields = Some(fields);
        self
    }

    /// Beside the fields of `only`, versions of these that have a date.
    pub fn and_dated(mut self, fields: Fields) -> InputPages {
        self.what.dated = fields;
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
        self.canonical_accounts(&self.merges().await?, Instant::NEVER).await
    }

    /// All accounts, so many a page.
    pub async fn inputs(&self, page_size: usize) -> Result<InputPages> {
        self.pages(self.merges().await?, page_size, Instant::NEVER).await
    }

    /// All accounts as they were known at an instant, so many a page: those that were merged later are two, and what shows later is left out.
    pub async fn inputs_known(&self, at: Instant, page_size: usize) -> Result<InputPages> {
        self.pages(self.merges_known(at).await?, page_size, at).await
    }

    async fn pages(&self, merges: Merges, page_size: usize, known: Instant) -> Result<InputPages> {
        let ids = self.canonical_accounts(&merges, known).await?.into_iter();
        Ok(InputPages { store: self.clone(), merges, ids, size: page_size.max(1), what: What { known, ..What::default() } })
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
        Ok(self.gather_into(&merges, page, &What { open, ..What::default() }).await?.pop().unwrap_or_default())
    }

    /// Of those of whom something was known at an instant.
    async fn canonical_accounts(&self, merges: &Merges, known: Instant) -> Result<Vec<String>> {
        let sql = "SELECT DISTINCT owner FROM versions WHERE kind = 'account' AND valid_from <= $1 AND known_from <= $1 \
            UNION ALL SELECT DISTINCT owner FROM versions WHERE kind = 'subscription' AND valid_from <= $1 AND known_from <= $1 \
            UNION ALL SELECT DISTINCT account FROM memberships WHERE valid_from <= $1 UNION ALL SELECT DISTINCT account FROM decisions WHERE at <= $1";
        let rows = query(sql).bind(known).fetch_all(&self.pool).await?;
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
            self.gather_accounts(merges, &mut page, (low, high), what).await?;
        }
        self.gather_people(merges, &mut page, &ranges, &unwritten, what).await?;
        Ok(page
            .into_values()
            .map(|mut inputs| {
                inputs.versions.retain(|version| version.visible_from() <= what.known);
                inputs.decisions.retain(|decision| decision.at <= what.known);
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
        what: &What,
    ) -> Result<()> {
        let sql = "SELECT m.account, m.person, m.valid_from, m.valid_until FROM memberships m WHERE m.account BETWEEN $1 AND $2";
        for row in self.between(sql, low, high).await? {
            let membership = merges.membership(memberships::read(&row)?);
            let is_known = membership.from.is_none_or(|from| from <= what.known);
            if is_known && let Some(inputs) = page.get_mut(&membership.account) {
                inputs.memberships.push(membership);
            }
        }
        for kind in [Kind::Account, Kind::Subscription] {
            for (owner, versions) in self.versions_between(kind, "v.owner BETWEEN $1 AND $2", (low, high), merges, what).await? {
                if let Some(inputs) = page.get_mut(merges.account(&owner)) {
                    inputs.versions.extend(versions);
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
        what: &What,
    ) -> Result<()> {
        let mut accounts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for inputs in page.values() {
            for membership in &inputs.memberships {
                accounts.entry(membership.person.clone()).or_default().insert(inputs.account.clone());
            }
        }
        let mut people = Vec::new();
        for (low, high) in ranges {
            let members = "v.owner IN (SELECT m.person FROM memberships m WHERE m.account BETWEEN $1 AND $2)";
            people.extend(self.versions_between(Kind::Person, members, (low, high), merges, what).await?);
        }
        let read: BTreeSet<String> = people.iter().map(|(person, _)| person.clone()).collect();
        // Ids of a person that stand in no membership here: those merged, or merged into.
        let merged = merges.people().flat_map(|(from, into)| [(from, into), (into, into)]);
        let new = unwritten.iter().map(|person| (person.as_str(), person.as_str()));
        let missing: BTreeSet<&str> =
            merged.chain(new).filter(|(id, into)| accounts.contains_key(*into) && !read.contains(*id)).map(|(id, _)| id).collect();
        for id in missing {
            people.extend(self.versions_between(Kind::Person, "v.owner BETWEEN $1 AND $2", (id, id), merges, what).await?);
        }
        for (person, versions) in &people {
            for account in accounts.get(merges.person(person)).into_iter().flatten() {
                if let Some(inputs) = page.get_mut(account) {
                    inputs.versions.extend(versions.iter().cloned());
                }
            }
        }
        Ok(())
    }

    /// Versions of a kind by owner, by a condition with two bounds.
    async fn versions_between(
        &self,
        kind: Kind,
        condition: &'static str,
        (low, high): (&str, &str),
        merges: &Merges,
        what: &What,
    ) -> Result<Vec<OfOwner>> {
        let dialect = self.pool.dialect();
        let condition = format!("v.kind = '{}' AND {condition}", kind.name());
        let Some(fields) = &what.fields else {
            return versions::unpack(&self.between(versions::packed(dialect, &condition, low < high), low, high).await?, merges);
        };
        let (whole, dated) = (kind.of(fields), kind.of(&what.dated));
        let any_of = |n: usize| format!("v.field IN ({})", dialect.unpack_names.replace('?', &format!("${n}")));
        // The least instant of all stands for none; PostgreSQL and SQLite write it in no literal.
        let condition = match dated.is_empty() {
            true => format!("{condition} AND {}", any_of(3)),
            false => format!(
                "{condition} AND ({} OR ({} AND (v.valid_from >= -{max} OR v.known_from >= -{max})))",
                any_of(3),
                any_of(4),
                max = i64::MAX
            ),
        };
        let names = |names: &BTreeSet<String>| serde_json::json!(names).to_string();
        let sql = versions::packed(dialect, &condition, low < high);
        let asked = query(sql).bind(low).bind(high).bind(names(whole));
        let asked = if dated.is_empty() { asked } else { asked.bind(names(dated)) };
        versions::unpack(&asked.fetch_all(&self.pool).await?, merges)
    }

    /// Rows of a query with two bounds.
    async fn between(&self, sql: impl SqlSafeStr, low: &str, high: &str) -> Result<Vec<Row>> {
        Ok(query(sql).bind(low).bind(high).fetch_all(&self.pool).await?)
    }
}
