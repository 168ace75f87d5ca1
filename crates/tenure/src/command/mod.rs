//! The command line: options that all commands share, and which command does what. One file per command.

mod account;
mod accounts;
mod alerts;
mod apply;
mod backtest;
mod backup;
mod bench_engine;
mod bench_ingest;
mod check;
mod comparison;
mod config;
pub mod decision;
mod doctor;
mod evaluate;
mod explain;
mod export;
mod filter;
mod import;
mod merge;
mod people;
mod plan;
mod pull;
mod retain;
mod schema;
mod serve;
mod simulate;
mod sql;
mod status;
mod test;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use tenure_model::{Calendar, Instant};
use tenure_store::{Database, Store};

use crate::config::{Configuration, Environment, Flags, Settings};
use crate::folder::Folder;
use crate::model::{self, Loaded};

/// How a command ended, when it could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well: exit code 0.
    Fine,
    /// It found something wrong, as it was asked to: exit code 1.
    Faulty,
}

/// Customer success for every account, at every moment, with reasons.
#[derive(Parser, Debug)]
#[command(
    name = "tenure",
    version,
    max_term_width = 120,
    after_help = "Exit codes: 0 all is well; 1 something was found wrong (check, test); 2 it could not be done."
)]
pub struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

/// Options of all commands; each is also a key of the configuration.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// The data folder [env: TENURE_DATA] [default: tenure-data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the operational data lies: a SQLite file or postgres://USER:PASSWORD@HOST/DATABASE [env: TENURE_DATABASE] [default: tenure.db in the data folder]
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// The model's folder or file [env: TENURE_MODEL] [default: the model evaluated last, else ./model]
    #[arg(long, global = true, value_name = "DIR")]
    model: Option<PathBuf>,
    /// The configuration file [env: TENURE_CONFIG] [default: tenure.yaml in the data folder]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set any key of the configuration, such as http.request_timeout=30s; tenure config lists them
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
}

/// What all commands are given.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The data folder.
    pub data: PathBuf,
    /// Where the operational data lies; None: in the data folder.
    pub database: Option<Database>,
    /// The model that was asked for.
    pub model: Option<PathBuf>,
    /// All settings.
    pub settings: Settings,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Measure the engine beside its peer (benches/run.sh)
    #[command(hide = true)]
    BenchEngine(bench_engine::BenchEngine),
    /// Measure the live service beside a server that only parses
    #[command(hide = true)]
    BenchIngest(bench_ingest::BenchIngest),
    /// Run the live service: take events over HTTP and keep every account current
    Serve(serve::Serve),
    /// Print the configuration file with every key, check one, or show what holds and why
    Config(config::Config),
    /// Look at configuration, data folder, database and archive, and say what to do where something is wrong
    Doctor(doctor::Doctor),
    /// Copy everything as of one moment into a folder or file, also while the service runs
    Backup(backup::Backup),
    /// Fill an empty data folder and database from a backup
    Restore(backup::Restore),
    /// Remove what has been kept long enough
    Retain(retain::Retain),
    /// Check a model and report everything that is wrong with it
    Check(check::Check),
    /// Print the JSON Schema of model files, for editors
    Schema(schema::Schema),
    /// Import accounts, people, subscriptions or events from CSV, NDJSON or Parquet files
    Import(import::Import),
    /// Write everything that was imported back out
    Export(export::Export),
    /// Run all history through a model: stages, milestones, health, segments and alerts
    Evaluate(evaluate::Evaluate),
    /// List accounts as of any time, with stage, health and alerts
    Accounts(accounts::Accounts),
    /// Show everything about one account as of any time
    Account(account::Account),
    /// Say why: health, a stage, segment, milestone, alert or metric, down to the events
    Explain(explain::Explain),
    /// Run definitions over the past and hold them against what came: precision, recall, lead time, thresholds, AUC
    Backtest(Box<backtest::Backtest>),
    /// Show what applying a folder of definitions would change: definitions, accounts, alerts
    Plan(plan::Plan),
    /// Apply a folder of definitions: all accounts are told by it, then it takes over as a whole
    Apply(apply::Apply),
    /// List the models that were applied: when, by whom and why
    Revisions(apply::Revisions),
    /// Go back to a model that was applied before
    Rollback(apply::Rollback),
    /// Bring what was changed elsewhere, in the UI for example, into a folder of definitions
    Pull(pull::Pull),
    /// Run a model's scenarios
    Test(test::Test),
    /// Run SQL over events, accounts, people and everything derived from them
    Sql(sql::Sql),
    /// Set, cap or floor a score of an account by hand
    Override(decision::Override),
    /// Set the stage of an account by hand
    SetStage(decision::SetStage),
    /// Let an account off a milestone
    Waive(decision::Waive),
    /// Merge two accounts, or two people, that are the same
    Merge(merge::Merge),
    /// List people and where they belong
    People(people::People),
    /// List alerts; acknowledge, snooze or close one
    Alerts(alerts::Alerts),
    /// Simulate a company: files of accounts, people, subscriptions and events, with churn that its usage foretells
    Simulate(simulate::Simulate),
    /// Say what is in the data folder and whether it is up to date
    Status(status::Status),
}

impl Cli {
    /// Does the command end by itself when it is interrupted, finishing what it has taken?
    pub fn ends_gracefully(&self) -> bool {
        matches!(self.command, Command::Serve(_))
    }

    /// What flags, environment and file say together.
    fn configuration(&self) -> Configuration {
        let mut flags = self.options.flags();
        if let Command::Serve(serve) = &self.command {
            flags.values.extend(serve.flags());
        }
        Configuration::read(&flags, &Environment::of_process())
    }

    /// Runs the command.
    pub async fn run(self) -> Result<Outcome> {
        let configuration = self.configuration();
        let command = match self.command {
            Command::Config(c) => return c.run(configuration),
            Command::Doctor(c) => return c.run(configuration).await,
            other => other,
        };
        let shared = Shared::of(configuration.settings()?);
        match command {
            // Done above: they tell what is wrong with settings.
            Command::Config(_) | Command::Doctor(_) => Ok(Outcome::Fine),
            Command::Backup(c) => c.run(&shared).await,
            Command::Restore(c) => c.run(&shared).await,
            Command::Retain(c) => c.run(&shared).await,
            Command::BenchEngine(c) => c.run(&shared).await,
            Command::BenchIngest(c) => c.run().await,
            Command::Serve(c) => c.run(&shared).await,
            Command::Check(c) => c.run(&shared),
            Command::Schema(c) => c.run(),
            Command::Import(c) => c.run(&shared).await,
            Command::Export(c) => c.run(&shared).await,
            Command::Evaluate(c) => c.run(&shared).await,
            Command::Accounts(c) => c.run(&shared).await,
            Command::Account(c) => c.run(&shared).await,
            Command::Explain(c) => c.run(&shared).await,
            Command::Backtest(c) => c.run(&shared).await,
            Command::Plan(c) => c.run(&shared).await,
            Command::Apply(c) => c.run(&shared).await,
            Command::Revisions(c) => c.run(&shared).await,
            Command::Rollback(c) => c.run(&shared).await,
            Command::Pull(c) => c.run(&shared).await,
            Command::Test(c) => c.run(&shared),
            Command::Sql(c) => c.run(&shared).await,
            Command::Override(c) => c.run(&shared).await,
            Command::SetStage(c) => c.run(&shared).await,
            Command::Waive(c) => c.run(&shared).await,
            Command::Merge(c) => c.run(&shared).await,
            Command::People(c) => c.run(&shared).await,
            Command::Alerts(c) => c.run(&shared).await,
            Command::Simulate(c) => c.run(),
            Command::Status(c) => c.run(&shared).await,
        }
    }
}

impl Options {
    /// As flags of the configuration.
    fn flags(&self) -> Flags {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());
        let own = [("data", path(&self.data)), ("database", self.database.clone()), ("model", path(&self.model))];
        let own = own.into_iter().filter_map(|(key, value)| Some((format!("--{key}"), key.to_owned(), value?)));
        let set = self.set.iter().map(|(key, value)| ("--set".to_owned(), key.clone(), value.clone()));
        Flags { config: self.config.clone(), values: set.chain(own).collect() }
    }
}

/// `KEY=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

impl Shared {
    fn of(settings: Settings) -> Shared {
        Shared { data: settings.data.clone(), database: settings.database.clone(), model: settings.model.clone(), settings }
    }

    /// The data folder, which must exist.
    pub fn folder(&self) -> Result<Folder> {
        Folder::open(&self.data, self.database.as_ref())
    }

    /// The data folder, made where there is none.
    pub async fn folder_or_new(&self, now: Instant) -> Result<Folder> {
        Folder::create(&self.data, self.database.as_ref(), now).await
    }

    /// The model, checked: the one asked for, else the one applied last, else ./model.
    pub async fn model(&self, store: Option<&Store>) -> Result<Loaded> {
        model::find(self.model.as_deref(), store).await?.load()
    }

    /// The model, if there is one: for commands that only use it to say more. One that was asked for must load; another one that is broken is remarked on.
    pub async fn model_if_any(&self, store: &Store) -> Result<Option<Loaded>> {
        if self.model.is_some() {
            return self.model(Some(store)).await.map(Some);
        }
        let Ok(source) = model::find(None, Some(store)).await else { return Ok(None) };
        Ok(source.load().inspect_err(|error| remark!("without a model: {error:#}")).ok())
    }
}

/// The calendar that dates on the command line are of: the model's, else UTC.
pub fn calendar(model: Option<&Loaded>) -> Calendar {
    model.map_or_else(Calendar::utc, |loaded| loaded.model.calendar.clone())
}
