//! `tenure plan`: what applying a folder of definitions would change.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use tenure_backtest::Watch;
use tenure_backtest::compare::{Comparison, Side, compare};
use tenure_engine::{Engine, Mode};
use tenure_model::diff::{Difference, diff};
use tenure_model::time::Span;
use tenure_model::{Day, Instant, Model, check};
use tenure_replay::Scope;

use super::comparison::{self, accounts, definitions};
use super::{Outcome, Shared};
use crate::failure::failure;
use crate::model::{Loaded, Source, applied_before, short};
use crate::server::{AGAIN, Server, ServerArgs};
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
    #[arg(long, value_name = "TIME", conflicts_with = "server")]
    as_of: Option<String>,
    /// How many days before that firings are counted
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(i32).range(1..=3660))]
    days: i32,
    /// Definitions only: nothing is replayed
    #[arg(long)]
    definitions: bool,
    /// Once a date, at its last instant, instead of every instant: faster
    #[arg(long, conflicts_with = "server")]
    sampled: bool,
    /// Name the accounts that would stand otherwise
    #[arg(long)]
    accounts: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// What a plan found.
struct Found {
    /// The model applied last.
    from: Option<String>,
    differences: Vec<Difference>,
    /// None where nothing was replayed.
    effect: Option<Comparison>,
}

/// Where definitions lie: as asked, else ./model. Never those applied last, which would be compared with themselves.
pub fn proposed(asked: Option<PathBuf>, shared: &Shared) -> Result<Source> {
    Source::read(&asked.or_else(|| shared.model.clone()).unwrap_or_else(|| PathBuf::from("model")))
}

impl Plan {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let source = proposed(self.model.clone(), shared)?;
        let origin = source.origin.clone();
        let (to, found) = match self.server.server()? {
            Some(server) => {
                let loaded = source.load()?;
                let found = self.asked_of(&server, &loaded).await?;
                (loaded.model.revision, found)
            }
            None => {
                let folder = shared.folder()?;
                let store = folder.store_to_read().await?;
                let opened = Opened::with(folder, store, source)?;
                let found = self.found_here(&opened).await?;
                (opened.loaded.model.revision, found)
            }
        };
        let Found { from, differences, effect } = &found;
        if self.json {
            let at = effect.as_ref().map(|effect| effect.at.to_string());
            let report = json!({ "from": from, "to": to.0, "definitions": differences, "at": at, "days": self.days, "effect": effect });
            render::text(&format!("{report}\n"))?;
            return Ok(Outcome::Fine);
        }
        let from = from.as_ref().map_or("nothing applied yet", |from| short(from));
        let mut text = match differences.len() {
            0 => format!("{origin}: the definitions are those that are applied already ({from})\n"),
            n => format!("{from} → {}: {}\n\n", short(&to.0), render::counted(n as u64, "difference")),
        };
        text += &definitions(differences);
        if let Some(found) = effect {
            text += &format!("\n{}", comparison::effect(found, self.days));
            if self.accounts {
                text += &accounts(found);
            }
            text += "\ntenure apply takes it over\n";
        }
        render::text(&text)?;
        Ok(Outcome::Fine)
    }

    /// What the data folder says.
    async fn found_here(&self, opened: &Opened) -> Result<Found> {
        let last = opened.store.last_model().await?;
        let before = match &last {
            Some(last) => applied_before(last).load()?.model,
            None => nothing()?,
        };
        let differences = diff(&before, &opened.loaded.model);
        let effect = match self.definitions || differences.is_empty() {
            true => None,
            false => Some(self.effect(opened, &before).await?),
        };
        Ok(Found { from: last.map(|last| last.revision.0), differences, effect })
    }

    /// What a running service says.
    async fn asked_of(&self, server: &Server, loaded: &Loaded) -> Result<Found> {
        let files: BTreeMap<&String, &String> = loaded.source.files.iter().map(|(path, text)| (path, text)).collect();
        if self.definitions {
            let answer = server.post("/model/diff", &json!({ "files": files }))?;
            let from = answer["from"].as_str().map(str::to_owned);
            return Ok(Found { from, differences: serde_json::from_value(answer["changes"].clone())?, effect: None });
        }
        let began = server.post("/model/plan", &json!({ "files": files, "days": self.days }))?;
        let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr());
        bar.set_style(ProgressStyle::with_template("replaying {wide_bar} {percent} %").unwrap_or_else(|_| ProgressStyle::default_bar()));
        let findings = loop {
            let mut asked = server.get(&format!("/backtests/{}", began["id"]))?;
            match asked["state"].as_str() {
                Some("done") => break asked["findings"].take(),
                Some("queued" | "running") => bar.set_position((asked["share"].as_f64().unwrap_or(0.0) * 1000.0) as u64),
                _ => {
                    let why = asked["error"].as_str().unwrap_or("it was cancelled").to_owned();
                    return Err(failure(format!("there is no plan: {why}"), "ask again; nothing has changed"));
                }
            }
            tokio::time::sleep(AGAIN).await;
        };
        bar.finish_and_clear();
        let differences: Vec<Difference> = serde_json::from_value(findings["definitions"].clone())?;
        let effect = if differences.is_empty() { None } else { Some(serde_json::from_value(findings["effect"].clone())?) };
        Ok(Found { from: findings["from"].as_str().map(str::to_owned), differences, effect })
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
