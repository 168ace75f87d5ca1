//! What every database must do: tests that take an opened, empty store. A new dialect stamps them with `conformance!`.

mod bulk;
mod imports;
mod journal;
mod leases;
mod outbox;
mod outcomes;
mod snapshots;
mod sources;
mod teammates;
mod transactions;
mod work;

use std::collections::BTreeMap;

use serde_json::json;
use tenure_model::Instant;
use tenure_model::definition::{Revision, Severity};
use tenure_model::input::{Action, Decision, Entity, Fields, Membership, Merge, OverrideKind, Version};
use tenure_store::{AccountInputs, Added, Alert, AlertState, AppliedModel, Closing, Error, Evaluated, Store};

pub use bulk::*;
pub use imports::*;
pub use journal::*;
pub use leases::*;
pub use outbox::*;
pub use outcomes::*;
pub use snapshots::*;
pub use sources::*;
pub use teammates::*;
pub use transactions::*;
pub use work::*;

/// Stamps each test for one database. `$open` gives an opened, empty store and whatever must live as long as it; None where the database is not installed.
#[macro_export]
macro_rules! conformance {
    ($open:path) => {
        $crate::conformance!($open;
            workspace, versions_once, order_of_files, conflicts, memberships_end, merges_resolve, merges_refused, decisions, pages, people_of_merged,
            uncommitted, imports, models, evaluated, alerts, text_orders_by_bytes, bulk,
            journal_pages, journal_trims, journal_is_complete, marks_with_their_transaction, a_lease_has_one_holder, a_fence_stops_who_lost,
            conflicts_run_again, transactions_are_counted, merges_at_once,
            imports_by_request, ledger_once, facts_restated, outcomes_in_order, outbox_once, outbox_claims_once,
            sources_by_key, quarantine_pages, teammates_by_email, setup_tokens_once, sessions_expire, api_keys_revoked, logins_blocked,
            audit_pages, views_shared, notes_hidden, answers_are_bounded, snapshots_hold_still, retention_forgets
        );
    };
    ($open:path; $($name:ident),+) => {
        $(
            #[tokio::test]
            async fn $name() {
                let Some((store, _alive)) = $open().await else { return };
                conformance::$name(store).await;
            }
        )+
    };
}

fn account(id: &str, field: &str, value: serde_json::Value, valid_from: Option<i64>) -> Version {
    Version { entity: Entity::Account(id.into()), field: field.into(), value, valid_from: valid_from.map(Instant), known_from: None }
}

fn person(id: &str, field: &str, value: serde_json::Value) -> Version {
    Version { entity: Entity::Person(id.into()), field: field.into(), value, valid_from: None, known_from: None }
}

fn subscription(account: &str, id: &str, field: &str, value: serde_json::Value) -> Version {
    Version { entity: Entity::Subscription(account.into(), id.into()), field: field.into(), value, valid_from: None, known_from: None }
}

fn member(person: &str, account: &str, from: Option<i64>, until: Option<i64>) -> Membership {
    Membership { person: person.into(), account: account.into(), from: from.map(Instant), until: until.map(Instant) }
}

fn merge(account: bool, from: &str, into: &str) -> Merge {
    Merge { account, from: from.into(), into: into.into(), at: Instant(7) }
}

async fn add(store: &Store, import: i64, versions: &[Version], memberships: &[Membership]) -> Added {
    let mut write = store.write().await.unwrap();
    let mut added = write.add_versions(import, versions).await.unwrap();
    added += write.add_memberships(import, memberships).await.unwrap();
    write.commit().await.unwrap();
    added
}

async fn add_merge(store: &Store, merge: &Merge) -> Result<bool, Error> {
    let mut write = store.write().await.unwrap();
    let new = write.add_merge(merge, "carla").await?;
    write.commit().await.unwrap();
    Ok(new)
}

async fn decide(store: &Store, account: &str, at: i64, action: Action) -> i64 {
    let mut write = store.write().await.unwrap();
    let decision = Decision { account: account.into(), at: Instant(at), author: "carla".into(), reason: "because".into(), action };
    let position = write.add_decision(&decision).await.unwrap();
    write.commit().await.unwrap();
    position
}

pub async fn workspace(store: Store) {
    assert_eq!(store.workspace().await.unwrap(), None);
    let mut write = store.write().await.unwrap();
    write.create_workspace(Instant(5)).await.unwrap();
    write.create_workspace(Instant(6)).await.unwrap();
    write.set_live_from(Some(Instant(9))).await.unwrap();
    write.commit().await.unwrap();
    let workspace = store.workspace().await.unwrap().unwrap();
    assert_eq!((workspace.created_at, workspace.live_from), (Instant(5), Some(Instant(9))));
}

pub async fn versions_once(store: Store) {
    let said = [
        account("acme", "tier", json!(1), None),
        account("acme", "tier", json!(2), Some(5)),
        subscription("acme", "s1", "plan", json!("pro")),
    ];
    assert_eq!(add(&store, 1, &said, &[member("ann", "acme", None, None)]).await, Added { new: 4, known: 0 });
    assert_eq!(add(&store, 2, &said, &[member("ann", "acme", None, None)]).await, Added { new: 0, known: 4 });
    let inputs = store.account_inputs("acme").await.unwrap();
    assert_eq!(inputs.versions, said);
    assert_eq!(inputs.memberships, [member("ann", "acme", None, None)]);
    assert_eq!(store.accounts().await.unwrap(), ["acme"]);
    assert!(store.account_inputs("nobody").await.unwrap().versions.is_empty());
}

pub async fn order_of_files(store: Store) {
    // Were the repetition in February not kept, what is said of January afterwards would hold in March.
    add(&store, 1, &[account("a", "tier", json!(1), Some(10)), account("b", "tier", json!(1), Some(10))], &[]).await;
    add(&store, 2, &[account("a", "tier", json!(1), Some(30)), account("b", "tier", json!(2), Some(20))], &[]).await;
    add(&store, 3, &[account("a", "tier", json!(2), Some(20)), account("b", "tier", json!(1), Some(30))], &[]).await;
    let tiers = async |id: &str| -> Vec<_> {
        store.account_inputs(id).await.unwrap().versions.into_iter().map(|v| (v.valid_from, v.value)).collect()
    };
    assert_eq!(tiers("a").await, [(Some(Instant(10)), json!(1)), (Some(Instant(20)), json!(2)), (Some(Instant(30)), json!(1))]);
    assert_eq!(tiers("a").await, tiers("b").await);
}

pub async fn conflicts(store: Store) {
    for (import, value, conflicts) in [(1, json!("gold"), 0), (2, json!("silver"), 1), (3, json!("bronze"), 1)] {
        let mut write = store.write().await.unwrap();
        write
            .add_versions(import, &[account("acme", "tier", value, None), account("acme", "since", json!(import), Some(import))])
            .await
            .unwrap();
        write.commit().await.unwrap();
        assert_eq!(store.count_conflicts(import).await.unwrap(), conflicts);
    }
    let tier: Vec<_> =
        store.account_inputs("acme").await.unwrap().versions.into_iter().filter(|v| v.field == "tier").map(|v| v.value).collect();
    assert_eq!(tier, [json!("silver")], "the greatest text holds, whichever came last");
}

pub async fn memberships_end(store: Store) {
    add(
        &store,
        1,
        &[],
        &[member("ann", "acme", Some(5), Some(9)), member("ann", "beta", Some(9), None), member("bob", "acme", None, None)],
    )
    .await;
    add(&store, 2, &[], &[member("ann", "acme", Some(5), None), member("ann", "beta", Some(9), Some(12))]).await;
    let expected = [member("ann", "acme", Some(5), Some(9)), member("ann", "beta", Some(9), Some(12)), member("bob", "acme", None, None)];
    assert_eq!(store.memberships().await.unwrap(), expected);
    assert_eq!(store.account_inputs("acme").await.unwrap().memberships, [expected[0].clone(), expected[2].clone()]);
}

pub async fn merges_resolve(store: Store) {
    add(
        &store,
        1,
        &[
            account("old", "tier", json!(1), Some(1)),
            account("new", "tier", json!(2), Some(2)),
            subscription("old", "s", "plan", json!("x")),
        ],
        &[member("ann", "old", None, None)],
    )
    .await;
    decide(&store, "old", 3, Action::ReleaseStage).await;
    assert!(add_merge(&store, &merge(true, "old", "mid")).await.unwrap());
    assert!(add_merge(&store, &merge(true, "mid", "new")).await.unwrap());
    assert!(!add_merge(&store, &merge(true, "mid", "new")).await.unwrap(), "known already");
    assert_eq!(store.accounts().await.unwrap(), ["new"]);
    assert_eq!(store.merges().await.unwrap().account("old"), "new");
    assert_eq!(store.merges().await.unwrap().person("old"), "old");
    assert_eq!(store.merge_list().await.unwrap().len(), 2);
    for id in ["old", "mid", "new"] {
        let inputs = store.account_inputs(id).await.unwrap();
        assert_eq!(inputs.account, "new");
        assert_eq!(
            inputs.versions,
            [
                account("new", "tier", json!(1), Some(1)),
                account("new", "tier", json!(2), Some(2)),
                subscription("new", "s", "plan", json!("x"))
            ]
        );
        assert_eq!(inputs.memberships, [member("ann", "new", None, None)]);
        assert_eq!(inputs.decisions[0].account, "new");
    }
}

pub async fn merges_refused(store: Store) {
    add_merge(&store, &merge(true, "a", "b")).await.unwrap();
    add_merge(&store, &merge(true, "b", "c")).await.unwrap();
    for (from, into) in [("x", "x"), ("c", "a"), ("b", "a"), ("a", "c")] {
        assert!(matches!(add_merge(&store, &merge(true, from, into)).await, Err(Error::Merge { .. })), "{from} into {into}");
    }
    add_merge(&store, &merge(false, "b", "a")).await.unwrap();
}

pub async fn decisions(store: Store) {
    let cap = Action::Override { target: "total".into(), how: OverrideKind::Cap, value: 49.0, until: Some(Instant(99)) };
    let stage = Action::SetStage { stage: "renewal".into(), until: None };
    assert_eq!(decide(&store, "acme", 20, cap.clone()).await, 1);
    assert_eq!(decide(&store, "acme", 10, stage.clone()).await, 2);
    assert_eq!(decide(&store, "beta", 10, Action::Waive { milestone: "first_value".into() }).await, 3);
    assert_eq!(store.position().await.unwrap(), 3);
    let decisions = store.account_inputs("acme").await.unwrap().decisions;
    assert_eq!(decisions.into_iter().map(|d| d.action).collect::<Vec<_>>(), [stage, cap], "by instant");
    assert_eq!(store.decisions().await.unwrap().iter().map(|d| d.position).collect::<Vec<_>>(), [1, 2, 3], "by position");
}

pub async fn pages(store: Store) {
    let ids: Vec<String> = (0..25).map(|i| format!("a{i:02}")).collect();
    let versions: Vec<Version> = ids.iter().map(|id| account(id, "tier", json!(1), None)).collect();
    let memberships: Vec<Membership> = ids.iter().map(|id| member("ann", id, None, None)).collect();
    add(&store, 1, &versions, &memberships).await;
    add(&store, 1, &[person("ann", "role", json!("admin"))], &[]).await;
    add_merge(&store, &merge(true, "a03", "a20")).await.unwrap();
    add_merge(&store, &merge(true, "a21", "a02")).await.unwrap();
    // Of the account that stays nothing was said itself.
    add(&store, 1, &[account("z99", "tier", json!(1), None)], &[member("ann", "z99", None, None)]).await;
    add_merge(&store, &merge(true, "z99", "a11x")).await.unwrap();
    for size in [1, 4, 100] {
        let (mut seen, mut from) = (Vec::new(), String::new());
        for page in store.inputs(size).await.unwrap() {
            let next = page.from().to_owned();
            assert!(seen.is_empty() || from < next, "{from} {next}");
            assert!(seen.iter().all(|i: &AccountInputs| i.account < next));
            from = next;
            let page = page.read().await.unwrap();
            // With one of whom nothing was said under its own id.
            assert!(page.len() <= size + 1 && page.iter().all(|i| i.account >= from));
            seen.extend(page);
        }
        let roles = Fields { person: ["role".to_owned()].into(), ..Fields::default() };
        let mut only = Vec::new();
        for page in store.inputs(size).await.unwrap().only(roles) {
            only.extend(page.read().await.unwrap());
        }
        assert_eq!(only.len(), seen.len());
        assert!(only.iter().flat_map(|i| &i.versions).all(|v| v.field == "role"));
        assert!(only.iter().any(|i| !i.versions.is_empty()));
        let mut expected: Vec<&str> = ids.iter().map(String::as_str).filter(|id| !["a03", "a21"].contains(id)).collect();
        expected.insert(11, "a11x");
        assert_eq!(seen.iter().map(|i| i.account.as_str()).collect::<Vec<_>>(), expected);
        for inputs in seen {
            assert_eq!(inputs, store.account_inputs(&inputs.account).await.unwrap(), "pages of {size}");
            assert_eq!(inputs.versions.len(), 2, "its own and ann's");
            assert_eq!(inputs.memberships.len(), 1);
        }
    }
}

pub async fn people_of_merged(store: Store) {
    add(
        &store,
        1,
        &[person("ann", "role", json!("admin")), person("ann2", "name", json!("Ann")), person("zoe", "role", json!("none"))],
        &[member("ann2", "acme", None, None)],
    )
    .await;
    add_merge(&store, &merge(false, "ann2", "ann")).await.unwrap();
    let inputs = store.account_inputs("acme").await.unwrap();
    assert_eq!(inputs.memberships, [member("ann", "acme", None, None)]);
    assert_eq!(inputs.versions, [person("ann", "name", json!("Ann")), person("ann", "role", json!("admin"))]);
    let people = store.people().await.unwrap();
    assert_eq!(
        people.iter().map(|p| (p.person.as_str(), p.versions.len(), p.memberships.len())).collect::<Vec<_>>(),
        [("ann", 2, 1), ("zoe", 1, 0)]
    );
}

pub async fn uncommitted(store: Store) {
    let mut write = store.write().await.unwrap();
    write.add_versions(1, &[account("acme", "tier", json!(1), None)]).await.unwrap();
    write.next_position().await.unwrap();
    assert!(store.accounts().await.unwrap().is_empty(), "readers do not see it");
    drop(write);
    assert!(store.accounts().await.unwrap().is_empty());
    assert_eq!(store.position().await.unwrap(), 0);
}

pub async fn models(store: Store) {
    let model = |revision: &str, at| AppliedModel {
        revision: Revision(revision.into()),
        applied_at: Instant(at),
        author: "carla".into(),
        reason: format!("why {revision}"),
        files: BTreeMap::from([("model.yaml".into(), format!("# {revision}\n"))]),
    };
    let apply = async |model: AppliedModel| {
        let mut write = store.write().await.unwrap();
        let new = write.apply_model(&model).await.unwrap();
        write.commit().await.unwrap();
        new
    };
    assert_eq!(store.last_model().await.unwrap(), None);
    assert!(apply(model("r1", 1)).await);
    assert!(!apply(model("r1", 2)).await, "applied already");
    assert!(apply(model("r2", 3)).await);
    assert!(apply(model("r1", 4)).await, "going back is a new step");
    assert_eq!(store.last_model().await.unwrap(), Some(model("r1", 4)));
    assert_eq!(store.model(&Revision("r2".into())).await.unwrap(), Some(model("r2", 3)));
    assert_eq!(store.position().await.unwrap(), 3);
}

pub async fn evaluated(store: Store) {
    let evaluation = |revision: &str, until, at| Evaluated {
        revision: Revision(revision.into()),
        until: Instant(until),
        position: 1,
        evaluated_at: Instant(at),
    };
    assert_eq!(store.last_evaluated().await.unwrap(), None);
    for e in [evaluation("r1", 10, 1), evaluation("r2", 10, 2), evaluation("r1", 20, 3)] {
        let mut write = store.write().await.unwrap();
        write.set_evaluated(&e).await.unwrap();
        write.commit().await.unwrap();
    }
    assert_eq!(store.last_evaluated().await.unwrap(), Some(evaluation("r1", 20, 3)));
    assert_eq!(store.evaluated(&Revision("r2".into())).await.unwrap(), Some(evaluation("r2", 10, 2)));
}

pub async fn alerts(store: Store) {
    let alert = |account: &str, start| Alert {
        key: Alert::key("quiet", account, Some("ann"), Instant(start)),
        rule: "quiet".into(),
        account: account.into(),
        person: Some("ann".into()),
        opened_at: Instant(start + 1),
        revision: Revision("r1".into()),
        severity: Severity::High,
        owner: None,
        title: Some("Quiet".into()),
        playbook: None,
        resolved: None,
        state: AlertState::Open,
    };
    let (acme, beta) = (alert("acme", 5), alert("beta", 3));
    let mut write = store.write().await.unwrap();
    assert_eq!(write.open_alerts(&[acme.clone(), beta.clone()]).await.unwrap(), 2);
    assert_eq!(write.open_alerts(&[alert("acme", 5), alert("acme", 9)]).await.unwrap(), 1, "an episode opens once");
    let closed = AlertState::Closed { by: "carla".into(), at: Instant(8), how: Closing::FalseAlarm, reason: "holiday".into() };
    write.set_alert_state(&acme.key, &closed).await.unwrap();
    write.set_alert_state(&beta.key, &AlertState::Snoozed { by: "carla".into(), at: Instant(8), until: Instant(99) }).await.unwrap();
    write.resolve_alert(&beta.key, Instant(50), "the condition no longer holds").await.unwrap();
    write.resolve_alert(&beta.key, Instant(60), "again").await.unwrap();
    assert!(matches!(write.set_alert_state("nothing", &AlertState::Open).await, Err(Error::NotFound { .. })));
    write.commit().await.unwrap();
    let ledger = store.alerts().await.unwrap();
    assert_eq!(ledger.iter().map(|a| (a.account.as_str(), a.opened_at.0)).collect::<Vec<_>>(), [("beta", 4), ("acme", 6), ("acme", 10)]);
    assert_eq!(ledger[0].resolved, Some((Instant(50), "the condition no longer holds".into())));
    assert_eq!(ledger[0].state, AlertState::Snoozed { by: "carla".into(), at: Instant(8), until: Instant(99) });
    assert_eq!(store.account_alerts("acme").await.unwrap(), [Alert { state: closed, ..acme }, alert("acme", 9)]);
}

pub async fn text_orders_by_bytes(store: Store) {
    let ids = ["B", "a", "b", "É", "é", "€", "𝄞"];
    let versions: Vec<Version> = ids.iter().rev().map(|id| account(id, "tier", json!("it's \"quoted\" \u{1F600}"), None)).collect();
    add(&store, 1, &versions, &[]).await;
    assert_eq!(store.accounts().await.unwrap(), ids);
    let mut seen = Vec::new();
    for page in store.inputs(3).await.unwrap() {
        seen.extend(page.read().await.unwrap().into_iter().flat_map(|i| i.versions));
    }
    assert_eq!(seen, versions.into_iter().rev().collect::<Vec<_>>());
}
