//! Marks of readers, leases and their fences.

use tenure_model::Instant;
use tenure_store::{Error, Lease, Mark, Store, transact};

async fn acquire(store: &Store, holder: &str, now: i64) -> Option<Lease> {
    transact!(store, "acquire", |write| write.acquire_lease("engine", holder, Instant(now), Instant(now + 10)).await).unwrap()
}

pub async fn marks_with_their_transaction(store: Store) {
    assert_eq!(store.mark(Mark::Engine).await.unwrap(), 0);
    for position in [5, 9, 7] {
        transact!(store, "mark", |write| write.set_mark(Mark::Engine, position, Instant(1)).await).unwrap();
    }
    let mut write = store.write().await.unwrap();
    write.set_mark(Mark::Archive, 3, Instant(1)).await.unwrap();
    drop(write);
    assert_eq!((store.mark(Mark::Engine).await.unwrap(), store.mark(Mark::Archive).await.unwrap()), (7, 0));
}

pub async fn a_lease_has_one_holder(store: Store) {
    assert_eq!(store.lease("engine").await.unwrap(), None);
    let first = acquire(&store, "a", 100).await.unwrap();
    assert_eq!((first.fence, first.expires_at), (1, Instant(110)));
    assert_eq!(acquire(&store, "b", 109).await, None, "held");
    let renewed = transact!(store, "renew", |write| write.renew_lease(&first, Instant(120)).await).unwrap();
    assert_eq!(acquire(&store, "b", 119).await, None, "held for longer");
    assert_eq!(acquire(&store, "a", 119).await.unwrap().fence, 2, "the same holder, started again");
    let second = acquire(&store, "b", 129).await.unwrap();
    assert_eq!((second.fence, second.holder.as_str()), (3, "b"), "expired");
    assert!(matches!(
        transact!(store, "renew", |write| write.renew_lease(&renewed, Instant(200)).await),
        Err(Error::Fenced { fence: 1, .. })
    ));
    transact!(store, "release", |write| write.release_lease(&renewed).await).unwrap();
    assert_eq!(store.lease("engine").await.unwrap(), Some(second.clone()), "only its holder releases it");
    transact!(store, "release", |write| write.release_lease(&second).await).unwrap();
    assert_eq!(acquire(&store, "c", 130).await.unwrap().fence, 4, "free, and the fence grows");
    // Of many who try at once one gets it.
    let tries = (0..6).map(|i| {
        let store = store.clone();
        tokio::spawn(async move { acquire(&store, &format!("p{i}"), 1_000).await })
    });
    let mut got = 0;
    for one in tries.collect::<Vec<_>>() {
        got += usize::from(one.await.unwrap().is_some());
    }
    assert_eq!(got, 1);
}

pub async fn a_fence_stops_who_lost(store: Store) {
    let old = acquire(&store, "a", 100).await.unwrap();
    let mut writing = store.write_beside().await.unwrap();
    writing.fenced(&old).await.unwrap();
    writing.set_mark(Mark::Engine, 1, Instant(1)).await.unwrap();
    // Taking over waits until who has passed the fence is done.
    let other = store.clone();
    let taking = tokio::spawn(async move { acquire(&other, "b", 200).await.unwrap() });
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    assert!(!taking.is_finished());
    writing.commit().await.unwrap();
    assert_eq!(taking.await.unwrap().fence, 2);
    let commit = transact!(store, "engine", |write| {
        write.fenced(&old).await?;
        write.set_mark(Mark::Engine, 2, Instant(1)).await
    });
    assert!(matches!(commit, Err(Error::Fenced { fence: 1, .. })));
    assert_eq!(store.mark(Mark::Engine).await.unwrap(), 1);
}
