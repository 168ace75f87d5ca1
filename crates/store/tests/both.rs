//! The same inputs give the same state on every database: one script, then everything that can be read, as text.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};

use serde_json::json;
use tenure_model::Instant;
use tenure_model::definition::{Revision, Severity};
use tenure_model::input::{Action, Decision, Entity, Membership, Merge, Version};
use tenure_store::*;
use tenure_testing::Postgres;

#[path = "conformance/snapshots.rs"]
#[allow(dead_code, reason = "its tests run for each database")]
mod snapshots;

#[tokio::test]
async fn the_same_state() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = Store::open(&Database::Sqlite(folder.path().join("tenure.db"))).await.unwrap();
    let Some(server) = Postgres::shared() else { return };
    let postgres = Store::open(&server.database().parse().unwrap()).await.unwrap();
    let mut states = Vec::new();
    for store in [sqlite, postgres] {
        said(&store).await;
        live(&store).await;
        people(&store).await;
        states.push(dump(&store).await);
    }
    assert!(states[0].lines().count() > 400, "{}", states[0]);
    for (sqlite, postgres) in states[0].lines().zip(states[1].lines()) {
        assert_eq!(sqlite, postgres);
    }
    assert_eq!(states[0], states[1]);
}

/// What one database gives fills the other one, and comes back the same.
#[tokio::test]
async fn a_snapshot_fills_either() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| Database::Sqlite(folder.path().join(name));
    let Some(server) = Postgres::shared() else { return };
    let source = Store::open(&file("first.db")).await.unwrap();
    said(&source).await;
    live(&source).await;
    people(&source).await;
    let expected = dump(&source).await;
    let mut all = snapshots::rows(&mut source.snapshot().await.unwrap()).await;
    assert!(all.iter().map(|(.., lines)| lines.len()).sum::<usize>() > 50);
    for target in [server.database().parse().unwrap(), file("second.db"), server.database().parse().unwrap()] {
        fill(&target, newest_format(), &all).await.unwrap();
        let again = fill(&target, newest_format(), &all).await.unwrap_err();
        assert!(matches!(again, Error::Taken { .. }), "{again}");
        let store = Store::open(&target).await.unwrap();
        let (left, right) = (without_leases(&expected), without_leases(&dump(&store).await));
        left.lines().zip(right.lines()).for_each(|(left, right)| assert_eq!(left, right));
        assert_eq!(left, right);
        all = snapshots::rows(&mut store.snapshot().await.unwrap()).await;
    }
}

/// Fills an empty database with them.
async fn fill(database: &Database, format: i64, all: &[(String, Vec<String>, Vec<String>)]) -> Result<(), Error> {
    let mut restore = Restore::begin(database, format).await?;
    for (table, columns, lines) in all {
        let mut lines = lines.iter().map(|line| Ok(line.clone()));
        restore.rows::<Error>(table, columns, &mut lines).await?;
    }
    restore.commit().await
}

/// Leases are the process's, not the workspace's.
fn without_leases(dump: &str) -> String {
    dump.split("== ").filter(|section| !section.starts_with("lease\n")).collect::<Vec<_>>().join("== ")
}

#[tokio::test]
async fn what_is_broken_fills_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let target = Database::Sqlite(folder.path().join("tenure.db"));
    let columns = vec!["name".to_owned(), "value".to_owned()];
    for (table, columns, line) in [
        ("counters", columns.clone(), "[\"input\"]"),
        ("counters", columns.clone(), "[\"input\", \"many\"]"),
        ("counters", columns.clone(), "[\"input\", 1"),
        ("counters", columns[..1].to_vec(), "[\"input\"]"),
        ("nothing", columns.clone(), "[\"input\", 1]"),
    ] {
        let all = [(table.to_owned(), columns, vec![line.to_owned()])];
        let error = fill(&target, newest_format(), &all).await.unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{line}: {error}");
    }
    assert!(matches!(fill(&target, newest_format() + 1, &[]).await, Err(Error::Newer { .. })));
    fill(&target, newest_format(), &[]).await.unwrap();
}

const IDS: [&str; 6] = ["B", "a", "b", "É", "€", "𝄞"];

/// What was said, decided and imported.
async fn said(store: &Store) {
    let mut write = store.write().await.unwrap();
    write.create_workspace(Instant(5)).await.unwrap();
    write.set_live_from(Some(Instant(-7))).await.unwrap();
    let key = ImportKey { kind: "accounts".into(), content_hash: "c".into(), mapping_hash: "m".into(), source: "crm".into(), dated: None };
    let import = write.begin_import(&key, "ü.csv", Instant(6)).await.unwrap();
    let values = [
        json!(1.25),
        json!("x \"y\" \u{1F600}\n\\"),
        json!(null),
        json!(true),
        json!(12345678901234567890u64),
        json!([1, {"b": 1, "a": 2}]),
    ];
    let mut versions = Vec::new();
    for (i, id) in IDS.iter().enumerate() {
        for (n, value) in values.iter().enumerate() {
            let valid_from = (n > 0).then_some(Instant(n as i64 * 10));
            let known_from = (n == 3).then_some(Instant(99));
            versions.push(Version {
                entity: Entity::Account((*id).into()),
                field: format!("f{}", n % 3),
                value: value.clone(),
                valid_from,
                known_from,
            });
        }
        let entity = Entity::Subscription((*id).into(), format!("s{i}"));
        versions.push(Version { entity, field: "plan".into(), value: json!("pro"), valid_from: None, known_from: None });
        let entity = Entity::Person(format!("p{i}"));
        versions.push(Version { entity, field: "role".into(), value: json!("admin"), valid_from: None, known_from: None });
    }
    write.add_versions(import, &versions).await.unwrap();
    let members: Vec<_> = IDS
        .iter()
        .enumerate()
        .map(|(i, id)| Membership {
            person: format!("p{}", i % 4),
            account: (*id).into(),
            from: (i > 2).then_some(Instant(3)),
            until: None,
        })
        .collect();
    write.add_memberships(import, &members).await.unwrap();
    write.finish_import(import, ImportCounts { rows: 5, accepted: 4, duplicates: 0, rejected: 1, conflicts: 0 }, Instant(8)).await.unwrap();
    write.add_merge(&Merge { account: true, from: "a".into(), into: "b".into(), at: Instant(7) }, "carla").await.unwrap();
    let action = Action::SetStage { stage: "renewal".into(), until: Some(Instant(50)) };
    write
        .add_decision(&Decision { account: "É".into(), at: Instant(9), author: "carla".into(), reason: "why".into(), action })
        .await
        .unwrap();
    let files = BTreeMap::from([("model.yaml".into(), "# é\n".into())]);
    write
        .apply_model(&AppliedModel {
            revision: Revision("r1".into()),
            applied_at: Instant(1),
            author: "carla".into(),
            reason: "better".into(),
            files,
        })
        .await
        .unwrap();
    let evaluated = Evaluated { revision: Revision("r1".into()), until: Instant(9), position: 3, evaluated_at: Instant(10) };
    write.set_evaluated(&evaluated).await.unwrap();
    let alerts = IDS.map(|id| Alert {
        key: Alert::key("quiet", id, None, Instant(4)),
        rule: "quiet".into(),
        account: id.into(),
        person: None,
        opened_at: Instant(4),
        revision: Revision("r1".into()),
        severity: Severity::High,
        owner: None,
        title: Some(format!("{id} is quiet")),
        playbook: None,
        resolved: (id == "B").then(|| (Instant(6), "it is not".into())),
        state: AlertState::Open,
    });
    write.open_alerts(&alerts).await.unwrap();
    write.set_alert_state(&alerts[1].key, &AlertState::Acknowledged { by: "carla".into(), at: Instant(8) }).await.unwrap();
    write.commit().await.unwrap();
}

/// What the live service writes.
async fn live(store: &Store) {
    let mut write = store.write().await.unwrap();
    let lease = write.acquire_lease("engine", "process", Instant(1), Instant(99)).await.unwrap().unwrap();
    write.fenced(&lease).await.unwrap();
    write.set_mark(Mark::Snapshot, 2, Instant(3)).await.unwrap();
    let payload: Vec<u8> = (0..=255).collect();
    let row = NewRow { received_at: Instant(1), items: 9, codec: 1, payload: &payload };
    write.append(&[row, NewRow { payload: b"", ..row }]).await.unwrap();
    write.append(&[row]).await.unwrap();
    let outcomes = IDS.map(|id| NewOutcome {
        position: 5,
        account: id.into(),
        at: Instant(4),
        kind: "stage_entered".into(),
        subject: "adoption".into(),
        revision: Revision("r1".into()),
        detail: "{}".into(),
    });
    write.add_outcomes(&outcomes[..2]).await.unwrap();
    for outcome in &outcomes {
        let restatement = Restatement { account: &outcome.account, from: Instant(0), facts: std::slice::from_ref(outcome) };
        write.replace_outcomes(&[restatement]).await.unwrap();
    }
    let messages = [1, 2, 3].map(|n| NewMessage {
        id: MessageId::of(&n.to_string()),
        dedupe_key: (n % 2).to_string(),
        kind: "email".into(),
        recipient: "ann@acme.example".into(),
        payload: "{}".into(),
        due_at: Instant(n),
    });
    write.enqueue(&messages, Instant(1)).await.unwrap();
    write.claim(Instant(1), 5).await.unwrap();
    let source = Source {
        id: SourceId::of("1"),
        name: "web".into(),
        key_hash: Hash([7; 32]),
        created_at: Instant(1),
        disabled_at: None,
        max_gap_seconds: Some(60),
        last_seen_at: None,
    };
    write.add_source(&source).await.unwrap();
    write.seen_source(&source.id, Instant(9)).await.unwrap();
    let bad = Quarantined {
        id: QuarantineId::of("1"),
        source: source.id,
        received_at: Instant(1),
        reason: "no_account".into(),
        message: "é".into(),
        raw: payload,
        endpoint: "track".to_owned(),
        status: QuarantineStatus::Waiting,
    };
    write.quarantine(&[bad]).await.unwrap();
    write.commit().await.unwrap();
}

/// Who signs in, and what they did.
async fn people(store: &Store) {
    let mut write = store.write().await.unwrap();
    let carla = Teammate {
        id: TeammateId::of("carla"),
        email: "Carla@É.example".into(),
        name: "Carla".into(),
        role: Role::Manager,
        password_hash: None,
        created_at: Instant(1),
        disabled_at: None,
        last_login_at: None,
    };
    write.add_teammate(&carla).await.unwrap();
    let (hash, teammate) = (Hash([1; 32]), carla.id.clone());
    let session = Session {
        hash,
        teammate: teammate.clone(),
        csrf: "c".into(),
        created_at: Instant(1),
        last_used_at: Instant(1),
        expires_at: Instant(99),
    };
    write.add_session(&session).await.unwrap();
    let key = ApiKey {
        id: ApiKeyId::of("1"),
        name: "warehouse".into(),
        hash,
        scopes: vec!["read".into()],
        teammate: teammate.clone(),
        created_at: Instant(1),
        last_used_at: None,
        revoked_at: None,
    };
    write.add_api_key(&key).await.unwrap();
    write.login_failed("ann", Instant(4), Instant(0)).await.unwrap();
    let entry = AuditEntry {
        id: AuditId::of("1"),
        at: Instant(1),
        actor: teammate.to_string(),
        action: "x".into(),
        target: "y".into(),
        before: None,
        after: Some("{}".into()),
        address: None,
    };
    write.audit(&entry).await.unwrap();
    let view = SavedView {
        id: ViewId::of("1"),
        owner: teammate.clone(),
        name: "Mine".into(),
        shared: true,
        definition: "{}".into(),
        created_at: Instant(1),
        updated_at: Instant(2),
    };
    write.put_view(&view).await.unwrap();
    let note = Note {
        id: NoteId::of("1"),
        account: "b".into(),
        author: teammate,
        at: Instant(1),
        kind: "call".into(),
        body: "…".into(),
        edited_at: None,
    };
    write.add_note(&note).await.unwrap();
    write.commit().await.unwrap();
}

async fn dump(store: &Store) -> String {
    let mut text = String::new();
    let mut add = |name: &str, value: &dyn Debug| writeln!(text, "== {name}\n{value:#?}").unwrap();
    add("workspace", &store.workspace().await.unwrap());
    add("position", &store.position().await.unwrap());
    add("entities", &store.count_entities().await.unwrap());
    add("accounts", &store.accounts().await.unwrap());
    add("inputs", &all_inputs(store).await);
    add("people", &store.people().await.unwrap());
    add("merges", &store.merge_list().await.unwrap());
    add("decisions", &store.decisions().await.unwrap());
    add("imports", &store.imports().await.unwrap());
    add("model", &store.last_model().await.unwrap());
    add("evaluated", &store.last_evaluated().await.unwrap());
    add("alerts", &store.alerts().await.unwrap());
    add("journal", &store.journal_after(0, u64::MAX).await.unwrap());
    add("depth", &store.journal_depth(0).await.unwrap());
    add("mark", &store.mark(Mark::Snapshot).await.unwrap());
    add("lease", &store.lease("engine").await.unwrap());
    add("outcomes", &store.outcomes_after(0, 99).await.unwrap());
    for state in [MessageState::Waiting, MessageState::Claimed] {
        add("messages", &store.messages(state, &Page::first(99)).await.unwrap());
    }
    add("sources", &store.sources().await.unwrap());
    add("quarantine", &store.quarantined(QuarantineStatus::Waiting, &Page::first(99)).await.unwrap());
    let carla = TeammateId::of("carla");
    add("teammates", &store.teammates().await.unwrap());
    add("session", &store.session(&Hash([1; 32]), Instant(5)).await.unwrap());
    add("keys", &store.api_keys().await.unwrap());
    add("logins", &store.login_failures("ann").await.unwrap());
    add("audit", &store.audit_log(&AuditFilter::default(), &Page::first(99)).await.unwrap());
    add("views", &store.views_of(&carla).await.unwrap());
    add("notes", &store.notes("b", &Page::first(99)).await.unwrap());
    text
}

/// Pages read at once come in any order.
async fn all_inputs(store: &Store) -> Vec<AccountInputs> {
    let mut all = Vec::new();
    for page in store.inputs(2).await.unwrap() {
        all.extend(page.read().await.unwrap());
    }
    all
}
