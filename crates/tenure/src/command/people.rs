//! `tenure people`: who there is, where they belong and what was said of them.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::Value;
use tenure_model::Instant;

use super::{Outcome, Shared, calendar};
use crate::render::{Grid, StyleArgs};
use crate::{render, when};

/// Options of `tenure people`.
#[derive(clap::Args, Debug)]
pub struct People {
    /// Of this account only
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// As it was known then [default: all that is known]
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// At most so many; 0 for all
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
    #[command(flatten)]
    style: StyleArgs,
}

impl People {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let folder = shared.folder()?;
        let store = folder.store_to_read().await?;
        let loaded = shared.model_if_any(&store).await?;
        let t = self.as_of.map(|t| when::as_of(&t, &calendar(loaded.as_ref()))).transpose()?.unwrap_or(Instant::NEVER);
        let merges = store.merges().await?;
        let account = self.account.as_deref().map(|id| merges.account(id).to_owned());
        let people = store.people().await?;
        let fields: BTreeSet<&str> = people.iter().flat_map(|p| &p.versions).map(|v| v.field.as_str()).collect();
        let mut grid = Grid::new(["id", "accounts"].into_iter().chain(fields.iter().copied()));
        for person in &people {
            let live = person.memberships.iter().filter(|m| m.from.is_none_or(|from| from <= t) && m.until.is_none_or(|until| t < until));
            let accounts: BTreeSet<&str> = live.map(|m| m.account.as_str()).collect();
            if account.as_deref().is_some_and(|id| !accounts.contains(id)) {
                continue;
            }
            let accounts: Vec<&str> = accounts.into_iter().collect();
            let mut row = vec![Value::from(person.person.as_str()), Value::from(accounts.join(", "))];
            let value = |field: &str| {
                person.versions.iter().rfind(|v| v.field == field && v.visible_from() <= t).map_or(Value::Null, |v| v.value.clone())
            };
            row.extend(fields.iter().map(|field| value(field)));
            grid.rows.push(row);
        }
        let all = grid.rows.len();
        if self.limit > 0 && all > self.limit {
            grid.rows.truncate(self.limit);
            remark!("the first {} of {}; --limit 0 for all", self.limit, render::counted(all as u64, "person"));
        }
        render::print(&grid, self.style.style())?;
        Ok(Outcome::Fine)
    }
}
