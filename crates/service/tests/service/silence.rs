//! A source that falls silent says nothing of its customers.

use std::sync::atomic::Ordering;

use tenure_model::time::{DAY, HOUR, MINUTE};
use tenure_service::Service;
use tenure_store::MessageState;
use tenure_store::Page;

use crate::world::{World, value};

/// Ann works every half hour, for so long.
async fn work(world: &World, service: &Service, half_hours: usize, from: usize) {
    for n in from..from + half_hours {
        let group = r#"{"type":"group","userId":"ann","groupId":"acme","messageId":"g"}"#;
        let login = world.track(&format!("w{n}"), "ann", "login", 0);
        world.send(service, &format!(r#"{{"batch":[{group},{login}]}}"#)).await;
        world.pass(30 * MINUTE);
    }
}

async fn rules(service: &Service) -> Vec<(String, String)> {
    service.store().alerts().await.unwrap().into_iter().map(|a| (a.rule, a.opened_at.to_string())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_fires_that_only_says_that_the_pipeline_is_down() {
    let world = World::new();
    let service = world.start().await;
    work(&world, &service, 60, 0).await;
    // The SDK is broken for four days: nobody is quiet, and the operators are told, once.
    let last = world.now();
    world.pass(4 * DAY);
    world.rest(&service).await;
    assert!(rules(&service).await.is_empty());
    assert_eq!(service.status().silent_sources.load(Ordering::Relaxed), 1);
    assert_eq!(service.status().held_accounts.load(Ordering::Relaxed), 1);
    // A restart changes nothing of it.
    service.stop().await;
    let service = world.start().await;
    world.rest(&service).await;
    assert!(rules(&service).await.is_empty());
    let waiting = service.store().messages(MessageState::Waiting, &Page::first(10)).await.unwrap();
    assert_eq!(waiting.iter().map(|m| m.message.kind.as_str()).collect::<Vec<_>>(), ["source_silent"]);
    // It speaks again, and sends what it kept back: Ann worked on the first day, then no more.
    let kept: Vec<String> = (1..12).map(|n| world.track(&format!("kept{n}"), "ann", "login", world.now().0 - last.0 - n * HOUR)).collect();
    world.send(&service, &format!(r#"{{"batch":[{}]}}"#, kept.join(","))).await;
    assert!(rules(&service).await.is_empty(), "it has only begun to speak");
    world.pass(6 * MINUTE);
    world.rest(&service).await;
    for _ in 0..100 {
        if !rules(&service).await.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // Two dates after the last one on which she worked, at its beginning: at event time.
    assert_eq!(rules(&service).await, [("quiet".to_owned(), "2025-06-06T00:00:00Z".to_owned())]);
    assert_eq!(service.status().silent_sources.load(Ordering::Relaxed), 0);
    assert_eq!(value(&service, "acme", "quiet_days"), "3");
    service.stop().await;
}
