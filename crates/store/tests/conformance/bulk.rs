//! Many versions written and read again: printed, so that a slow path is seen.

use serde_json::json;
use tenure_model::input::Version;
use tenure_store::Store;

use super::{account, add};

#[allow(clippy::disallowed_methods, reason = "a measurement, printed and not asserted")]
pub async fn bulk(store: Store) {
    const ACCOUNTS: usize = 20_000;
    const FIELDS: [&str; 10] = ["name", "owner", "tier", "industry", "country", "arr", "seats", "plan", "csm", "created_at"];
    let versions: Vec<Version> = (0..ACCOUNTS)
        .flat_map(|i| FIELDS.map(|f| account(&format!("account-{i:06}"), f, json!(format!("{f} {}", i % 97)), None)))
        .collect();
    let started = std::time::Instant::now();
    assert_eq!(add(&store, 1, &versions, &[]).await.new, versions.len() as u64);
    let took = started.elapsed().as_secs_f64();
    eprintln!("{} versions in {took:.2} s: {:.0} a second", versions.len(), versions.len() as f64 / took);
    let started = std::time::Instant::now();
    let mut read = 0;
    for page in store.inputs(1000).await.unwrap() {
        read += page.read().await.unwrap().iter().map(|i| i.versions.len()).sum::<usize>();
    }
    assert_eq!(read, versions.len());
    let took = started.elapsed().as_secs_f64();
    eprintln!("read again in {took:.2} s: {:.0} a second", read as f64 / took);
}
