//! A memory limit changes where accounts lie, and nothing else.

use std::sync::atomic::Ordering;

use crate::world::{World, outcomes, value};
use tenure_model::time::{DAY, HOUR};
use tenure_service::{Limits, Service};

/// So many accounts, of which each is heard of now and then.
const ACCOUNTS: usize = 200;

async fn life(limits: Limits) -> (Vec<String>, Vec<String>, u64) {
    let world = World::new();
    let mut packed = 0;
    for day in 0..4 {
        // Each day begins with a start.
        let service = world.start_within(limits).await;
        for n in 0..6 {
            let items: Vec<String> = (0..ACCOUNTS)
                .filter(|a| (a * 7 + n + day) % 11 == 0)
                .map(|a| {
                    let login = world.track(&format!("{day}-{n}-{a}"), &format!("u{a}"), "login", (a as i64 % 3) * HOUR);
                    login.replacen('{', &format!(r#"{{"context":{{"groupId":"a{a}"}},"#), 1)
                })
                .collect();
            world.send(&service, &format!(r#"{{"batch":[{}]}}"#, items.join(","))).await;
            world.pass(4 * HOUR);
            world.rest(&service).await;
            packed += service.status().accounts_packed.load(Ordering::Relaxed);
        }
        if day == 3 {
            world.pass(2 * DAY);
            world.rest(&service).await;
            return (values(&service), outcomes(&service).await, packed);
        }
        service.stop().await;
    }
    unreachable!()
}

fn values(service: &Service) -> Vec<String> {
    let columns = ["logins_7d", "quiet_days", "stage"];
    (0..ACCOUNTS).flat_map(|a| columns.map(|c| format!("a{a}.{c}={}", value(service, &format!("a{a}"), c)))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_are_packed_away_live_on() {
    // Whatever it does, the process has more than a byte.
    let (values, told, packed) = life(Limits { memory_max: Some(1), ..Limits::default() }).await;
    let (expected, expected_told, none) = life(Limits::default()).await;
    assert!(packed > ACCOUNTS as u64 && none == 0, "{packed} {none}");
    assert_eq!(values, expected);
    assert_eq!(told, expected_told);
    assert!(told.len() > ACCOUNTS);
}
