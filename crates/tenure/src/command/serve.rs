//! `tenure serve`: the live service. Everything is brought up to date first, then calls are taken.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use tenure_api::App;
use tenure_engine::Engine;
use tenure_service::{Parts, Service};
use tenure_store::{AppliedModel, Hash, Source, SourceId, Store};

use super::{Outcome, Shared};
use crate::failure::failure;
use crate::model::{self, Loaded, short};
use crate::{clock, random, render};

/// Options of `tenure serve`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Ends with SIGTERM or Ctrl-C: what was taken is finished first. docs/guide/serve.md tells how to run it.")]
pub struct Serve {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", env = "TENURE_LISTEN", default_value = "127.0.0.1:7171")]
    listen: SocketAddr,
    /// What to log to standard error: error, warn, info, debug, or by module as in tenure_service=debug
    #[arg(long, value_name = "FILTER", env = "TENURE_LOG", default_value = "info")]
    log: String,
    /// Log as JSON, one object a line
    #[arg(long, env = "TENURE_LOG_JSON")]
    log_json: bool,
}

impl Serve {
    /// Runs it until it is told to stop.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        self.log()?;
        let folder = shared.folder_or_new(clock::now()).await?;
        let _lock = folder.lock()?;
        let store = folder.store().await?;
        let loaded = model(shared, &store).await?;
        let listener = tokio::net::TcpListener::bind(self.listen).await.map_err(|error| {
            failure(format!("cannot listen on {}: {error}", self.listen), "choose another address: --listen 127.0.0.1:7272")
        })?;
        let key = first_source(&store).await?;
        let applied = AppliedModel {
            revision: loaded.model.revision.clone(),
            applied_at: clock::now(),
            author: "serve".to_owned(),
            files: loaded.source.files.iter().cloned().collect(),
        };
        let engine = Arc::new(Engine::new(Arc::new(loaded.model)));
        let parts = Parts {
            store,
            data: folder.root().to_owned(),
            engine: engine.clone(),
            applied,
            clock: Arc::new(clock::now),
            // The lock of the folder keeps others away from a file; a server may have other processes.
            holder: if folder.is_served() { format!("{}-{}", std::process::id(), random::text(8)) } else { "this folder".to_owned() },
        };
        let service = Service::start(parts).await?;
        let address = listener.local_addr().context("the listener has no address")?;
        let mut text = format!(
            "tenure serves http://{address}\n  data   {}\n  model  {}\n",
            folder.root().display(),
            short(&engine.model().revision.0)
        );
        if let Some(key) = key {
            text +=
                &format!("  write key of the source \"first\": {key}\n    (shown once: point your SDK's host here and give it this key)\n");
        }
        render::text(&text)?;
        let app = App::new(service.clone());
        let served = axum::serve(listener, tenure_api::router(app)).with_graceful_shutdown(told_to_stop()).await;
        service.stop().await;
        served.context("the server ended")?;
        Ok(Outcome::Fine)
    }
}

impl Serve {
    fn log(&self) -> Result<()> {
        let filter = tracing_subscriber::EnvFilter::try_new(&self.log)
            .map_err(|error| failure(format!("--log {}: {error}", self.log), "such as info, or tenure_service=debug,info"))?;
        let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        let set = if self.log_json { lines.json().try_init() } else { lines.try_init() };
        set.map_err(|error| anyhow::anyhow!("cannot log: {error}"))
    }
}

/// The model asked for or applied last; where there is none, the default one. The service writes it down when it has taken over.
async fn model(shared: &Shared, store: &Store) -> Result<Loaded> {
    let source = match model::find(shared.model.as_deref(), Some(store)).await {
        Ok(source) => source,
        Err(error) if shared.model.is_some() => return Err(error),
        Err(_) => model::default(),
    };
    source.load()
}

/// Where there is no source yet, makes one; gives its write key.
async fn first_source(store: &Store) -> Result<Option<String>> {
    if !store.sources().await?.is_empty() {
        return Ok(None);
    }
    let key = format!("wk_{}", random::text(16));
    let source = Source {
        id: SourceId::of(&random::text(6)),
        name: "first".to_owned(),
        key_hash: Hash(*blake3::hash(key.as_bytes()).as_bytes()),
        created_at: clock::now(),
        disabled_at: None,
        max_gap_seconds: None,
        last_seen_at: None,
    };
    let mut write = store.write().await?;
    write.add_source(&source).await?;
    write.commit().await?;
    Ok(Some(key))
}

/// Comes back with SIGTERM or Ctrl-C.
async fn told_to_stop() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(_) => return drop(tokio::signal::ctrl_c().await),
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
