//! The journal: order, sizes, trimming, and that a reader misses nothing of what several appenders write at once.

use std::time::Duration;

use tenure_model::Instant;
use tenure_store::{JournalDepth, NewRow, Store, transact, transact_beside};

fn row(payload: &[u8]) -> NewRow<'_> {
    NewRow { received_at: Instant(7), items: 3, codec: 2, payload }
}

async fn append(store: &Store, payloads: &[&[u8]]) -> Vec<i64> {
    let rows: Vec<_> = payloads.iter().map(|payload| row(payload)).collect();
    transact_beside!(store, "append", |write| write.append(&rows).await).unwrap()
}

async fn positions_after(store: &Store, position: i64, max_bytes: u64) -> Vec<i64> {
    store.journal_after(position, max_bytes).await.unwrap().iter().map(|row| row.position).collect()
}

pub async fn journal_pages(store: Store) {
    assert_eq!(store.journal_head().await.unwrap(), None);
    assert_eq!(store.journal_after(0, 1_000).await.unwrap(), []);
    assert_eq!(append(&store, &[b"\0one", b"four"]).await, [1, 2]);
    assert!(append(&store, &[]).await.is_empty());
    transact!(store, "decide", |write| write.next_position().await).unwrap();
    assert_eq!(append(&store, &[b"eightish"]).await, [4], "other inputs take positions too");
    for (after, max_bytes, expected) in
        [(0, 1_000, vec![1, 2, 4]), (0, 16, vec![1, 2, 4]), (0, 15, vec![1, 2]), (0, 1, vec![1]), (2, 0, vec![4]), (4, 1_000, vec![])]
    {
        assert_eq!(positions_after(&store, after, max_bytes).await, expected, "after {after}, {max_bytes} bytes");
    }
    let first = store.journal_after(0, 1).await.unwrap().remove(0);
    assert_eq!((first.received_at, first.items, first.codec, first.payload.as_slice()), (Instant(7), 3, 2, b"\0one".as_slice()));
    assert_eq!(store.journal_head().await.unwrap(), Some(4));
    assert_eq!(store.journal_depth(1).await.unwrap(), JournalDepth { rows: 2, items: 6, bytes: 12 });
    assert_eq!(store.journal_depth(4).await.unwrap(), JournalDepth::default());
}

pub async fn journal_trims(store: Store) {
    append(&store, &[b"a", b"b", b"c"]).await;
    for (through, trimmed) in [(2, 2), (2, 0), (9, 1)] {
        assert_eq!(transact!(store, "trim", |write| write.trim_journal(through).await).unwrap(), trimmed);
    }
    assert_eq!(append(&store, &[b"d"]).await, [4], "no position is given out twice");
}

/// Eight appenders that dawdle before they commit, some of which give up, and a reader that goes on from the last row it saw.
pub async fn journal_is_complete(store: Store) {
    const APPENDERS: u64 = 8;
    const ROWS: u64 = 12;
    const PAGE: u64 = 1_000_000; // a reader that lags behind would not notice
    let mut appenders = tokio::task::JoinSet::new();
    for appender in 0..APPENDERS {
        let store = store.clone();
        appenders.spawn(async move {
            let mut committed = Vec::new();
            for n in 0..ROWS {
                let mut write = store.write_beside().await.unwrap();
                let positions = write.append(&[row(&[0; 100]), row(&[1; 50])]).await.unwrap();
                tokio::time::sleep(Duration::from_micros((appender * 7 + n * 13) % 5 * 700)).await;
                if (appender + n) % 5 == 0 {
                    continue; // rolled back
                }
                write.commit().await.unwrap();
                committed.extend(positions);
            }
            committed
        });
    }
    let mut seen: Vec<i64> = Vec::new();
    let mut committed: Vec<i64> = Vec::new();
    while !appenders.is_empty() {
        tokio::select! {
            Some(done) = appenders.join_next() => committed.extend(done.unwrap()),
            page = positions_after(&store, seen.last().copied().unwrap_or(0), PAGE) => seen.extend(page),
        }
    }
    loop {
        let page = positions_after(&store, seen.last().copied().unwrap_or(0), PAGE).await;
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    committed.sort_unstable();
    assert!(seen.is_sorted_by(|a, b| a < b), "in order");
    assert_eq!(seen, committed, "nothing missed, nothing undone seen");
    assert!(committed.len() > 100);
}
