//! `tenure apply`, `tenure revisions`, `tenure rollback`: changing the model, and which models there were.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use tenure_model::definition::Revision;

use super::decision::Author;
use super::plan::proposed;
use super::{Outcome, Shared};
use crate::base::{Base, base_of};
use crate::evaluation::Evaluation;
use crate::failure::failure;
use crate::model::{applied_before, short};
use crate::render::{self, Grid, StyleArgs};
use crate::server::{AGAIN, Server, ServerArgs};
use crate::world::Opened;
use crate::{clock, when};

/// Options of `tenure apply`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "All accounts are told by the new model, then it takes over as a whole; `tenure plan` shows before what that changes. It is refused where somebody changed the model since the folder was applied or pulled last."
)]
pub struct Apply {
    /// The model's folder or file [default: --model, else ./model]
    model: Option<PathBuf>,
    #[command(flatten)]
    how: How,
    /// Also where somebody else changed the model meanwhile: what they changed is undone
    #[arg(long)]
    over: bool,
}

/// Options of `tenure rollback`.
#[derive(clap::Args, Debug)]
#[command(after_help = "The model of that revision is applied again, as a new step: nothing is lost of what came between.")]
pub struct Rollback {
    /// A revision that was applied, or as much of its beginning as is only its own
    revision: String,
    #[command(flatten)]
    how: How,
}

/// Who applies, why, and where.
#[derive(clap::Args, Debug)]
struct How {
    /// Why: kept for ever, shown with the revision
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Up to when accounts are told [default: up to when they were told last, else now]
    #[arg(long, value_name = "TIME", conflicts_with = "server")]
    to: Option<String>,
    #[command(flatten)]
    author: Author,
    #[command(flatten)]
    server: ServerArgs,
}

/// Options of `tenure revisions`.
#[derive(clap::Args, Debug)]
pub struct Revisions {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    style: StyleArgs,
}

impl Apply {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let path = self.model.clone().or_else(|| shared.model.clone()).unwrap_or_else(|| PathBuf::from("model"));
        let loaded = proposed(self.model, shared)?.load()?;
        if let Some(server) = self.how.server.server()? {
            let applied = server.get("/model")?;
            let revisions = server.get("/model/revisions")?;
            let known = revisions["revisions"].as_array().into_iter().flatten().filter_map(|r| r["revision"].as_str().map(str::to_owned));
            let present = applied["revision"].as_str().unwrap_or_default().to_owned();
            let base = Base { present: Some(present.clone()), known: known.collect() };
            if !self.over {
                base.refuse_stale(&path, &loaded)?;
            }
            if present == loaded.model.revision.0 {
                return unchanged(&present);
            }
            let files: BTreeMap<&String, &String> = loaded.source.files.iter().map(|(path, text)| (path, text)).collect();
            through(&server, "/model/apply", &json!({ "files": files, "base": present, "reason": self.how.reason })).await?;
        } else {
            let folder = shared.folder()?;
            let _lock = folder.lock().map_err(in_use)?;
            let store = folder.store().await?;
            let base = base_of(&store).await?;
            if !self.over {
                base.refuse_stale(&path, &loaded)?;
            }
            let opened = Opened { folder, store, loaded };
            if base.present.as_ref() == Some(&opened.loaded.model.revision.0) {
                return unchanged(&opened.loaded.model.revision.0);
            }
            self.how.here(&opened).await?;
            return crate::base::note(&path, &opened.loaded.model.revision.0).map(|()| Outcome::Fine);
        }
        crate::base::note(&path, &loaded.model.revision.0)?;
        Ok(Outcome::Fine)
    }
}

fn unchanged(revision: &str) -> Result<Outcome> {
    render::text(&format!("{} is applied already: nothing to do\n", short(revision)))?;
    Ok(Outcome::Fine)
}

/// Another process has the folder: most likely the service.
fn in_use(error: anyhow::Error) -> anyhow::Error {
    failure(format!("{error}"), "where that is the service, apply through it: --server URL, with its key in TENURE_KEY")
}

impl How {
    /// Applies in a folder that is locked, and evaluates.
    async fn here(&self, opened: &Opened) -> Result<()> {
        let before = opened.store.last_evaluated().await?.map(|evaluated| evaluated.until);
        let to = match &self.to {
            Some(text) => when::as_of(text, &opened.loaded.model.calendar)?,
            None => before.unwrap_or_else(clock::now),
        };
        let applied = opened.loaded.applied(&self.author.by, &self.reason);
        let evaluated = Evaluation { opened, applied: &applied, to, samples: None }.run().await?;
        let ledger = evaluated.ledger.unwrap_or_default();
        render::text(&format!(
            "{} applied by {}: {}\n  {} told up to {to}; {} new in the ledger, {} closed\n",
            short(&applied.revision.0),
            applied.author,
            applied.reason,
            render::counted(evaluated.manifest.accounts, "account"),
            render::counted(ledger.new, "alert"),
            render::count(ledger.closed),
        ))?;
        Ok(())
    }
}

/// Lets a service change its model, and waits until it has.
async fn through(server: &Server, path: &str, body: &Value) -> Result<()> {
    let began = server.post(path, body)?;
    let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("applying {wide_bar} {percent} %").unwrap_or_else(|_| ProgressStyle::default_bar()));
    loop {
        let status = server.get("/model/apply")?;
        let last = &status["last"];
        match last["state"].as_str() {
            Some("done") => break,
            Some("failed") => {
                let why = last["error"].as_str().unwrap_or("no reason given");
                return Err(failure(format!("the model was not applied: {why}"), "the one before goes on deciding"));
            }
            _ => bar.set_position((last["share"].as_f64().unwrap_or(0.0) * 1000.0) as u64),
        }
        tokio::time::sleep(AGAIN).await;
    }
    bar.finish_and_clear();
    let revision = began["revision"].as_str().unwrap_or_default();
    render::text(&format!("{} decides at {}\n", short(revision), server.url()))?;
    Ok(())
}

impl Rollback {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        if let Some(server) = self.how.server.server()? {
            let revisions = server.get("/model/revisions")?;
            let known: Vec<String> =
                revisions["revisions"].as_array().into_iter().flatten().filter_map(|r| r["revision"].as_str().map(str::to_owned)).collect();
            let revision = find(&self.revision, &known)?;
            through(&server, "/model/rollback", &json!({ "revision": revision, "reason": self.how.reason })).await?;
            return Ok(Outcome::Fine);
        }
        let folder = shared.folder()?;
        let _lock = folder.lock().map_err(in_use)?;
        let store = folder.store().await?;
        let known: Vec<String> = store.models().await?.into_iter().map(|model| model.revision.0).collect();
        let revision = find(&self.revision, &known)?;
        let Some(model) = store.model(&Revision(revision.clone())).await? else { return Err(unknown(&self.revision)) };
        if store.last_model().await?.is_some_and(|last| last.revision == model.revision) {
            return unchanged(&revision);
        }
        let opened = Opened { folder, store, loaded: applied_before(&model).load()? };
        self.how.here(&opened).await?;
        Ok(Outcome::Fine)
    }
}

/// The one revision that begins so.
fn find(asked: &str, known: &[String]) -> Result<String> {
    let mut found: Vec<&String> = known.iter().filter(|revision| revision.starts_with(asked)).collect();
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(unknown(asked)),
        _ => Err(failure(format!("several revisions begin with `{asked}`"), "write more of it: tenure revisions --json has all of each")),
    }
}

fn unknown(asked: &str) -> anyhow::Error {
    failure(format!("no revision `{asked}` was applied"), "tenure revisions lists those that were")
}

impl Revisions {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let rows: Vec<[String; 4]> = match self.server.server()? {
            Some(server) => {
                let answer = server.get("/model/revisions")?;
                let text = |revision: &Value, field: &str| revision[field].as_str().unwrap_or_default().to_owned();
                let revisions = answer["revisions"].as_array().cloned().unwrap_or_default();
                revisions.iter().map(|r| ["revision", "applied_at", "author", "reason"].map(|field| text(r, field))).collect()
            }
            None => {
                let models = shared.folder()?.store_to_read().await?.models().await?;
                models.into_iter().rev().map(|m| [m.revision.0, m.applied_at.to_string(), m.author, m.reason]).collect()
            }
        };
        let shown = |[revision, at, author, reason]: [String; 4]| {
            let revision = if self.style.json || self.style.csv { revision } else { short(&revision).to_owned() };
            [revision, at, author, reason].map(Value::from).to_vec()
        };
        let columns = ["revision", "applied_at", "author", "reason"].map(str::to_owned).to_vec();
        render::print(&Grid { columns, rows: rows.into_iter().map(shown).collect() }, self.style.style())?;
        Ok(Outcome::Fine)
    }
}
