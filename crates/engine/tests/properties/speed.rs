//! How long a look at all accounts and a snapshot take, in processor time: `cargo test --workspace --test properties speed -- --ignored --nocapture`.

use std::sync::Arc;

use serde_json::json;
use tenure_engine::{Account, Engine, EventTable, Inputs, Mode, Nothing, Outcome, Sink};
use tenure_model::time::{DAY, Day, Instant};

/// Nanoseconds this thread has run, as Linux counts them.
fn ran_ns() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(f64::NAN)
}

/// The events of so many accounts, each with its own amount of use, over some dates.
fn tables(engine: &Engine, count: u64, dates: u64, events_max: u64) -> Vec<EventTable> {
    let mut seed = 7u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let names = ["login", "dashboard_viewed", "report_created", "workflow_run", "comment_added", "api_call", "support_ticket_opened"];
    (0..count)
        .map(|_| {
            let mut table = EventTable::new(engine.model());
            for _ in 0..random(events_max) {
                let at = Instant(20_000 * DAY + random(dates * DAY as u64) as i64);
                table.push(at, names[random(7) as usize], Some(["ann", "bob", "cem", "dora"][random(4) as usize]), &json!({}));
            }
            table.sort();
            table
        })
        .collect()
}

fn benchmark() -> Engine {
    let text = include_str!("../../../../benches/model.yaml").to_owned();
    Engine::new(Arc::new(tenure_model::check(&[("model.yaml".into(), text)]).unwrap()))
}

/// Accounts of the benchmark's model as they stand after their events.
fn accounts(engine: &Engine, count: u64) -> Vec<Account> {
    let tables = tables(engine, count, 100, 400);
    tables
        .iter()
        .enumerate()
        .map(|(i, table)| {
            let mut account = engine.account(format!("a{i}"));
            let inputs = Inputs { people: table.people(), events: table.events(), changes: &[] };
            engine.advance(&mut account, &inputs, Instant(20_100 * DAY + DAY / 2), Mode::Exact, &mut Nothing).unwrap();
            account
        })
        .collect()
}

#[test]
#[ignore = "a measurement, not a test"]
fn speed() {
    let engine = benchmark();
    let accounts = accounts(&engine, 10_000);
    let mut table = engine.live_table();
    let start = ran_ns();
    accounts.iter().enumerate().for_each(|(row, account)| table.set(row, account));
    println!("{:7.1} ns a row to set, first time", (ran_ns() - start) / accounts.len() as f64);
    let start = ran_ns();
    accounts.iter().enumerate().for_each(|(row, account)| table.set(row, account));
    println!("{:7.1} ns a row to set again", (ran_ns() - start) / accounts.len() as f64);
    let (mut stale, rounds) = (0, 300);
    let start = ran_ns();
    for i in 0..rounds {
        stale = engine.stale(&table, Instant(20_100 * DAY + DAY / 2 + i)).len();
    }
    println!("{:7.1} ns a row to look ({stale} stale)", (ran_ns() - start) / (rounds as f64 * accounts.len() as f64));
    let mut bytes = Vec::new();
    let state: usize = accounts.iter().map(Account::bytes).sum();
    let start = ran_ns();
    accounts.iter().for_each(|account| engine.save(account, &mut bytes));
    let saved = (ran_ns() - start) / 1e9;
    let (mut rest, mut restored) = (bytes.as_slice(), Vec::new());
    let start = ran_ns();
    while !rest.is_empty() {
        restored.push(engine.restore(&mut rest).unwrap());
    }
    let read = (ran_ns() - start) / 1e9;
    let (state, written) = (state as f64 / 1e6, bytes.len() as f64 / 1e6);
    println!(
        "{:.0} MB/s of state saved, {:.0} MB/s restored; {written:.1} of {state:.1} MB, {} accounts",
        state / saved,
        state / read,
        restored.len()
    );
}

/// Takes what a sampled replay tells.
#[derive(Default)]
struct Days(usize);

impl Sink for Days {
    fn outcome(&mut self, _: &Account, _: Outcome) {}

    fn day(&mut self, _: &Account, _: Day) {
        self.0 += 1;
    }
}

#[test]
#[ignore = "a measurement, not a test"]
fn sampled_speed() {
    let engine = benchmark();
    let tables = tables(&engine, 1_000, 365, 2_000);
    let (end, mode) = (Instant(20_365 * DAY - 1), Mode::Daily { from: Day(20_000) });
    let mut days = Days::default();
    let start = ran_ns();
    for table in &tables {
        let inputs = Inputs { people: table.people(), events: table.events(), changes: &[] };
        engine.advance(&mut engine.account("a"), &inputs, end, mode, &mut days).unwrap();
    }
    let events: usize = tables.iter().map(EventTable::len).sum();
    println!("{:7.1} ns a date of an account, {events} events", (ran_ns() - start) / days.0 as f64);
}
