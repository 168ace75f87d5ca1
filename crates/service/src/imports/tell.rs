//! Accounts are told anew from their history, some at a time, while events go on being taken in between.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenure_history::Archive;
use tenure_import::{Phase, Progress};

use super::TOLD_AT_ONCE;
use crate::Result;
use crate::past::recent;
use crate::service::Inner;
use crate::step::UnderWay;
use crate::stepwise::persist;

/// Tells accounts anew. Whoever calls it holds `archiving`: what the archive has of them stays as it is read here.
pub(super) async fn tell(inner: &Inner, accounts: BTreeSet<Arc<str>>, progress: &Progress) -> Result<()> {
    progress.begin(Phase::Telling, accounts.len() as u64);
    let accounts: Vec<Arc<str>> = accounts.into_iter().collect();
    for some in accounts.chunks(TOLD_AT_ONCE) {
        progress.go_on()?;
        let ids: BTreeSet<&str> = some.iter().map(|id| &**id).collect();
        let mut archived = tokio::task::block_in_place(|| Archive::open(&inner.data)?.timelines(&ids))?;
        let mut events = |id: &Arc<str>| archived.remove(&**id).unwrap_or_default().into_iter().map(recent).collect();
        let events: BTreeMap<Arc<str>, _> = some.iter().map(|id| (id.clone(), events(id))).collect();
        let _step = inner.stepping.lock().await;
        {
            let mut live = inner.live();
            some.iter().for_each(|id| live.known(id));
        }
        persist(inner, &mut UnderWay::telling(inner, events, (inner.clock)())).await?;
        progress.add(some.len() as u64);
    }
    Ok(())
}
