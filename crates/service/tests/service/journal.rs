//! The journal is what counts, whoever wrote it: the engine takes every row once, in order.

use crate::world::{World, value};
use tenure_ingest::http::{Endpoint, segment};
use tenure_ingest::journal::{Batch, FORMAT};
use tenure_model::time::MINUTE;
use tenure_service::{Error, Limits};
use tenure_store::{NewRow, QuarantineStatus, Store};

/// Appends as another process does that runs on the same database.
async fn append(world: &World, store: &Store, item: &str) {
    let body = format!(r#"{{"batch":[{item}]}}"#);
    let intake = segment(Endpoint::Batch, &body, world.now()).unwrap();
    let mut batch = Batch::default();
    batch.push("src_app", world.now(), &intake);
    let row = NewRow { received_at: world.now(), items: batch.items() as u64, codec: u16::from(FORMAT), payload: &batch.encode() };
    let mut write = store.write().await.unwrap();
    write.append(&[row]).await.unwrap();
    write.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_another_process_are_taken_in() {
    let world = World::new();
    let service = world.start().await;
    let other = world.store().await;
    let group = r#"{"type":"group","userId":"ann","groupId":"acme","messageId":"g1"}"#;
    append(&world, &other, group).await;
    append(&world, &other, &world.track("m1", "ann", "login", 3 * MINUTE)).await;
    // Before what came here, though it heard of that only.
    world.send(&service, &format!(r#"{{"batch":[{}]}}"#, world.track("m2", "ann", "login", 2 * MINUTE))).await;
    assert_eq!(value(&service, "acme", "logins_7d"), "2");
    // And where nothing comes here.
    append(&world, &other, &world.track("m3", "ann", "login", MINUTE)).await;
    append(&world, &other, &world.track("m1", "ann", "login", 3 * MINUTE)).await;
    let head = other.journal_head().await.unwrap();
    while Some(service.status().engine_position.load(std::sync::atomic::Ordering::Relaxed)) != head {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(value(&service, "acme", "logins_7d"), "3", "and what is sent again counts once");
    service.stop().await;
}

/// A sender whose answer got lost sends again: what could not be read is kept once.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_kept_once() {
    let world = World::new();
    let service = world.start().await;
    let mut write = service.store().write().await.unwrap();
    let source = tenure_store::Source {
        id: tenure_store::SourceId::of("web"),
        name: "web".to_owned(),
        key_hash: tenure_store::Hash([1; 32]),
        created_at: world.now(),
        disabled_at: None,
        max_gap_seconds: None,
        last_seen_at: None,
    };
    write.add_source(&source).await.unwrap();
    write.commit().await.unwrap();
    let body = |sent: &str, id: &str| format!(r#"{{"sentAt":"{sent}","batch":[{{"type":"dance","userId":"ann"{id}}}]}}"#);
    for sent in ["2025-06-02T09:00:00Z", "2025-06-02T09:00:07Z"] {
        world.send(&service, &body(sent, r#","messageId":"b1""#)).await;
        // Nobody can know whether this is the same.
        world.send(&service, &body(sent, "")).await;
    }
    let kept = service.store().quarantined(QuarantineStatus::Waiting, &tenure_store::Page::first(10)).await.unwrap();
    assert_eq!(kept.len(), 3, "{kept:?}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_wait_while_the_archive_is_far_behind() {
    let world = World::new();
    let service = world.start_within(Limits { unarchived_items_max: 2, ..Limits::default() }).await;
    for id in ["m1", "m2", "m3"] {
        world.send(&service, &format!(r#"{{"batch":[{}]}}"#, world.track(id, "ann", "login", MINUTE))).await;
    }
    let body = format!(r#"{{"batch":[{}]}}"#, world.track("m4", "ann", "login", MINUTE));
    let offer = async || service.offer("src_web", world.now(), &segment(Endpoint::Batch, &body, world.now()).unwrap()).await;
    assert!(matches!(offer().await, Err(Error::Full(_))));
    service.archive().await.unwrap();
    offer().await.unwrap();
    service.stop().await;
}
