//! Outcomes: the ledger's once, facts restated, and readers that go on from the last number.

use tenure_model::Instant;
use tenure_model::definition::Revision;
use tenure_store::{NewOutcome, Outcome, Replaced, Restatement, Store, transact, transact_beside};

fn outcome(account: &str, at: i64, kind: &str, detail: &str) -> NewOutcome {
    NewOutcome {
        position: 1,
        account: account.into(),
        at: Instant(at),
        kind: kind.into(),
        subject: "s".into(),
        revision: Revision("r1".into()),
        detail: detail.into(),
    }
}

async fn replace(store: &Store, account: &str, from: i64, facts: &[NewOutcome]) -> Replaced {
    let restatement = Restatement { account, from: Instant(from), facts };
    transact!(store, "outcomes", |write| write.replace_outcomes(std::slice::from_ref(&restatement)).await).unwrap()
}

async fn all(store: &Store, account: &str) -> Vec<Outcome> {
    store.account_outcomes(account, Instant::MIN, Instant::NEVER).await.unwrap()
}

pub async fn ledger_once(store: Store) {
    let opened = [outcome("acme", 5, "alert_opened", "{}"), outcome("beta", 5, "alert_opened", "{}")];
    for new in [2, 0] {
        assert_eq!(transact!(store, "outcomes", |write| write.add_outcomes(&opened).await).unwrap(), new);
    }
    assert_eq!(replace(&store, "acme", 0, &[]).await, Replaced::default(), "the ledger is never undone");
    let ledger = all(&store, "acme").await;
    assert_eq!(ledger, [Outcome { number: 1, fact: false, outcome: opened[0].clone() }]);
}

pub async fn facts_restated(store: Store) {
    let (early, kept, gone) = (outcome("acme", 1, "stage", "1"), outcome("acme", 5, "stage", "2"), outcome("acme", 7, "stage", "3"));
    let changed = outcome("acme", 9, "stage", "4");
    let first = [early.clone(), kept.clone(), gone, changed.clone()];
    assert_eq!(replace(&store, "acme", 0, &first).await, Replaced { written: 4, kept: 0, removed: 0 });
    replace(&store, "beta", 0, &[outcome("beta", 6, "stage", "1")]).await;
    let restated = NewOutcome { detail: "5".into(), position: 2, revision: Revision("r2".into()), ..changed };
    let again = NewOutcome { revision: Revision("r2".into()), ..kept.clone() };
    assert_eq!(replace(&store, "acme", 5, &[again, restated.clone()]).await, Replaced { written: 1, kept: 1, removed: 2 });
    let facts = all(&store, "acme").await;
    assert_eq!(facts.iter().map(|o| (o.number, o.fact)).collect::<Vec<_>>(), [(1, true), (2, true), (6, true)]);
    assert_eq!(facts.into_iter().map(|o| o.outcome).collect::<Vec<_>>(), [early, kept, restated]);
    assert_eq!(all(&store, "beta").await.len(), 1, "another account's facts stay");
    let span = store.account_outcomes("acme", Instant(1), Instant(5)).await.unwrap();
    assert_eq!(span.iter().map(|o| o.outcome.at.0).collect::<Vec<_>>(), [5], "(from, to]");
    let many: Vec<NewOutcome> = (0..1_200).map(|at| outcome("acme", at, "stage", "x")).collect();
    assert_eq!(replace(&store, "acme", 0, &many).await, Replaced { written: 1_200, kept: 0, removed: 3 });
    assert_eq!(replace(&store, "acme", 0, &[]).await, Replaced { written: 0, kept: 0, removed: 1_200 });
}

pub async fn outcomes_in_order(store: Store) {
    assert_eq!(store.outcomes_head().await.unwrap(), 0);
    let tasks: Vec<_> = (0..6)
        .map(|i| {
            let store = store.clone();
            tokio::spawn(async move {
                for at in 0..10 {
                    let new = [outcome(&format!("a{i}"), at, "alert_opened", "{}")];
                    transact_beside!(store, "outcomes", |write| write.add_outcomes(&new).await).unwrap();
                }
            })
        })
        .collect();
    let (mut last, mut seen) = (0, 0);
    while seen < 60 {
        for outcome in store.outcomes_after(last, 7).await.unwrap() {
            assert!(outcome.number > last);
            (last, seen) = (outcome.number, seen + 1);
        }
        tokio::task::yield_now().await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!((seen, store.outcomes_head().await.unwrap()), (60, last));
}
