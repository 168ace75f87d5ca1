//! The servers that are measured: Tenure itself, and one that only parses the same bodies and drops them.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use tenure_ingest::http::{BATCH_BYTES_MAX, Endpoint, open, segment};

use super::client::Client;
use crate::clock;

/// A running server.
pub struct Server {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// The write key of its first source; empty where it was started before, or has none.
    pub key: String,
    /// The path of its setup link.
    pub setup: Option<String>,
}

impl Server {
    /// Starts `tenure serve`, with settings (`key=value`), and waits until it is ready.
    pub fn tenure(data: &Path, model: &Path, address: SocketAddr, settings: &[&str]) -> Result<Server> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", "--log", "warn", "--listen", &address.to_string(), "--data"]).arg(data).arg("--model").arg(model);
        for setting in settings {
            command.args(["--set", setting]);
        }
        // A new folder tells its write key and, last, its setup link.
        let last = if data.join("tenure.db").exists() { "  model" } else { "  set up" };
        Server::start(command, address, last)
    }

    /// Starts the server that only parses.
    pub fn parser(address: SocketAddr) -> Result<Server> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench-ingest", "--parser", &address.to_string()]);
        Server::start(command, address, "ready")
    }

    /// Starts a server and reads what it says, up to a line that begins so.
    fn start(mut command: Command, address: SocketAddr, last: &str) -> Result<Server> {
        let mut process = command.stdout(Stdio::piped()).spawn().context("cannot start the server")?;
        let out = process.stdout.take().context("the server has no output")?;
        let mut server = Server { process, address, key: String::new(), setup: None };
        let mut lines = BufReader::new(out).lines();
        while let Some(line) = lines.next().transpose()? {
            if let Some(key) = line.split_whitespace().find(|word| word.starts_with("wk_")) {
                server.key = key.to_owned();
            }
            if let Some((_, path)) = line.split_once("/setup") {
                server.setup = Some(format!("/setup{path}"));
            }
            if line.starts_with(last) {
                // It may say more; nobody listens, and its pipe must not fill.
                std::thread::spawn(move || lines.for_each(drop));
                while Client::connect(address, "")?.call("GET", "/readyz", &[])?.status >= 500 {
                    std::thread::yield_now();
                }
                return Ok(server);
            }
        }
        bail!("the server ended: {}", server.process.wait()?)
    }

    /// Resident memory, in megabytes.
    pub fn megabytes(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
        kilobytes.unwrap_or(f64::NAN) / 1024.0
    }

    /// A number of its `/metrics`.
    pub fn metric(&self, name: &str) -> Result<f64> {
        let answer = Client::connect(self.address, "")?.call("GET", "/metrics", &[])?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.parse().ok()).with_context(|| format!("there is no metric {name}"))
    }

    /// Ends it as an operator would, and waits.
    pub fn stop(mut self) -> Result<()> {
        let ended = Command::new("kill").arg(self.process.id().to_string()).status()?;
        if !ended.success() || !self.process.wait()?.success() {
            bail!("the server did not end well");
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves what the peer is: every body parsed as Tenure does, and dropped.
pub async fn parse_only(address: SocketAddr) -> Result<()> {
    async fn take(body: Bytes) -> StatusCode {
        let taken =
            open(&body, BATCH_BYTES_MAX).and_then(|text| segment(Endpoint::Batch, &text, clock::now()).map(|intake| intake.events.len()));
        if taken.is_ok() { StatusCode::OK } else { StatusCode::BAD_REQUEST }
    }
    let listener = tokio::net::TcpListener::bind(address).await?;
    crate::render::text("ready\n")?;
    let router = Router::new().route("/v1/batch", post(take)).route("/readyz", axum::routing::get(|| async { "ready\n" }));
    tenure_api::serve(listener, router, tenure_api::Limits::default(), std::future::pending()).await;
    Ok(())
}
