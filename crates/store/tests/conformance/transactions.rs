//! Transactions by name: conflicts are run again, counts are kept, and what a writer has read stays true.

use std::time::Duration;

use tenure_model::Instant;
use tenure_store::{Error, Mark, Store, transact, transact_beside};

/// Two transactions that lock two rows in opposite order: on PostgreSQL one of them loses and runs again.
pub async fn conflicts_run_again(store: Store) {
    let one = async |name, first, second| {
        transact_beside!(store, name, |write| {
            write.set_mark(first, 1, Instant(1)).await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
            write.set_mark(second, 1, Instant(1)).await
        })
    };
    let (forth, back) = tokio::join!(one("forth", Mark::Engine, Mark::Archive), one("back", Mark::Archive, Mark::Engine));
    forth.unwrap();
    back.unwrap();
    let counts = store.transactions();
    assert_eq!((counts["forth"].committed, counts["back"].committed), (1, 1));
    assert!(counts["forth"].took_max >= Duration::from_millis(50));
}

pub async fn transactions_are_counted(store: Store) {
    for fails in [false, true, false] {
        let result = transact!(store, "mark", |write| {
            write.set_mark(Mark::Engine, 5, Instant(1)).await?;
            if fails { Err(Error::NotFound { what: "thing", name: "x".into() }) } else { Ok(()) }
        });
        assert_eq!(result.is_err(), fails);
    }
    let counts = store.transactions()["mark"];
    assert_eq!((counts.committed, counts.failed, counts.retried), (2, 1, 0));
    // A future of it can be spawned.
    let spawned = store.clone();
    let position = tokio::spawn(async move { transact!(spawned, "position", |write| write.next_position().await) });
    assert_eq!(position.await.unwrap().unwrap(), 1);
}

/// Merges in a circle, each written by a transaction that saw none of the others: one of them must be refused.
pub async fn merges_at_once(store: Store) {
    let ids = ["a", "b", "c", "a"];
    let tasks: Vec<_> = ids
        .windows(2)
        .map(|pair| {
            let (store, merge) = (store.clone(), super::merge(true, pair[0], pair[1]));
            tokio::spawn(async move { transact!(store, "merge", |write| write.add_merge(&merge, "carla").await) })
        })
        .collect();
    let mut refused = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(new) => assert!(new),
            Err(Error::Merge { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(refused, 1);
}
