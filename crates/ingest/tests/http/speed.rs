//! How fast it is: `cargo test --workspace --test http speed -- --ignored --nocapture`.

use std::fmt::Write;
use std::hint::black_box;

use tenure_ingest::http::{Endpoint, segment, write_key};
use tenure_ingest::journal::Batch;

use crate::tell::received;

/// Batches of 100 track calls of 341 bytes, of 2,000 people at 200 accounts.
fn bodies(count: usize) -> Vec<String> {
    let mut seed = 7u64;
    let mut random = move |n: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % n
    };
    let names = ["report_created", "dashboard_viewed", "workflow_run", "login"];
    let mut id = 0u128;
    let body = |i: usize| {
        let mut body = String::from("{\"batch\":[");
        for j in 0..100 {
            let person = random(2000);
            id = id.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(0x5851_f42d_4c95_7f2d);
            let hex = format!("{id:032x}");
            let uuid = format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
            let mut item = format!(
                "{{\"type\":\"track\",\"event\":\"{}\",\"userId\":\"user-{person:06}\",\"timestamp\":\"2026-06-01T11:{:02}:{:02}.{:03}Z\",\
                 \"messageId\":\"{uuid}\",\"properties\":{{\"path\":\"/reports/{}\",\"duration_ms\":{},\"plan\":\"pro\"}},\
                 \"context\":{{\"groupId\":\"acct-{:04}\",\"library\":{{\"name\":\"analytics-node\",\"version\":\"3.1.0\"}}}}",
                names[random(4) as usize],
                (i / 60) % 60,
                i % 60,
                j * 7,
                random(500),
                random(5000),
                person % 200,
            );
            while item.len() < 320 {
                item.push(' ');
            }
            write!(item, ",\"integrations\":{{}}}}").unwrap();
            body += if j == 0 { "" } else { "," };
            body += &item;
        }
        body + "],\"sentAt\":\"2026-06-01T11:59:59.000Z\"}"
    };
    (0..count).map(body).collect()
}

#[test]
#[ignore = "measures"]
#[allow(clippy::disallowed_methods)]
fn speed() {
    let bodies = bodies(100);
    let events = bodies.len() * 100;
    println!("{} bytes an item", bodies[0].len() / 100);
    let rate = |what: &str, run: &mut dyn FnMut()| {
        // The best of many short runs: other programs on the machine do not slow down all of them.
        let best = (0..100).map(|_| {
            let start = std::time::Instant::now();
            run();
            start.elapsed().as_secs_f64()
        });
        println!("{what}: {:.2} million events a second", events as f64 / best.fold(f64::MAX, f64::min) / 1e6);
    };
    let read = |body| segment(Endpoint::Batch, body, received()).unwrap();
    rate("write_key", &mut || bodies.iter().for_each(|body| _ = black_box(write_key(body))));
    rate("segment", &mut || bodies.iter().for_each(|body| _ = black_box(read(body))));
    let few = std::time::Duration::from_secs(1);
    let best = (0..2000).map(|i| {
        let start = std::time::Instant::now();
        black_box(read(&bodies[i % bodies.len()]));
        start.elapsed()
    });
    println!("segment, the quickest request: {:.2} million events a second", 1e-4 / best.fold(few, std::time::Duration::min).as_secs_f64());
    let mut batch = Batch::default();
    let intakes: Vec<_> = bodies.iter().map(|body| read(body)).collect();
    rate("push", &mut || {
        batch = Batch::default();
        intakes.iter().for_each(|intake| batch.push("web", received(), intake));
    });
    let mut bytes = Vec::new();
    rate("encode", &mut || bytes = batch.encode());
    println!("{:.1} bytes an event", bytes.len() as f64 / events as f64);
    rate("decode", &mut || _ = black_box(Batch::decode(&bytes).unwrap()));
    rate("record batch", &mut || _ = black_box(batch.record_batch()));
}
