//! `tenure import`: files of accounts, people, subscriptions or events.

mod bar;
mod report;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use tenure_ingest::{Lookups, Mapping};

use tenure_import::{Reading, Source, hash_texts};

use super::{Outcome, Shared};
use crate::clock::{self, Stopwatch};
use crate::failure::failure;
use crate::{render, when};
use report::Report;

/// Options of `tenure import`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Importing the same file again changes nothing. Rows that cannot be read go to a rejects file with number and reason; the rest is imported."
)]
pub struct Import {
    /// What the files hold (Segment's NDJSON may hold everything; say events)
    #[arg(value_enum)]
    what: What,
    /// CSV, NDJSON or Parquet files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Which column is what: docs/reference/mapping.md
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Name of the source; events are told apart by source and message id [default: the mapping's, else "file"]
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// The date of rows that have none; without it they count as always true, and as assumed
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// What the files are [default: what their names say]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Where rejected rows go [default: rejects/ in the data folder]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Only read the files and say what they would give
    #[arg(long)]
    dry_run: bool,
    /// Read files again that were imported before
    #[arg(long)]
    again: bool,
    /// Write the summary as JSON, one object a file
    #[arg(long)]
    json: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum What {
    /// Accounts and their traits
    Accounts,
    /// People, their traits and where they belong
    People,
    /// What accounts pay for
    Subscriptions,
    /// What people and accounts did
    Events,
}

/// What a file is.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Format {
    /// Comma-separated, with a header line
    Csv,
    /// One JSON object a line; Segment's objects too
    Ndjson,
    /// Parquet
    Parquet,
}

impl Format {
    fn format(self) -> tenure_import::Format {
        match self {
            Format::Csv => tenure_import::Format::Csv,
            Format::Ndjson => tenure_import::Format::Ndjson,
            Format::Parquet => tenure_import::Format::Parquet,
        }
    }
}

impl What {
    fn kind(self) -> tenure_ingest::Import {
        match self {
            What::Accounts => tenure_ingest::Import::Accounts,
            What::People => tenure_ingest::Import::People,
            What::Subscriptions => tenure_ingest::Import::Subscriptions,
            What::Events => tenure_ingest::Import::Events,
        }
    }
}

impl Import {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        // All files are looked at before the first is read; each has lookups of its own.
        let mut files = Vec::with_capacity(self.files.len());
        for path in &self.files {
            let reading = self.reading(path)?;
            files.push((path, Source::open(path, self.format.map(Format::format))?, reading));
        }
        let kind = || tenure_import::kind_name(self.what.kind()).to_owned();
        let failed = |path: &Path| format!("cannot import {}", path.display());
        if self.dry_run {
            for (path, source, reading) in &files {
                let (watch, progress) = (Stopwatch::start(), Arc::default());
                let work = tenure_import::try_out(source, reading, self.rejects.clone(), &progress);
                let tried = bar::beside(source, &progress, work).await.with_context(|| failed(path))?;
                self.print(&Report::tried(path, kind(), tried, watch.seconds()))?;
            }
            return Ok(Outcome::Fine);
        }
        let folder = shared.folder_or_new(clock::now()).await?;
        let _lock = folder.lock()?;
        let store = folder.store().await?;
        for (path, source, reading) in &files {
            let (watch, progress) = (Stopwatch::start(), Arc::default());
            let how = (self.again, self.rejects.clone());
            let work = tenure_import::import(folder.root(), &store, source, reading, how, clock::now, &progress);
            let (_, outcome) = bar::beside(source, &progress, work).await.with_context(|| failed(path))?;
            self.print(&Report::new(path, kind(), outcome, watch.seconds()))?;
        }
        Ok(Outcome::Fine)
    }

    fn print(&self, report: &Report) -> Result<()> {
        let text = if self.json { format!("{}\n", report.json()) } else { report.to_string() };
        Ok(render::text(&text)?)
    }

    /// How a file is to be read.
    fn reading(&self, file: &Path) -> Result<Reading> {
        let kind = self.what.kind();
        let (mapping, lookups, mapping_hash) = match &self.mapping {
            Some(path) => self::mapping(path, kind, file)?,
            None => (Mapping::default_for(kind), Lookups::default(), String::new()),
        };
        let dated = self.at.as_deref().map(|t| when::instant(t, &tenure_model::Calendar::utc())).transpose()?;
        Ok(Reading::new(mapping, lookups, mapping_hash, self.source.clone(), dated))
    }
}

/// Reads a mapping file and the files it looks things up in: beside the mapping, else beside the file that is imported.
fn mapping(path: &Path, kind: tenure_ingest::Import, imported: &Path) -> Result<(Mapping, Lookups, String)> {
    let text = bytes(path)?;
    let yaml = std::str::from_utf8(&text).with_context(|| format!("{} is not UTF-8", path.display()))?;
    let mapping = Mapping::parse(&path.display().to_string(), yaml).map_err(|diagnostics| {
        for diagnostic in &diagnostics {
            remark!("{diagnostic}");
        }
        failure(
            format!("the mapping {} has {}", path.display(), render::counted(diagnostics.len() as u64, "error")),
            "docs/reference/mapping.md says what it may hold",
        )
    })?;
    if mapping.import != kind {
        let name = tenure_import::kind_name(mapping.import);
        return Err(failure(format!("{} is a mapping of {}", path.display(), name), format!("tenure import {name} …")));
    }
    let mut texts = vec![text.clone()];
    let mut lookups = Lookups::default();
    for name in mapping.lookup_files() {
        let places = [path, imported].map(|beside| beside.parent().unwrap_or(Path::new("")).join(&name));
        let Some(file) = places.iter().find(|file| file.is_file()) else {
            return Err(failure(
                format!("there is no lookup file {}", places[0].display()),
                format!("put it beside {} or beside {}", path.display(), imported.display()),
            ));
        };
        let content = bytes(file)?;
        lookups
            .add(&name, &content)
            .map_err(|why| failure(format!("{}: {why}", file.display()), format!("it is a lookup of {}", path.display())))?;
        texts.push(content);
    }
    let hash = hash_texts(texts.iter().map(Vec::as_slice));
    Ok((mapping, lookups, hash))
}

/// A whole file.
fn bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
