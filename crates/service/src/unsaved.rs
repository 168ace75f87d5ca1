//! Accounts that are to be told anew because more became known of whose events are: kept in the store, so that an end forgets none.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenure_live::Unsaved;
use tenure_store::{Store, Write, transact};

use crate::Result;
use crate::service::Inner;

/// How far each account is.
pub(crate) type All = BTreeMap<Arc<str>, Unsaved>;

const SETTLED: i64 = -1;
const TOLD: i64 = -2;

/// As the store has them.
pub(crate) async fn read(store: &Store) -> Result<All> {
    let unsaved = |state| match state {
        SETTLED => Unsaved::Settled,
        TOLD => Unsaved::Told,
        position => Unsaved::Unsettled(position),
    };
    Ok(store.unsettled().await?.into_iter().map(|(account, state)| (account.into(), unsaved(state))).collect())
}

/// Writes down how far the accounts are now, between two steps.
pub(crate) async fn save(inner: &Inner) -> Result<()> {
    let _between = inner.stepping.lock().await;
    let lease = inner.lease.lock().await.clone();
    let (now, before) = (inner.live().unsaved(), inner.unsaved().clone());
    transact!(inner.store, "unsettled", |tx| {
        tx.fenced(&lease).await?;
        write(tx, &before, &now).await
    })?;
    *inner.unsaved() = now;
    Ok(())
}

/// Writes down what is otherwise than the store has it.
pub(crate) async fn write(write: &mut Write, before: &All, now: &All) -> tenure_store::Result<()> {
    let state = |unsaved: &Unsaved| match unsaved {
        Unsaved::Settled => SETTLED,
        Unsaved::Told => TOLD,
        Unsaved::Unsettled(position) => *position,
    };
    let gone: Vec<&str> = before.keys().filter(|account| !now.contains_key(*account)).map(|account| &**account).collect();
    let new = now.iter().filter(|(account, unsaved)| before.get(*account) != Some(unsaved));
    let new: Vec<(&str, i64)> = new.map(|(account, unsaved)| (&**account, state(unsaved))).collect();
    write.settled(&gone).await?;
    write.unsettle(&new).await
}
