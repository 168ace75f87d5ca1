//! From the journal into the archive, in the background: Parquet first, then the mark, then the journal's rows go that the snapshot has too.
//!
//! A crash in between leaves rows in both; the next time they are the same messages again, and change nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tenure_history::Archive;
use tenure_ingest::Resolver;
use tenure_ingest::http::FUTURE_TOLERANCE;
use tenure_ingest::journal::Batch;
use tenure_live::{EVERYBODY, Gap};
use tenure_model::time::SECOND;
use tenure_store::{JournalDepth, Mark, transact};
use tokio::sync::watch;

use crate::phase::Phase;
use crate::service::Inner;
use crate::{Error, Result, snapshot, unsaved};

/// How often it is looked whether there is enough to archive; more often where less age is allowed.
const LOOK: Duration = Duration::from_secs(5);
/// Bytes of the journal's payloads that one import takes at most.
const IMPORT_BYTES: u64 = 256 << 20;
/// The source of events that say none; all of the journal's do.
const SOURCE: &str = "journal";

/// Archives whenever there is enough, until the service is stopped.
pub(crate) async fn run(inner: Arc<Inner>, mut stopping: watch::Receiver<bool>) {
    let pause = LOOK.min(Duration::from_micros(inner.limits.archive_age.max(1) as u64));
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopping.changed() => return,
        }
        look(&inner).await;
    }
}

/// Looks at the sources, and whether there is enough to archive; then a snapshot is taken, too, unless the one before is young.
pub(crate) async fn look(inner: &Inner) {
    if let Err(error) = declare(inner).await {
        tracing::warn!(%error, "the sources could not be looked at");
    }
    match is_due(inner).await {
        Ok(false) => {}
        Ok(true) => {
            if let Err(error) = archive(inner).await {
                tracing::error!(%error, "the journal could not be archived; it is tried again");
            } else if snapshot::is_due(inner)
                && let Err(error) = snapshot::save(inner).await
            {
                tracing::error!(%error, "no snapshot could be taken; the one before stays in force");
            }
        }
        Err(error) => tracing::error!(%error, "the journal could not be looked at"),
    }
}

/// Tells the accounts what is declared of their sources: how long each may be silent.
pub(crate) async fn declare(inner: &Inner) -> Result<()> {
    let sources = inner.store.sources().await?;
    let mut live = inner.live();
    for source in sources {
        let gap = match (source.disabled_at, source.max_gap_seconds) {
            (Some(_), _) => Gap::Endless,
            (None, Some(seconds)) => Gap::Declared(seconds.saturating_mul(SECOND)),
            (None, None) => Gap::Usual,
        };
        live.declare(source.id.as_str(), gap);
    }
    Ok(())
}

/// Counts what the archive does not have yet: senders wait when it is too much.
async fn count_unarchived(inner: &Inner) -> Result<JournalDepth> {
    let depth = inner.store.journal_depth(inner.status.archive_position.load(Ordering::Relaxed)).await?;
    inner.status.unarchived.store(depth.items, Ordering::Relaxed);
    Ok(depth)
}

async fn is_due(inner: &Inner) -> Result<bool> {
    let depth = count_unarchived(inner).await?;
    if depth.rows == 0 {
        return Ok(false);
    }
    let done = inner.status.archive_position.load(Ordering::Relaxed);
    let oldest = inner.store.journal_after(done, 0).await?.first().map(|row| row.received_at);
    Ok(depth.items >= inner.limits.archive_items || oldest.is_some_and(|at| at.plus(inner.limits.archive_age) <= (inner.clock)()))
}

/// Archives what the engine has committed. Gives how many events were new in the archive.
pub(crate) async fn archive(inner: &Inner) -> Result<u64> {
    let _still = inner.archiving.lock().await;
    let _phase = Phase::begin("archive");
    let mut added = 0;
    loop {
        let done = inner.status.archive_position.load(Ordering::Relaxed);
        let committed = inner.status.engine_position.load(Ordering::Relaxed);
        let mut rows = inner.store.journal_after(done, IMPORT_BYTES).await?;
        rows.retain(|row| row.position <= committed);
        let Some(through) = rows.last().map(|row| row.position) else { break };
        let (resolver, now) = (inner.live().resolver().clone(), (inner.clock)());
        note_concerned(inner, &resolver, through).await?;
        added += tokio::task::block_in_place(|| -> Result<u64> {
            let mut archive = Archive::open(&inner.data)?;
            let mut import = archive.import(SOURCE, now, FUTURE_TOLERANCE)?;
            for row in &rows {
                let batch = Batch::decode(&row.payload).map_err(|e| Error::Journal { position: row.position, why: e.to_string() })?;
                let events = batch.record_batch();
                if events.num_rows() > 0 {
                    import.append(&events)?;
                }
            }
            Ok(import.finish(&resolver, &mut |_, _| {})?.added)
        })?;
        let kept = through.min(inner.status.snapshot_position.load(Ordering::Relaxed));
        transact!(inner.store, "archive", |write| {
            write.set_mark(Mark::Archive, through, now).await?;
            write.trim_journal(kept).await
        })?;
        inner.status.archive_position.store(through, Ordering::Relaxed);
        count_unarchived(inner).await?;
        inner.live().begin_archived(through);
        while inner.live().sweep() {
            // The engine's loop has its turn.
            tokio::task::yield_now().await;
        }
    }
    resettle(inner).await?;
    Ok(added)
}

/// An end may have come between the archive and what it brings to light.
pub(crate) async fn resettle_left(inner: &Inner) -> Result<()> {
    let archived = inner.status.archive_position.load(Ordering::Relaxed);
    let is_left = inner.live().unsettled().values().any(|position| *position <= archived);
    if is_left { resettle(inner).await } else { Ok(()) }
}

/// Where more became known of whose events are: the archive is settled anew, and the accounts concerned are told anew.
async fn resettle(inner: &Inner) -> Result<()> {
    let (accounts, resolver) = {
        let live = inner.live();
        let accounts: Vec<Arc<str>> = live.unsettled().keys().cloned().collect();
        if accounts.is_empty() {
            return Ok(());
        }
        (accounts, live.resolver().clone())
    };
    let archived = inner.status.archive_position.load(Ordering::Relaxed);
    let concerned = note_concerned(inner, &resolver, archived).await?;
    tokio::task::block_in_place(|| Archive::open(&inner.data)?.resolve(&resolver))?;
    inner.live().settled(accounts.iter().chain(&concerned), archived);
    Ok(())
}

/// Where the archive alone knows which accounts are concerned by what became known, they are written down, as told anew once it has come to a
/// position. Before its files are written by what is known now: after that it cannot tell any more.
pub(crate) async fn note_concerned(inner: &Inner, resolver: &Resolver, position: i64) -> Result<Vec<Arc<str>>> {
    if !inner.live().unsettled().contains_key(EVERYBODY) {
        return Ok(vec![]);
    }
    let concerned = tokio::task::block_in_place(|| Archive::open(&inner.data)?.concerned(resolver))?;
    let concerned: Vec<Arc<str>> = concerned.into_iter().map(Arc::from).collect();
    if !concerned.is_empty() {
        concerned.iter().for_each(|account| inner.live().unsettle(account.clone(), position));
        unsaved::save(inner).await?;
    }
    Ok(concerned)
}
