//! A service with a little history, and callers of every kind.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};
use tenure_api::{App, Random, router, setup_link};
use tenure_engine::Engine;
use tenure_model::Instant;
use tenure_model::time::{DAY, HOUR};
use tenure_service::{Clock, Parts, Service};
use tenure_store::{AppliedModel, Database, Store};
use tower::ServiceExt;

pub const MODEL: &str = r#"
traits: { name: text, tier: number, owner: text }
metrics:
  logins_7d:  { count: login, window: 7d }
  quiet_days: { since: login }
person_metrics:
  used_reports: { count: report_created }
segments:
  enterprise: { when: "tier = 1" }
lifecycle:
  stages:
    onboarding: { first: true, expected: { default: 2d } }
    adoption:   { when: "logins_7d >= 3" }
  milestones:
    first_report: { stage: onboarding, reached: "logins_7d >= 5", due: 7d after started_at }
scorecards:
  base:
    bands: { green: 70, yellow: 40 }
    groups:
      use: { weight: 1, measures: { logins: { metric: logins_7d, points: { 0: 0, 10: 100 } } } }
alerts:
  quiet: { when: "quiet_days >= 2", severity: high, owner: account.owner }
"#;

pub struct World {
    _data: tempfile::TempDir,
    pub time: Arc<AtomicI64>,
    pub service: Service,
    pub app: Router,
    pub api: App,
}

/// How somebody calls.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    pub cookie: String,
    pub csrf: String,
    pub key: String,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {:?}", self.body))
    }

    /// The body, where the status is as expected.
    pub fn ok(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{:?}", self.body);
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    pub fn code(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.json()["code"].as_str().unwrap_or_default())
    }
}

impl World {
    /// Two accounts: acme has used the product for some days and is quiet now, globex has just come.
    pub async fn new() -> World {
        let data = tempfile::tempdir().unwrap();
        let start = Instant::parse("2026-06-01T09:00:00Z").unwrap();
        let time = Arc::new(AtomicI64::new(start.0));
        let store = Store::open(&Database::Sqlite(data.path().join("tenure.db"))).await.unwrap();
        let files = [("model.yaml".to_owned(), MODEL.to_owned())];
        let model = tenure_model::check(&files).unwrap_or_else(|found| panic!("{found:?}"));
        let applied = AppliedModel {
            revision: model.revision.clone(),
            applied_at: start,
            author: "test".to_owned(),
            reason: String::new(),
            files: files.into(),
        };
        let of_clock = time.clone();
        let clock: Clock = Arc::new(move || Instant(of_clock.load(Ordering::SeqCst)));
        let parts = Parts {
            store,
            data: data.path().to_owned(),
            engine: Arc::new(Engine::new(Arc::new(model))),
            applied,
            clock,
            holder: "test".to_owned(),
        };
        let service = Service::start(parts).await.unwrap();
        // Every secret is another one.
        let drawn = AtomicU64::new(0);
        let random: Random = Arc::new(move |bytes| {
            let n = drawn.fetch_add(1, Ordering::SeqCst);
            let hash = blake3::hash(&n.to_le_bytes());
            bytes.iter_mut().zip(hash.as_bytes().iter().cycle()).for_each(|(byte, random)| *byte = *random);
        });
        let api = App::new(service.clone(), random);
        World { _data: data, time, service, app: router(api.clone()), api }
    }

    pub fn now(&self) -> Instant {
        Instant(self.time.load(Ordering::SeqCst))
    }

    pub fn pass(&self, micros: i64) {
        self.time.fetch_add(micros, Ordering::SeqCst);
    }

    pub async fn call(&self, caller: &Caller, method: &str, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method.to_uppercase().as_str()).uri(path);
        if !caller.cookie.is_empty() {
            request = request.header("cookie", &caller.cookie);
        }
        if !caller.csrf.is_empty() {
            request = request.header("x-csrf-token", &caller.csrf);
        }
        if !caller.key.is_empty() {
            request = request.header("authorization", format!("Bearer {}", caller.key));
        }
        let body = body.map_or_else(Body::empty, |json| Body::from(json.to_string()));
        let request = request.header("content-type", "application/json").body(body).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        // A stream does not end.
        let is_stream = headers.get("content-type").is_some_and(|t| t == "text/event-stream");
        let body = if is_stream { Bytes::new() } else { to_bytes(response.into_body(), usize::MAX).await.unwrap() };
        Answer { status, headers, body }
    }

    /// What the stream of changes says, message by message.
    pub async fn stream(&self, caller: &Caller) -> impl Stream<Item = String> + Unpin {
        let request = Request::builder().uri("/api/v1/stream").header("cookie", &caller.cookie).body(Body::empty()).unwrap();
        let body = self.app.clone().oneshot(request).await.unwrap().into_body();
        Box::pin(body.into_data_stream().map(|bytes| String::from_utf8(bytes.unwrap().to_vec()).unwrap()))
    }

    pub async fn get(&self, caller: &Caller, path: &str) -> Answer {
        self.call(caller, "get", path, None).await
    }

    pub async fn post(&self, caller: &Caller, path: &str, body: Value) -> Answer {
        self.call(caller, "post", path, Some(body)).await
    }

    /// The session that an answer begins.
    pub fn session(answer: &Answer) -> Caller {
        let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Caller { cookie, csrf: answer.json()["csrf"].as_str().unwrap().to_owned(), key: String::new() }
    }

    /// The first admin.
    pub async fn admin(&self) -> Caller {
        let link = setup_link(&self.api).await.unwrap().expect("nobody is there yet");
        let token = link.split('#').nth(1).unwrap();
        let body = json!({ "token": token, "email": "ann@example.com", "name": "Ann", "password": "correct horse battery" });
        let answer = self.post(&Caller::default(), "/api/v1/setup", body).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        World::session(&answer)
    }

    /// A teammate with a role, signed in by the link they were given.
    pub async fn teammate(&self, admin: &Caller, role: &str) -> Caller {
        let body = json!({ "email": format!("{role}@example.com"), "name": role, "role": role });
        let made = self.post(admin, "/api/v1/teammates", body).await.ok(201);
        let token = made["link"].as_str().unwrap().split('#').nth(1).unwrap();
        let answer = self.post(&Caller::default(), "/api/v1/setup", json!({ "token": token, "password": "correct horse battery" })).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        World::session(&answer)
    }

    /// A key of the admin's with a scope.
    pub async fn key(&self, admin: &Caller, scope: &str) -> Caller {
        let made = self.post(admin, "/api/v1/keys", json!({ "name": scope, "scopes": [scope] })).await.ok(201);
        Caller { key: made["key"].as_str().unwrap().to_owned(), ..Caller::default() }
    }

    /// A source's write key.
    pub async fn write_key(&self, admin: &Caller) -> Caller {
        let made = self.post(admin, "/api/v1/sources", json!({ "name": "web" })).await.ok(201);
        Caller { key: made["write_key"].as_str().unwrap().to_owned(), ..Caller::default() }
    }

    /// Sends calls, and waits for the engine.
    pub async fn send(&self, key: &Caller, items: Vec<Value>) {
        self.post(key, "/v1/batch", json!({ "batch": items })).await.ok(200);
        self.service.settled().await;
    }

    /// A session of somebody who has the usual password.
    pub async fn sign_in(&self, email: &str) -> Caller {
        let body = json!({ "email": email, "password": "correct horse battery" });
        World::session(&self.post(&Caller::default(), "/api/v1/session", body).await)
    }

    /// The history that the stories are about; an admin, and a source's write key.
    pub async fn story(&self) -> (Caller, Caller) {
        let admin = self.admin().await;
        let key = self.write_key(&admin).await;
        let group = |user: &str, account: &str, traits: Value| json!({ "type": "group", "userId": user, "groupId": account, "traits": traits, "timestamp": self.now().to_string() });
        let ann = group("ann", "acme", json!({ "name": "Acme", "tier": 1, "owner": "carla" }));
        let bob = group("bob", "globex", json!({ "name": "Globex", "tier": 2 }));
        self.send(&key, vec![ann, bob]).await;
        for _ in 0..4 {
            self.pass(6 * HOUR);
            self.send(&key, vec![self.track("ann", "login")]).await;
        }
        self.pass(3 * DAY);
        self.send(&key, vec![self.track("bob", "login")]).await;
        self.due().await;
        // Days have passed: the first session has ended.
        (self.sign_in("ann@example.com").await, key)
    }

    pub fn track(&self, user: &str, event: &str) -> Value {
        json!({ "type": "track", "userId": user, "event": event, "messageId": format!("{user}-{event}-{}", self.now().0), "timestamp": self.now().to_string() })
    }

    /// Waits until nothing is due any more: the loop looks at the clock by itself.
    pub async fn due(&self) {
        for _ in 0..400 {
            if self.service.live().next_timer() > self.now() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("something stays due");
    }
}
