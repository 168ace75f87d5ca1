//! Another model takes over, whole or not at all.

use std::sync::Arc;

use tenure_engine::Engine;
use tenure_model::time::{DAY, HOUR};
use tenure_service::{Error, Service};
use tenure_store::AlertState;

use crate::world::{MODEL, World, outcomes, value};

/// What another model says: the rule `quiet` wants more, `eager` is new and silent for those who match already, `gone` is not there any more.
fn models() -> (String, String) {
    let before = MODEL.to_owned()
        + "  gone:  { when: \"logins_7d >= 1\" }\n  kept:  { when: \"logins_7d >= 1\" }\nsegments:\n  busy: { when: \"logins_7d >= 1\" }\n";
    let after = MODEL.to_owned().replace("quiet_days >= 2", "quiet_days >= 20")
        + "  eager: { when: \"logins_7d >= 1\", on_existing: silent }\n  later: { when: \"logins_7d >= 1\", on_existing: ignore }\n  kept:  { when: \"logins_7d >= 1\" }\nsegments:\n  busy: { when: \"logins_7d >= 5\" }\n";
    (before, after)
}

async fn lives(world: &World, service: &Service) {
    let group = r#"{"type":"group","userId":"ann","groupId":"acme","messageId":"g1","traits":{"tier":1,"owner":"carla"}}"#;
    let logins: Vec<String> = (1..4).map(|n| world.track(&format!("m{n}"), "ann", "login", n * HOUR)).collect();
    world.send(service, &format!(r#"{{"batch":[{group},{}]}}"#, logins.join(","))).await;
    service.archive().await.unwrap();
    world.pass(3 * DAY);
    world.rest(service).await;
    world.send(service, &format!(r#"{{"batch":[{}]}}"#, world.track("x", "bob", "login", 0))).await;
}

async fn alerts(service: &Service) -> Vec<String> {
    let all = service.store().alerts().await.unwrap();
    let mut all: Vec<String> = all
        .iter()
        .map(|a| {
            format!("{}: {}", a.rule, a.resolved.as_ref().map_or(if a.state == AlertState::Silent { "silent" } else { "open" }, |r| &r.1))
        })
        .collect();
    all.sort();
    all
}

const BEFORE: [&str; 3] = ["gone: open", "kept: open", "quiet: open"];
const AFTER: [&str; 4] = ["eager: silent", "gone: rule removed", "kept: open", "quiet: rule changed"];

#[tokio::test(flavor = "multi_thread")]
async fn a_model_takes_over_while_the_service_runs() {
    let (before, after) = models();
    let mut world = World { model: before, ..World::new() };
    let service = world.start().await;
    lives(&world, &service).await;
    assert_eq!(alerts(&service).await, BEFORE);
    world.model = after;
    let model = world.check();
    let applied = world.applied(&model);
    let engine = Arc::new(Engine::new(Arc::new(model)));
    // Given up at once, nothing has changed.
    let (result, ()) = tokio::join!(service.switch(engine.clone(), applied.clone()), async { service.cancel_switch() });
    if let Err(error) = result {
        assert!(matches!(error, Error::Cancelled), "{error}");
        assert_eq!(alerts(&service).await, BEFORE);
        service.switch(engine, applied.clone()).await.unwrap();
    }
    assert_eq!(service.progress().share(), None);
    assert_eq!(alerts(&service).await, AFTER);
    assert_eq!(service.store().last_model().await.unwrap().unwrap().revision, applied.revision);
    assert!(outcomes(&service).await.iter().any(|o| o.ends_with("acme segment busy") && o.starts_with(&world.now().to_string())));
    // What comes in goes to the new one, and a start begins with its snapshot.
    world
        .send(&service, &format!(r#"{{"batch":[{},{}]}}"#, world.track("y1", "ann", "login", 0), world.track("y2", "ann", "login", 1)))
        .await;
    assert_eq!(value(&service, "acme", "busy"), "true");
    service.stop().await;
    let service = world.start().await;
    assert_eq!(value(&service, "acme", "logins_7d"), "5");
    assert_eq!(alerts(&service).await, AFTER);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_takes_over_at_a_start() {
    let (before, after) = models();
    let mut world = World { model: before, ..World::new() };
    let service = world.start().await;
    lives(&world, &service).await;
    assert_eq!(alerts(&service).await, BEFORE);
    service.stop().await;
    world.model = after;
    let service = world.start().await;
    assert_eq!(alerts(&service).await, AFTER);
    assert_eq!(service.store().last_model().await.unwrap().unwrap().revision, world.check().revision);
    service.stop().await;
}

/// What a rule is not to be told of stays untold: by the next change of the model, by what comes in late, at a start without a snapshot.
#[tokio::test(flavor = "multi_thread")]
async fn what_began_before_its_rule_stays_so() {
    let (before, after) = models();
    let mut world = World { model: before, ..World::new() };
    let service = world.start().await;
    lives(&world, &service).await;
    world.model = after.clone();
    service.switch(Arc::new(Engine::new(Arc::new(world.check()))), world.applied(&world.check())).await.unwrap();
    world.pass(HOUR);
    world.model = after.replace("quiet_days >= 20", "quiet_days >= 30");
    service.switch(Arc::new(Engine::new(Arc::new(world.check()))), world.applied(&world.check())).await.unwrap();
    assert_eq!(alerts(&service).await, AFTER);
    // All episodes began a day earlier than was known.
    world.send(&service, &format!(r#"{{"batch":[{}]}}"#, world.track("late", "ann", "login", 4 * DAY))).await;
    let now = ["eager: learned late", "eager: silent", "gone: rule removed", "kept: learned late", "kept: open", "quiet: rule changed"];
    assert_eq!(alerts(&service).await, now);
    service.stop().await;
    std::fs::remove_dir_all(world.data.path().join("snapshots")).unwrap();
    let service = world.start().await;
    assert_eq!(alerts(&service).await, now);
    service.stop().await;
}
