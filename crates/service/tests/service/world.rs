//! A workspace with a clock of its own, for the tests of the service.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tenure_engine::Engine;
use tenure_ingest::http::{Endpoint, segment};
use tenure_model::{Instant, Model};
use tenure_service::{Clock, Limits, Parts, Service};
use tenure_store::{AppliedModel, Database, Store};

pub const MODEL: &str = r#"
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

pub struct World {
    pub data: tempfile::TempDir,
    pub time: Arc<AtomicI64>,
    pub model: String,
}

impl World {
    pub fn new() -> World {
        let start = Instant::parse("2025-06-02T09:00:00Z").unwrap();
        World { data: tempfile::tempdir().unwrap(), time: Arc::new(AtomicI64::new(start.0)), model: MODEL.to_owned() }
    }

    pub async fn store(&self) -> Store {
        Store::open(&Database::Sqlite(self.data.path().join("tenure.db"))).await.unwrap()
    }

    pub async fn start(&self) -> Service {
        self.start_within(Limits::default()).await
    }

    pub async fn start_within(&self, limits: Limits) -> Service {
        let model = self.check();
        let store = self.store().await;
        let time = self.time.clone();
        let clock: Clock = Arc::new(move || Instant(time.load(Ordering::SeqCst)));
        let parts = Parts {
            store,
            data: self.data.path().to_owned(),
            applied: self.applied(&model),
            engine: Arc::new(Engine::new(Arc::new(model))),
            clock,
            holder: "test".to_owned(),
        };
        Service::start_within(parts, limits).await.unwrap()
    }

    pub fn check(&self) -> Model {
        tenure_model::check(&[("model.yaml".to_owned(), self.model.clone())]).unwrap()
    }

    /// A model as it is written down.
    pub fn applied(&self, model: &Model) -> AppliedModel {
        let files = [("model.yaml".to_owned(), self.model.clone())].into();
        AppliedModel { revision: model.revision.clone(), applied_at: self.now(), author: "test".to_owned(), reason: String::new(), files }
    }

    pub fn now(&self) -> Instant {
        Instant(self.time.load(Ordering::SeqCst))
    }

    pub fn pass(&self, micros: i64) {
        self.time.fetch_add(micros, Ordering::SeqCst);
    }

    pub async fn send(&self, service: &Service, body: &str) {
        let intake = segment(Endpoint::parse("batch").unwrap(), body, self.now()).unwrap();
        service.offer("src_web", self.now(), &intake).await.unwrap();
        service.settled().await;
    }

    /// Comes back when nothing is due any more: the clock is ours, but the loop looks at it by itself.
    pub async fn rest(&self, service: &Service) {
        while service.live().next_timer() <= self.now() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        // The step that took the last timer may still be committing.
        service.settled().await;
        let _ = service.snapshot().await;
    }

    pub fn track(&self, id: &str, person: &str, name: &str, ago: i64) -> String {
        let at = self.now().plus(-ago);
        format!(r#"{{"type":"track","userId":"{person}","event":"{name}","messageId":"{id}","timestamp":"{at}"}}"#)
    }
}

pub fn value(service: &Service, account: &str, column: &str) -> String {
    let live = service.live();
    let model = live.engine().model().clone();
    let slot = model.account.iter().position(|c| c.name == column).unwrap();
    live.account(account).map_or("none".to_owned(), |a| a.row()[slot].to_json().to_string().trim_matches('"').to_owned())
}

pub async fn outcomes(service: &Service) -> Vec<String> {
    let all = service.store().outcomes_after(0, 1_000).await.unwrap();
    let mut lines: Vec<String> =
        all.iter().map(|o| format!("{} {} {} {}", o.outcome.at, o.outcome.account, o.outcome.kind, o.outcome.subject)).collect();
    lines.sort();
    lines
}
