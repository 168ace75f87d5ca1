//! The conformance suite on PostgreSQL, and what only a server has: crashes, other processes, settings that are wrong.

mod conformance;

use std::time::Duration;

use tenure_model::Instant;
use tenure_store::{Database, Error, NewRow, Store, transact};
use tenure_testing::{Durability, Postgres};

async fn open() -> Option<(Store, ())> {
    Some((connect(&Postgres::shared()?.database()).await, ()))
}

async fn connect(url: &str) -> Store {
    Store::open(&url.parse().unwrap()).await.unwrap()
}

conformance!(open);

#[tokio::test]
async fn opened_by_many_at_once() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.database();
    let (a, b, c) = tokio::join!(connect(&url), connect(&url), connect(&url));
    transact!(a, "position", |write| write.next_position().await).unwrap();
    assert_eq!((b.position().await.unwrap(), c.position().await.unwrap()), (1, 1));
}

#[tokio::test]
async fn a_commit_survives_a_crash() {
    let Some(server) = Postgres::start(Durability::Fsync) else { return };
    let url = server.database();
    let store = connect(&url).await;
    let row = NewRow { received_at: Instant(1), items: 1, codec: 0, payload: b"durable" };
    transact!(store, "append", |write| write.append(&[row]).await).unwrap();
    let mut lost = store.write().await.unwrap();
    lost.append(&[row]).await.unwrap();
    server.crash();
    assert!(lost.commit().await.is_err());
    let rows = connect(&url).await.journal_after(0, 1_000).await.unwrap();
    assert_eq!(rows.iter().map(|row| (row.position, row.payload.as_slice())).collect::<Vec<_>>(), [(1, b"durable".as_slice())]);
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let Some(server) = Postgres::shared() else { return };
    let missing = server.database().replace("/test", "/nothing");
    let error = Store::open(&missing.parse().unwrap()).await.unwrap_err().to_string();
    assert!(error.contains("does not exist"), "{error}");
    let database: Database = "postgres://tenure@localhost/x?host=/nowhere".parse().unwrap();
    assert!(matches!(Store::open(&database).await.unwrap_err(), Error::Database(_)));
}

#[tokio::test]
async fn statements_of_callers_are_cut() {
    let Some((store, ())) = open().await else { return };
    let callers = store.for_callers(Duration::from_millis(200));
    assert_eq!(callers.position().await.unwrap(), 0);
    let writing = store.write().await.unwrap();
    // It waits for the one writer, who is in no hurry.
    let error = callers.write().await.map(drop).unwrap_err();
    assert!(error.is_passing() && error.to_string().contains("statement timeout"), "{error}");
    writing.commit().await.unwrap();
    callers.write().await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_deadlock_is_run_again() {
    let Some((store, ())) = open().await else { return };
    conformance::conflicts_run_again(store.clone()).await;
    assert_eq!(store.transactions().values().map(|counts| counts.retried).sum::<u64>(), 1);
}
