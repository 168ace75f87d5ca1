//! How long it takes when the timers of very many accounts ring at the same midnight, and how long events wait meanwhile. A measurement, not a test:
//! `cargo test --workspace --test service midnight -- --ignored --nocapture`.
#![expect(clippy::disallowed_methods, reason = "it measures how long things take")]

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tenure_model::time::{DAY, MINUTE};

use crate::world::World;

const ACCOUNTS: usize = 100_000;
const BATCH: usize = 2_000;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute; it measures"]
async fn midnight() {
    let world = World::new();
    let service = world.start().await;
    let started = Instant::now();
    for batch in 0..ACCOUNTS / BATCH {
        let items: Vec<String> = (0..BATCH)
            .map(|n| {
                let id = batch * BATCH + n;
                world.track(&format!("m{id}"), &format!("p{id}"), "login", MINUTE).replacen(
                    "\"userId\"",
                    &format!("\"context\":{{\"groupId\":\"a{id}\"}},\"userId\""),
                    1,
                )
            })
            .collect();
        world.send(&service, &format!(r#"{{"batch":[{}]}}"#, items.join(","))).await;
    }
    println!("{ACCOUNTS} accounts by their first events: {:.1} s", started.elapsed().as_secs_f64());
    let bytes: usize = service.live().accounts().map(|a| a.bytes()).sum();
    println!("{} bytes an account in memory", bytes / ACCOUNTS);
    // The second midnight without an event opens an alert for each.
    for alerts in [0, ACCOUNTS] {
        let steps = service.status().steps.load(Ordering::Relaxed);
        world.pass(DAY);
        let started = Instant::now();
        let mut waits = Vec::new();
        while service.live().next_timer() <= world.now() {
            let sent = Instant::now();
            let item = world.track(&format!("x{alerts}-{}", waits.len()), "visitor", "login", 0);
            let item = item.replacen("\"userId\"", "\"context\":{\"groupId\":\"visited\"},\"userId\"", 1);
            world.send(&service, &format!(r#"{{"batch":[{item}]}}"#)).await;
            waits.push(sent.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let took = started.elapsed();
        let steps = service.status().steps.load(Ordering::Relaxed) - steps;
        waits.sort();
        let wait = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_millis();
        println!(
            "a midnight with {alerts} alerts: {:.1} s, {steps} steps; {} events meanwhile waited {} ms (median), {} ms (99 %), {} ms at most",
            took.as_secs_f64(),
            waits.len(),
            wait(0.5),
            wait(0.99),
            wait(1.0)
        );
    }
    let started = Instant::now();
    service.snapshot().await.unwrap();
    let bytes = service.status().snapshot_bytes.load(Ordering::Relaxed);
    println!("a snapshot: {:.1} s, {} bytes an account", started.elapsed().as_secs_f64(), bytes as usize / ACCOUNTS);
    service.stop().await;
}
