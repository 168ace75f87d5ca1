//! `tenure bench-engine`: measures the engine on simulated data and puts its times beside the peer's. Run by benches/run.sh.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde_json::{Value as Json, json};
use tenure_engine::{Account, Change, Engine, Inputs, LiveTable, Mode, Nothing, Outcome as Told, Sink, What};
use tenure_model::{Day, Instant, Value};

use super::{Outcome, Shared};
use crate::clock::Stopwatch;
use crate::world::{Opened, threads};
use crate::{render, when};
use tenure_replay::World;
use tenure_replay::replay::{Visitor, replay};
use tenure_tables::evaluated::derived::Derived;

/// Options of `tenure bench-engine`.
#[derive(clap::Args, Debug)]
pub struct BenchEngine {
    /// Folder of accounts.csv and events.parquet
    #[arg(long)]
    files: PathBuf,
    /// The same events as NDJSON
    #[arg(long)]
    ndjson: PathBuf,
    /// The day of `asof`
    #[arg(long)]
    day: String,
    /// First day of `year`
    #[arg(long)]
    first: String,
    /// Last day of `year`
    #[arg(long)]
    last: String,
    /// Folder of the peer's <name>.duckdb.json, and of our results
    #[arg(long)]
    peer: PathBuf,
    /// Folder for tables that can be compared with the peer's
    #[arg(long)]
    compare: PathBuf,
    /// Run one measurement in this process and print its seconds: imports, asof, year, year_exact, live_100k; with `_tables` write the tables instead
    #[arg(long, hide = true)]
    phase: Option<String>,
}

impl BenchEngine {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        match self.phase.as_deref() {
            Some("imports") => return self.imports(shared).map(|()| Outcome::Fine),
            Some(phase) => {
                let report = self.phase(phase, shared).await?;
                render::text(&format!("{report}\n"))?;
                return Ok(Outcome::Fine);
            }
            None => {}
        }
        for phase in ["year_exact", "live_100k", "asof_tables", "year_tables"] {
            let model = shared.model.as_deref().unwrap_or(Path::new("benches/model.yaml"));
            let mut arguments = vec!["--data".to_owned(), text(&shared.data), "--model".to_owned(), text(model), "bench-engine".to_owned()];
            for (name, value) in [
                ("files", text(&self.files)),
                ("ndjson", text(&self.ndjson)),
                ("day", self.day.clone()),
                ("first", self.first.clone()),
                ("last", self.last.clone()),
                ("peer", text(&self.peer)),
                ("compare", text(&self.compare)),
                ("phase", phase.to_owned()),
            ] {
                arguments.extend([format!("--{name}"), value]);
            }
            let report: Json = serde_json::from_str(&own(&arguments.iter().map(String::as_str).collect::<Vec<_>>())?)?;
            say!("{phase}: {report}");
            if phase.ends_with("_tables") {
                continue;
            }
            if phase == "live_100k" {
                self.write(
                    phase,
                    report["seconds"].as_f64().unwrap_or(0.0),
                    report["floor_seconds"].as_f64().unwrap_or(0.0),
                    "s per 100,000 accounts",
                    "DataFusion, conditions only",
                )?;
            } else {
                self.beside(phase, report["seconds"].as_f64().unwrap_or(0.0), "s")?;
            }
        }
        Ok(Outcome::Fine)
    }

    /// Measures the imports, into folders of their own; what else is measured reads the second of them.
    fn imports(&self, shared: &Shared) -> Result<()> {
        let ndjson = self.compare.join("workspace-ndjson");
        for folder in [&shared.data, &ndjson] {
            if folder.exists() {
                std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
            }
            own(&["--data", &text(folder), "import", "accounts", &text(&self.files.join("accounts.csv"))])?;
        }
        let import = |name: &str, folder: &Path, file: &Path| -> Result<()> {
            let watch = Stopwatch::start();
            own(&["--data", &text(folder), "import", "events", &text(file)])?;
            self.beside(name, watch.seconds(), "s")
        };
        import("import_ndjson", &ndjson, &self.ndjson)?;
        import("import_parquet", &shared.data, &self.files.join("events.parquet"))?;
        std::fs::remove_dir_all(&ndjson).ok();
        Ok(())
    }

    /// Writes our time beside the peer's of that name; the exact year is compared with the peer's daily one.
    fn beside(&self, name: &str, ours: f64, unit: &str) -> Result<()> {
        let theirs = self.peer.join(format!("{}.duckdb.json", name.trim_end_matches("_exact")));
        let theirs: Json =
            serde_json::from_str(&std::fs::read_to_string(&theirs).with_context(|| format!("cannot read {}", theirs.display()))?)?;
        let seconds = theirs["seconds"].as_f64().unwrap_or(0.0);
        self.write(name, ours, seconds, unit, theirs["peer_name"].as_str().unwrap_or("DuckDB"))
    }

    fn write(&self, name: &str, ours: f64, peer: f64, unit: &str, peer_name: &str) -> Result<()> {
        let row = json!([{ "name": name, "ours": ours, "peer": peer, "ratio": ours / peer, "unit": unit, "peer_name": peer_name }]);
        say!("{name}: ours {ours:.3}, {peer_name} {peer:.3} {unit}: {:.3}×", ours / peer);
        std::fs::write(self.peer.join(format!("{name}.json")), format!("{row}\n"))?;
        Ok(())
    }

    async fn phase(&self, phase: &str, shared: &Shared) -> Result<Json> {
        let watch = Stopwatch::start();
        let opened = Opened::open(shared).await?;
        let calendar = &opened.loaded.model.calendar;
        let day = when::as_of(&self.day, calendar)?;
        let last = when::as_of(&self.last, calendar)?;
        let (phase, tables) = phase.strip_suffix("_tables").map_or((phase, false), |name| (name, true));
        let world = opened.world()?;
        let engine = world.engine.clone();
        let (to, mode) = match phase {
            "asof" => (day, Mode::Once),
            "year" => (last, Mode::Daily { from: calendar.day(when::as_of(&self.first, calendar)?) }),
            "year_exact" => (last, Mode::Exact),
            "live_100k" => return live(&world, last),
            other => bail!("there is no phase {other}"),
        };
        let loaded = watch.seconds();
        if tables {
            let folder = self.compare.join(phase);
            std::fs::remove_dir_all(&folder).ok();
            let parts = tokio::task::block_in_place(|| {
                replay(&world, to, mode, threads(), |i| Ok(Derived::create(&folder, i, engine.clone())?), &|_, _| {})
            })?;
            for part in parts {
                part.finish()?;
            }
            return Ok(json!({ "written": folder }));
        }
        let tallies = tokio::task::block_in_place(|| replay(&world, to, mode, threads(), |_| Ok(Tally::default()), &|_, _| {}))?;
        let seconds = watch.seconds();
        let tally = tallies.into_iter().fold(Tally::default(), Tally::add);
        Ok(json!({
            "seconds": seconds, "store_seconds": loaded, "accounts": tally.accounts, "days": tally.days, "outcomes": tally.outcomes, "health_sum": tally.health,
            "peak_mb": peak_mb(),
        }))
    }
}

/// Counts what comes forth, so that nothing can be left out.
#[derive(Default)]
struct Tally {
    accounts: u64,
    days: u64,
    outcomes: u64,
    health: f64,
}

impl Tally {
    fn add(self, other: Tally) -> Tally {
        Tally {
            accounts: self.accounts + other.accounts,
            days: self.days + other.days,
            outcomes: self.outcomes + other.outcomes,
            health: self.health + other.health,
        }
    }
}

impl Sink for Tally {
    fn outcome(&mut self, _: &Account, _: Told) {
        self.outcomes += 1;
    }

    fn day(&mut self, account: &Account, _: Day) {
        self.days += 1;
        self.health += account.row().get(19).and_then(Value::as_number).unwrap_or(0.0);
    }
}

impl Visitor for Tally {
    fn account(&mut self, _: Account, _: &Inputs<'_>) -> tenure_replay::Result<()> {
        self.accounts += 1;
        Ok(())
    }
}

/// Keeps all accounts: the live state.
#[derive(Default)]
struct Live(Vec<Account>);

impl Sink for Live {
    fn outcome(&mut self, account: &Account, outcome: Told) {
        Nothing.outcome(account, outcome);
    }

    fn wants_detail(&self) -> bool {
        false
    }
}

impl Visitor for Live {
    fn account(&mut self, account: Account, _: &Inputs<'_>) -> tenure_replay::Result<()> {
        self.0.push(account);
        Ok(())
    }
}

/// Every definition of every account again, at an instant at which nothing comes in: in columns over the live table (`seconds`), which gives the
/// accounts that have to be advanced, and by advancing each of them thoroughly, metrics from their signals too (`thorough_seconds`). Then the
/// same where nothing is due.
fn live(world: &World, at: Instant) -> Result<Json> {
    let engine = &world.engine;
    let parts = tokio::task::block_in_place(|| replay(world, at, Mode::Exact, threads(), |_| Ok(Live::default()), &|_, _| {}))?;
    let mut parts: Vec<Vec<Account>> = parts.into_iter().map(|p| p.0).collect();
    let accounts: usize = parts.iter().map(Vec::len).sum();
    let bytes: usize = parts.iter().flatten().map(Account::bytes).sum();
    // Away from midnight, at which every account is due.
    let at = at.plus(3_600_000_000);
    everyone(engine, &mut parts, &Inputs::default(), at, Mode::Exact);
    let watch = Stopwatch::start();
    let tables: Vec<LiveTable> = parts.iter().map(|part| table(engine, part)).collect();
    let (fill, table_bytes) = (watch.seconds(), tables.iter().map(LiveTable::bytes).sum::<usize>());
    let mut columns = f64::MAX;
    let mut named = 0;
    for i in 1..=20 {
        let now = at.plus(i * 1_000);
        let watch = Stopwatch::start();
        named = stale(engine, &tables, now);
        columns = columns.min(watch.seconds());
    }
    drop(tables);
    let snapshot = snapshot(engine, &parts)?;
    let mut best = f64::MAX;
    let mut idle = f64::MAX;
    let mut now = at;
    for _ in 0..5 {
        now = now.plus(1_000_000);
        let tick = [Change { at: now, what: What::Trait(u32::MAX, Value::Null) }];
        let watch = Stopwatch::start();
        everyone(engine, &mut parts, &Inputs { changes: &tick, ..Inputs::default() }, now, Mode::Thorough);
        best = best.min(watch.seconds());
        now = now.plus(1_000_000);
        let watch = Stopwatch::start();
        everyone(engine, &mut parts, &Inputs::default(), now, Mode::Exact);
        idle = idle.min(watch.seconds());
    }
    let scale = 100_000.0 / accounts as f64;
    let floor = floor(world, &parts)?;
    Ok(json!({
        "seconds": columns * scale, "thorough_seconds": best * scale, "idle_seconds": idle * scale, "floor_seconds": floor * scale,
        "accounts": accounts, "stale": named, "bytes_per_account": bytes / accounts.max(1), "fill_seconds": fill * scale,
        "table_bytes_per_account": table_bytes / accounts.max(1), "snapshot": snapshot, "peak_mb": peak_mb(),
    }))
}

fn table(engine: &Engine, accounts: &[Account]) -> LiveTable {
    let mut table = engine.live_table();
    accounts.iter().enumerate().for_each(|(row, account)| table.set(row, account));
    table
}

/// All accounts to bytes and back, on one thread.
fn snapshot(engine: &Engine, parts: &[Vec<Account>]) -> Result<Json> {
    let state: usize = parts.iter().flatten().map(Account::bytes).sum();
    let mut bytes = Vec::new();
    let watch = Stopwatch::start();
    engine.save_header(&mut bytes);
    parts.iter().flatten().for_each(|account| engine.save(account, &mut bytes));
    let save = watch.seconds();
    let watch = Stopwatch::start();
    let mut rest = bytes.as_slice();
    engine.restore_header(&mut rest)?;
    let mut restored = Vec::new();
    while !rest.is_empty() {
        restored.push(engine.restore(&mut rest)?);
    }
    let restore = watch.seconds();
    let mb = |bytes: usize| bytes as f64 / 1e6;
    Ok(json!({
        "accounts": restored.len(), "state_mb": mb(state), "mb": mb(bytes.len()), "save_seconds": save, "restore_seconds": restore,
        "save_state_mb_per_second": mb(state) / save, "restore_state_mb_per_second": mb(state) / restore,
    }))
}

/// How many accounts have to be advanced: each thread asks its part.
fn stale(engine: &Engine, tables: &[LiveTable], now: Instant) -> usize {
    std::thread::scope(|scope| {
        let asked: Vec<_> = tables.iter().map(|table| scope.spawn(move || engine.stale(table, now).len())).collect();
        asked.into_iter().filter_map(|thread| thread.join().ok()).sum()
    })
}

fn everyone(engine: &Engine, parts: &mut [Vec<Account>], inputs: &Inputs<'_>, to: Instant, mode: Mode) {
    std::thread::scope(|scope| {
        for part in parts {
            scope.spawn(move || {
                for account in part {
                    // Inputs lie after what has been advanced over: they cannot be late.
                    let _ = engine.advance(account, inputs, to, mode, &mut Nothing);
                }
            });
        }
    });
}

/// DataFusion evaluating the model's conditions over the same rows, as one projection on each core.
fn floor(world: &World, parts: &[Vec<Account>]) -> Result<f64> {
    use datafusion::arrow::array::{ArrayRef, BooleanArray, Float64Array, StringArray, TimestampMicrosecondArray};
    use datafusion::arrow::record_batch::RecordBatch;
    use datafusion::prelude::SessionContext;
    let model = world.engine.model();
    let batch = |accounts: &[Account]| -> Result<RecordBatch> {
        let columns: Vec<(&str, ArrayRef)> = model
            .account
            .iter()
            .enumerate()
            .map(|(i, c)| {
                let values = accounts.iter().map(|a| &a.row()[i]);
                let array: ArrayRef = match c.kind {
                    tenure_model::Kind::Number => Arc::new(values.map(Value::as_number).collect::<Float64Array>()),
                    tenure_model::Kind::Bool => Arc::new(values.map(Value::as_bool).collect::<BooleanArray>()),
                    tenure_model::Kind::Time => {
                        Arc::new(values.map(|v| v.as_instant(&model.calendar).map(|t| t.0)).collect::<TimestampMicrosecondArray>())
                    }
                    _ => Arc::new(values.map(Value::as_text).collect::<StringArray>()),
                };
                (c.name.as_str(), array)
            })
            .collect();
        Ok(RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))?)
    };
    let mut conditions: BTreeMap<String, String> = BTreeMap::new();
    let programs = model
        .segments
        .iter()
        .map(|s| &s.when)
        .chain(model.stages.iter().filter_map(|s| s.when.as_ref()))
        .chain(model.alerts.iter().filter_map(|a| a.when.as_ref()));
    for (i, program) in programs.enumerate() {
        conditions.insert(format!("c{i}"), program.sql().to_owned());
    }
    for metric in &model.metrics {
        if let tenure_model::definition::MetricDef::Sql(program) = &metric.def {
            conditions.insert(metric.name.clone(), program.sql().to_owned());
        }
    }
    let list = conditions.iter().map(|(name, sql)| format!("({sql}) AS {name}")).collect::<Vec<_>>().join(", ");
    let batches = parts.iter().map(|p| batch(p)).collect::<Result<Vec<_>>>()?;
    let mut best = f64::MAX;
    tokio::task::block_in_place(|| {
        tokio::runtime::Handle::current().block_on(async {
            let context = SessionContext::new();
            let schema = batches.first().context("there are no accounts")?.schema();
            let table = datafusion::datasource::MemTable::try_new(schema, batches.into_iter().map(|b| vec![b]).collect())?;
            context.register_table("accounts", Arc::new(table))?;
            for _ in 0..5 {
                let plan = context.sql(&format!("SELECT {list} FROM accounts")).await?.create_physical_plan().await?;
                let watch = Stopwatch::start();
                datafusion::physical_plan::collect(plan, context.task_ctx()).await?;
                best = best.min(watch.seconds());
            }
            anyhow::Ok(())
        })
    })?;
    Ok(best)
}

fn own(arguments: &[&str]) -> Result<String> {
    let output = Command::new(std::env::current_exe()?).args(arguments).output()?;
    if !output.status.success() {
        bail!("tenure {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// The most memory this process had, in megabytes.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}
