//! `tenure export`: everything that was imported, in the columns that `tenure import` reads.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use datafusion::parquet::arrow::ArrowWriter;
use serde_json::{Map, Value as Json};
use tenure_history::Format as EventFormat;
use tenure_model::Instant;
use tenure_model::input::{Entity, Membership, Version};
use tenure_store::Store;

use super::{Outcome, Shared};
use crate::failure::failure;
use crate::folder::Folder;
use crate::render::{self, Grid, Style};
use tenure_tables::action_json;

/// Options of `tenure export`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Merged accounts and people come out under the id that stays. NDJSON keeps every type; importing it again gives the same state."
)]
pub struct Export {
    /// What to write
    #[arg(value_enum)]
    what: What,
    /// As what
    #[arg(long, value_enum, default_value = "ndjson")]
    format: Format,
    /// The file, or for `all` the folder, to write into [default: standard output]
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Accounts and their traits
    Accounts,
    /// People, their traits and where they belong
    People,
    /// Subscriptions
    Subscriptions,
    /// Events, also those in quarantine
    Events,
    /// What teammates decided
    Decisions,
    /// All of these, a file each, into a folder
    All,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// One JSON object a line
    Ndjson,
    /// With a header line
    Csv,
    /// Parquet
    Parquet,
}

impl Format {
    fn ending(self) -> &'static str {
        match self {
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
            Format::Parquet => "parquet",
        }
    }
}

impl Export {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let folder = shared.folder()?;
        let store = folder.store_to_read().await?;
        if self.what != What::All {
            match &self.output {
                Some(path) => write_file(&folder, &store, self.what, self.format, path).await?,
                None if self.format == Format::Parquet => {
                    return Err(failure("Parquet cannot be written to a terminal or pipe", "say where to: -o FILE"));
                }
                None => forgive(write(&folder, &store, self.what, self.format, Box::new(io::stdout())).await)?,
            }
            return Ok(Outcome::Fine);
        }
        let Some(into) = &self.output else {
            return Err(failure("`all` is several files", "say which folder they go into: -o FOLDER"));
        };
        std::fs::create_dir_all(into).with_context(|| format!("cannot make {}", into.display()))?;
        for (what, name) in [
            (What::Accounts, "accounts"),
            (What::People, "people"),
            (What::Subscriptions, "subscriptions"),
            (What::Events, "events"),
            (What::Decisions, "decisions"),
        ] {
            write_file(&folder, &store, what, self.format, &into.join(name).with_extension(self.format.ending())).await?;
        }
        Ok(Outcome::Fine)
    }
}

async fn write_file(folder: &Folder, store: &Store, what: What, format: Format, path: &Path) -> Result<()> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let rows = write(folder, store, what, format, Box::new(BufWriter::new(file)))
        .await
        .with_context(|| format!("cannot write {}", path.display()))?;
    remark!("{}: {}", path.display(), render::counted(rows, "row"));
    Ok(())
}

/// Writes one table; returns how many rows it has. One type of writer: writers of Parquet are compiled for each.
async fn write(folder: &Folder, store: &Store, what: What, format: Format, mut out: Box<dyn Write + Send>) -> Result<u64> {
    let grid = match what {
        What::Accounts => entities(store, &["id"], |e| matches!(e, Entity::Account(_))).await?,
        What::Subscriptions => entities(store, &["id", "account_id"], |e| matches!(e, Entity::Subscription(..))).await?,
        What::People => people(store).await?,
        What::Decisions => decisions(store).await?,
        What::Events | What::All => {
            let format = match format {
                Format::Ndjson => EventFormat::Ndjson,
                Format::Csv => EventFormat::Csv,
                Format::Parquet => EventFormat::Parquet,
            };
            return Ok(folder.archive()?.export(out, format)?);
        }
    };
    match format {
        Format::Ndjson => {
            for row in &grid.rows {
                let said = grid.columns.iter().zip(row).filter(|(_, value)| !value.is_null());
                let object: Map<String, Json> = said.map(|(name, value)| (name.clone(), value.clone())).collect();
                serde_json::to_writer(&mut out, &object)?;
                out.write_all(b"\n")?;
            }
        }
        Format::Csv => render::write(&mut out, &grid, Style::Csv)?,
        Format::Parquet => {
            let batch = tenure_tables::batch(&grid)?;
            let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), None)?;
            writer.write(&batch)?;
            writer.close()?;
        }
    }
    out.flush()?;
    Ok(grid.rows.len() as u64)
}

fn forgive(written: Result<u64>) -> Result<()> {
    match written {
        Err(error) if error.chain().any(|e| e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)) => Ok(()),
        other => other.map(|_| ()),
    }
}

/// What was said at one date.
type Saying = (Option<Instant>, Option<Instant>);

/// A row for every date at which something was said of an account or subscription.
async fn entities(store: &Store, ids: &[&str], wanted: impl Fn(&Entity) -> bool) -> Result<Grid> {
    let mut rows: Vec<Map<String, Json>> = Vec::new();
    for page in store.inputs(tenure_store::PAGE_ROWS).await? {
        for inputs in page.read().await? {
            let mut by_entity: BTreeMap<Entity, Vec<Version>> = BTreeMap::new();
            for version in inputs.versions.into_iter().filter(|v| wanted(&v.entity)) {
                by_entity.entry(version.entity.clone()).or_default().push(version);
            }
            for (entity, versions) in by_entity {
                let key = match &entity {
                    Entity::Account(id) | Entity::Person(id) => vec![("id", id.clone())],
                    Entity::Subscription(account, id) => vec![("id", id.clone()), ("account_id", account.clone())],
                };
                rows.extend(sayings(&versions).into_iter().map(|(saying, fields)| row(&key, saying, fields)));
            }
        }
    }
    Ok(grid(ids, rows))
}

/// A row for every date at which something was said of a person, and for every further membership.
async fn people(store: &Store) -> Result<Grid> {
    let mut rows = Vec::new();
    for person in store.people().await? {
        let key = [("id", person.person.clone())];
        let mut said: Vec<Map<String, Json>> =
            sayings(&person.versions).into_iter().map(|(saying, fields)| row(&key, saying, fields)).collect();
        said.resize_with(said.len().max(person.memberships.len()), || row(&key, (None, None), Map::new()));
        for (row, membership) in said.iter_mut().zip(&person.memberships) {
            let Membership { account, from, until, .. } = membership;
            row.insert("account_id".into(), account.as_str().into());
            row.extend(from.map(|t| ("account_from".into(), t.to_string().into())));
            row.extend(until.map(|t| ("account_until".into(), t.to_string().into())));
        }
        rows.extend(said);
    }
    Ok(grid(&["id", "account_id", "account_from", "account_until"], rows))
}

async fn decisions(store: &Store) -> Result<Grid> {
    let mut rows = Vec::new();
    for decided in store.decisions().await? {
        let mut row = Map::from_iter([("position".to_owned(), Json::from(decided.position))]);
        if let Json::Object(decision) = serde_json::to_value(&decided.decision)? {
            row.extend(decision);
        }
        row.insert("action".into(), action_json(&decided.decision.action)?);
        row.insert("at".into(), decided.decision.at.to_string().into());
        rows.push(row);
    }
    Ok(grid(&["position"], rows))
}

/// The fields said at each date. A subscription's start stands in every row: without it a row cannot be read.
fn sayings(versions: &[Version]) -> BTreeMap<Saying, Map<String, Json>> {
    let mut sayings: BTreeMap<Saying, Map<String, Json>> = BTreeMap::new();
    for version in versions {
        sayings.entry((version.valid_from, version.known_from)).or_default().insert(version.field.clone(), version.value.clone());
    }
    let start = versions.iter().find(|v| v.field == "started_at" && matches!(v.entity, Entity::Subscription(..)));
    if let Some(start) = start {
        sayings.values_mut().for_each(|fields| {
            fields.entry("started_at").or_insert_with(|| start.value.clone());
        });
    }
    sayings
}

fn row(key: &[(&str, String)], (valid_from, known_from): Saying, fields: Map<String, Json>) -> Map<String, Json> {
    let mut row: Map<String, Json> = key.iter().map(|(name, id)| ((*name).to_owned(), Json::from(id.as_str()))).collect();
    row.extend(valid_from.map(|t| ("valid_from".into(), t.to_string().into())));
    row.extend(known_from.map(|t| ("known_from".into(), t.to_string().into())));
    row.extend(fields);
    row
}

/// Rows of different columns as one grid: `first` columns first, then dates, then the others by name.
fn grid(first: &[&str], rows: Vec<Map<String, Json>>) -> Grid {
    let mut columns: Vec<String> = first.iter().chain(&["valid_from", "known_from"]).map(|c| (*c).to_owned()).collect();
    let others: std::collections::BTreeSet<&String> = rows.iter().flat_map(Map::keys).collect();
    columns.extend(others.into_iter().filter(|c| !columns.contains(c)).cloned().collect::<Vec<_>>());
    columns.retain(|c| first.contains(&c.as_str()) || rows.iter().any(|row| row.contains_key(c)));
    let rows = rows.into_iter().map(|mut row| columns.iter().map(|c| row.remove(c).unwrap_or(Json::Null)).collect()).collect();
    Grid { columns, rows }
}
