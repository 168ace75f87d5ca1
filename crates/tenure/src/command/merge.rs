//! `tenure merge`: two ids that mean the same become one.

use anyhow::Result;
use tenure_ingest::Resolver;
use tenure_model::diagnostic::nearest;
use tenure_store::Store;

use super::decision::{Author, known_account};
use super::{Outcome, Shared};
use crate::clock;
use crate::failure::failure;
use crate::folder::Folder;
use tenure_tables::{Tables, collect};

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
    /// Also where one of them is not known (yet)
    #[arg(long)]
    force: bool,
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
        if !self.force {
            for id in [&self.from, &self.into] {
                match self.what {
                    What::Account => drop(known_account(&folder, &store, id.clone()).await.map_err(unknown)?),
                    What::Person => known_person(&folder, &store, id).await?,
                }
            }
        }
        let merge = tenure_model::input::Merge { account: self.what == What::Account, from: self.from, into: self.into, at: clock::now() };
        let mut write = store.write().await?;
        let new = write.add_merge(&merge, &self.author.by).await?;
        write.commit().await?;
        // Also where it is not new: a run that was stopped between the two has left this to do.
        let changed = settle_events(&folder, &store).await?;
        let moved = if changed == 0 { String::new() } else { format!(", {} placed anew", crate::render::counted(changed, "event")) };
        say!("{} {} into {}{moved}", if new { "merged" } else { "was already merged:" }, merge.from, merge.into);
        Ok(Outcome::Fine)
    }
}

/// It cannot be undone: a mistyped id must not be merged by accident.
fn unknown(error: anyhow::Error) -> anyhow::Error {
    failure(format!("{error}"), "give an id that is known, or --force where it is still to come")
}

/// Is a person known: by what was said of them, by a membership, by events?
async fn known_person(folder: &Folder, store: &Store, person: &str) -> Result<()> {
    let merges = store.merges().await?;
    let id = merges.person(person);
    let people = store.people().await?;
    if people.iter().any(|p| p.person == id) {
        return Ok(());
    }
    let tables = Tables::open(folder.root(), store, None).await?;
    for table in ["events", "quarantine"] {
        let sql = format!("SELECT 1 FROM {table} WHERE person_id = '{}' LIMIT 1", id.replace('\'', "''"));
        if !collect(tables.query(&sql).await?.frame, 1).await?.0.rows.is_empty() {
            return Ok(());
        }
    }
    let near = nearest(id, people.iter().map(|p| p.person.as_str())).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    Err(failure(format!("there is no person `{person}`"), format!("{near}--force merges an id that is still to come")))
}

/// Decides anew whose the events are. Returns how many events that changed.
async fn settle_events(folder: &Folder, store: &Store) -> Result<u64> {
    let resolver = Resolver::new(&store.memberships().await?, &store.merge_list().await?);
    Ok(tenure_import::settle(&mut folder.archive()?, &resolver)?)
}
