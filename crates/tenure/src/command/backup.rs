//! `tenure backup` and `tenure restore`.

use std::path::PathBuf;

use anyhow::Result;

use super::{Outcome, Shared};
use crate::backup::{self, Manifest, Reader};
use crate::folder::Folder;
use crate::render;

/// Options of `tenure backup`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Works while tenure serve runs. The configuration and derived/ are not part of it. docs/guide/operations.md says more."
)]
pub struct Backup {
    /// A folder to make, or a file where the name ends in .tar
    #[arg(long, value_name = "PATH")]
    to: PathBuf,
    /// Write the manifest as JSON
    #[arg(long)]
    json: bool,
}

/// Options of `tenure restore`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Into an empty data folder and database, of the same kind or the other: tenure restore --from b.tar --database postgres://…"
)]
pub struct Restore {
    /// The backup
    #[arg(long, value_name = "PATH")]
    from: PathBuf,
    /// Only check that it is whole
    #[arg(long)]
    check: bool,
}

impl Backup {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let manifest = backup::make(&shared.folder()?, &self.to).await?;
        if self.json {
            render::text(&(serde_json::to_string_pretty(&manifest)? + "\n"))?;
        } else {
            render::text(&format!("{}: written and checked\n{}", self.to.display(), told(&manifest)))?;
        }
        Ok(Outcome::Fine)
    }
}

impl Restore {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let reader = Reader::open(&self.from)?;
        if self.check {
            tokio::task::block_in_place(|| reader.verify("checking"))?;
            render::text(&format!("{}: whole\n{}", self.from.display(), told(&reader.manifest)))?;
            return Ok(Outcome::Fine);
        }
        let folder = Folder::at(&shared.data, shared.database.as_ref());
        backup::restore(&reader, &folder).await?;
        let said = told(&reader.manifest);
        render::text(&format!("{}: restored to {} and {}\n{said}", self.from.display(), folder.root().display(), folder.database()))?;
        Ok(Outcome::Fine)
    }
}

fn told(manifest: &Manifest) -> String {
    let rows = render::counted(manifest.rows(), "row");
    let events = render::counted(manifest.events, "event");
    let tables = render::counted(manifest.tables.len() as u64, "table");
    let bytes = indicatif::HumanBytes(manifest.bytes());
    format!("  as of  {}\n  holds  {events}; {rows} in {tables}; {bytes}\n", manifest.made_at)
}
