//! One import: the file is read, what it says is written between the engine's steps, its events are swapped into the archive, and every account that
//! it is about is told anew from its history.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tenure_history::{Archive, Resolver, Summary};
use tenure_import::{
    FUTURE_TOLERANCE, Imported, Kept, Phase, Progress, Read, Reading, Rejects, Source, Stated, Transactions, rejects_path, settle, state,
};
use tenure_model::Instant;
use tenure_store::{Import, Mark, transact};

use super::STATEMENTS_MAX;
use super::tell::tell;
use crate::Result;
use crate::archive::note_concerned;
use crate::service::Inner;

/// What became of what a file says: its statements, its events, and how many events of before are another account's now.
type Put = (Stated, Summary, u64);

/// Does it.
pub(super) async fn import(inner: &Inner, asked: &Import, progress: &Arc<Progress>) -> Result<()> {
    // Neither archive nor snapshot meanwhile: the journal keeps what comes in.
    let _still = inner.archiving.lock().await;
    let (now, lease) = ((inner.clock)(), inner.lease.lock().await.clone());
    transact!(inner.store, "import", |write| {
        write.fenced(&lease).await?;
        write.run_import(asked.id, now).await
    })?;
    let (source, reading) = Kept::of(&inner.data, &asked.key).open(asked)?.ok_or_else(gone)?;
    let mut rejects = Rejects::to(rejects_path(&inner.data, &asked.key, &asked.file));
    let mut archive = Archive::open(&inner.data)?;
    let mut events = archive.import(&reading.source, now, FUTURE_TOLERANCE)?;
    let read = tenure_import::read(&source, &reading, Some(&mut events), &mut rejects, progress).await?;
    progress.keep()?;
    let stated = state_it(inner, asked.id, &source, &reading, &read, progress).await;
    // Whatever of it is kept, whose events are is known from now on, and its accounts are told by it.
    let resolver = learn(inner, &read).await?;
    let events = tokio::task::block_in_place(|| -> Result<(Stated, Summary)> {
        let stated = stated?;
        if events.rows() == 0 {
            return Ok((stated, Summary::default()));
        }
        progress.begin(Phase::Settling, 0);
        Ok((stated, events.finish(&resolver, &mut |done, total| progress.set(done as u64, total as u64))?))
    });
    let put: Result<Put> = events.and_then(|(stated, summary)| {
        let relates = read.concerned.relates();
        let found = if relates { tokio::task::block_in_place(|| settle(&mut archive, &resolver))? } else { 0 };
        Ok((stated, summary, found))
    });
    tell(inner, read.concerned.accounts(&resolver), progress).await?;
    let (stated, summary, found) = put?;
    finish(inner, asked.id, read, stated, (summary, found), rejects).await
}

fn gone() -> tenure_import::Error {
    tenure_import::Error::Asked { cause: "its file is not there any more: import it again".to_owned(), help: String::new() }
}

async fn state_it(inner: &Inner, id: i64, source: &Source, reading: &Reading, read: &Read, progress: &Arc<Progress>) -> Result<Stated> {
    if !read.states() {
        return Ok(Stated::default());
    }
    let transactions = Transactions::Many(STATEMENTS_MAX, inner.lease.lock().await.clone());
    Ok(state(source, reading, &inner.store, id, &transactions, progress).await?)
}

/// Whose events are, with what a file said of it.
async fn learn(inner: &Inner, read: &Read) -> Result<Resolver> {
    if !read.concerned.relates() {
        return Ok(inner.live().resolver().clone());
    }
    let all = Resolver::new(&inner.store.memberships().await?, &inner.store.merge_list().await?);
    let (resolver, reached) = {
        let _between = inner.stepping.lock().await;
        let reached = inner.status.engine_position.load(Ordering::Relaxed);
        let mut live = inner.live();
        live.learn(all);
        let resolver = live.resolver().clone();
        if reached > inner.status.archive_position.load(Ordering::Relaxed) {
            // Events that wait for the archive came to the accounts to which they belonged before.
            read.concerned.accounts(&resolver).into_iter().for_each(|account| live.unsettle(account, reached));
        }
        (resolver, reached)
    };
    note_concerned(inner, &resolver, reached).await?;
    Ok(resolver)
}

/// Writes down what it gave.
async fn finish(inner: &Inner, id: i64, read: Read, stated: Stated, (summary, found): (Summary, u64), rejects: Rejects) -> Result<()> {
    let conflicts = if read.states() { inner.store.count_conflicts(id).await? } else { 0 };
    let imported = Imported::new(read, stated, summary, found, conflicts, rejects)?;
    let (now, lease): (Instant, _) = ((inner.clock)(), inner.lease.lock().await.clone());
    transact!(inner.store, "import", |write| {
        write.fenced(&lease).await?;
        write.finish_import(id, imported.counts, now).await?;
        // What was evaluated before is older than this.
        write.next_position().await?;
        // The snapshot in force does not know of it.
        write.unset_mark(Mark::Snapshot).await?;
        write.mark_inputs(now).await
    })?;
    inner.status.snapshot_position.store(0, Ordering::Relaxed);
    inner.status.snapshot_at.store(0, Ordering::Relaxed);
    Ok(())
}
