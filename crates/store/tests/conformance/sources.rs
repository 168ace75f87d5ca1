//! Sources and their quarantine.

use std::collections::BTreeMap;

use tenure_model::Instant;
use tenure_store::{Error, Hash, Page, QuarantineId, QuarantineStatus, Quarantined, Source, SourceId, Store, transact, transact_beside};

fn source(name: &str, n: u8) -> Source {
    Source {
        id: SourceId::of(name),
        name: name.into(),
        key_hash: Hash([n; 32]),
        created_at: Instant(1),
        disabled_at: None,
        max_gap_seconds: None,
        last_seen_at: None,
    }
}

async fn add(store: &Store, source: &Source) -> Result<(), Error> {
    transact!(store, "source", |write| write.add_source(source).await)
}

pub async fn sources_by_key(store: Store) {
    let (web, app) = (source("web", 1), source("app", 2));
    add(&store, &web).await.unwrap();
    add(&store, &app).await.unwrap();
    for taken in [source("web", 3), source("other", 1), Source { name: "web".into(), ..source("third", 4) }] {
        assert!(matches!(add(&store, &taken).await, Err(Error::Taken { .. })), "{taken:?}");
    }
    for at in [5, 9, 7] {
        transact_beside!(store, "seen", |write| write.seen_source(&web.id, Instant(at)).await).unwrap();
    }
    let changed = Source { key_hash: Hash([9; 32]), disabled_at: Some(Instant(8)), max_gap_seconds: Some(3_600), ..web.clone() };
    transact!(store, "source", |write| write.update_source(&changed).await).unwrap();
    let unknown = transact!(store, "source", |write| write.update_source(&source("nobody", 7)).await);
    assert!(matches!(unknown, Err(Error::NotFound { .. })));
    let web = Source { last_seen_at: Some(Instant(9)), ..changed };
    assert_eq!(store.source_by_key(&Hash([9; 32])).await.unwrap(), Some(web.clone()));
    assert_eq!(store.source_by_key(&Hash([1; 32])).await.unwrap(), None, "the old key");
    assert_eq!(store.sources().await.unwrap(), [app, web]);
}

pub async fn quarantine_pages(store: Store) {
    let web = source("web", 1);
    add(&store, &web).await.unwrap();
    let item = |n: i64| Quarantined {
        id: QuarantineId::of(&n.to_string()),
        source: web.id.clone(),
        received_at: Instant(n / 2),
        reason: if n % 3 == 0 { "no_account" } else { "bad_time" }.into(),
        message: "it says \"why\"".into(),
        raw: vec![b'{', 0, 0xff, n as u8],
        endpoint: "track".to_owned(),
        status: QuarantineStatus::Waiting,
    };
    let items: Vec<Quarantined> = (0..7).map(item).collect();
    for new in [7, 0] {
        assert_eq!(transact_beside!(store, "quarantine", |write| write.quarantine(&items).await).unwrap(), new);
    }
    assert_eq!(store.quarantine_counts().await.unwrap(), BTreeMap::from([("bad_time".into(), 4), ("no_account".into(), 3)]));
    let ids: Vec<_> = [2, 4].into_iter().map(|n: i64| QuarantineId::of(&n.to_string())).collect();
    for marked in [2, 0] {
        let mark = transact!(store, "replay", |write| write.mark_quarantined(&ids, QuarantineStatus::Replayed).await);
        assert_eq!(mark.unwrap(), marked);
    }
    let (mut page, mut seen) = (Page::first(2), Vec::new());
    loop {
        let items = store.quarantined(QuarantineStatus::Waiting, &page).await.unwrap();
        let Some(last) = items.last() else { break };
        page.before = Some((last.received_at, last.id.clone()));
        seen.extend(items);
    }
    assert_eq!(seen, [6, 5, 3, 1, 0].map(item));
    let stray = Quarantined { source: SourceId::of("nobody"), id: QuarantineId::of("x"), ..item(1) };
    assert!(transact!(store, "quarantine", |write| write.quarantine(std::slice::from_ref(&stray)).await).is_err(), "no such source");
}
