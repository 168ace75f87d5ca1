//! Accounts as they stand now: bulk upserts, and lists by each column, page by page.

use tenure_model::Instant;
use tenure_store::{LiveAccount, LiveCursor, LiveFilter, LiveList, LiveSort, Store, transact};

fn account(id: &str, health: Option<f64>) -> LiveAccount {
    LiveAccount {
        id: id.into(),
        name: format!("{id} Inc"),
        status: "live".into(),
        stage: health.map(|_| "adoption".into()),
        stage_entered_at: Some(Instant(5)),
        health,
        band: health.map(|h| if h >= 75.0 { "green" } else { "red" }.into()),
        coverage: Some(0.5),
        arr: health.map(|h| h * 1_000.0),
        renewal_at: None,
        owner: Some("carla".into()),
        open_alerts: id.len() as i64,
        position: 1,
        detail: "{}".into(),
    }
}

async fn put(store: &Store, accounts: &[LiveAccount]) {
    transact!(store, "live", |write| write.put_live(accounts).await).unwrap();
}

pub async fn live_upserts(store: Store) {
    let many: Vec<LiveAccount> = (0..700).map(|i| account(&format!("a{i:03}"), Some(f64::from(i) / 7.0))).collect();
    put(&store, &many).await;
    let changed =
        LiveAccount { stage: None, health: None, arr: Some(0.1 + 0.2), detail: "{\"seats\": 3}".into(), position: 9, ..many[5].clone() };
    put(&store, std::slice::from_ref(&changed)).await;
    assert_eq!(store.live("a005").await.unwrap(), Some(changed));
    assert_eq!(store.live("a006").await.unwrap().as_ref(), Some(&many[6]));
    assert_eq!(transact!(store, "live", |write| write.remove_live(&["a006", "nobody"]).await).unwrap(), 1);
    assert_eq!(store.live("a006").await.unwrap(), None);
    assert_eq!(store.count_live(&LiveFilter::default()).await.unwrap(), 699);
    put(&store, &[]).await;
}

async fn pages(store: &Store, list: &LiveList) -> Vec<String> {
    let (mut list, mut seen) = (list.clone(), Vec::new());
    loop {
        let page = store.live_list(&list).await.unwrap();
        assert!(page.len() <= list.limit as usize);
        let Some(last) = page.last() else { return seen };
        let cursor = serde_json::to_string(&list.cursor(last)).unwrap();
        list.after = Some(serde_json::from_str::<LiveCursor>(&cursor).unwrap());
        seen.extend(page.into_iter().map(|account| account.id));
    }
}

pub async fn live_lists(store: Store) {
    let mut accounts = vec![
        account("b", Some(80.0)),
        account("aa", Some(0.1 + 0.2)),
        account("B", None),
        account("c", Some(80.0)),
        account("é", None),
        account("d", Some(-1.5)),
    ];
    accounts[3].renewal_at = Some(Instant(99));
    accounts[4].owner = None;
    put(&store, &accounts).await;
    for (sort, descending, expected) in [
        (LiveSort::Health, false, ["d", "aa", "b", "c", "B", "é"]),
        (LiveSort::Health, true, ["b", "c", "aa", "d", "B", "é"]),
        (LiveSort::Arr, true, ["b", "c", "aa", "d", "B", "é"]),
        (LiveSort::Name, false, ["B", "aa", "b", "c", "d", "é"]),
        (LiveSort::Name, true, ["é", "d", "c", "b", "aa", "B"]),
        (LiveSort::RenewalAt, true, ["c", "B", "aa", "b", "d", "é"]),
        (LiveSort::Owner, false, ["B", "aa", "b", "c", "d", "é"]),
        (LiveSort::OpenAlerts, true, ["aa", "é", "B", "b", "c", "d"]),
        (LiveSort::Stage, false, ["aa", "b", "c", "d", "B", "é"]),
        (LiveSort::Coverage, true, ["B", "aa", "b", "c", "d", "é"]),
        (LiveSort::StageEnteredAt, false, ["B", "aa", "b", "c", "d", "é"]),
        (LiveSort::Status, false, ["B", "aa", "b", "c", "d", "é"]),
    ] {
        for limit in [1, 2, 5, 100] {
            let list = LiveList { filter: LiveFilter::default(), sort, descending, after: None, limit };
            assert_eq!(pages(&store, &list).await, expected, "{sort:?}, descending: {descending}, pages of {limit}");
        }
    }
    let some = |text: &str| Some(text.to_owned());
    for (filter, expected) in [
        (LiveFilter { owner: some("carla"), ..Default::default() }, vec!["B", "aa", "b", "c", "d"]),
        (LiveFilter { band: some("green"), stage: some("adoption"), ..Default::default() }, vec!["b", "c"]),
        (LiveFilter { status: some("ended"), ..Default::default() }, vec![]),
    ] {
        assert_eq!(store.count_live(&filter).await.unwrap(), expected.len() as u64);
        let list = LiveList { filter, sort: LiveSort::Name, descending: false, after: None, limit: 2 };
        assert_eq!(pages(&store, &list).await, expected);
    }
}
