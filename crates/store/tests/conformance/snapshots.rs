//! Snapshots hold still while others write; what was kept long enough goes.

use tenure_model::Instant;
use tenure_store::{AuditEntry, AuditFilter, AuditId, Error, Kept, MessageId, MessageState, NewMessage, Page, Snapshot, Store, transact};

/// All rows by table.
pub async fn rows(snapshot: &mut Snapshot) -> Vec<(String, Vec<String>, Vec<String>)> {
    let mut all = Vec::new();
    for table in snapshot.tables().await.unwrap() {
        let mut lines = Vec::new();
        let count = snapshot
            .rows(&table, |line| -> Result<(), Error> {
                lines.push(line.to_owned());
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(count, lines.len() as u64);
        lines.sort();
        all.push((table.name, table.columns, lines));
    }
    all
}

fn entry(n: i64) -> AuditEntry {
    AuditEntry {
        id: AuditId::of(&n.to_string()),
        at: Instant(n),
        actor: "ann".into(),
        action: "test".into(),
        target: "x".into(),
        before: None,
        after: None,
        address: None,
    }
}

async fn audited(store: &Store) -> Vec<i64> {
    store.audit_log(&AuditFilter::default(), &Page::first(100)).await.unwrap().iter().map(|e| e.at.0).collect()
}

pub async fn snapshots_hold_still(store: Store) {
    transact!(store, "audit", |write| write.audit(&entry(1)).await).unwrap();
    let mut snapshot = store.snapshot().await.unwrap();
    transact!(store, "audit", |write| write.audit(&entry(2)).await).unwrap();
    let all = rows(&mut snapshot).await;
    let audit = all.iter().find(|(table, ..)| table == "audit_log").unwrap();
    assert_eq!((audit.2.len(), audited(&store).await.len()), (1, 2));
    assert!(all.len() > 20 && all.iter().all(|(table, ..)| table != "leases"), "{}", all.len());
}

pub async fn retention_forgets(store: Store) {
    let message = |n: i64| NewMessage {
        id: MessageId::of(&n.to_string()),
        dedupe_key: n.to_string(),
        kind: "email".into(),
        recipient: "ann".into(),
        payload: "{}".into(),
        due_at: Instant(n),
    };
    transact!(store, "fill", |write| {
        for n in 0..10 {
            write.audit(&entry(n)).await?;
        }
        write.enqueue(&[message(1), message(2)], Instant(1)).await?;
        write.claim(Instant(1), 1).await?;
        write.message_sent(&MessageId::of("1"), Instant(2)).await
    })
    .unwrap();
    assert_eq!(store.count_older(Kept::AuditLog, Instant(7)).await.unwrap(), 7);
    let forget = async |kept, limit| transact!(store, "forget", |write| write.forget_older(kept, Instant(7), limit).await).unwrap();
    assert_eq!((forget(Kept::AuditLog, 5).await, forget(Kept::AuditLog, 5).await, forget(Kept::AuditLog, 5).await), (5, 2, 0));
    assert_eq!(audited(&store).await, [9, 8, 7]);
    assert_eq!(forget(Kept::Outbox, 5).await, 1, "what waits is never removed");
    assert_eq!(store.messages(MessageState::Waiting, &Page::first(9)).await.unwrap().len(), 1);
    assert_eq!((forget(Kept::Quarantine, 5).await, forget(Kept::Sessions, 5).await), (0, 0));
}
