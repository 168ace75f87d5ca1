//! The service as a whole: starting it, its loops, what others ask of it.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex as Lock, MutexGuard, PoisonError};
use std::time::Duration;

use tenure_engine::Engine;
use tenure_ingest::http::Intake;
use tenure_ingest::journal::Record;
use tenure_live::Live;
use tenure_model::Instant;
use tenure_model::definition::Revision;
use tenure_store::{AppliedModel, Lease, Store, transact};
use tokio::sync::{Mutex, broadcast, mpsc, watch};
use tokio::task::JoinHandle;

use crate::existing::Existing;
use crate::imports::{self, Imports};
use crate::journal::{Appended, Journal};
use crate::status::Status;
use crate::step::UnderWay;
use crate::stepwise::{Stepwise, Waiting};
use crate::switch::Progress;
use crate::{Limits, Result, snapshot, unsaved};

/// Tells what time it is.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// The name of the engine's lease.
pub const LEASE: &str = "engine";
/// How often it is looked for the lease, and how long the loop waits where nothing is due.
pub(crate) const TICK: Duration = Duration::from_millis(500);
/// How long it is waited after something that could not be committed.
pub(crate) const RETRY: Duration = Duration::from_millis(500);
/// News that a slow listener may be behind; what is older, it misses, and is told so.
pub(crate) const NEWS_KEPT: usize = 256;
/// Accounts that news name at most: those that are kept take some tens of megabytes.
const NAMED_MAX: usize = 10_000;

/// Something happened to accounts.
#[derive(Clone, Debug)]
pub struct News {
    /// When it was learned.
    pub at: Instant,
    /// By which model.
    pub revision: Revision,
    /// Whose; None: of more than are named.
    pub accounts: Option<Vec<Arc<str>>>,
}

impl News {
    pub(crate) fn new(at: Instant, revision: Revision, accounts: Vec<Arc<str>>) -> News {
        News { at, revision, accounts: Some(accounts).filter(|accounts| accounts.len() <= NAMED_MAX) }
    }
}

/// What the service starts from.
pub struct Parts {
    /// Operational data.
    pub store: Store,
    /// The data folder.
    pub data: PathBuf,
    /// The model, compiled.
    pub engine: Arc<Engine>,
    /// The same with its files, as it is written down when it takes over.
    pub applied: AppliedModel,
    /// What time it is.
    pub clock: Clock,
    /// A name that no other process has at the same time; one that comes back under its name need not wait for its own lease to expire.
    pub holder: String,
}

pub(crate) struct Inner {
    pub store: Store,
    pub data: PathBuf,
    pub clock: Clock,
    pub live_from: Option<Instant>,
    pub status: Arc<Status>,
    pub news: broadcast::Sender<Arc<News>>,
    pub lease: Mutex<Lease>,
    pub limits: Limits,
    /// Held from when a step takes its inputs until it is committed.
    pub stepping: Mutex<()>,
    /// Held while archive or snapshot are written, or a model that is to take over reads the history.
    pub archiving: Mutex<()>,
    pub progress: Arc<Progress>,
    pub imports: Imports,
    pub journal: Journal,
    live: Lock<Live>,
    /// As the store has them.
    unsaved: Lock<unsaved::All>,
    existing: Lock<Existing>,
}

impl Inner {
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        store: Store,
        data: PathBuf,
        clock: Clock,
        live_from: Option<Instant>,
        news: broadcast::Sender<Arc<News>>,
        lease: Lease,
        live: Live,
        limits: Limits,
    ) -> Inner {
        Inner {
            store,
            data,
            clock,
            live_from,
            status: Arc::default(),
            news,
            lease: Mutex::new(lease),
            stepping: Mutex::default(),
            archiving: Mutex::default(),
            progress: Arc::default(),
            imports: Imports::default(),
            live: Lock::new(live),
            unsaved: Lock::default(),
            existing: Lock::default(),
            journal: Journal::new(limits),
            limits,
        }
    }

    /// An instant, or the last one up to which everything was told, where that is later: time does not go back for those who were told.
    pub fn no_earlier(&self, at: Instant) -> Instant {
        at.max(Instant(self.status.engine_at.load(Ordering::Relaxed)))
    }

    /// The accounts. Never held over an await.
    pub fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The accounts that are to be told anew for what became known of whose events are, as the store has them. Never held over an await.
    pub fn unsaved(&self) -> MutexGuard<'_, unsaved::All> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which alerts began before their rule was applied, by the model that decides. Never held over an await.
    pub fn existing(&self) -> MutexGuard<'_, Existing> {
        self.existing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The running service. Clones are the same one.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
    stop: Arc<watch::Sender<bool>>,
    loops: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Service {
    /// Starts it: takes the lease (and waits for it as a standby while another process holds it), catches up with the journal, then takes offers.
    ///
    /// # Errors
    /// What database and archive say.
    pub async fn start(parts: Parts) -> Result<Service> {
        Service::start_within(parts, Limits::default()).await
    }

    /// As `start`, with limits that an operator has set.
    ///
    /// # Errors
    /// As `start`.
    pub async fn start_within(parts: Parts, limits: Limits) -> Result<Service> {
        Ok(Stepwise::open(parts, limits).await?.run())
    }

    /// The service without its loops.
    pub(crate) fn new(inner: Inner) -> Service {
        Service { inner: Arc::new(inner), stop: Arc::new(watch::Sender::new(false)), loops: Arc::default() }
    }

    /// Begins what goes on by itself, until the service is stopped.
    pub(crate) fn run(&self, out: mpsc::UnboundedSender<Appended>, waiting: Waiting) {
        let inner = || self.inner.clone();
        let journal = {
            let inner = inner();
            tokio::spawn(async move { inner.journal.run(&inner.store, &inner.status, || (inner.clock)(), out).await })
        };
        let archive = tokio::spawn(crate::archive::run(inner(), self.stop.subscribe()));
        let imports = tokio::spawn(imports::run(inner(), self.stop.subscribe()));
        let engine = tokio::spawn(run(inner(), waiting, self.stop.subscribe()));
        // Nobody else has it yet.
        if let Ok(mut loops) = self.loops.try_lock() {
            loops.extend([journal, engine, archive, imports]);
        }
    }

    /// Makes durable what a request says; comes back when it is. The engine follows within milliseconds.
    ///
    /// # Errors
    /// `Error::Full` where too much waits: the sender is to try again; `Error::Unavailable` where nothing can be written.
    pub async fn offer(&self, source: &str, received_at: Instant, intake: &Intake<'_>) -> Result<()> {
        self.inner.journal.offer(&self.inner.status, source, received_at, intake).await
    }

    /// As `offer`, for what teammates decide.
    ///
    /// # Errors
    /// As `offer`.
    pub async fn record(&self, source: &str, received_at: Instant, record: Record) -> Result<()> {
        self.inner.journal.record(&self.inner.status, source, received_at, record).await
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// The accounts as they stand. Hold it briefly: the engine waits.
    pub fn live(&self) -> MutexGuard<'_, Live> {
        self.inner.live()
    }

    /// Operational data.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The data folder.
    pub fn data(&self) -> &std::path::Path {
        &self.inner.data
    }

    /// How much may be, and wait.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// How it is doing.
    pub fn status(&self) -> &Status {
        &self.inner.status
    }

    /// What time it is.
    pub fn now(&self) -> Instant {
        (self.inner.clock)()
    }

    /// What happens from now on.
    pub fn news(&self) -> broadcast::Receiver<Arc<News>> {
        self.inner.news.subscribe()
    }

    /// Archives now what the engine has committed. Gives how many events were new in the archive.
    ///
    /// # Errors
    /// What archive and database say; nothing is lost, and it can be tried again.
    pub async fn archive(&self) -> Result<u64> {
        crate::archive::archive(&self.inner).await
    }

    /// Takes a snapshot now: the next start begins with it.
    ///
    /// # Errors
    /// What disk and database say; the one before stays in force.
    pub async fn snapshot(&self) -> Result<()> {
        snapshot::save(&self.inner).await
    }

    /// Lets another model take over: all accounts are told by it in the background, while the present one goes on deciding; then, between two steps,
    /// it takes its place. `progress` tells how far it is.
    ///
    /// # Errors
    /// `Error::Cancelled`; what archive and database say. The present model stays then.
    pub async fn switch(&self, engine: Arc<Engine>, applied: AppliedModel) -> Result<()> {
        crate::switch::switch(&self.inner, engine, applied).await
    }

    /// Gives up the change of the model that is under way, unless it has taken over already.
    pub fn cancel_switch(&self) {
        self.inner.progress.cancel();
    }

    /// How far a change of the model has come.
    pub fn progress(&self) -> &Progress {
        &self.inner.progress
    }

    /// Comes back when the engine has committed everything that was offered before.
    pub async fn settled(&self) {
        while self.inner.status.backlog.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Takes no more offers, commits what waits, lets the engine finish it, archives it, and gives the lease back.
    pub async fn stop(&self) {
        self.inner.journal.close();
        self.stop.send_replace(true);
        for task in self.loops.lock().await.drain(..) {
            let _ = task.await;
        }
        if let Err(error) = self.archive().await {
            tracing::warn!(%error, "the journal was not archived; the next start takes it in");
        }
        // What the archive has found out is told before the snapshot.
        if let Err(error) = UnderWay::take(&self.inner, &[], self.now()).finish(&self.inner).await {
            tracing::warn!(%error, "the last step was not committed; the next start makes it again");
        }
        if let Err(error) = snapshot::save(&self.inner).await {
            tracing::warn!(%error, "no snapshot was taken; the next start begins with the one before");
        }
        let lease = self.inner.lease.lock().await.clone();
        let released = transact!(self.inner.store, "lease", |write| write.release_lease(&lease).await);
        if let Err(error) = released {
            tracing::warn!(%error, "the lease was not given back; it expires by itself");
        }
    }
}

/// The engine's loop: steps whenever something came in or is due.
async fn run(inner: Arc<Inner>, mut waiting: Waiting, mut stopping: watch::Receiver<bool>) {
    let mut more = false;
    loop {
        if !more {
            let due = inner.live().next_timer().0.saturating_sub((inner.clock)().0).max(0);
            let wait = TICK.min(Duration::from_micros(due as u64));
            tokio::select! {
                // The journal has ended, and everything it committed was taken.
                goes_on = waiting.wait() => if !goes_on { return },
                () = tokio::time::sleep(wait) => {}
                _ = stopping.changed() => {}
            }
        }
        match waiting.step(&inner).await {
            Ok(due) => more = due,
            Err(error) => {
                tracing::error!(%error, "another process has taken over: this one stops");
                inner.journal.close();
                inner.status.ready.store(false, Ordering::Relaxed);
                return;
            }
        }
    }
}
