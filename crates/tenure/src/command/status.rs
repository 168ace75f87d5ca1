//! `tenure status`: what is in the data folder, and what should be done about it.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::json;
use tenure_model::input::Fields;
use tenure_store::{ImportStatus, Store};

use super::evaluate::{assumed, oscillated};
use super::{Outcome, Shared};
use crate::folder::Folder;
use crate::model::short;
use crate::render;
use tenure_tables::evaluated::manifest::Manifest;
use tenure_tables::{Tables, collect};

/// Options of `tenure status`.
#[derive(clap::Args, Debug)]
pub struct Status {
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Status {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let folder = shared.folder()?;
        let store = folder.store_to_read().await?;
        let archive = folder.archive()?;
        let counts = store.count_entities().await?;
        let imports = store.imports().await?;
        let position = store.position().await?;
        let last_model = store.last_model().await?;
        let evaluated = store.last_evaluated().await?;
        let interrupted: Vec<&str> = imports.iter().filter(|i| i.status == ImportStatus::Running).map(|i| i.file.as_str()).collect();
        let stale = evaluated.as_ref().is_some_and(|e| e.position < position);

        let mut advice = Vec::new();
        if !interrupted.is_empty() {
            advice.push(format!("interrupted imports: run them again: {}", interrupted.join(", ")));
        }
        if archive.quarantined() > 0 {
            advice.push(format!(
                "{} whose account is not known: import their people, or give the events an account",
                render::counted(archive.quarantined(), "event")
            ));
        }
        match &evaluated {
            None => advice.push("nothing was evaluated yet: tenure evaluate MODEL".to_owned()),
            Some(_) if stale => advice.push("something came in since the last evaluation: tenure evaluate".to_owned()),
            Some(_) => {}
        }

        let (in_events, seen) = seen_in_events(&folder, &store).await?;
        let accounts = store.accounts().await?.into_iter().chain(in_events).collect::<BTreeSet<_>>().len() as u64;
        let people = store.people().await?.len() as u64;
        let subscriptions = subscriptions(&store).await?;
        let manifest = evaluated.as_ref().and_then(|e| Manifest::read(&folder.derived(&e.revision)));
        let sampled = manifest.as_ref().is_some_and(|m| m.sampled);
        let undated = manifest.as_ref().map(|m| &m.assumed);
        let unsettled = manifest.as_ref().map(|m| &m.oscillated);

        let count = |kind: &str| counts.get(kind).copied().unwrap_or(0);
        if self.json {
            let report = json!({
                "folder": folder.root(),
                "accounts": accounts, "people": people, "people_in_events": seen, "subscriptions": subscriptions, "versions": count("version"),
                "memberships": count("membership"), "decisions": count("decision"),
                "events": archive.rows(), "quarantined": archive.quarantined(),
                "first_event": archive.span().map(|s| s.0.to_string()), "last_event": archive.span().map(|s| s.1.to_string()),
                "imports": imports.len(), "interrupted": interrupted, "position": position,
                "model": last_model.as_ref().map(|m| &m.revision.0),
                "evaluated": evaluated.as_ref().map(|e| json!({ "revision": e.revision.0, "until": e.until.to_string(), "position": e.position, "stale": stale, "sampled": sampled })),
                "assumed": undated, "oscillated": unsettled,
                "advice": advice,
            });
            render::text(&(serde_json::to_string_pretty(&report)? + "\n"))?;
            return Ok(Outcome::Fine);
        }
        let mut lines = vec![
            format!("data folder    {}", folder.root().display()),
            format!("accounts       {}", render::count(accounts)),
            format!("people         {}, {} seen in events", render::count(people), render::count(seen)),
            format!("subscriptions  {}", render::count(subscriptions)),
        ];
        let span = archive.span().map(|(first, last)| format!(", {first} to {last}")).unwrap_or_default();
        lines.push(format!("events         {}{span}", render::count(archive.rows())));
        lines.push(format!("imports        {}", imports.len()));
        if let Some(model) = &last_model {
            lines.push(format!("model          {} by {}, applied {}", short(&model.revision.0), model.author, model.applied_at));
        }
        if let Some(e) = &evaluated {
            let how = if sampled { ", sampled once a day" } else { "" };
            lines.push(format!("evaluated      {} up to {}{how}", short(&e.revision.0), e.until));
        }
        lines.extend(undated.and_then(assumed).map(|text| format!("assumed        {text}")));
        lines.extend(unsettled.and_then(oscillated).map(|text| format!("oscillation    {text}")));
        lines.extend(advice.iter().map(|a| format!("→ {a}")));
        render::text(&(lines.join("\n") + "\n"))?;
        Ok(Outcome::Fine)
    }
}

/// The accounts that have events, and how many different persons the events speak of.
async fn seen_in_events(folder: &Folder, store: &Store) -> Result<(Vec<String>, u64)> {
    let tables = Tables::open(folder.root(), store, None).await?;
    let (grid, _) = collect(tables.query("SELECT DISTINCT account_id FROM events").await?.frame, 0).await?;
    let accounts = grid.rows.iter().filter_map(|row| row.first()?.as_str().map(str::to_owned)).collect();
    let (grid, _) = collect(tables.query("SELECT COUNT(DISTINCT person_id) FROM events").await?.frame, 1).await?;
    Ok((accounts, grid.rows.first().and_then(|row| row.first()?.as_u64()).unwrap_or(0)))
}

/// How many subscriptions there are, those of merged accounts counted once.
async fn subscriptions(store: &Store) -> Result<u64> {
    let started = Fields { subscription: ["started_at".to_owned()].into(), ..Fields::default() };
    let mut all = BTreeSet::new();
    for page in store.inputs(tenure_store::PAGE_ROWS).await?.only(started) {
        all.extend(page.read().await?.into_iter().flat_map(|inputs| inputs.versions).map(|v| v.entity));
    }
    Ok(all.len() as u64)
}
