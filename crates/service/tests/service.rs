//! The service as its users see it: offers become durable, accounts become current, what follows is committed once, a restart changes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tenure_engine::Engine;
use tenure_ingest::http::{Endpoint, segment};
use tenure_model::Instant;
use tenure_model::time::{DAY, HOUR, MINUTE};
use tenure_service::{Clock, Parts, Service};
use tenure_store::{Database, Mark, Store};

const MODEL: &str = r#"
traits: { tier: number, owner: text }
metrics:
  logins_7d:  { count: login, window: 7d }
  quiet_days: { since: login }
lifecycle:
  stages:
    onboarding: { first: true }
    adoption:   { when: "logins_7d >= 3" }
alerts:
  quiet: { when: "quiet_days >= 2", severity: high, owner: account.owner }
"#;

struct World {
    data: tempfile::TempDir,
    time: Arc<AtomicI64>,
}

impl World {
    fn new() -> World {
        let start = Instant::parse("2025-06-02T09:00:00Z").unwrap();
        World { data: tempfile::tempdir().unwrap(), time: Arc::new(AtomicI64::new(start.0)) }
    }

    async fn start(&self) -> Service {
        let model = tenure_model::check(&[("model.yaml".to_owned(), MODEL.to_owned())]).unwrap();
        let store = Store::open(&Database::Sqlite(self.data.path().join("tenure.db"))).await.unwrap();
        let time = self.time.clone();
        let clock: Clock = Arc::new(move || Instant(time.load(Ordering::SeqCst)));
        let untold = store.inputs(10).await.unwrap().all(1).await.unwrap().into_iter().map(|i| i.account).collect();
        let position = store.mark(Mark::Archive).await.unwrap();
        let parts = Parts {
            store,
            data: self.data.path().to_owned(),
            engine: Arc::new(Engine::new(Arc::new(model))),
            accounts: vec![],
            untold,
            position,
            clock,
            holder: "test".to_owned(),
        };
        Service::start(parts).await.unwrap()
    }

    fn now(&self) -> Instant {
        Instant(self.time.load(Ordering::SeqCst))
    }

    fn pass(&self, micros: i64) {
        self.time.fetch_add(micros, Ordering::SeqCst);
    }

    async fn send(&self, service: &Service, body: &str) {
        let intake = segment(Endpoint::parse("batch").unwrap(), body, self.now()).unwrap();
        service.offer("src_web", self.now(), &intake).await.unwrap();
        service.settled().await;
    }

    fn track(&self, id: &str, person: &str, name: &str, ago: i64) -> String {
        let at = self.now().plus(-ago);
        format!(r#"{{"type":"track","userId":"{person}","event":"{name}","messageId":"{id}","timestamp":"{at}"}}"#)
    }
}

fn value(service: &Service, account: &str, column: &str) -> String {
    let live = service.live();
    let model = live.engine().model().clone();
    let slot = model.account.iter().position(|c| c.name == column).unwrap();
    live.account(account).map_or("none".to_owned(), |a| a.row()[slot].to_json().to_string().trim_matches('"').to_owned())
}

async fn outcomes(service: &Service) -> Vec<String> {
    let all = service.store().outcomes_after(0, 1_000).await.unwrap();
    let mut lines: Vec<String> =
        all.iter().map(|o| format!("{} {} {} {}", o.outcome.at, o.outcome.account, o.outcome.kind, o.outcome.subject)).collect();
    lines.sort();
    lines
}

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
