//! Imports: one row for each file and way of reading it, taken up again under its number.

use tenure_model::Instant;
use tenure_store::{Import, ImportCounts, ImportKey, ImportStatus, Page, Store, transact};

pub async fn imports(store: Store) {
    let key =
        |dated| ImportKey { kind: "accounts".into(), content_hash: "c".into(), mapping_hash: String::new(), source: "crm".into(), dated };
    assert_eq!(store.import(&key(None)).await.unwrap(), None);
    let begin = async |key: &ImportKey| {
        let mut write = store.write().await.unwrap();
        let id = write.begin_import(key, "accounts.csv", Instant(1)).await.unwrap();
        write.commit().await.unwrap();
        id
    };
    let first = begin(&key(None)).await;
    assert_eq!(store.import(&key(None)).await.unwrap().unwrap().status, ImportStatus::Running);
    assert_eq!(begin(&key(None)).await, first, "taken up again");
    let counts = ImportCounts { rows: 5, accepted: 4, duplicates: 3, rejected: 1, conflicts: 2 };
    let mut write = store.write().await.unwrap();
    write.finish_import(first, counts, Instant(8)).await.unwrap();
    write.commit().await.unwrap();
    let done = store.import(&key(None)).await.unwrap().unwrap();
    assert_eq!((done.status, done.counts, done.finished_at), (ImportStatus::Done, counts, Some(Instant(8))));
    assert_eq!(done.key, key(None));
    assert_ne!(begin(&key(Some(Instant(3)))).await, first, "dated otherwise: another import");
    assert_eq!(store.imports().await.unwrap().len(), 2);
    let positions: Vec<i64> = store.imports().await.unwrap().iter().map(|i| i.position).collect();
    assert_eq!((positions, store.position().await.unwrap()), (vec![2, 3], 3));
}

pub async fn imports_by_request(store: Store) {
    let key = |hash: &str| ImportKey {
        kind: "events".into(),
        content_hash: hash.into(),
        mapping_hash: String::new(),
        source: "file".into(),
        dated: None,
    };
    let queue = async |hash: &str, now| {
        transact!(store, "queue", |write| write.queue_import(&key(hash), "e.csv", "ann@example.com", Instant(now)).await).unwrap()
    };
    let end = async |id, error| transact!(store, "end", |write| write.end_import(id, error, Instant(9)).await).unwrap();
    let open = async || store.open_imports().await.unwrap().iter().map(|i| (i.id, i.status)).collect::<Vec<_>>();
    let (a, b, c) = (queue("a", 1).await, queue("b", 2).await, queue("c", 3).await);
    transact!(store, "run", |write| write.run_import(b, Instant(4)).await).unwrap();
    assert_eq!(open().await, [(a, ImportStatus::Queued), (c, ImportStatus::Queued), (b, ImportStatus::Running)]);
    assert!(end(b, Some("no disk")).await && end(a, None).await);
    assert!(!end(a, Some("too late")).await, "what has ended has ended");
    let all = store.imports_page(&Page::first(2)).await.unwrap();
    let told = |i: &Import| (i.id, i.status, i.author.clone(), i.error.clone(), i.finished_at);
    let ann = || "ann@example.com".to_owned();
    let expected =
        [(b, ImportStatus::Failed, ann(), Some("no disk".to_owned()), Some(Instant(9))), (c, ImportStatus::Queued, ann(), None, None)];
    assert_eq!(all.iter().map(told).collect::<Vec<_>>(), expected);
    let next = Page { before: Some((all[1].started_at, all[1].id)), limit: 2 };
    assert_eq!(
        store.imports_page(&next).await.unwrap().iter().map(|i| (i.id, i.status)).collect::<Vec<_>>(),
        [(a, ImportStatus::Cancelled)]
    );
    assert_eq!(queue("b", 7).await, b, "asked for again");
    let again = store.import_numbered(b).await.unwrap().unwrap();
    assert_eq!((again.status, again.error, again.finished_at), (ImportStatus::Queued, None, None));
    assert_eq!(store.import_numbered(99).await.unwrap(), None);
}
