//! What the service starts from: the snapshot in force, else the whole history; then the journal's tail.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tenure_engine::Engine;
use tenure_history::Archive;
use tenure_ingest::Resolver;
use tenure_ingest::journal::Batch;
use tenure_live::{Key, Keys, LATENESS, Live};
use tenure_model::Instant;
use tenure_store::{Mark, Store};

use crate::bring_up::World;
use crate::journal::Committed;
use crate::service::Inner;
use crate::step::UnderWay;
use crate::{Error, Result, snapshot};

/// Bytes of the journal that are read at a time.
const READ_BYTES: u64 = 32 << 20;

/// The living accounts, and the journal's position up to which they contain everything.
pub(crate) struct Origin {
    pub live: Live,
    pub position: i64,
    /// Were they told from their history?
    pub told_anew: bool,
}

/// Finds the accounts as they stood.
pub(crate) async fn origin(store: &Store, data: &Path, engine: Arc<Engine>, now: Instant) -> Result<Origin> {
    if let Some((live, position)) = from_snapshot(store, data, &engine).await? {
        return Ok(Origin { live, position, told_anew: false });
    }
    let (live, position) = from_history(store, data, engine, now).await?;
    Ok(Origin { live, position, told_anew: true })
}

/// The snapshot in force, where there is one that can be relied on.
async fn from_snapshot(store: &Store, data: &Path, engine: &Arc<Engine>) -> Result<Option<(Live, i64)>> {
    let Some((position, taken_at)) = store.marked(Mark::Snapshot).await? else { return Ok(None) };
    let unknown = store.unknown_inputs().await?;
    if unknown != 0 {
        tracing::info!(inputs = unknown, "something was imported since the last snapshot: all accounts are told from their history");
        return Ok(None);
    }
    match tokio::task::block_in_place(|| snapshot::read(data, engine, position, taken_at)) {
        Ok(live) => Ok(Some((live, position))),
        Err(why) => {
            tracing::warn!(%why, "the snapshot cannot be used: all accounts are told from their history");
            Ok(None)
        }
    }
}

/// All accounts from archive and store, as of shortly before what the journal has beyond the archive.
async fn from_history(store: &Store, data: &Path, engine: Arc<Engine>, now: Instant) -> Result<(Live, i64)> {
    let position = store.mark(Mark::Archive).await?;
    let resolver = Resolver::new(&store.memberships().await?, &store.merge_list().await?);
    let (archive, keys) = tokio::task::block_in_place(|| -> Result<(Archive, Keys)> {
        let mut archive = Archive::open(data)?;
        if archive.rows() + archive.quarantined() > 0 {
            // What became known of whose events are may not have reached the archive before the end.
            archive.resolve(&resolver)?;
        }
        let keys = keys(&archive, now)?;
        Ok((archive, keys))
    })?;
    let at = as_of(store, position, now).await?;
    let world = World::load(engine.clone(), archive, store, at).await?;
    let placed = tokio::task::block_in_place(|| world.bring_up(&|_, _| {}, &AtomicU64::new(0)))?;
    drop(world);
    let mut live = Live::new(engine, resolver, keys);
    placed.into_iter().for_each(|account| live.place(account));
    Ok((live, position))
}

/// As of when accounts are placed: what came in or fell due later is taken as it was then, by the steps that follow.
async fn as_of(store: &Store, position: i64, now: Instant) -> Result<Instant> {
    let mut at = now;
    if store.unknown_inputs().await? == 0
        && let Some((_, committed)) = store.marked(Mark::Engine).await?
    {
        at = at.min(committed);
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
pub(crate) async fn catch_up(inner: &Inner, mut position: i64) -> Result<()> {
    let committed = inner.status.engine_position.load(Ordering::Relaxed);
    loop {
        let rows = inner.store.journal_after(position, READ_BYTES).await?;
        let Some(last) = rows.last() else { break };
        position = last.position;
        for row in rows {
            let decoded = tokio::task::block_in_place(|| Batch::decode(&row.payload));
            let batch = decoded.map_err(|error| Error::Journal { position: row.position, why: error.to_string() })?;
            let now = row.received_at;
            let mut batches = vec![Committed { position: row.position, received_at: now, batch: Arc::new(batch) }];
            let take = if row.position <= committed { UnderWay::take_again } else { UnderWay::take };
            while take(inner, &batches, now).finish(inner).await? {
                batches.clear();
            }
        }
    }
    while UnderWay::take(inner, &[], (inner.clock)()).finish(inner).await? {}
    Ok(())
}
