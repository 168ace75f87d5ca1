//! `tenure serve`: the live service. Everything is brought up to date first, then calls are taken.

use std::io::IsTerminal;
use std::sync::Arc;

use anyhow::{Context, Result};
use tenure_api::App;
use tenure_engine::Engine;
use tenure_service::{Parts, Service};
use tenure_store::Store;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Outcome, Shared};
use crate::config::{LogFormat, Settings};
use crate::failure::failure;
use crate::model::{self, Loaded, short};
use crate::{clock, random, render, retain};

/// Options of `tenure serve`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Ends with SIGTERM or Ctrl-C: what was taken is finished first. docs/guide/operations.md tells how to run it.")]
pub struct Serve {
    /// Where to listen [env: TENURE_LISTEN] [default: 127.0.0.1:7171]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// What to log to standard error: error, warn, info, debug, or by module as in tenure_service=debug [env: TENURE_LOG] [default: info]
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// How to log: text, or json, one object a line [env: TENURE_LOG_FORMAT] [default: text]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
}

impl Serve {
    /// Its options as flags of the configuration.
    pub fn flags(&self) -> impl Iterator<Item = (String, String, String)> {
        let own = [("listen", &self.listen), ("log", &self.log), ("log_format", &self.log_format)];
        own.into_iter().filter_map(|(key, value)| Some((format!("--{}", key.replace('_', "-")), key.to_owned(), value.clone()?)))
    }

    /// Runs it until it is told to stop.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let settings = &shared.settings;
        log(settings)?;
        let folder = shared.folder_or_new(clock::now()).await?;
        let _lock = folder.lock()?;
        let store = folder.store().await?;
        let loaded = model(shared, &store).await?;
        let listener = tokio::net::TcpListener::bind(settings.listen).await.map_err(|error| {
            failure(format!("cannot listen on {}: {error}", settings.listen), "choose another address: --listen 127.0.0.1:7272")
        })?;
        let applied = loaded.applied("serve", "the service began with it");
        let engine = Arc::new(Engine::new(Arc::new(loaded.model)));
        let parts = Parts {
            store,
            data: folder.root().to_owned(),
            engine: engine.clone(),
            applied,
            clock: Arc::new(clock::now),
            holder: folder.instance()?,
        };
        let service = Service::start_within(parts, settings.service).await?;
        let address = listener.local_addr().context("the listener has no address")?;
        let mut text = format!(
            "tenure serves http://{address}\n  data   {}\n  model  {}\n",
            folder.root().display(),
            short(&engine.model().revision.0)
        );
        let app = App::new(service.clone(), Arc::new(random::fill));
        if let Some(key) = tenure_api::first_source(&app).await.context("cannot make the first source")? {
            text +=
                &format!("  write key of the source \"first\": {key}\n    (shown once: point your SDK's host here and give it this key)\n");
        }
        if let Some(path) = tenure_api::setup_link(&app).await.context("cannot make the setup link")? {
            text += &format!("  set up http://{address}{path}\n    (good once, for a week: it makes the first admin)\n");
        }
        render::text(&text)?;
        let retaining = tokio::spawn(retain::run(service.store().clone(), settings.retention));
        let mut signals = Signals::new()?;
        tenure_api::serve(listener, tenure_api::router(app), settings.http, signals.next()).await;
        tracing::info!("told to stop: what was taken is finished; a second signal ends at once");
        retaining.abort();
        // In a task of its own: it may block, and the second signal is to be heard.
        let stopped = tokio::spawn(async move { service.stop().await });
        tokio::select! {
            stopped = stopped => stopped.context("the service ended badly").map(|()| Outcome::Fine),
            () = signals.next() => Err(failure("ended at once by a second signal", "nothing that was answered is lost: the next start takes it in")),
        }
    }
}

/// Logs to standard error as the settings say.
fn log(settings: &Settings) -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&settings.log).context("the filter of the log")?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let set = if settings.log_format == LogFormat::Json { lines.json().try_init() } else { lines.try_init() };
    set.map_err(|error| anyhow::anyhow!("cannot log: {error}"))
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

/// SIGTERM and Ctrl-C, one after the other.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Signals> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Signals { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Comes back with the next one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
