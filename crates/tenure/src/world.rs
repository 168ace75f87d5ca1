//! Opening what a question about accounts needs: data folder, model, engine, inputs; and as of when it is asked.

use std::sync::Arc;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tenure_engine::Engine;
use tenure_model::{Instant, Model};
use tenure_store::Store;
use tokio::runtime::Handle;

use crate::command::Shared;
use crate::failure::failure;
use crate::folder::Folder;
use crate::model::{self, Loaded, Source};
use crate::{clock, when};
use tenure_replay::{Scope, World};

/// As of when something is asked, and by which model.
#[derive(clap::Args, Clone, Debug)]
pub struct AsOf {
    /// As of then; a date means its last instant [default: up to where the model was evaluated, else now]
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// By the model that decided then, instead of the one applied last
    #[arg(long, requires = "as_of")]
    as_was: bool,
}

impl AsOf {
    /// Opens the data folder with the model that is asked. Gives the instant as of which it is asked.
    pub async fn open(&self, shared: &Shared) -> Result<(Opened, Instant)> {
        let opened = if self.as_was { self.opened_as_was(shared).await? } else { Opened::open(shared).await? };
        let at = opened.as_of(self.as_of.as_deref()).await?;
        Ok((opened, at))
    }

    async fn opened_as_was(&self, shared: &Shared) -> Result<Opened> {
        if shared.model.is_some() {
            return Err(failure("--as-was asks the model that was applied then", "leave out --model, and TENURE_MODEL"));
        }
        let folder = shared.folder()?;
        let store = folder.store_to_read().await?;
        let models = store.models().await?;
        let last = models.last().ok_or_else(|| failure("no model was applied yet", "tenure apply applies one"))?;
        let calendar = &model::applied_before(last).load()?.model.calendar;
        let at = when::as_of(self.as_of.as_deref().unwrap_or_default(), calendar)?;
        let Some(decided) = models.iter().rfind(|model| model.applied_at <= at) else {
            let first = models.first().map_or_else(String::new, |model| model.applied_at.to_string());
            return Err(failure(
                format!("no model decided at {at}"),
                format!("the first was applied at {first}; without --as-was, the present one is asked"),
            ));
        };
        let source = model::applied_before(decided);
        Opened::with(folder, store, source)
    }
}

/// A data folder, opened with a model. Engine, inputs and events are opened when they are needed.
pub struct Opened {
    /// The folder.
    pub folder: Folder,
    /// Its operational data.
    pub store: Store,
    /// The model as loaded, with its files.
    pub loaded: Loaded,
}

impl Opened {
    /// Opens the data folder with the model asked for, else the one applied last, else ./model.
    pub async fn open(shared: &Shared) -> Result<Opened> {
        let folder = shared.folder()?;
        let store = folder.store_to_read().await?;
        let source = model::find(shared.model.as_deref(), Some(&store)).await?;
        Opened::with(folder, store, source)
    }

    /// Opens with these definitions.
    pub fn with(folder: Folder, store: Store, source: Source) -> Result<Opened> {
        Ok(Opened { folder, store, loaded: source.load()? })
    }

    /// All accounts, ready to be replayed.
    pub fn world(&self) -> Result<World> {
        self.world_with(Arc::new(self.loaded.model.clone()))
    }

    /// All accounts with another model: one that has what only this question needs.
    pub fn world_with(&self, model: Arc<Model>) -> Result<World> {
        Ok(World::load(Arc::new(Engine::new(model)), self.folder.archive()?, &self.store, threads()))
    }

    /// All accounts, as far as a question looks at them, with a model that is compiled already.
    pub fn world_of_scope(&self, scope: &Scope, engine: Arc<Engine>) -> Result<World> {
        let archive = self.folder.archive()?;
        let world = World::load_scope(scope, engine, archive, &self.store, threads());
        Ok(tokio::task::block_in_place(|| Handle::current().block_on(world))?)
    }

    /// What one account needs to be replayed.
    pub async fn world_of(&self, account: &str) -> Result<World> {
        let engine = Arc::new(Engine::new(Arc::new(self.loaded.model.clone())));
        Ok(World::load_for(account, engine, self.folder.archive()?, &self.store, threads()).await?)
    }

    /// As of when: as asked, else up to where this model was evaluated, else now.
    pub async fn as_of(&self, asked: Option<&str>) -> Result<Instant> {
        if let Some(text) = asked {
            return when::as_of(text, &self.loaded.model.calendar);
        }
        let evaluated = self.store.evaluated(&self.loaded.model.revision).await?;
        Ok(evaluated.map_or_else(clock::now, |e| e.until))
    }
}

/// How many threads evaluate.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A progress bar over the events of an evaluation, hidden where standard error is no terminal.
pub fn progress(world: &World) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(world.archive.rows()), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} events {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message("evaluating");
    bar
}
