//! Files are imported while the service runs: in the end everything is as if they had been imported before it started.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tenure_import::{Format, Incoming, Reading, Source};
use tenure_ingest::Import as Kind;
use tenure_model::time::{DAY, HOUR, MINUTE};
use tenure_service::{Cancelled, Service, Upload};
use tenure_store::{AuditEntry, AuditId, ImportStatus};

use crate::world::{World, value};

/// Accounts of the files.
const ACCOUNTS: usize = 70;

/// Accounts, people, and half a year of their logins; the last ones lie in the last days, some with an account given, some of persons nobody knows.
fn files(world: &World) -> [(Kind, &'static str, String); 3] {
    let (mut accounts, mut people, mut events) =
        ("id,tier,owner\n".to_owned(), "id,account_id\n".to_owned(), "event,person_id,account_id,time,message_id\n".to_owned());
    for n in 0..ACCOUNTS {
        accounts += &format!("a{n},{},carla\n", n % 3);
        people += &format!("p{n},a{n}\n");
        for day in (n % 7..180).step_by(1 + n % 9) {
            let at = world.now().plus(-(day as i64) * DAY - HOUR);
            let account = if day % 2 == 0 { format!("a{n}") } else { String::new() };
            events += &format!("login,p{n},{account},{at},m{n}-{day}\n");
        }
    }
    events += &format!("login,nobody,,{},x\n", world.now().plus(-DAY));
    [(Kind::Accounts, "accounts.csv", accounts), (Kind::People, "people.csv", people), (Kind::Events, "events.csv", events)]
}

fn audit(id: i64) -> AuditEntry {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    AuditEntry {
        id: AuditId::of(&NEXT.fetch_add(1, Ordering::Relaxed).to_string()),
        at: tenure_model::Instant(0),
        actor: "test".into(),
        action: "import.add".into(),
        target: id.to_string(),
        before: None,
        after: None,
        address: None,
    }
}

/// What lies among the uploads.
fn uploads(world: &World) -> Vec<String> {
    let entries = std::fs::read_dir(world.data.path().join("uploads")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

async fn ask(world: &World, service: &Service, kind: Kind, name: &str, text: &str, again: bool) -> i64 {
    let mut incoming = Incoming::create(world.data.path(), name, 1 << 20).await.unwrap();
    incoming.write(text.as_bytes()).await.unwrap();
    incoming.finish().await.unwrap();
    let reading = Reading::of(kind, None, None, None).unwrap();
    let upload = Upload { incoming: &incoming, name, format: Format::Csv, mapping: None, reading: &reading, again };
    service.import(upload, "ann@example.com", audit).await.unwrap()
}

async fn ended(service: &Service, id: i64) -> tenure_store::Import {
    for _ in 0..1_000 {
        let import = service.store().import_numbered(id).await.unwrap().unwrap();
        if !import.status.is_open() {
            return import;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the import does not end");
}

/// Every account as it stands, and the alerts that are open.
async fn state(world: &World, service: &Service) -> (Vec<String>, Vec<String>) {
    world.rest(service).await;
    let ids: Vec<String> = (0..ACCOUNTS).map(|n| format!("a{n}")).chain(["acme".to_owned()]).collect();
    let columns = ["logins_7d", "quiet_days", "stage", "tier", "owner"];
    let values = ids.iter().flat_map(|id| columns.map(|c| format!("{id}.{c}={}", value(service, id, c)))).collect();
    let alerts = service.store().alerts().await.unwrap();
    (values, alerts.iter().filter(|a| a.resolved.is_none()).map(|a| format!("{} {}", a.key, a.opened_at)).collect())
}

/// What comes in while the files do: of accounts in the files, of a new one, some late.
fn live(world: &World, n: usize) -> String {
    let group = r#"{"type":"group","userId":"ann","groupId":"acme","messageId":"g","traits":{"tier":1,"owner":"carla"}}"#;
    let calls = [
        world.track(&format!("l{n}"), &format!("p{}", n % ACCOUNTS), "login", MINUTE),
        world.track(&format!("late{n}"), &format!("p{}", (3 * n) % ACCOUNTS), "login", 30 * DAY),
        world.track(&format!("n{n}"), "ann", "login", 2 * MINUTE),
    ];
    format!(r#"{{"batch":[{group},{}]}}"#, calls.join(","))
}

/// As `tenure import` does it, while nothing runs.
async fn beside(world: &World, kind: Kind, name: &str, text: &str) {
    let path = world.data.path().join(name);
    std::fs::write(&path, text).unwrap();
    let reading = Reading::of(kind, None, None, None).unwrap();
    let source = Source::open(&path, None).unwrap();
    let now = || tenure_model::Instant(0);
    tenure_import::import(world.data.path(), &world.store().await, &source, &reading, (false, None), now, &Arc::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_ends_where_a_start_after_the_import_does() {
    let [running, started] = [World::new(), World::new()];
    let service = running.start().await;
    for (kind, name, text) in files(&running) {
        let id = ask(&running, &service, kind, name, &text, false).await;
        for n in 0..40 {
            running.send(&service, &live(&running, n)).await;
        }
        let import = ended(&service, id).await;
        assert_eq!((import.status, import.error), (ImportStatus::Done, None), "{name}");
        assert_eq!(import.counts.rows, text.lines().count() as u64 - 1, "{name}");
    }
    let found = state(&running, &service).await;
    // The same, in the other way.
    for (kind, name, text) in files(&started) {
        beside(&started, kind, name, &text).await;
    }
    let other = started.start().await;
    for _ in 0..3 {
        for n in 0..40 {
            started.send(&other, &live(&started, n)).await;
        }
    }
    let expected = state(&started, &other).await;
    assert_eq!(found.0, expected.0);
    assert_eq!(found.1, expected.1);
    assert!(expected.0.contains(&"a1.stage=adoption".to_owned()) && expected.1.len() > 3, "{expected:?}");
    // Nothing of the past is delivered; it is in the ledger.
    let all = service.store().alerts().await.unwrap();
    assert!(all.len() > expected.1.len() + 20, "{}", all.len());
    let old = running.now().plus(-DAY);
    let waiting = service.store().messages(tenure_store::MessageState::Waiting, &tenure_store::Page::first(500)).await.unwrap();
    let delivered = |key: &str| waiting.iter().any(|m| m.message.dedupe_key == format!("alert/{key}"));
    assert!(all.iter().filter(|a| a.opened_at < old).all(|a| !delivered(&a.key)));
    // A restart changes nothing, and begins with the snapshot.
    service.stop().await;
    let service = running.start().await;
    assert_eq!(service.status().rebuilt.load(Ordering::Relaxed), 0);
    assert_eq!(state(&running, &service).await, found);
    service.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_again_changes_nothing() {
    let world = World::new();
    let service = world.start().await;
    let [accounts, people, (kind, name, text)] = files(&world);
    for (kind, name, text) in [&accounts, &people] {
        ended(&service, ask(&world, &service, *kind, name, text, false).await).await;
    }
    let id = ask(&world, &service, kind, name, &text, false).await;
    let first = ended(&service, id).await;
    let before = state(&world, &service).await;
    let (facts, alerts) = (service.store().outcomes_head().await.unwrap(), service.store().alerts().await.unwrap());
    assert_eq!(ask(&world, &service, kind, name, &text, false).await, id);
    assert_eq!(service.store().import_numbered(id).await.unwrap().unwrap(), first, "it was not even read");
    assert_eq!(ask(&world, &service, kind, name, &text, true).await, id);
    let again = ended(&service, id).await;
    assert_eq!((again.counts.accepted, again.counts.duplicates), (0, first.counts.accepted));
    assert_eq!(state(&world, &service).await, before);
    assert_eq!(service.store().outcomes_head().await.unwrap(), facts, "no fact was written anew");
    assert_eq!(service.store().alerts().await.unwrap(), alerts);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_come_later_bring_their_events_along() {
    let world = World::new();
    let service = world.start().await;
    let [_, people, events] = files(&world);
    ended(&service, ask(&world, &service, events.0, events.1, &events.2, false).await).await;
    world.send(&service, &format!(r#"{{"batch":[{}]}}"#, world.track("w", "p2", "login", MINUTE))).await;
    assert_eq!(value(&service, "a2", "logins_7d"), "1", "with an account given");
    ended(&service, ask(&world, &service, people.0, people.1, &people.2, false).await).await;
    world.rest(&service).await;
    assert_eq!(value(&service, "a2", "logins_7d"), "3", "and without: of the archive's quarantine, and of memory");
    service.stop().await;
}

/// An end at any moment: the import is taken up again, once.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_survives_an_end_of_the_process() {
    let undisturbed = World::new();
    let service = undisturbed.start().await;
    for (kind, name, text) in files(&undisturbed) {
        ended(&service, ask(&undisturbed, &service, kind, name, &text, false).await).await;
    }
    let expected = state(&undisturbed, &service).await;
    service.stop().await;
    for wait in [0, 5, 20, 60] {
        let world = World::new();
        let mut ids = Vec::new();
        for (kind, name, text) in files(&world) {
            let service = world.start().await;
            ids.push(ask(&world, &service, kind, name, &text, false).await);
            tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
            service.stop().await;
        }
        let service = world.start().await;
        for id in ids {
            let import = ended(&service, id).await;
            assert_eq!((import.status, import.error), (ImportStatus::Done, None), "after {wait} ms");
        }
        assert_eq!(state(&world, &service).await, expected, "after {wait} ms");
        assert_eq!(service.store().unknown_inputs().await.unwrap(), 0);
        service.stop().await;
        assert!(uploads(&world).iter().all(|name| name == "incoming"), "nothing is kept any more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_or_cannot_be_read_leaves_nothing() {
    let world = World::new();
    let service = world.start().await;
    // Two in the queue: the second is given up while it waits.
    let [accounts, (kind, name, text), _] = files(&world);
    let first = ask(&world, &service, accounts.0, accounts.1, &accounts.2, false).await;
    let second = ask(&world, &service, kind, name, &text, false).await;
    let cancelled = service.cancel_import(second, &audit(second)).await.unwrap();
    let import = ended(&service, second).await;
    match cancelled {
        Cancelled::Yes => {
            assert_eq!(import.status, ImportStatus::Cancelled);
            assert!(service.store().memberships().await.unwrap().is_empty());
        }
        // The machine was faster.
        Cancelled::TooLate | Cancelled::Ended => assert_eq!(import.status, ImportStatus::Done),
    }
    ended(&service, first).await;
    assert_eq!(service.cancel_import(first, &audit(first)).await.unwrap(), Cancelled::Ended);
    let wrong = ask(&world, &service, Kind::Events, "wrong.csv", "who,what\na,b\n", false).await;
    let import = ended(&service, wrong).await;
    assert_eq!(import.status, ImportStatus::Failed);
    assert!(import.error.as_deref().is_some_and(|why| why.contains("no column gives the event")), "{import:?}");
    service.stop().await;
    assert!(uploads(&world).iter().all(|name| name == "incoming"));
}
