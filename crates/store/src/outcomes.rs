//! What happened to accounts. Facts are restated when their history changes; the ledger's outcomes are append-only and never undone.
//!
//! Each row has a number of its own, given out in the order of commits (see `counters`): who reads on from the last number misses nothing.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;
use tenure_model::Instant;
use tenure_model::definition::Revision;

use crate::dialect::{Query, Row, Value, query};
use crate::page::bounded;
use crate::{Page, Result, Store, Write};

/// The counter of outcomes.
const NUMBERS: &str = "outcome";
/// Rows deleted by one statement.
const DELETED_MAX: usize = 500;

/// An outcome to write down. What it is about, (account, at, kind, subject), is its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOutcome {
    /// The position in the journal that it follows from.
    pub position: i64,
    /// Canonical id.
    pub account: String,
    /// When it happened.
    pub at: Instant,
    /// What happened: `stage_entered`, `milestone_missed`, `alert_opened` …
    pub kind: String,
    /// To what of the model: the name of the stage, milestone, segment or rule.
    pub subject: String,
    /// The model it was computed by.
    pub revision: Revision,
    /// The rest, as JSON.
    pub detail: String,
}

/// An outcome as it was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its place among all outcomes: greater than that of every one committed before. A restated fact gets a new one.
    pub number: i64,
    /// May it be restated?
    pub fact: bool,
    /// What was written.
    pub outcome: NewOutcome,
}

/// The facts of an account from an instant on, computed anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restatement<'r> {
    /// Canonical id; that of every fact.
    pub account: &'r str,
    /// Facts at this instant and later are replaced; none is earlier.
    pub from: Instant,
    /// All that there are.
    pub facts: &'r [NewOutcome],
}

/// What restating changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replaced {
    /// New facts, and known ones with another detail.
    pub written: u64,
    /// Facts that stayed as they were, with their number.
    pub kept: u64,
    /// Facts that no longer hold; those with another detail among them.
    pub removed: u64,
}

const COLUMNS: &str = "number, position, account, at, kind, subject, fact, revision, detail";

impl Write {
    /// Appends outcomes of the ledger. Those whose key is there already change nothing; returns how many were new.
    pub async fn add_outcomes(&mut self, outcomes: &[NewOutcome]) -> Result<u64> {
        self.insert_outcomes(&outcomes.iter().collect::<Vec<_>>(), false).await
    }

    /// Replaces the facts of accounts from an instant on; the ledger's outcomes stay. Facts that say the same as before keep their number and
    /// their revision, so readers hear only of what changed. Of several facts about one thing at one instant the last one stands.
    pub async fn replace_outcomes(&mut self, restatements: &[Restatement<'_>]) -> Result<Replaced> {
        let mut replaced = Replaced::default();
        let (mut obsolete, mut written) = (Vec::new(), Vec::new());
        for restatement in restatements {
            let known = select("WHERE account = $1 AND at >= $2 AND fact").bind(restatement.account).bind(restatement.from);
            let mut known = known.fetch_all(&mut self.tx).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
            let mut new: BTreeMap<_, &NewOutcome> = restatement.facts.iter().map(|fact| (key(fact), fact)).collect();
            known.retain(|known| {
                let same = new.get(&key(&known.outcome)).is_some_and(|fact| fact.detail == known.outcome.detail);
                if same {
                    new.remove(&key(&known.outcome));
                    replaced.kept += 1;
                }
                !same
            });
            obsolete.extend(known.iter().map(|outcome| outcome.number.to_string()));
            written.extend(new.into_values());
        }
        for numbers in obsolete.chunks(DELETED_MAX) {
            let sql = AssertSqlSafe(format!("DELETE FROM outcomes WHERE number IN ({})", numbers.join(", ")));
            replaced.removed += query(sql).execute(&mut self.tx).await?;
        }
        replaced.written = self.insert_outcomes(&written, true).await?;
        Ok(replaced)
    }

    async fn insert_outcomes(&mut self, outcomes: &[&NewOutcome], fact: bool) -> Result<u64> {
        if outcomes.is_empty() {
            return Ok(0);
        }
        let numbers = self.next_many(NUMBERS, outcomes.len()).await?;
        let rows: Vec<_> = numbers.zip(outcomes).map(|(number, outcome)| values(number, outcome, fact)).collect();
        let columns = ["number", "position", "account", "at", "kind", "subject", "fact", "revision", "detail"];
        Ok(self.tx.insert("outcomes", columns, "DO NOTHING", &rows).await?)
    }
}

impl Store {
    /// The outcomes of an account in the span (from, to], by instant, then number.
    pub async fn account_outcomes(&self, account: &str, from: Instant, to: Instant) -> Result<Vec<Outcome>> {
        let query = select("WHERE account = $1 AND at > $2 AND at <= $3 ORDER BY at, number").bind(account).bind(from).bind(to);
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// A page of the outcomes of one kind about one thing of the model, newest first; a page goes on from the number of the last one.
    pub async fn outcomes_of(&self, kind: &str, subject: &str, page: &Page<i64>) -> Result<Vec<Outcome>> {
        let (before, number) = page.before.unwrap_or((Instant::NEVER, i64::MAX));
        let query = select("WHERE kind = $1 AND subject = $2 AND (at, number) < ($3, $4) ORDER BY at DESC, number DESC LIMIT $5");
        let query = query.bind(kind).bind(subject).bind(before).bind(number).bind(page.rows());
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// Outcomes after a number, in order.
    pub async fn outcomes_after(&self, number: i64, limit: u32) -> Result<Vec<Outcome>> {
        let query = select("WHERE number > $1 ORDER BY number LIMIT $2").bind(number).bind(bounded(limit));
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// The number of the newest outcome; 0 where there is none.
    pub async fn outcomes_head(&self) -> Result<i64> {
        Ok(query("SELECT COALESCE(MAX(value), 0) FROM counters WHERE name = $1").bind(NUMBERS).fetch_one(&self.pool).await?.get(0)?)
    }
}

/// What makes two facts of one account the same.
fn key(outcome: &NewOutcome) -> (Instant, String, String) {
    (outcome.at, outcome.kind.clone(), outcome.subject.clone())
}

fn select<'v>(rest: &str) -> Query<'v> {
    query(AssertSqlSafe(format!("SELECT {COLUMNS} FROM outcomes {rest}")))
}

fn values(number: i64, outcome: &NewOutcome, fact: bool) -> [Value<'_>; 9] {
    [
        Value::from(number),
        Value::from(outcome.position),
        Value::from(&outcome.account),
        Value::from(outcome.at),
        Value::from(&outcome.kind),
        Value::from(&outcome.subject),
        Value::from(fact),
        Value::from(&outcome.revision.0),
        Value::from(&outcome.detail),
    ]
}

fn read(row: &Row) -> Result<Outcome> {
    Ok(Outcome {
        number: row.get(0)?,
        fact: row.get(6)?,
        outcome: NewOutcome {
            position: row.get(1)?,
            account: row.get(2)?,
            at: row.at(3)?,
            kind: row.get(4)?,
            subject: row.get(5)?,
            revision: Revision(row.get(7)?),
            detail: row.get(8)?,
        },
    })
}
