//! What the service starts from: the snapshot in force, else the whole history; then the journal's tail.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tenure_engine::Engine;
use tenure_history::Archive;
use tenure_ingest::Resolver;
use tenure_ingest::journal::Batch;
use tenure_live::{Key, Keys, LATENESS, Live, Unsaved};
use tenure_model::Instant;
use tenure_store::{AppliedModel, Mark, Store};

use crate::archive::{declare, resettle_left};
use crate::bring_up::bring_up;
use crate::journal::Committed;
use crate::memory::prepare;
use crate::service::Inner;
use crate::step::UnderWay;
use crate::switch::{Progress, changed};
use crate::{Error, Limits, Result, snapshot};

/// Bytes of the journal that are read at a time.
const READ_BYTES: u64 = 32 << 20;

/// The living accounts, and the journal's position up to which they contain everything.
pub(crate) struct Origin {
    pub live: Live,
    pub position: i64,
    pub how: How,
}

/// Where the accounts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// From the snapshot in force.
    Restored,
    /// From their history, which is the one that the engine was told.
    ToldAgain,
    /// From their history, by another model or with more in it than came through the engine.
    Changed,
}

/// Finds the accounts as they stood.
pub(crate) async fn origin(store: &Store, data: &Path, engine: Arc<Engine>, now: Instant, limits: &Limits) -> Result<Origin> {
    if let Some((live, position)) = from_snapshot(store, data, &engine, limits).await? {
        return Ok(Origin { live, position, how: How::Restored });
    }
    let last = store.last_model().await?.map(|last| last.revision);
    let is_known = store.unknown_inputs().await? == 0 && last.as_ref() == Some(&engine.model().revision);
    let how = if is_known { How::ToldAgain } else { How::Changed };
    let (live, position) = from_history(store, data, engine, now, limits, &Progress::default()).await?;
    Ok(Origin { live, position, how })
}

/// The snapshot in force, where there is one that can be relied on.
async fn from_snapshot(store: &Store, data: &Path, engine: &Arc<Engine>, limits: &Limits) -> Result<Option<(Live, i64)>> {
    let Some((position, taken_at)) = store.marked(Mark::Snapshot).await? else { return Ok(None) };
    let unknown = store.unknown_inputs().await?;
    if unknown != 0 {
        tracing::info!(inputs = unknown, "something was imported since the last snapshot: all accounts are told from their history");
        return Ok(None);
    }
    match tokio::task::block_in_place(|| snapshot::read(data, engine, position, taken_at, limits)) {
        Ok(live) => Ok(Some((live, position))),
        Err(why) => {
            tracing::warn!(%why, "the snapshot cannot be used: all accounts are told from their history");
            Ok(None)
        }
    }
}

/// All accounts from archive and store, as of shortly before what the journal has beyond the archive.
pub(crate) async fn from_history(
    store: &Store,
    data: &Path,
    engine: Arc<Engine>,
    now: Instant,
    limits: &Limits,
    progress: &Progress,
) -> Result<(Live, i64)> {
    let position = store.mark(Mark::Archive).await?;
    let resolver = Resolver::new(&store.memberships().await?, &store.merge_list().await?);
    let (archive, keys) = tokio::task::block_in_place(|| -> Result<(Archive, Keys)> {
        let archive = Archive::open(data)?;
        let keys = keys(&archive, now)?;
        Ok((archive, keys))
    })?;
    let at = as_of(store, position, now).await?;
    let mut live = Live::new(engine, resolver, keys);
    prepare(&mut live, data, limits)?;
    let live = bring_up(live, archive, store, at, limits, progress).await?;
    Ok((live, position))
}

/// As of when accounts are placed: what came in or fell due later is taken as it was then, by the steps that follow.
async fn as_of(store: &Store, position: i64, now: Instant) -> Result<Instant> {
    let mut at = now;
    if store.unknown_inputs().await? == 0
        && let Some((_, whole)) = store.marked(Mark::Whole).await?
    {
        at = at.min(whole);
    }
    if let Some(row) = store.journal_after(position, 0).await?.first() {
        at = at.min(row.received_at);
    }
    Ok(at.plus(-LATENESS))
}

/// The messages that arrived lately, as the archive has them.
fn keys(archive: &Archive, now: Instant) -> Result<Keys> {
    let mut keys = Keys::default();
    for (source, message, arrived) in archive.messages_since(now.plus(-tenure_live::KEYS_KEPT))? {
        keys.note(Key::of(&source, &message), arrived);
    }
    Ok(keys)
}

/// Takes in the journal's rows after a position, each at the time at which it came; then what is due by now.
pub(crate) async fn catch_up(inner: &Inner, position: i64, how: How, applied: &AppliedModel) -> Result<()> {
    let told = (inner.status.engine_position.load(Ordering::Relaxed), Instant(inner.status.engine_at.load(Ordering::Relaxed)));
    let whole = inner.store.marked(Mark::Whole).await?.unwrap_or((0, Instant::MIN));
    let mut position = take_again(inner, position, told.0.min(whole.0)).await?;
    inner.status.engine_position.store(told.0, Ordering::Relaxed);
    if how == How::Restored {
        let anew = |(account, unsaved): (&Arc<str>, &Unsaved)| (*unsaved == Unsaved::Told).then(|| account.clone());
        let anew: Vec<Arc<str>> = inner.unsaved().iter().filter_map(anew).collect();
        anew.iter().for_each(|account| inner.live().known(account));
    }
    declare(inner).await?;
    if how == How::Changed {
        // No timer rings before an input that was there.
        let next = inner.store.journal_after(position, 0).await?.first().map(|row| row.received_at);
        changed(inner, applied, next.unwrap_or(Instant::NEVER).min((inner.clock)())).await?;
    } else if told == whole && told.1 > Instant::MIN {
        // Timers rang after the last of these rows. What they said was written: it has to be known, or what comes now could not restate it. Where
        // some may not have been, the steps that follow write all of it again.
        ring_again(inner, told.1).await?;
    }
    inner.live().set_unsaved(&inner.unsaved());
    while let Some(batches) = batches(inner, position, i64::MAX).await? {
        for batch in batches {
            position = batch.position;
            let now = batch.received_at;
            let mut more = UnderWay::take(inner, &[batch], now).finish(inner).await?;
            while more {
                more = UnderWay::take(inner, &[], now).finish(inner).await?;
            }
        }
    }
    resettle_left(inner).await?;
    while UnderWay::take(inner, &[], (inner.clock)()).finish(inner).await? {}
    Ok(())
}

/// Takes rows that were committed before, those after a position and up to another, into memory again. Gives the position reached.
pub(crate) async fn take_again(inner: &Inner, mut position: i64, through: i64) -> Result<i64> {
    inner.status.engine_position.store(through, Ordering::Relaxed);
    while let Some(batches) = batches(inner, position, through).await? {
        for batch in batches {
            position = batch.position;
            let now = batch.received_at;
            let mut more = UnderWay::take_again(inner, &[batch], now).finish(inner).await?;
            while more {
                more = UnderWay::take_again(inner, &[], now).finish(inner).await?;
            }
        }
    }
    Ok(position)
}

/// Rings the timers up to an instant, into memory only.
pub(crate) async fn ring_again(inner: &Inner, until: Instant) -> Result<()> {
    while UnderWay::take_again(inner, &[], until).finish(inner).await? {}
    Ok(())
}

/// Some rows of the journal after a position and up to another; None where there are none.
pub(crate) async fn batches(inner: &Inner, position: i64, through: i64) -> Result<Option<Vec<Committed>>> {
    let mut rows = inner.store.journal_after(position, READ_BYTES).await?;
    rows.retain(|row| row.position <= through);
    let decode = |row: tenure_store::JournalRow| {
        let decoded = tokio::task::block_in_place(|| Batch::decode(&row.payload));
        let batch = decoded.map_err(|error| Error::Journal { position: row.position, why: error.to_string() })?;
        Ok(Committed { position: row.position, received_at: row.received_at, batch: Arc::new(batch) })
    };
    let batches = rows.into_iter().map(decode).collect::<Result<Vec<_>>>()?;
    Ok(Some(batches).filter(|batches| !batches.is_empty()))
}
