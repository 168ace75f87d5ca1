//! `tenure plan`: what applying a folder of definitions would change.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use indicatif::ProgressBar;
use serde_json::json;
use tenure_backtest::Watch;
use tenure_backtest::compare::{Comparison, Side, compare};
use tenure_engine::{Engine, Mode};
use tenure_model::diff::diff;
use tenure_model::time::Span;
use tenure_model::{Day, Instant, Model, check};
use tenure_replay::Scope;

use super::comparison::{accounts, definitions, effect};
use super::{Outcome, Shared};
use crate::model::{Source, applied_before, short};
use crate::world::{self, Opened};
use crate::{clock, render, when};

/// Options of `tenure plan`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Compares the folder with the model applied last: definition by definition, then by replaying all history through both. It changes nothing. Exit code 0: there is something to apply or nothing; the text says which."
)]
pub struct Plan {
    /// The model's folder or file [default: --model, else ./model]
    model: Option<PathBuf>,
    /// As of when accounts are compared [default: up to when the model applied last was evaluated, else now]
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// How many days before that firings are counted
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(i32).range(1..=3660))]
    days: i32,
    /// Definitions only: nothing is replayed
    #[arg(long)]
    definitions: bool,
    /// Once a date, at its last instant, instead of every instant: faster
    #[arg(long)]
    sampled: bool,
    /// Name the accounts that would stand otherwise
    #[arg(long)]
    accounts: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Where definitions lie: as asked, else ./model. Never those applied last, which would be compared with themselves.
pub fn proposed(asked: Option<PathBuf>, shared: &Shared) -> Result<Source> {
    Source::read(&asked.or_else(|| shared.model.clone()).unwrap_or_else(|| PathBuf::from("model")))
}

impl Plan {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let folder = shared.folder()?;
        let store = folder.store_to_read().await?;
        let opened = Opened::with(folder, store, proposed(self.model.clone(), shared)?)?;
        let last = opened.store.last_model().await?;
        let before = match &last {
            Some(last) => applied_before(last).load()?.model,
            None => nothing()?,
        };
        let after = &opened.loaded.model;
        let differences = diff(&before, after);
        let found = match self.definitions || differences.is_empty() {
            true => None,
            false => Some(self.effect(&opened, &before).await?),
        };
        if self.json {
            let report = json!({
                "from": last.as_ref().map(|last| &last.revision.0), "to": after.revision.0, "definitions": differences,
                "at": found.as_ref().map(|found| found.at.to_string()), "days": self.days, "effect": found,
            });
            render::text(&format!("{report}\n"))?;
            return Ok(Outcome::Fine);
        }
        let from = last.as_ref().map_or("nothing applied yet", |last| short(&last.revision.0));
        let mut text = match differences.len() {
            0 => format!("{}: the definitions are those that are applied already ({from})\n", opened.loaded.source.origin),
            n => format!("{from} → {}: {}\n\n", short(&after.revision.0), render::counted(n as u64, "difference")),
        };
        text += &definitions(&differences);
        if let Some(found) = &found {
            text += &format!("\n{}", effect(found, self.days));
            if self.accounts {
                text += &accounts(found);
            }
            text += "\ntenure apply takes it over\n";
        }
        render::text(&text)?;
        Ok(Outcome::Fine)
    }

    async fn effect(&self, opened: &Opened, before: &Model) -> Result<Comparison> {
        let calendar = &opened.loaded.model.calendar;
        let at = match &self.as_of {
            Some(text) => when::as_of(text, calendar)?,
            None => opened.store.evaluated(&before.revision).await?.map_or_else(clock::now, |evaluated| evaluated.until),
        };
        let mode = if self.sampled { Mode::Daily { from: Day(i32::MIN) } } else { Mode::Exact };
        let (old, new) = (Arc::new(before.clone()), Arc::new(opened.loaded.model.clone()));
        both(opened, old, new, at, calendar.add(at, Span::Days(self.days), -1), mode)
    }
}

/// A model without any definition.
fn nothing() -> Result<Model> {
    check(&[("model.yaml".to_owned(), String::new())]).map_err(|_| anyhow::anyhow!("an empty model is not right"))
}

/// Replays two models on the same history and compares them.
fn both(opened: &Opened, old: Arc<Model>, new: Arc<Model>, at: Instant, from: Instant, mode: Mode) -> Result<Comparison> {
    let watch = Watch::standing();
    let through = |model: &Arc<Model>, message: &'static str| {
        let engine = Arc::new(Engine::new(model.clone()));
        let world = opened.world_of_scope(&Scope { columns: watch.columns(&engine), known: None }, engine)?;
        let bar = world::progress(&world);
        bar.set_message(message);
        let progress = |_: usize, events: usize| ProgressBar::inc(&bar, events as u64);
        let timelines =
            tokio::task::block_in_place(|| watch.through(&world, at, mode, world::threads(), &progress, &AtomicBool::new(false)))?;
        bar.finish_and_clear();
        Ok::<_, anyhow::Error>(timelines)
    };
    let (before, after) = (through(&old, "as applied")?, through(&new, "as proposed")?);
    Ok(compare(Side { model: &old, timelines: &before }, Side { model: &new, timelines: &after }, from, at))
}
