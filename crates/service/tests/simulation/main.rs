//! The service in worlds made of seeds, on a clock of their own: late and repeated requests, jumps of the clock, other models, and ends at any
//! moment. After each life nothing is lost or doubled, and everything is as a replay of the whole history gives it.
//!
//! `TENURE_SEEDS=5000 cargo test --workspace --test simulation` lives more worlds; `TENURE_SEED=17` lives that one alone.

mod alarm;
mod check;
mod life;
mod models;
mod rng;
mod schedule;
mod tables;

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;
use tenure_store::{Database, Store};
use tenure_testing::Postgres;
use tokio::runtime::{Builder, Runtime};

use crate::life::{Ends, Life};
use crate::rng::Rng;
use crate::schedule::Schedule;
use crate::tables::Tables;

/// Worlds that are lived where nobody asks for more.
const SEEDS: u64 = 150;

/// What there is in them (`schedule::features`): everything.
const FEATURES: u32 = 511;

#[allow(clippy::disallowed_methods, reason = "a test's own settings")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

fn schedule(seed: u64) -> Schedule {
    Schedule::new(seed, number("TENURE_FEATURES").map_or(FEATURES, |n| n as u32))
}

/// A folder whose files cost no disk, where there is such.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let builder = tempfile::Builder::new();
    if memory.is_dir() { builder.tempdir_in(memory).unwrap() } else { builder.tempdir().unwrap() }
}

/// A database in which nothing is yet.
async fn sqlite(data: &Path) -> Store {
    static EMPTY: OnceLock<Vec<u8>> = OnceLock::new();
    let file = data.join("tenure.db");
    if EMPTY.get().is_none() {
        let folder = folder();
        let empty = folder.path().join("empty.db");
        Store::open(&Database::Sqlite(empty.clone())).await.unwrap().close().await;
        let _ = EMPTY.set(std::fs::read(&empty).unwrap());
    }
    std::fs::write(&file, EMPTY.get().unwrap()).unwrap();
    Store::open(&Database::Sqlite(file)).await.unwrap()
}

fn runtime() -> Runtime {
    alarm::on_errors();
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Lives a world and checks what must hold in every one. Gives everything it left, how many moments it had and how often it was killed.
fn life(runtime: &Runtime, schedule: &Schedule, ends: Ends) -> (Tables, u64, u32) {
    let folder = folder();
    let store = runtime.block_on(sqlite(folder.path()));
    let life = Life::live(runtime, folder.path(), store, schedule, ends);
    check::bad_items_are_bad(&life);
    check::nothing_lost(&life);
    check::as_replayed(&life, schedule.switches());
    let all = runtime.block_on(tables::all(&life.store, folder.path()));
    (all, life.moments_seen(), life.killed)
}

/// How often processes end, of a thousand moments: seldom, often, all the time.
fn often(seed: u64) -> Ends {
    Ends::Often(seed, Rng::new(!seed).pick(&[10, 40, 120, 300]))
}

/// What is otherwise after a life with ends than after one without any; nothing may be, but what `tables::settled` leaves out.
fn compare(undisturbed: &Tables, disturbed: &Tables, switched: bool) {
    let [a, b] = tables::settled([undisturbed, disturbed], switched);
    let differences = tables::differences(&a, &b, ["without ends", "with ends"]);
    assert!(differences.is_empty(), "{differences}");
}

/// One world: without any end, and with many. Gives how often it was killed.
fn seed(runtime: &Runtime, seed: u64) -> u32 {
    let schedule = schedule(seed);
    let (undisturbed, _, _) = life(runtime, &schedule, Ends::Never);
    let (disturbed, _, killed) = life(runtime, &schedule, often(seed));
    if schedule.prompt {
        compare(&undisturbed, &disturbed, schedule.switches());
    }
    killed
}

#[test]
fn whatever_happens() {
    let (first, end) = match number("TENURE_SEED") {
        Some(one) => (one, one + 1),
        None => (0, number("TENURE_SEEDS").unwrap_or(SEEDS)),
    };
    let (next, killed) = (AtomicU64::new(first), AtomicU64::new(0));
    let failed = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let runtime = runtime();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= end {
                        return;
                    }
                    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| seed(&runtime, n))) {
                        Ok(times) => _ = killed.fetch_add(u64::from(times), Ordering::Relaxed),
                        Err(_) => {
                            eprintln!("seed {n} fails: TENURE_SEED={n} cargo test --workspace --test simulation whatever_happens");
                            failed.lock().unwrap_or_else(|e| e.into_inner()).push(n);
                        }
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort_unstable();
    assert!(failed.is_empty(), "of {} worlds these failed: {failed:?}", end - first);
    println!("{} worlds, {} ends", end - first, killed.load(Ordering::Relaxed));
    assert!(first + 1 == end || killed.load(Ordering::Relaxed) > end - first);
}

/// One end at each moment of a world, one after the other.
#[test]
fn an_end_at_every_moment() {
    let runtime = runtime();
    for n in (0..).filter(|n| schedule(*n).prompt).take(2) {
        let schedule = schedule(n);
        let (undisturbed, moments, _) = life(&runtime, &schedule, Ends::Never);
        for at in 0..moments {
            let (disturbed, _, killed) = life(&runtime, &schedule, Ends::At(at));
            assert_eq!(killed, 1, "world {n}, moment {at}");
            compare(&undisturbed, &disturbed, schedule.switches());
        }
    }
}

/// The same world leaves the same rows on either database.
#[test]
fn both_databases() {
    let Some(server) = Postgres::shared() else { return };
    let runtime = runtime();
    for n in 0..6 {
        let schedule = schedule(n);
        let [sqlite, postgres] = [None, Some(server.database())].map(|url| {
            let folder = folder();
            let store = runtime.block_on(async {
                match &url {
                    None => sqlite(folder.path()).await,
                    Some(url) => Store::open(&url.parse().unwrap()).await.unwrap(),
                }
            });
            let life = Life::live(&runtime, folder.path(), store, &schedule, Ends::Often(n, 40));
            runtime.block_on(tables::all(&life.store, folder.path()))
        });
        let differences = tables::differences(&sqlite, &postgres, ["on SQLite", "on PostgreSQL"]);
        assert!(differences.is_empty(), "world {n}\n{differences}");
    }
}
