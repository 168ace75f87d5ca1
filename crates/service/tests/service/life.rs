//! The service as its users see it: offers become durable, accounts become current, what follows is committed once, a restart changes nothing.

use crate::world::{World, outcomes, value};
use tenure_model::time::{DAY, HOUR, MINUTE};

#[tokio::test(flavor = "multi_thread")]
async fn events_move_accounts_and_a_restart_changes_nothing() {
    let world = World::new();
    let service = world.start().await;
    let group = r#"{"type":"group","userId":"ann","groupId":"acme","messageId":"g1","traits":{"tier":1,"owner":"carla"}}"#;
    let batch = format!(
        r#"{{"batch":[{group},{},{},{}]}}"#,
        world.track("m1", "ann", "login", 3 * MINUTE),
        world.track("m2", "ann", "login", MINUTE),
        world.track("m1", "ann", "login", 3 * MINUTE)
    );
    world.send(&service, &batch).await;
    assert_eq!(value(&service, "acme", "logins_7d"), "2");
    assert_eq!(value(&service, "acme", "stage"), "onboarding");
    world.pass(HOUR);
    world.send(&service, &format!(r#"{{"batch":[{}]}}"#, world.track("m3", "ann", "login", 2 * HOUR))).await;
    assert_eq!(value(&service, "acme", "logins_7d"), "3");
    assert_eq!(value(&service, "acme", "stage"), "adoption");
    world.pass(3 * DAY);
    let mut alerts = Vec::new();
    for _ in 0..200 {
        // The clock is ours, but the loop looks at it by itself.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        alerts = service.store().alerts().await.unwrap();
        if !alerts.is_empty() {
            break;
        }
    }
    assert_eq!(alerts.iter().map(|a| (a.rule.as_str(), a.owner.as_deref())).collect::<Vec<_>>(), [("quiet", Some("carla"))]);
    let before = outcomes(&service).await;
    assert!(before.iter().any(|o| o.contains("acme stage adoption")), "{before:#?}");
    service.stop().await;
    let service = world.start().await;
    assert_eq!(value(&service, "acme", "logins_7d"), "3");
    assert_eq!(outcomes(&service).await, before);
    assert_eq!(service.store().alerts().await.unwrap(), alerts);
    // What was seen before the restart is known after it.
    world.send(&service, &format!(r#"{{"batch":[{}]}}"#, world.track("m3", "ann", "login", HOUR))).await;
    assert_eq!(value(&service, "acme", "logins_7d"), "3");
    world.send(&service, &format!(r#"{{"batch":[{}]}}"#, world.track("m4", "ann", "login", 0))).await;
    let alerts = service.store().alerts().await.unwrap();
    assert!(alerts[0].resolved.is_some(), "{alerts:?}");
    service.stop().await;
}
