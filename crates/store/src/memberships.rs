//! Which persons belong to which accounts.

use tenure_model::Instant;
use tenure_model::input::Membership;

use crate::dialect::{Row, Value, query};
use crate::{Added, Merges, Result, Store, Write};

impl Write {
    /// Adds memberships from an import. Those already there change nothing.
    pub async fn add_memberships(&mut self, import: i64, memberships: &[Membership]) -> Result<Added> {
        let row = |m| values(m, import);
        let rows: Vec<_> = memberships.iter().map(row).collect();
        let new = self.tx.insert("memberships", ["account", "person", "valid_from", "valid_until", "import"], "DO NOTHING", &rows).await?;
        Ok(Added::of(memberships.len(), new))
    }
}

fn values(m: &Membership, import: i64) -> [Value<'_>; 5] {
    let (from, until) = (m.from.unwrap_or(Instant::MIN), m.until.unwrap_or(Instant::NEVER));
    [Value::from(&m.account), Value::from(&m.person), Value::from(from), Value::from(until), Value::from(import)]
}

impl Store {
    /// All memberships under canonical ids, by person, then account and start. Whose event it is without a group: the sole account of its person.
    pub async fn memberships(&self) -> Result<Vec<Membership>> {
        self.memberships_by(&self.merges().await?).await
    }

    /// As `memberships`, by the merges that were decided up to an instant.
    pub async fn memberships_known(&self, at: Instant) -> Result<Vec<Membership>> {
        self.memberships_by(&self.merges_known(at).await?).await
    }

    async fn memberships_by(&self, merges: &Merges) -> Result<Vec<Membership>> {
        let rows = query("SELECT m.account, m.person, m.valid_from, m.valid_until FROM memberships m").fetch_all(&self.pool).await?;
        let mut all = rows.iter().map(|row| Ok(merges.membership(read(row)?))).collect::<Result<Vec<_>>>()?;
        settle(&mut all);
        Ok(all)
    }
}

/// A membership from a row of (account, person, from, until).
pub(crate) fn read(row: &Row) -> Result<Membership> {
    let from: i64 = row.get(2)?;
    let until: i64 = row.get(3)?;
    Ok(Membership {
        account: row.get(0)?,
        person: row.get(1)?,
        from: (from != Instant::MIN.0).then_some(Instant(from)),
        until: (until != Instant::NEVER.0).then_some(Instant(until)),
    })
}

/// Brings memberships into their one order (person, account, start); of those with the same start the one that ends first stays, so that
/// learning of an end closes what was open, in whatever order it came.
pub(crate) fn settle(memberships: &mut Vec<Membership>) {
    let end = |m: &Membership| m.until.unwrap_or(Instant::NEVER);
    memberships.sort_by(|a, b| (&a.person, &a.account, a.from, end(a)).cmp(&(&b.person, &b.account, b.from, end(b))));
    memberships.dedup_by(|b, a| (&a.person, &a.account, a.from) == (&b.person, &b.account, b.from));
}
