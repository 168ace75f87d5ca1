//! All inputs of an account together, under canonical ids, in the order the engine takes them: for one account, and for all page by page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sqlx::AssertSqlSafe;
use tenure_model::Instant;
use tenure_model::input::{Decision, Fields, Membership, Merge, Version};

use crate::dialect::{Row, query};
use crate::versions::{Kind, OfOwner};
use crate::word::json;
use crate::{Merges, Result, Store, decisions, memberships, versions};

/// Rows of a page that serves whoever reads all of them: few, so that the first are soon there.
pub const PAGE_ROWS: usize = 10_000;

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

/// All accounts in order of their ids, some of them a page. What is not read yet may be read in any order, also several pages at a time.
#[derive(Debug)]
pub struct InputPages {
    store: Store,
    merges: Arc<Merges>,
    spans: std::vec::IntoIter<IdSpan>,
    what: Arc<What>,
}

/// Accounts that follow one another, not read yet.
#[derive(Debug)]
pub struct InputPage {
    store: Store,
    merges: Arc<Merges>,
    span: IdSpan,
    what: Arc<What>,
}

/// The ids from one (inclusive) to another (exclusive; None: to the end).
#[derive(Clone, Debug)]
pub(crate) struct IdSpan {
    pub from: String,
    pub to: Option<String>,
}

impl IdSpan {
    fn all() -> IdSpan {
        IdSpan { from: String::new(), to: None }
    }

    fn contains(&self, id: &str) -> bool {
        self.from.as_str() <= id && self.to.as_ref().is_none_or(|to| id < to.as_str())
    }
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

/// Those of a kind.
fn of_kind(kind: Kind, fields: &Fields) -> &BTreeSet<String> {
    match kind {
        Kind::Account => &fields.account,
        Kind::Person => &fields.person,
        Kind::Subscription => &fields.subscription,
    }
}

impl InputPages {
    /// Only versions of these fields: what else was said of the accounts is not read.
    pub fn only(mut self, fields: Fields) -> InputPages {
        Arc::make_mut(&mut self.what).fields = Some(fields);
        self
    }

    /// Beside the fields of `only`, versions of these that have a date.
    pub fn and_dated(mut self, fields: Fields) -> InputPages {
        Arc::make_mut(&mut self.what).dated = fields;
        self
    }

    /// For those who go on from an instant and may yet learn of what lies after it: what repeats a value after it is not left out.
    pub fn open_after(mut self, at: Instant) -> InputPages {
        Arc::make_mut(&mut self.what).open = at;
        self
    }
}

impl Iterator for InputPages {
    type Item = InputPage;

    fn next(&mut self) -> Option<InputPage> {
        let span = self.spans.next()?;
        Some(InputPage { store: self.store.clone(), merges: self.merges.clone(), span, what: self.what.clone() })
    }
}

impl InputPage {
    /// The id with which it begins; whether there is such an account or not.
    pub fn from(&self) -> &str {
        &self.span.from
    }

    /// Reads it: its accounts by id.
    pub async fn read(self) -> Result<Vec<AccountInputs>> {
        let ids = self.store.canonical_accounts(&self.merges, self.what.known, &self.span).await?;
        self.store.gather(&self.merges, ids, &self.what).await
    }
}

impl Store {
    /// The canonical ids of all accounts of whom something was said or decided, ascending. Accounts known by events only are not among them.
    pub async fn accounts(&self) -> Result<Vec<String>> {
        self.canonical_accounts(&self.merges().await?, Instant::NEVER, &IdSpan::all()).await
    }

    /// All accounts, so many of a page that it has about so many versions of accounts, of subscriptions, or memberships.
    pub async fn inputs(&self, page_rows: usize) -> Result<InputPages> {
        self.pages(self.merges().await?, page_rows, Instant::NEVER).await
    }

    /// As `inputs`, all accounts as they were known at an instant: those that were merged later are two, and what shows later is left out.
    pub async fn inputs_known(&self, at: Instant, page_rows: usize) -> Result<InputPages> {
        self.pages(self.merges_known(at).await?, page_rows, at).await
    }

    async fn pages(&self, merges: Merges, page_rows: usize, known: Instant) -> Result<InputPages> {
        let sources = [
            ("owner", "versions WHERE kind = 'account' AND"),
            ("owner", "versions WHERE kind = 'subscription' AND"),
            ("account", "memberships WHERE"),
        ];
        let spans = self.spans(&sources, page_rows).await?.into_iter();
        Ok(InputPages { store: self.clone(), merges: Arc::new(merges), spans, what: Arc::new(What { known, ..What::default() }) })
    }

    /// All ids, cut where so many rows are through of any of some tables. `sources`: a column of ids, and where it is, constant texts.
    pub(crate) async fn spans(&self, sources: &[(&str, &str)], rows: usize) -> Result<Vec<IdSpan>> {
        // The first id after that of the last row, of which there may be more.
        let next = sources.iter().map(|(id, table)| {
            format!("SELECT MIN({id}) AS id FROM {table} {id} > (SELECT {id} FROM {table} {id} >= $1 ORDER BY {id} LIMIT 1 OFFSET $2)")
        });
        let sql = format!("SELECT MIN(id) FROM ({}) AS ids", next.collect::<Vec<_>>().join(" UNION ALL "));
        let mut spans = vec![IdSpan::all()];
        while let Some(last) = spans.last_mut() {
            let next = query(AssertSqlSafe(sql.as_str())).bind(&last.from).bind(rows.max(1) as i64 - 1).fetch_one(&self.pool).await?;
            let Some(next) = next.get::<Option<String>>(0)? else { break };
            last.to = Some(next.clone());
            spans.push(IdSpan { from: next, to: None });
        }
        Ok(spans)
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

    /// Of those of whom something was known at an instant, with ids in a span.
    async fn canonical_accounts(&self, merges: &Merges, known: Instant, span: &IdSpan) -> Result<Vec<String>> {
        let mut ids = BTreeSet::new();
        let to = if span.to.is_some() { " AND {id} < $3" } else { "" };
        let sql = format!("SELECT {} FROM ({}) AS ids", self.pool.dialect().packed("id"), owners(&format!("{{id}} >= $2{to}")));
        let packed = query(AssertSqlSafe(sql)).bind(known).bind(&span.from);
        let packed = if let Some(to) = &span.to { packed.bind(to) } else { packed };
        let row = packed.fetch_one(&self.pool).await?;
        let found: Vec<String> = json("versions", row.get(0)?)?;
        for id in found {
            if span.contains(merges.account(&id)) {
                ids.insert(merges.account(&id).to_owned());
            }
        }
        // Perhaps it was all said of those that were merged into one.
        for (from, into) in merges.accounts().filter(|(from, into)| span.contains(into) && !span.contains(from)) {
            if !ids.contains(into)
                && query(AssertSqlSafe(owners("{id} = $2"))).bind(known).bind(from).fetch_optional(&self.pool).await?.is_some()
            {
                ids.insert(into.to_owned());
            }
        }
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
        let Some(fields) = &what.fields else {
            let row = query(versions::packed(dialect, kind, condition)).bind(low).bind(high).fetch_one(&self.pool).await?;
            return versions::unpack(&row, kind, merges);
        };
        let (whole, dated) = (of_kind(kind, fields), of_kind(kind, &what.dated));
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
        let asked = query(versions::packed(dialect, kind, &condition)).bind(low).bind(high).bind(names(whole));
        let asked = if dated.is_empty() { asked } else { asked.bind(names(dated)) };
        versions::unpack(&asked.fetch_one(&self.pool).await?, kind, merges)
    }

    /// Rows of a query with two bounds.
    async fn between(&self, sql: &'static str, low: &str, high: &str) -> Result<Vec<Row>> {
        Ok(query(sql).bind(low).bind(high).fetch_all(&self.pool).await?)
    }
}

/// A query for the ids of accounts of whom something was known at `$1`, by a condition on `{id}`, a constant text.
fn owners(condition: &str) -> String {
    let versions = |kind: &str| {
        let condition = condition.replace("{id}", "owner");
        format!("SELECT DISTINCT owner AS id FROM versions WHERE kind = '{kind}' AND {condition} AND valid_from <= $1 AND known_from <= $1")
    };
    let of = |table: &str, since: &str| {
        let condition = condition.replace("{id}", "account");
        format!("SELECT DISTINCT account FROM {table} WHERE {condition} AND {since} <= $1")
    };
    let all = [versions("account"), versions("subscription"), of("memberships", "valid_from"), of("decisions", "at")];
    all.join(" UNION ALL ")
}
