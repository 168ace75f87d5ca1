//! Measures how many journal commits a second each database takes, with every commit on disk. Run by hand: `--ignored --nocapture`.

use std::time::Duration;

use tenure_model::Instant;
use tenure_store::{Database, NewRow, Store, transact_beside};
use tenure_testing::{Durability, Postgres};
use tokio::time::Instant as Clock;

/// Bytes of a payload.
const PAYLOAD: usize = 64 * 1024;
/// How long each measurement takes.
const SPAN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn append_rates() {
    let folder = tempfile::tempdir().unwrap();
    let mut databases = vec![("SQLite", Database::Sqlite(folder.path().join("tenure.db")))];
    let server = Postgres::start(Durability::Fsync);
    databases.extend(server.iter().map(|server| ("PostgreSQL", server.database().parse().unwrap())));
    for (name, database) in databases {
        for appenders in [1, 8] {
            let stores = stores(appenders, &database).await;
            let started = Clock::now();
            let tasks: Vec<_> = stores.into_iter().map(|store| tokio::spawn(appender(store, started))).collect();
            let mut commits = 0;
            for task in tasks {
                commits += task.await.unwrap();
            }
            let seconds = started.elapsed().as_secs_f64();
            let rate = f64::from(commits) / seconds;
            eprintln!("{name}, {appenders} appenders: {rate:.0} commits/s of {} KiB, {:.0} MiB/s", PAYLOAD / 1024, rate * 64.0 / 1024.0);
        }
    }
}

/// Stores as of so many processes.
async fn stores(count: usize, database: &Database) -> Vec<Store> {
    let mut stores = Vec::new();
    for _ in 0..count {
        stores.push(Store::open(database).await.unwrap());
    }
    stores
}

async fn appender(store: Store, started: Clock) -> u32 {
    // Does not compress: neither database may gain from it.
    let mut state = 88_172_645_463_325_252u64;
    let payload: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    })
    .take(PAYLOAD)
    .collect();
    let mut commits = 0;
    while started.elapsed() < SPAN {
        let row = NewRow { received_at: Instant(1), items: 1_000, codec: 1, payload: &payload };
        transact_beside!(store, "append", |write| write.append(&[row]).await).unwrap();
        commits += 1;
    }
    commits
}
