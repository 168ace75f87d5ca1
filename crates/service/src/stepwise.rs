//! The service one step at a time: all that its loops do, done by whoever holds it. A service begins so, and then lets its loops do the same.

use std::sync::atomic::Ordering;

use tenure_model::Instant;
use tenure_store::{Lease, Mark, RuleHistory, Store, transact};
use tokio::sync::{broadcast, mpsc};

use crate::existing::Existing;
use crate::imports::adopt;
use crate::journal::{Appended, Committed};
use crate::service::{Clock, Inner, LEASE, NEWS_KEPT, Parts, RETRY, Service, TICK};
use crate::start::{How, Origin, batches, catch_up, origin};
use crate::status::Status;
use crate::step::UnderWay;
use crate::{Error, Limits, Result, STEP_ITEMS_MAX, snapshot, unsaved};

/// How long a lease lasts unless it is renewed, in microseconds.
const LEASE_TIME: i64 = 30 * tenure_model::time::SECOND;

/// A service that does nothing by itself: `commit`, `step` and `look` do once what its loops do again and again.
///
/// Dropped without `Service::stop`, it ends as a process does that is killed: what is durable stays, nothing else is done.
pub struct Stepwise {
    service: Service,
    out: mpsc::UnboundedSender<Appended>,
    waiting: Waiting,
}

impl Stepwise {
    /// Takes the lease (and waits for it as a standby while another process holds it), then catches up with the journal.
    ///
    /// # Errors
    /// What database and archive say.
    pub async fn open(parts: Parts, limits: Limits) -> Result<Stepwise> {
        let Parts { store, data, engine, applied, clock, holder } = parts;
        let lease = acquire(&store, &clock, &holder).await?;
        let live_from = store.workspace().await?.and_then(|w| w.live_from);
        let Origin { live, position: from, how } = origin(&store, &data, engine, clock(), &limits).await?;
        let (news, _) = broadcast::channel(NEWS_KEPT);
        let inner = Inner::new(store, data, clock, live_from, news, lease, live, limits);
        let (status, store) = (&inner.status, &inner.store);
        let (position, at) = store.marked(Mark::Engine).await?.unwrap_or((0, Instant::MIN));
        status.engine_position.store(position, Ordering::Relaxed);
        status.engine_at.store(at.0, Ordering::Relaxed);
        status.archive_position.store(store.mark(Mark::Archive).await?, Ordering::Relaxed);
        if let Some((position, taken_at)) = store.marked(Mark::Snapshot).await? {
            status.snapshot_position.store(position, Ordering::Relaxed);
            status.snapshot_at.store(taken_at.0, Ordering::Relaxed);
        }
        let rules = RuleHistory::new(store.models().await?).with(&applied);
        *inner.existing() = Existing::new(inner.live().engine().model(), &rules);
        let unsaved = unsaved::read(store).await?;
        *inner.unsaved() = unsaved;
        catch_up(&inner, from, how, &applied).await?;
        // The end may have come before this was done.
        inner.live().archived(status.archive_position.load(Ordering::Relaxed));
        if how != How::Restored
            && let Err(error) = snapshot::save(&inner).await
        {
            tracing::error!(%error, "no snapshot could be taken: a restart tells all accounts from their history again");
        }
        if let Err(error) = adopt(&inner).await {
            tracing::warn!(%error, "imports that were interrupted could not be looked at");
        }
        inner.status.ready.store(true, Ordering::Relaxed);
        let (out, appended) = mpsc::unbounded_channel();
        let seen = inner.status.engine_position.load(Ordering::Relaxed);
        Ok(Stepwise { service: Service::new(inner), out, waiting: Waiting { taken: vec![], seen, heard: None, appended } })
    }

    /// What is asked of it, and told to it. An offer is answered by `commit`.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Makes durable what was offered. False where nothing was.
    pub async fn commit(&self) -> bool {
        let inner = self.service.inner();
        inner.journal.commit(&inner.store, &inner.status, || (inner.clock)(), &self.out).await
    }

    /// One step of the engine, with what was made durable by now. Is more due?
    ///
    /// # Errors
    /// Where another process has taken over: this one must not go on.
    pub async fn step(&mut self) -> Result<bool> {
        self.waiting.step(self.service.inner()).await
    }

    /// Looks at the sources, and whether it is time for the archive and a snapshot.
    pub async fn look(&self) {
        crate::archive::look(self.service.inner()).await;
    }

    /// From now on its loops do all that.
    pub fn run(self) -> Service {
        let Stepwise { service, out, waiting } = self;
        service.run(out, waiting);
        service
    }
}

/// What is durable and waits for the engine. It hears of what this process appends; what others did, and what was committed though the answer was
/// lost, it finds in the journal.
pub(crate) struct Waiting {
    /// In order.
    taken: Vec<Committed>,
    /// The journal's position up to which everything was taken.
    seen: i64,
    /// Heard of, and not taken yet.
    heard: Option<Appended>,
    appended: mpsc::UnboundedReceiver<Appended>,
}

impl Waiting {
    /// Comes back when something waits. False where nothing will come any more.
    pub async fn wait(&mut self) -> bool {
        if self.taken.is_empty() && self.heard.is_none() {
            self.heard = self.appended.recv().await;
            return self.heard.is_some();
        }
        true
    }

    /// Takes what waits, as much as one step may, in the journal's order. Is there more?
    async fn take(&mut self, inner: &Inner) -> Result<bool> {
        let mut items: usize = self.taken.iter().map(|b| b.batch.items()).sum();
        while items < STEP_ITEMS_MAX
            && let Some(next) = self.heard.take().or_else(|| self.appended.try_recv().ok())
        {
            if next.batch.position <= self.seen {
                // It was found in the journal before.
                inner.status.done(next.batch.batch.items() as u64);
            } else if next.after > self.seen {
                let after = next.after;
                self.heard = Some(next);
                items += self.find(inner, after).await?;
            } else {
                items += next.batch.batch.items();
                self.seen = next.batch.position;
                self.taken.push(next.batch);
            }
        }
        Ok(self.heard.is_some() || self.taken.is_empty() && self.find(inner, i64::MAX).await? > 0)
    }

    /// Takes rows that it did not hear of, some of those up to a position. Gives how many items.
    async fn find(&mut self, inner: &Inner, through: i64) -> Result<usize> {
        let Some(found) = batches(inner, self.seen, through).await? else {
            // What is not there any more, the archive has.
            self.seen = if through == i64::MAX { self.seen } else { through };
            return Ok(0);
        };
        let items = found.iter().map(|b| b.batch.items()).sum();
        self.seen = found.last().map_or(self.seen, |last| last.position);
        self.taken.extend(found);
        Status::add(&inner.status.backlog, items as u64);
        Ok(items)
    }

    /// Takes in what waits, as much as one step may, and commits what follows, however often the database or the archive fails on the way.
    /// Is more due?
    ///
    /// # Errors
    /// Where another process has taken over.
    pub async fn step(&mut self, inner: &Inner) -> Result<bool> {
        let waits = self.take(inner).await;
        if let Err(error) = &waits {
            tracing::error!(%error, "the journal could not be read; it is tried again");
            tokio::time::sleep(RETRY).await;
        }
        let more = {
            let _step = inner.stepping.lock().await;
            let mut step = UnderWay::take(inner, &self.taken, (inner.clock)());
            persist(inner, &mut step).await?
        };
        self.taken.clear();
        if let Err(error) = renew(inner).await {
            tracing::warn!(%error, "the lease could not be renewed");
        }
        Ok(more || waits.unwrap_or(false))
    }
}

/// Takes the lease; where another process holds it, as soon as that ends or does not renew it.
async fn acquire(store: &Store, clock: &Clock, holder: &str) -> Result<Lease> {
    let mut told = false;
    loop {
        let now = clock();
        let lease = transact!(store, "lease", |write| write.acquire_lease(LEASE, holder, now, now.plus(LEASE_TIME)).await)?;
        if let Some(lease) = lease {
            return Ok(lease);
        }
        if !std::mem::replace(&mut told, true) {
            tracing::warn!("another process runs the engine of this workspace: this one stands by");
        }
        tokio::time::sleep(TICK).await;
    }
}

/// Finishes a step, however often the database or the archive fails on the way. Is more due?
///
/// # Errors
/// Where another process has taken over.
pub(crate) async fn persist(inner: &Inner, step: &mut UnderWay) -> Result<bool> {
    loop {
        match step.finish(inner).await {
            Err(error @ Error::Store(tenure_store::Error::Fenced { .. })) => return Err(error),
            Err(error) => {
                tracing::error!(%error, "a step could not be committed; it is tried again");
                tokio::time::sleep(RETRY).await;
            }
            done => return done,
        }
    }
}

/// Renews the lease when half of its time has gone.
async fn renew(inner: &Inner) -> Result<()> {
    let mut lease = inner.lease.lock().await;
    let now = (inner.clock)();
    if lease.expires_at.0 - now.0 > LEASE_TIME / 2 {
        return Ok(());
    }
    let held = lease.clone();
    *lease = transact!(inner.store, "lease", |write| write.renew_lease(&held, now.plus(LEASE_TIME)).await)?;
    Ok(())
}
