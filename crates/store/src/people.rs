//! All that was said of a person, wherever they are a member: for export and for lists of people.

use std::collections::BTreeMap;

use tenure_model::Instant;
use tenure_model::input::{Membership, Version};

use crate::dialect::query;
use crate::versions::Kind;
use crate::{Result, Store, memberships, versions};

/// Versions that are read at a time.
const ROWS_AT_A_TIME: usize = 50_000;

/// One person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PersonInputs {
    /// Canonical id.
    pub person: String,
    /// By field and date, settled.
    pub versions: Vec<Version>,
    /// By account and start, settled.
    pub memberships: Vec<Membership>,
}

impl Store {
    /// All persons, by id: those with traits and those who only are members somewhere.
    pub async fn people(&self) -> Result<Vec<PersonInputs>> {
        let merges = self.merges().await?;
        let mut people: BTreeMap<String, PersonInputs> = BTreeMap::new();
        for span in self.spans(&[("owner", "versions WHERE kind = 'person' AND")], ROWS_AT_A_TIME).await? {
            let to = if span.to.is_some() { " AND v.owner < $2" } else { "" };
            let asked = query(versions::packed(self.pool.dialect(), Kind::Person, &format!("v.owner >= $1{to}"))).bind(&span.from);
            let asked = if let Some(to) = &span.to { asked.bind(to) } else { asked };
            for (person, versions) in versions::unpack(&asked.fetch_one(&self.pool).await?, Kind::Person, &merges)? {
                people.entry(merges.person(&person).to_owned()).or_default().versions.extend(versions);
            }
        }
        for membership in self.memberships().await? {
            people.entry(membership.person.clone()).or_default().memberships.push(membership);
        }
        Ok(people
            .into_iter()
            .map(|(person, mut inputs)| {
                versions::settle(&mut inputs.versions, Instant::NEVER);
                memberships::settle(&mut inputs.memberships);
                PersonInputs { person, ..inputs }
            })
            .collect())
    }

    /// How many accounts, persons, subscriptions and versions there are, before merging.
    pub async fn count_entities(&self) -> Result<BTreeMap<String, u64>> {
        let sql = "SELECT kind, COUNT(*) FROM (SELECT DISTINCT kind, owner, item FROM versions) AS entities GROUP BY kind \
            UNION ALL SELECT 'version', COUNT(*) FROM versions UNION ALL SELECT 'membership', COUNT(*) FROM memberships \
            UNION ALL SELECT 'decision', COUNT(*) FROM decisions";
        let rows = query(sql).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get::<i64>(1)? as u64))).collect()
    }
}
