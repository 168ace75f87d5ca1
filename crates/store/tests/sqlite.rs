//! The conformance suite on SQLite, and what only SQLite has: a file that is opened again.

mod conformance;

use tenure_store::{Database, Error, Store};

async fn open() -> Option<(Store, tempfile::TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    Some((Store::open(&database(&folder)).await.unwrap(), folder))
}

fn database(folder: &tempfile::TempDir) -> Database {
    Database::Sqlite(folder.path().join("tenure.db"))
}

conformance!(open);

#[tokio::test]
async fn opened_again() {
    let (store, folder) = open().await.unwrap();
    let mut write = store.write().await.unwrap();
    write.next_position().await.unwrap();
    write.commit().await.unwrap();
    store.close().await;
    let store = Store::open(&database(&folder)).await.unwrap();
    assert_eq!(store.position().await.unwrap(), 1);
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let (store, folder) = open().await.unwrap();
    store.close().await;
    let path = folder.path().join("tenure.db");
    let pool = sqlx::SqlitePool::connect_with(sqlx::sqlite::SqliteConnectOptions::new().filename(&path)).await.unwrap();
    sqlx::query("INSERT INTO format (version) VALUES (999)").execute(&pool).await.unwrap();
    pool.close().await;
    let error = Store::open(&Database::Sqlite(path)).await.unwrap_err();
    assert!(matches!(error, Error::Newer { found: 999, .. }), "{error}");
}

#[tokio::test]
async fn something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tenure.db");
    std::fs::write(&path, "this is no database, though it is long enough to look like one ".repeat(40)).unwrap();
    assert!(Store::open(&Database::Sqlite(path)).await.is_err());
}

/// As a read-only file system looks to who is not root: neither file nor folder can be written.
#[cfg(unix)]
#[tokio::test]
async fn looked_at_where_nothing_can_be_written() {
    let (store, folder) = open().await.unwrap();
    let mut write = store.write().await.unwrap();
    write.next_position().await.unwrap();
    write.commit().await.unwrap();
    store.close().await;
    let before = names(&folder);
    assert_eq!(before, ["tenure.db"]);
    let store = Store::look(&database(&folder)).await.unwrap();
    assert_eq!((store.position().await.unwrap(), store.format().await.unwrap().found), (1, tenure_store::newest_format()));
    assert!(store.check().await.unwrap().is_empty());
    assert!(store.write().await.unwrap().next_position().await.is_err());
    store.close().await;
    assert!(Store::look(&Database::Sqlite(folder.path().join("none.db"))).await.is_err());
    assert_eq!(names(&folder).iter().filter(|name| name.contains("none")).count(), 0);
}

fn names(folder: &tempfile::TempDir) -> Vec<String> {
    std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}
