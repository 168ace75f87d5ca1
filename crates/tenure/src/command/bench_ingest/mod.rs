//! `tenure bench-ingest`: measures the live service beside a server that only parses. Run by `make bench-ingest`; benches/README.md says what is compared.

mod client;
mod load;
mod server;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use anyhow::{Context, Result, bail};
use serde_json::{Value as Json, json};

use super::Outcome;
use crate::clock::Stopwatch;
use crate::render;
use client::Client;
use server::Server;

/// Options of `tenure bench-ingest`.
#[derive(clap::Args, Debug)]
pub struct BenchIngest {
    /// Where the results go
    #[arg(long, value_name = "FILE", default_value = "target/bench/ingest.json")]
    out: PathBuf,
    /// Folder for data
    #[arg(long, value_name = "DIR", default_value = "target/bench/ingest")]
    data: PathBuf,
    /// How long each load lasts, in seconds
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// Accounts in the first part
    #[arg(long, default_value_t = 20_000)]
    accounts: u64,
    /// Accounts in the second part, of which only memory and restart are measured
    #[arg(long, default_value_t = 200_000)]
    many: u64,
    /// Accounts in the third part, with a memory limit; 0: none
    #[arg(long, default_value_t = 1_000_000)]
    most: u64,
    /// Only serve as the peer, at this address
    #[arg(long, value_name = "ADDRESS", hide = true)]
    parser: Option<SocketAddr>,
}

/// Where the servers listen.
const TENURE: &str = "127.0.0.1:17921";
const PARSER: &str = "127.0.0.1:17922";
/// The settings of the third part.
const LIMITED: &[&str] = &["memory.limit=4 GB"];

impl BenchIngest {
    /// Runs it.
    pub async fn run(self) -> Result<Outcome> {
        if let Some(address) = self.parser {
            server::parse_only(address).await?;
            return Ok(Outcome::Fine);
        }
        tokio::task::block_in_place(|| self.measure())?;
        Ok(Outcome::Fine)
    }

    fn measure(&self) -> Result<()> {
        if self.data.exists() {
            std::fs::remove_dir_all(&self.data).with_context(|| format!("cannot empty {}", self.data.display()))?;
        }
        std::fs::create_dir_all(&self.data)?;
        let model = self.data.join("model.yaml");
        std::fs::write(&model, rules())?;
        let (numbers, folder) = (AtomicU64::new(0), self.data.join("few"));
        let mut results = Results::default();

        let parser = Server::parser(PARSER.parse()?)?;
        let parsed = load::send(parser.address, "", self.accounts, self.seconds, None, &numbers)?;
        drop(parser);
        results.says(&format!("parsing only: {parsed:.0} events a second"))?;

        let server = Server::tenure(&folder, &model, TENURE.parse()?, &[])?;
        let source = source(&server.key);
        populate(&server, &source, self.accounts)?;
        results.memory("memory_mb_20k", &server, self.accounts)?;
        let taken = load::send(server.address, &source, self.accounts, self.seconds, None, &numbers)?;
        let lag = settled(&server)?;
        results.says(&format!("the engine was {lag:.2} s behind at the end of the load"))?;
        results.row("ingest", taken, Some(parsed), "events/s", "axum, parsing only")?;
        results.row("ingest_lag", lag, None, "s", "")?;
        let session = sign_in(&server)?;
        for percent in [10, 50, 90] {
            let rate = taken * f64::from(percent) / 100.0;
            let took = std::thread::scope(|scope| {
                let loaded = scope.spawn(|| load::send(server.address, &source, self.accounts, self.seconds, Some(rate), &numbers));
                let took = load::probe(server.address, &source, &session, u64::from(percent as u32), self.seconds - 2.0);
                loaded.join().unwrap_or_else(|_| bail!("a sender panicked")).and(took)
            })?;
            let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
            results.says(&format!(
                "{percent} % of that: event to alert in {:.1} ms (p50), {:.1} ms (p99) of {}",
                at(0.5),
                at(0.99),
                took.len()
            ))?;
            results.row(&format!("latency_p50_ms_{percent}"), at(0.5), None, "ms", "")?;
            results.row(&format!("latency_p99_ms_{percent}"), at(0.99), None, "ms", "")?;
            settled(&server)?;
        }
        results.row("memory_mb_20k_loaded", server.megabytes(), None, "MB", "")?;
        server.stop()?;
        results.row("restart_s_20k", restart(&folder, &model, &[])?, None, "s", "")?;

        let folder = self.data.join("many");
        let server = Server::tenure(&folder, &model, TENURE.parse()?, &[])?;
        let key = self::source(&server.key);
        populate(&server, &key, self.many)?;
        results.memory("memory_mb_200k", &server, self.many)?;
        server.stop()?;
        results.row("restart_s", restart(&folder, &model, &[])?, None, "s", "")?;
        if self.most > 0 {
            self.limited(&model, &mut results)?;
        }
        results.write(&self.out)
    }

    /// More accounts than there is memory for.
    fn limited(&self, model: &Path, results: &mut Results) -> Result<()> {
        let folder = self.data.join("most");
        let server = Server::tenure(&folder, model, TENURE.parse()?, LIMITED)?;
        let key = self::source(&server.key);
        let watch = Stopwatch::start();
        populate(&server, &key, self.most)?;
        results.says(&format!("{} accounts were made known in {:.0} s", self.most, watch.seconds()))?;
        results.memory("memory_mb_1m_limited", &server, self.most)?;
        results.says(&format!("{} of them are packed away", server.metric("tenure_accounts_packed")?))?;
        let taken = load::send(server.address, &key, self.most, self.seconds, None, &AtomicU64::new(0))?;
        let lag = settled(&server)?;
        results.row("ingest_1m_limited", taken, None, "events/s", "")?;
        results.row("ingest_lag_1m_limited", lag, None, "s", "")?;
        results.memory("memory_mb_1m_limited_loaded", &server, self.most)?;
        server.stop()?;
        results.row("restart_s_1m_limited", restart(&folder, model, LIMITED)?, None, "s", "")
    }
}

/// A model with 100 rules.
fn rules() -> String {
    let names = ["page_viewed", "login", "report_created", "dashboard_viewed", "comment_added"];
    let mut text = "traits: { name: text, tier: number, owner: text }\nmetrics:\n".to_owned();
    for name in names {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name}_7d: {{ count: {name}, window: 7d }}\n  {name}_prior: {{ count: {name}, window: 7d, offset: 7d }}");
        let _ = writeln!(text, "  {name}_people: {{ people: {name}, window: 28d }}\n  since_{name}: {{ since: {name} }}");
    }
    text += "  help_clicks: { count: help_clicked, window: 1d }\n";
    text += "segments: { enterprise: { when: \"tier = 1\" }, small: { when: \"tier >= 3\" } }\n";
    text += "lifecycle: { stages: { onboarding: { first: true }, adoption: { when: \"login_7d >= 3 AND report_created_7d >= 1\" } } }\n";
    text += "scorecards:\n  base:\n    bands: { green: 70, yellow: 40 }\n    groups:\n      use:\n        weight: 1\n        measures:\n";
    for name in names {
        let _ = writeln!(text, "          {name}: {{ metric: {name}_7d, points: {{ 0: 0, 20: 100 }} }}");
    }
    text += "alerts:\n  help: { when: \"help_clicks > 0\", severity: high }\n";
    for n in 0..99 {
        let name = names[n % names.len()];
        let rule = match n % 3 {
            0 => format!("{name}_7d < 0.5 * {name}_prior AND {name}_prior >= {}", 500 + n),
            1 => format!("since_{name} > {} AND tier = 1", 30 + n),
            _ => format!("{name}_people >= {} AND health < 10", 100 + n),
        };
        let _ = writeln!(text, "  rule_{n}: {{ when: \"{rule}\" }}");
    }
    text
}

fn source(key: &str) -> String {
    format!("authorization: Bearer {key}\r\n")
}

/// Makes accounts known, as a warehouse would.
fn populate(server: &Server, source: &str, accounts: u64) -> Result<()> {
    let mut client = Client::connect(server.address, source)?;
    for first in (0..accounts).step_by(1_000) {
        let rows = (first..(first + 1_000).min(accounts)).map(|n| {
            json!({ "id": format!("a{n}"), "name": format!("Account {n}"), "tier": n % 3 + 1, "owner": format!("csm{}", n % 20), "started_at": "2026-01-01" })
        });
        loop {
            let answer =
                client.call("PUT", "/v1/entities/accounts", Json::from(rows.clone().collect::<Vec<_>>()).to_string().as_bytes())?;
            match answer.status {
                200 => break,
                429 => std::thread::park_timeout(std::time::Duration::from_millis(50)),
                status => bail!("{status}: {}", String::from_utf8_lossy(&answer.body)),
            }
        }
    }
    settled(server)?;
    Ok(())
}

/// Seconds until the engine has caught up.
fn settled(server: &Server) -> Result<f64> {
    let watch = Stopwatch::start();
    while server.metric("tenure_journal_backlog_items")? > 0.0 {
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    Ok(watch.seconds())
}

/// The headers of an admin's session.
fn sign_in(server: &Server) -> Result<String> {
    let token = server.setup.as_deref().and_then(|path| path.split('#').nth(1)).context("the server told no setup link")?;
    let said = json!({ "token": token.trim(), "email": "bench@example.com", "name": "Bench", "password": "as fast as it can" });
    let answer = Client::connect(server.address, "")?.call("POST", "/api/v1/setup", said.to_string().as_bytes())?;
    let cookie = answer.cookie.with_context(|| format!("signing in: {} {}", answer.status, String::from_utf8_lossy(&answer.body)))?;
    Ok(format!("cookie: {cookie}\r\n"))
}

/// Seconds from starting to being ready.
fn restart(folder: &Path, model: &Path, settings: &[&str]) -> Result<f64> {
    let watch = Stopwatch::start();
    let server = Server::tenure(folder, model, TENURE.parse()?, settings)?;
    let seconds = watch.seconds();
    server.stop()?;
    Ok(seconds)
}

/// What was measured, told as it comes.
#[derive(Default)]
struct Results(Vec<Json>);

impl Results {
    fn says(&self, line: &str) -> Result<()> {
        render::text(&format!("{line}\n"))?;
        Ok(())
    }

    fn row(&mut self, name: &str, ours: f64, peer: Option<f64>, unit: &str, peer_name: &str) -> Result<()> {
        let ratio = peer.map(|peer| ours / peer);
        self.says(&format!("{name}: {ours:.2} {unit}{}", ratio.map_or_else(String::new, |r| format!(" ({r:.2} of {peer_name})"))))?;
        self.0.push(json!({ "name": name, "ours": ours, "peer": peer, "ratio": ratio, "unit": unit, "peer_name": peer_name }));
        Ok(())
    }

    fn memory(&mut self, name: &str, server: &Server, accounts: u64) -> Result<()> {
        let megabytes = server.megabytes();
        self.row(name, megabytes, None, "MB", "")?;
        self.says(&format!("{:.0} bytes an account", megabytes * 1024.0 * 1024.0 / accounts as f64))
    }

    fn write(self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, serde_json::to_string_pretty(&self.0)? + "\n").with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    }
}
