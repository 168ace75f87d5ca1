//! `tenure merge`: two ids that mean the same become one.

use anyhow::Result;

use super::decision::Author;
use super::{Outcome, Shared};
use crate::clock;

/// Options of `tenure merge`.
#[derive(clap::Args, Debug)]
#[command(after_help = "What was said of FROM is said of INTO from then on, also in the past. It cannot be undone.")]
pub struct Merge {
    /// What is merged
    #[arg(value_enum)]
    what: What,
    /// The id that goes
    from: String,
    /// The id that stays
    into: String,
    #[command(flatten)]
    author: Author,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Two accounts
    Account,
    /// Two people
    Person,
}

impl Merge {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let folder = shared.folder()?;
        let _lock = folder.lock()?;
        let store = folder.store().await?;
        let merge = tenure_model::input::Merge { account: self.what == What::Account, from: self.from, into: self.into, at: clock::now() };
        let mut write = store.write().await?;
        let new = write.add_merge(&merge, &self.author.by).await?;
        write.commit().await?;
        // Also where it is not new: a run that was stopped between the two has left this to do.
        let changed = crate::import::settle_events(&folder, &store).await?;
        let moved = if changed == 0 { String::new() } else { format!(", {} placed anew", crate::render::counted(changed, "event")) };
        println!("{} {} into {}{moved}", if new { "merged" } else { "was already merged:" }, merge.from, merge.into);
        Ok(Outcome::Fine)
    }
}
