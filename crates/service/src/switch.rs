//! Another model takes over: all accounts are told by it in the background, while the one before goes on deciding; between two steps it takes its
//! place, in one transaction. An end at any moment leaves the one or the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tenure_engine::Engine;
use tenure_model::{Instant, Model};
use tenure_store::{AppliedModel, Lease, Mark, RuleHistory, transact};
use tokio::sync::broadcast;

use crate::existing::Existing;
use crate::phase::Phase;
use crate::reconcile::{Before, Reconciled};
use crate::service::{Inner, News, RETRY};
use crate::start::{from_history, ring_again, take_again};
use crate::step::UnderWay;
use crate::{Error, Result, snapshot};

/// So many of the journal's positions may be left when the new model takes over: the old one pauses for no longer than these take.
const LEFT_MAX: i64 = 8;

/// How far a change of the model has come.
#[derive(Debug, Default)]
pub struct Progress {
    /// Events that the new model has been told.
    pub done: AtomicU64,
    /// Events to tell, as known when it began; 0 where none is under way.
    pub total: AtomicU64,
    /// Somebody does not want it any more.
    pub(crate) cancelled: AtomicBool,
}

impl Progress {
    /// The share that is done, 0 to 1; None where no change is under way.
    pub fn share(&self) -> Option<f64> {
        let total = self.total.load(Ordering::Relaxed);
        (total > 0).then(|| (self.done.load(Ordering::Relaxed) as f64 / total as f64).min(1.0))
    }

    /// It is given up at the next opportunity.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Gives up, unless somebody wants it on.
    pub(crate) fn go_on(&self) -> Result<()> {
        if self.cancelled.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// Tells all accounts by another model and lets it take over.
pub(crate) async fn switch(inner: &Inner, engine: Arc<Engine>, applied: AppliedModel) -> Result<()> {
    // Neither archive nor snapshot while the history is read: the journal keeps what comes in meanwhile.
    let _still = inner.archiving.lock().await;
    let _phase = Phase::begin("switch");
    inner.progress.cancelled.store(false, Ordering::Relaxed);
    inner.progress.done.store(0, Ordering::Relaxed);
    let result = tell_and_take_over(inner, engine, applied).await;
    inner.progress.total.store(0, Ordering::Relaxed);
    result?;
    // A start would tell all accounts again: none of what was kept is of this model. It decides all the same.
    if let Err(error) = snapshot::save_still(inner).await {
        tracing::error!(%error, "no snapshot could be taken after the change of the model; the next one is taken with the archive");
    }
    Ok(())
}

async fn tell_and_take_over(inner: &Inner, engine: Arc<Engine>, applied: AppliedModel) -> Result<()> {
    let now = inner.no_earlier((inner.clock)());
    let (mut live, mut position) = from_history(&inner.store, &inner.data, engine, now, &inner.limits, &inner.progress).await?;
    live.hear_as(&inner.live());
    let beside = inner.beside(live, inner.lease.lock().await.clone());
    let committed = || inner.status.engine_position.load(Ordering::Relaxed);
    loop {
        let through = committed();
        position = take_again(&beside, position, through).await?;
        inner.progress.go_on()?;
        if committed() - position <= LEFT_MAX {
            break;
        }
    }
    // The old model pauses here, between two steps.
    let _boundary = inner.stepping.lock().await;
    let now = inner.no_earlier((inner.clock)());
    // Until now it decides; what happens from now on is the new one's.
    while UnderWay::take(inner, &[], now).finish(inner).await? {}
    take_again(&beside, position, committed()).await?;
    ring_again(&beside, now).await?;
    let (ledger, merges) = (inner.store.alerts().await?, inner.store.merges().await?);
    let history = RuleHistory::new(inner.store.models().await?).with(&applied);
    let existing = Existing::new(beside.live().engine().model(), &history);
    let lease = inner.lease.lock().await.clone();
    let reconciled = {
        let (new, live) = (beside.live(), inner.live());
        let old = live.engine().model().clone();
        let before = Before { ledger, merges, history, model: Some(&old), live: Some(&live) };
        Reconciled::new(&new, &before, committed(), now, inner.live_from)
    };
    inner.progress.go_on()?;
    let written = transact!(inner.store, "switch", |write| {
        write.fenced(&lease).await?;
        write.apply_model(&applied).await?;
        reconciled.write(write).await?;
        write.mark_inputs(now).await
    });
    if let Err(error) = written
        && !is_applied(inner, &applied).await
    {
        return Err(error.into());
    }
    let mut live = inner.live();
    std::mem::swap(&mut *live, &mut *beside.live());
    *inner.existing() = existing;
    // What is written of them was told before it was known whose all events are.
    live.set_unsaved(&beside.live().unsaved());
    let accounts = live.ids().cloned().collect();
    // Nobody may be listening.
    let _ = inner.news.send(Arc::new(News::new(now, applied.revision.clone(), accounts)));
    Ok(())
}

/// Was it committed all the same? With the connection the answer to a commit may be lost, and not the commit. Asked until somebody answers.
async fn is_applied(inner: &Inner, applied: &AppliedModel) -> bool {
    loop {
        match inner.store.last_model().await {
            Ok(last) => return last.is_some_and(|last| last.revision == applied.revision && last.applied_at == applied.applied_at),
            Err(error) if error.is_passing() => tokio::time::sleep(RETRY).await,
            Err(_) => return false,
        }
    }
}

/// Writes down what follows where accounts were told at a start by another model, or from more than came through the engine: by which model, and
/// what of the ledger is otherwise, as of an instant. Until then nothing is written.
pub(crate) async fn changed(inner: &Inner, applied: &AppliedModel, now: Instant) -> Result<()> {
    let _phase = Phase::begin("switch");
    ring_again(inner, now).await?;
    let last = inner.store.last_model().await?;
    let old = last.and_then(|last| model_of(&last));
    let (ledger, merges) = (inner.store.alerts().await?, inner.store.merges().await?);
    let history = RuleHistory::new(inner.store.models().await?).with(applied);
    let position = inner.store.mark(Mark::Engine).await?;
    let reconciled = {
        let before = Before { ledger, merges, history, model: old.as_ref(), live: None };
        Reconciled::new(&inner.live(), &before, position, now, inner.live_from)
    };
    let lease = inner.lease.lock().await.clone();
    transact!(inner.store, "start", |write| {
        write.fenced(&lease).await?;
        write.apply_model(applied).await?;
        reconciled.write(write).await?;
        write.mark_inputs(now).await
    })?;
    Ok(())
}

/// A model that was applied; None where it cannot be read any more.
fn model_of(applied: &AppliedModel) -> Option<Model> {
    let files: Vec<(String, String)> = applied.files.iter().map(|(path, text)| (path.clone(), text.clone())).collect();
    tenure_model::check(&files).ok()
}

impl Inner {
    /// The same service with other accounts, that writes nothing: to tell them what the journal has.
    fn beside(&self, live: tenure_live::Live, lease: Lease) -> Inner {
        let (news, _) = broadcast::channel(1);
        let beside = Inner::new(self.store.clone(), self.data.clone(), self.clock.clone(), self.live_from, news, lease, live, self.limits);
        let archived = self.status.archive_position.load(Ordering::Relaxed);
        beside.status.archive_position.store(archived, Ordering::Relaxed);
        beside
    }
}
