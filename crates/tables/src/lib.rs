//! A workspace as tables: what an evaluation writes, and everything as SQL, read-only, each made only when a query names it.
//!
//! | table | from |
//! |---|---|
//! | `events`, `quarantine` | the archive's Parquet files, and the journal's rows that are not in them yet |
//! | `accounts`, `people`, `subscriptions`, `memberships`, `versions`, `merges`, `decisions`, `imports`, `ledger` | the store |
//! | `metrics`, `health`, `stages`, `segments`, `milestones`, `alerts`, … | the Parquet files of the last evaluation, by their names |

mod columns;
mod entities;
mod error;
pub mod evaluated;
mod events;
mod grid;
mod records;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{DataFrame, SQLOptions, SessionConfig, SessionContext};
use tenure_model::Model;
use tenure_model::diagnostic::nearest;
use tenure_store::Store;

use crate::error::{Doing, asked};
use crate::evaluated::derived;
use crate::events::{Events, listing};

pub use columns::batch;
pub use error::Error;
pub use grid::{Grid, collect};
pub use records::action_json;

/// What questions to tables return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Bytes a query may hold in memory; sorts and groups beyond go to disk.
const MEMORY_MAX: usize = 1 << 30;

/// Tables that the store gives.
const STORED: &[&str] = &["accounts", "people", "subscriptions", "memberships", "versions", "merges", "decisions", "imports", "ledger"];

/// Tables that the archive gives.
const ARCHIVED: &[&str] = &["events", "quarantine"];

/// The tables of a data folder.
pub struct Tables {
    data: PathBuf,
    store: Store,
    /// Parquet files of an evaluation, by table.
    files: BTreeMap<String, Vec<PathBuf>>,
    model: Option<Arc<Model>>,
}

/// A query that can be run.
pub struct Query {
    /// Its plan.
    pub frame: DataFrame,
    /// Tables in it that are empty because nothing was evaluated yet.
    pub unevaluated: Vec<String>,
}

impl Tables {
    /// The tables of a data folder. The model, if given, says which types traits have.
    pub async fn open(data: &Path, store: &Store, model: Option<Arc<Model>>) -> Result<Tables> {
        let mut files = BTreeMap::new();
        if let Some(evaluated) = store.last_evaluated().await? {
            files.extend(evaluated_tables(&evaluated::folder(data, &evaluated.revision))?);
        }
        files.retain(|_, files| !files.is_empty());
        Ok(Tables { data: data.to_owned(), store: store.clone(), files, model })
    }

    /// Names of all tables.
    pub fn names(&self) -> Vec<&str> {
        let always = STORED.iter().chain(ARCHIVED).chain(derived::TABLES).copied();
        let mut names: Vec<&str> = always.chain(self.files.keys().map(String::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Plans a query. Only reading is allowed.
    ///
    /// # Errors
    /// Where the query names a table that is not there, is not SQL, or would change something.
    pub async fn query(&self, sql: &str) -> Result<Query> {
        if !reads(sql) {
            return Err(asked("only reading is allowed", "begin with SELECT, WITH, DESCRIBE, SHOW or EXPLAIN"));
        }
        let runtime = RuntimeEnvBuilder::new().with_memory_limit(MEMORY_MAX, 1.0).build_arc()?;
        let mut config = SessionConfig::new().with_information_schema(true).with_target_partitions(2);
        config.options_mut().execution.parquet.pushdown_filters = true;
        let context = SessionContext::new_with_config_rt(config, runtime);
        let dialect = context.state().config().options().sql_parser.dialect;
        let statement = context.state().sql_to_statement(sql, &dialect).map_err(plain)?;
        let mut unevaluated = Vec::new();
        let mut events = None;
        for reference in context.state().resolve_table_references(&statement).map_err(plain)? {
            if reference.schema().is_none_or(|schema| schema == "public") {
                if derived::TABLES.contains(&reference.table()) && !self.files.contains_key(reference.table()) {
                    unevaluated.push(reference.table().to_owned());
                }
                if !ARCHIVED.contains(&reference.table()) {
                    self.register(&context, reference.table()).await?;
                    continue;
                }
                let events = match &mut events {
                    Some(events) => events,
                    none => none.insert(Events::read(&self.data, &self.store).await?),
                };
                events.register(&context, reference.table()).await?;
            }
        }
        let read_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        let frame = context.sql_with_options(sql, read_only).await.map_err(plain)?;
        Ok(Query { frame, unevaluated })
    }

    async fn register(&self, context: &SessionContext, name: &str) -> Result<()> {
        if let Some(paths) = self.files.get(name) {
            context.register_table(name, listing(context, name, paths).await?)?;
            return Ok(());
        }
        let Some(batch) = self.stored(name).await? else {
            let names = self.names();
            let near = nearest(name, names.iter().copied());
            let help = near.map_or_else(|| format!("there are: {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
            return Err(asked(format!("there is no table `{name}`"), help));
        };
        context.register_table(name, Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))?;
        Ok(())
    }

    /// A table of an evaluation before there is one; None where there is no such table.
    fn unevaluated(&self, name: &str) -> Option<RecordBatch> {
        let model = self.model.clone().or_else(|| tenure_model::check(&[]).map(Arc::new).ok())?;
        let columns = derived::columns(name, &model)?;
        Some(RecordBatch::new_empty(evaluated::schema(&columns)))
    }

    async fn stored(&self, name: &str) -> Result<Option<RecordBatch>> {
        let model = self.model.as_deref();
        Ok(Some(match name {
            "accounts" => entities::accounts(&self.store, model).await?,
            "people" => entities::people(&self.store, model).await?,
            "subscriptions" => entities::subscriptions(&self.store, model).await?,
            "memberships" => records::memberships(&self.store).await?,
            "versions" => records::versions(&self.store).await?,
            "decisions" => records::decisions(&self.store).await?,
            "imports" => records::imports(&self.store).await?,
            "ledger" => records::ledger(&self.store).await?,
            "merges" => records::merges(&self.store).await?,
            _ => return Ok(self.unevaluated(name)),
        }))
    }
}

/// Tables of an evaluation: `health.parquet`, `health-00.parquet` or a folder `health/` of files are the table `health`.
fn evaluated_tables(folder: &Path) -> Result<BTreeMap<String, Vec<PathBuf>>> {
    let mut tables: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(tables);
    }
    for path in listed(folder)? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = name.split(['-', '.']).next().unwrap_or_default().to_owned();
        let files = if path.is_dir() { listed(&path)? } else { vec![path] };
        tables.entry(name).or_default().extend(files.into_iter().filter(|f| f.extension().is_some_and(|e| e == "parquet")));
    }
    Ok(tables)
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).doing(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|e| Ok(e?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Is it anything but a statement that would write? What is no SQL at all is left to the parser, which says where.
fn reads(sql: &str) -> bool {
    const WRITES: &[&str] = &["CREATE", "INSERT", "UPDATE", "DELETE", "DROP", "COPY", "ALTER", "TRUNCATE", "MERGE", "SET"];
    let word: String = sql.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    !WRITES.contains(&word.to_ascii_uppercase().as_str())
}

/// DataFusion's message in one line, without its own classification in front.
fn plain(error: datafusion::error::DataFusionError) -> Error {
    let message = error.strip_backtrace();
    let message = message.lines().next().unwrap_or_default().replace("ParserError(\"", "").replace("\")", "");
    let message = ["SQL error: ", "Error during planning: ", "Schema error: "]
        .iter()
        .fold(message.as_str(), |m, prefix| m.strip_prefix(prefix).unwrap_or(m));
    asked(message.to_owned(), "it is DataFusion's SQL: docs/reference/cli.md lists the tables; DESCRIBE <table> their columns")
}
