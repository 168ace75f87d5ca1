//! Runs all history through a model: tables aside, then model, ledger and how far it came in one transaction, then the tables in their place.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use tenure_engine::Mode;
use tenure_model::{Day, Instant};
use tenure_store::AppliedModel;
use tenure_tables::evaluated::derived::{Derived, Firing};
use tenure_tables::evaluated::manifest::Manifest;

use crate::clock;
use crate::ledger::{self, Recorded};
use crate::world::{self, Opened};
use tenure_replay::{World, replay};

/// An evaluation to be done. The data folder is locked.
pub struct Evaluation<'e> {
    /// Folder and model.
    pub opened: &'e Opened,
    /// The model as it is written down, unless it is the one applied last.
    pub applied: &'e AppliedModel,
    /// Up to when.
    pub to: Instant,
    /// The first date of samples; None: every instant.
    pub samples: Option<Day>,
}

/// What an evaluation gave.
pub struct Evaluated {
    /// Accounts and events, and what is to be remarked on.
    pub manifest: Manifest,
    /// All that fired.
    pub firings: Vec<Firing>,
    /// None where the ledger was left as it is: samples do not see all.
    pub ledger: Option<Recorded>,
}

impl Evaluation<'_> {
    /// Does it. An end before the transaction leaves everything as it was; after it, the tables are missing and made anew when they are asked for.
    pub async fn run(self) -> Result<Evaluated> {
        let (store, revision) = (&self.opened.store, &self.opened.loaded.model.revision);
        let target = self.opened.folder.derived(revision);
        let aside = target.with_extension("new");
        let before = store.position().await?;
        let world = self.opened.world()?;
        let (mut manifest, firings) = self.replay(&world, &aside)?;
        let mut write = store.write().await?;
        let new = write.apply_model(self.applied).await?;
        // What samples do not see would be closed: they are for exploring.
        let ledger = match self.samples {
            Some(_) => None,
            None => Some(ledger::record(store, &mut write, self.applied, &world.engine, &firings, self.to).await?),
        };
        // What others have taken meanwhile was not read.
        let covered = write.position().await?;
        let position = if covered == before + i64::from(new) { covered } else { before };
        let evaluated = tenure_store::Evaluated { revision: revision.clone(), until: self.to, position, evaluated_at: clock::now() };
        write.set_evaluated(&evaluated).await?;
        write.commit().await?;
        manifest.position = position;
        manifest.write(&aside)?;
        remove(&target)?;
        std::fs::rename(&aside, &target).with_context(|| format!("cannot write {}", target.display()))?;
        Ok(Evaluated { manifest, firings, ledger })
    }

    /// Writes the tables aside.
    fn replay(&self, world: &World, aside: &Path) -> Result<(Manifest, Vec<Firing>)> {
        remove(aside)?;
        let mode = self.samples.map_or(Mode::Exact, |from| Mode::Daily { from });
        let bar = world::progress(world);
        let (accounts, events) = (AtomicU64::new(0), AtomicU64::new(0));
        let progress = |through: usize, of: usize| {
            accounts.fetch_add(through as u64, Ordering::Relaxed);
            events.fetch_add(of as u64, Ordering::Relaxed);
            bar.inc(of as u64);
        };
        let visitor = |part| Ok(Derived::create(aside, part, world.engine.clone())?);
        let parts = tokio::task::block_in_place(|| replay::replay(world, self.to, mode, world::threads(), visitor, &progress))?;
        let mut manifest = Manifest::new(self.to, 0, self.samples.is_some());
        let mut firings = Vec::new();
        for part in parts {
            let (fired, undated, oscillated) = part.finish()?;
            firings.extend(fired);
            manifest.assumed.merge(undated);
            manifest.oscillated.merge(oscillated);
        }
        bar.finish_and_clear();
        (manifest.accounts, manifest.events) = (accounts.into_inner(), events.into_inner());
        Ok((manifest, firings))
    }
}

fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
