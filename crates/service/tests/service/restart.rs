//! A start begins with the snapshot in force and the journal's tail; where there is none to rely on, with the whole history. The end may come at
//! any moment.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use crate::world::{World, outcomes, value};
use tenure_model::input::{Action, Decision};
use tenure_model::time::{DAY, HOUR, MINUTE};
use tenure_service::Service;
use tenure_store::Mark;

/// The accounts as they stand, and what was told of them.
async fn all(service: &Service) -> (Vec<String>, Vec<String>, Vec<String>) {
    let accounts = ["acme", "north", "lone"];
    let columns = ["logins_7d", "quiet_days", "stage", "tier"];
    let values = accounts.iter().flat_map(|a| columns.map(|c| format!("{a}.{c}={}", value(service, a, c)))).collect();
    let alerts = service.store().alerts().await.unwrap().iter().map(|a| format!("{} {:?}", a.key, a.resolved)).collect();
    (values, outcomes(service).await, alerts)
}

fn group(account: &str, person: &str) -> String {
    format!(
        r#"{{"type":"group","userId":"{person}","groupId":"{account}","messageId":"g-{account}-{person}","traits":{{"tier":1,"owner":"carla"}}}}"#
    )
}

/// Some days of life: late events, merges of people, persons that become known after their events.
async fn live(world: &World, service: &Service, from: usize) {
    for n in from..from + 6 {
        let mut items =
            vec![world.track(&format!("m{n}"), "ann", "login", MINUTE), world.track(&format!("u{n}"), "zoe", "login", 2 * MINUTE)];
        match n % 6 {
            0 => items.insert(0, group("acme", "ann")),
            1 => items.push(group("north", "bob")),
            2 => items.push(world.track(&format!("late{n}"), "bob", "login", 5 * HOUR)),
            3 => items.push(format!(r#"{{"type":"identify","userId":"bob","anonymousId":"anon{n}","messageId":"i{n}"}}"#)),
            4 => items.push(group("lone", "zoe")),
            _ => items.push(world.track(&format!("m{}", n - 1), "ann", "login", HOUR)),
        }
        world.send(service, &format!(r#"{{"batch":[{}]}}"#, items.join(","))).await;
        world.pass(3 * HOUR + 11 * MINUTE);
    }
}

/// Runs what is given in a process that ends at once afterwards, as by SIGKILL: nothing is finished.
fn killed_after(work: impl std::future::Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(work);
    runtime.shutdown_background();
}

fn run<T>(work: impl std::future::Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

fn snapshots(world: &World) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(world.data.path().join("snapshots")).into_iter().flatten();
    entries.map(|e| e.unwrap().path()).collect()
}

/// What a life without any end gives.
fn undisturbed(parts: usize) -> (Vec<String>, Vec<String>, Vec<String>) {
    let world = World::new();
    run(async {
        let service = world.start().await;
        for part in 0..parts {
            live(&world, &service, part * 6).await;
        }
        service.archive().await.unwrap();
        service.settled().await;
        world.rest(&service).await;
        let all = all(&service).await;
        service.stop().await;
        all
    })
}

#[test]
fn a_stop_and_a_start_tell_nobody_anew() {
    let world = World::new();
    run(async {
        let service = world.start().await;
        live(&world, &service, 0).await;
        world.rest(&service).await;
        let before = all(&service).await;
        service.stop().await;
        assert_eq!(snapshots(&world).len(), 1);
        let service = world.start().await;
        assert_eq!(service.status().rebuilt.load(Ordering::Relaxed), 0);
        assert_eq!(all(&service).await, before);
        service.stop().await;
    });
}

#[test]
fn an_end_at_any_moment_loses_nothing() {
    let expected = undisturbed(4);
    // What is done after each part of life before the end comes.
    for ends in [[0, 0, 0], [1, 1, 1], [2, 2, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1]] {
        let world = World::new();
        for (part, end) in ends.into_iter().enumerate() {
            killed_after(async {
                let service = world.start().await;
                live(&world, &service, part * 6).await;
                if end >= 1 {
                    service.archive().await.unwrap();
                }
                if end >= 2 {
                    service.snapshot().await.unwrap();
                    world
                        .send(&service, &format!(r#"{{"batch":[{}]}}"#, world.track(&format!("m{}", part * 6), "ann", "login", HOUR)))
                        .await;
                }
            });
            // A snapshot that was written and did not come into force.
            let stray = world.data.path().join("snapshots/999999-1");
            std::fs::create_dir_all(&stray).unwrap();
            std::fs::write(stray.join("manifest.json"), "{}").unwrap();
        }
        run(async {
            let service = world.start().await;
            live(&world, &service, 18).await;
            service.archive().await.unwrap();
            service.settled().await;
            world.rest(&service).await;
            let found = all(&service).await;
            assert_eq!(found.0, expected.0, "{ends:?}");
            assert_eq!(found.1, expected.1, "{ends:?}");
            assert_eq!(found.2, expected.2, "{ends:?}");
            service.stop().await;
            assert_eq!(snapshots(&world).len(), 1);
        });
    }
}

#[test]
fn a_snapshot_that_cannot_be_used_costs_time_and_nothing_else() {
    let damages: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        },
        |bytes| bytes[8] ^= 0x40, // the engine's format
        |bytes| bytes[20] ^= 1,   // the model's revision
    ];
    for damage in damages {
        let world = World::new();
        run(async {
            let service = world.start().await;
            live(&world, &service, 0).await;
            world.rest(&service).await;
            let before = all(&service).await;
            service.stop().await;
            let part = snapshots(&world)[0].join("000000.part");
            let mut bytes = std::fs::read(&part).unwrap();
            damage(&mut bytes);
            std::fs::write(&part, bytes).unwrap();
            let service = world.start().await;
            assert_eq!(all(&service).await, before);
            service.stop().await;
        });
    }
}

#[test]
fn what_was_imported_beside_the_engine_is_seen() {
    let world = World::new();
    run(async {
        let service = world.start().await;
        live(&world, &service, 0).await;
        assert_eq!(value(&service, "acme", "stage"), "adoption");
        service.stop().await;
        let decision = Decision {
            account: "acme".into(),
            at: world.now(),
            author: "carla".into(),
            reason: "agreed".into(),
            action: Action::SetStage { stage: "onboarding".into(), until: None },
        };
        let store = world.store().await;
        let mut write = store.write().await.unwrap();
        write.add_decision(&decision).await.unwrap();
        write.commit().await.unwrap();
        assert_eq!(store.unknown_inputs().await.unwrap(), 1);
        let service = world.start().await;
        assert_eq!(value(&service, "acme", "stage"), "onboarding");
        assert_eq!(store.unknown_inputs().await.unwrap(), 0);
        service.stop().await;
    });
}

#[test]
fn the_journal_keeps_what_the_snapshot_does_not_have() {
    let world = World::new();
    run(async {
        let service = world.start().await;
        live(&world, &service, 0).await;
        service.archive().await.unwrap();
        let begun = service.store().mark(Mark::Snapshot).await.unwrap();
        let kept = service.store().journal_depth(begun).await.unwrap().rows;
        assert!(kept >= 6, "{kept} rows after the snapshot at {begun}");
        service.snapshot().await.unwrap();
        assert_eq!(service.store().journal_depth(0).await.unwrap().rows, 0);
        world.pass(DAY);
        service.stop().await;
    });
}
