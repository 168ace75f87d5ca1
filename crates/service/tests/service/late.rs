//! Inputs that are too late for what is in memory, while the archive takes over what waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tenure_model::time::{HOUR, MINUTE};

use crate::world::{World, outcomes, value};

const EVENTS: i64 = 150;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_between_memory_and_archive() {
    let rules: String = (1..=EVENTS).map(|n| format!("  rule_{n}: {{ when: \"logins >= {n}\" }}\n")).collect();
    let model = format!("metrics: {{ logins: {{ count: login }} }}\nalerts:\n{rules}");
    let world = World { model, ..World::new() };
    let service = world.start().await;
    let done = Arc::new(AtomicBool::new(false));
    let archiving = tokio::spawn({
        let (service, done) = (service.clone(), done.clone());
        async move {
            while !done.load(Ordering::Relaxed) {
                service.archive().await.unwrap();
            }
        }
    });
    let group = r#"{"type":"group","userId":"ann","groupId":"acme","messageId":"g1","traits":{}}"#;
    world.send(&service, &format!(r#"{{"batch":[{group}]}}"#)).await;
    for n in 1..=EVENTS {
        // Long ago, and each after the one before.
        let event = world.track(&format!("m{n}"), "ann", "login", 20 * HOUR - n * MINUTE);
        world.send(&service, &format!(r#"{{"batch":[{event}]}}"#)).await;
    }
    done.store(true, Ordering::Relaxed);
    archiving.await.unwrap();
    assert_eq!(value(&service, "acme", "logins"), EVENTS.to_string());
    // Had one login been missing once, its rule would have fired with the next one, or never been told.
    let fired = outcomes(&service).await.iter().filter(|o| o.contains(" alert ")).count();
    assert_eq!(fired, EVENTS as usize);
    service.stop().await;
}
