//! A day with the API: what a CSM reads, does and writes, and what operations see.

use serde_json::{Value, json};
use tenure_model::time::{DAY, HOUR, SECOND};

use crate::world::{Caller, World};

fn names(list: &Value, of: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item[of].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_sorted_and_paged() {
    let world = World::new().await;
    let (admin, key) = world.story().await;
    let more = (0..7).map(|n| json!({ "type": "group", "userId": format!("u{n}"), "groupId": format!("small{n}"), "traits": { "tier": 3, "name": format!("S{n}") } }));
    world.send(&key, more.collect()).await;
    let all = world.get(&admin, "/api/v1/accounts").await.ok(200);
    assert_eq!((all["count"].as_u64(), &all["next"]), (Some(9), &Value::Null));
    assert_eq!(names(&all["accounts"], "id")[..2], ["acme", "globex"]);
    assert_eq!(all["accounts"][0]["name"], "Acme");
    assert_eq!(all["accounts"][0]["alerts"], json!(["quiet"]));
    let mut seen = Vec::new();
    let mut path = "/api/v1/accounts?sort=-tier&limit=4&fields=tier".to_owned();
    loop {
        let page = world.get(&admin, &path).await.ok(200);
        assert_eq!(page["count"], 9);
        seen.extend(names(&page["accounts"], "id"));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/accounts?sort=-tier&limit=4&fields=tier&cursor={next}");
    }
    assert_eq!(seen, ["small0", "small1", "small2", "small3", "small4", "small5", "small6", "globex", "acme"]);
    for (condition, found) in [
        ("tier%20%3C%203", vec!["acme", "globex"]),
        ("stage%20%3D%20'adoption'", vec!["acme"]),
        ("alert('quiet')", vec!["acme"]),
        ("milestone('first_report')%20%3D%20'pending'%20AND%20tier%20%3D%202", vec!["globex"]),
        ("enterprise", vec!["acme"]),
        ("status%20%3D%20'live'%20AND%20health%20%3E%2030", vec!["acme"]),
    ] {
        let page = world.get(&admin, &format!("/api/v1/accounts?where={condition}")).await.ok(200);
        assert_eq!(names(&page["accounts"], "id"), found, "{condition}");
    }
    for (query, code) in [
        ("where=teir%20%3D%201", "400 bad_condition"),
        ("where=tier%20%3D%20'one'", "400 bad_condition"),
        ("sort=helth", "400 unknown_column"),
        ("fields=nmae", "400 unknown_column"),
        ("limit=0", "400 bad_limit"),
        ("limit=many", "400 bad_query"),
        ("cursor=xyz", "400 bad_cursor"),
        ("wehre=1", "400 bad_query"),
    ] {
        assert_eq!(world.get(&admin, &format!("/api/v1/accounts?{query}")).await.code(), code, "{query}");
    }
    let told = world.get(&admin, "/api/v1/accounts?where=teir%20%3D%201").await.json();
    assert!(told["message"].as_str().unwrap().contains("did you mean"), "{told}");
    let members = world.get(&admin, "/api/v1/segments/enterprise/members").await.ok(200);
    assert_eq!(names(&members["accounts"], "id"), ["acme"]);
    let moves = world.get(&admin, "/api/v1/segments/enterprise/history").await.ok(200);
    assert_eq!((moves["moves"][0]["account"].as_str(), &moves["moves"][0]["member"]), (Some("acme"), &json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_everything_about_it() {
    let world = World::new().await;
    let (admin, _) = world.story().await;
    let acme = world.get(&admin, "/api/v1/accounts/acme").await.ok(200);
    assert_eq!(
        (acme["stage"].as_str(), acme["health"]["band"].as_str(), acme["events"].as_u64()),
        (Some("adoption"), Some("yellow"), Some(4))
    );
    assert_eq!(acme["traits"], json!({ "name": "Acme", "owner": "carla", "tier": 1 }));
    let then = world.get(&admin, "/api/v1/accounts/acme?as_of=2026-06-01T16:00:00Z").await.ok(200);
    assert_eq!((then["stage"].as_str(), then["events"].as_u64()), (Some("onboarding"), Some(1)));
    assert_eq!(world.get(&admin, "/api/v1/accounts/acme?as_of=2030-01-01").await.code(), "400 bad_time");
    assert_eq!(world.get(&admin, "/api/v1/accounts/umbrella").await.code(), "404 not_found");
    let why = world.get(&admin, "/api/v1/accounts/acme/explain?what=alert%20quiet").await.ok(200);
    assert!(why.to_string().contains("quiet_days"), "{why}");
    assert_eq!(world.get(&admin, "/api/v1/accounts/acme/explain?what=helth").await.code(), "400 bad_subject");
    let series = world.get(&admin, "/api/v1/accounts/acme/metrics?columns=logins_7d").await.ok(200);
    assert_eq!(series["dates"], json!(["2026-06-01", "2026-06-02", "2026-06-03", "2026-06-04", "2026-06-05"]));
    assert_eq!(series["values"]["logins_7d"], json!([2, 4, 4, 4, 4]));
    let health = world.get(&admin, "/api/v1/accounts/acme/health").await.ok(200);
    assert_eq!(health["score"][4], 40.0);
    assert_eq!(health["bands"].as_array().unwrap().last().unwrap()["band"], "yellow");
    let people = world.get(&admin, "/api/v1/accounts/acme/people").await.ok(200);
    assert_eq!((people["people"][0]["id"].as_str(), people["people"][0]["events"].as_u64()), (Some("ann"), Some(4)));
    let page = world.get(&admin, "/api/v1/accounts/acme/events?limit=3").await.ok(200);
    assert_eq!((page["count"].as_u64(), page["events"].as_array().unwrap().len()), (Some(4), 3));
    let rest = world.get(&admin, &format!("/api/v1/accounts/acme/events?limit=3&cursor={}", page["next"].as_str().unwrap())).await.ok(200);
    assert_eq!((rest["events"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    // What the archive has is told the same as what still waits for it.
    world.service.archive().await.unwrap();
    assert_eq!(world.get(&admin, "/api/v1/accounts/acme").await.ok(200)["health"], acme["health"]);
    let board = world.get(&admin, "/api/v1/lifecycle").await.ok(200);
    assert_eq!(names(&board["stages"], "name"), ["onboarding", "adoption"]);
    assert_eq!(board["stages"][1]["accounts"], 1);
    let milestones = world.get(&admin, "/api/v1/milestones").await.ok(200);
    assert_eq!(milestones["milestones"][0]["name"], "first_report");
    let asked = json!({ "query": "SELECT name, COUNT(*) AS n FROM events GROUP BY name" });
    let answer = world.post(&admin, "/api/v1/sql", asked).await.ok(200);
    assert_eq!((&answer["columns"], &answer["rows"]), (&json!(["name", "n"]), &json!([["login", 5]])));
    assert_eq!(world.post(&admin, "/api/v1/sql", json!({ "query": "DELETE FROM events" })).await.code(), "400 bad_query");
    assert_eq!(world.post(&admin, "/api/v1/sql", json!({ "query": "SELECT nothing FROM events" })).await.code(), "400 bad_query");
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_hold_and_are_told_with_who_and_why() {
    let world = World::new().await;
    let (admin, _) = world.story().await;
    let csm = world.teammate(&admin, "csm").await;
    let cap = json!({ "target": "total", "how": "cap", "value": 20, "reason": "Their champion has left" });
    world.post(&csm, "/api/v1/accounts/acme/overrides", cap).await.ok(204);
    let acme = world.get(&csm, "/api/v1/accounts/acme").await.ok(200);
    assert_eq!((acme["health"]["score"].as_f64(), acme["health"]["computed"].as_f64()), (Some(20.0), Some(40.0)));
    assert_eq!(
        (acme["overrides"][0]["author"].as_str(), acme["overrides"][0]["reason"].as_str()),
        (Some("csm@example.com"), Some("Their champion has left"))
    );
    world.pass(SECOND);
    world.call(&csm, "delete", "/api/v1/accounts/acme/overrides?target=total&reason=back", None).await.ok(204);
    assert_eq!(world.get(&csm, "/api/v1/accounts/acme").await.ok(200)["health"]["score"], 40.0);
    world.call(&csm, "put", "/api/v1/accounts/globex/stage", Some(json!({ "stage": "adoption", "reason": "agreed" }))).await.ok(204);
    assert_eq!(world.get(&csm, "/api/v1/accounts/globex").await.ok(200)["stage"], "adoption");
    world.call(&csm, "delete", "/api/v1/accounts/globex/stage?reason=over", None).await.ok(204);
    world.post(&csm, "/api/v1/accounts/globex/milestones/first_report/waiver", json!({ "reason": "not theirs" })).await.ok(204);
    assert_eq!(world.get(&csm, "/api/v1/accounts/globex").await.ok(200)["milestones"][0]["status"], "waived");
    for (path, body, code) in [
        ("overrides", json!({ "target": "group:us", "how": "set", "value": 1, "reason": "x" }), "404 not_found"),
        ("overrides", json!({ "target": "all", "how": "set", "value": 1, "reason": "x" }), "400 bad_target"),
        ("overrides", json!({ "target": "total", "how": "set", "value": 101, "reason": "x" }), "400 bad_value"),
        ("overrides", json!({ "target": "total", "how": "set", "value": 1, "reason": " " }), "400 missing_reason"),
        ("overrides", json!({ "target": "total", "how": "set", "value": 1, "reason": "x", "until": "2026-01-01" }), "400 bad_time"),
        ("overrides", json!({ "target": "total", "how": "raise", "value": 1, "reason": "x" }), "400 bad_body"),
        ("milestones/first_value/waiver", json!({ "reason": "x" }), "404 not_found"),
    ] {
        assert_eq!(world.post(&csm, &format!("/api/v1/accounts/acme/{path}"), body).await.code(), code);
    }
    let timeline = world.get(&csm, "/api/v1/accounts/acme/timeline?kinds=decision,stage,alert").await.ok(200);
    assert_eq!(names(&timeline["happenings"], "kind"), ["decision", "decision", "alert", "stage", "stage"]);
    let audit = world.get(&admin, "/api/v1/audit?target=acme").await.ok(200);
    assert_eq!(names(&audit["entries"], "action"), ["account.decide", "account.decide"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_from_opening_to_closing() {
    let world = World::new().await;
    let (admin, _) = world.story().await;
    let csm = world.teammate(&admin, "csm").await;
    let open = world.get(&csm, "/api/v1/alerts?open=true").await.ok(200);
    assert_eq!((names(&open["alerts"], "account"), names(&open["alerts"], "owner")), (vec!["acme".to_owned()], vec!["carla".to_owned()]));
    let key = open["alerts"][0]["key"].as_str().unwrap().replace('/', "%2F");
    let act = |csm: &Caller, what: &str, body: Value| {
        let (world, csm, path) = (&world, csm.clone(), format!("/api/v1/alerts/{key}/{what}"));
        async move { world.post(&csm, &path, body).await }
    };
    assert_eq!(act(&csm, "assign", json!({ "owner": "dora" })).await.ok(200)["owner"], "dora");
    assert_eq!(act(&csm, "acknowledge", json!({})).await.ok(200)["state"], "acknowledged");
    assert_eq!(act(&csm, "snooze", json!({ "until": "2026-01-01" })).await.code(), "400 bad_time");
    let until = world.now().plus(DAY).to_string();
    assert_eq!(act(&csm, "snooze", json!({ "until": until })).await.ok(200)["is_open"], false);
    assert!(names(&world.get(&csm, "/api/v1/alerts?open=true").await.ok(200)["alerts"], "key").is_empty());
    world.pass(DAY + HOUR);
    let csm = world.sign_in("csm@example.com").await;
    assert_eq!(world.get(&csm, "/api/v1/alerts?open=true&owner=dora").await.ok(200)["alerts"].as_array().unwrap().len(), 1);
    let closed = act(&csm, "close", json!({ "as": "false_alarm", "reason": "holidays" })).await.ok(200);
    assert_eq!(
        (closed["state"].as_str(), closed["closed_as"].as_str(), closed["by"].as_str()),
        (Some("closed"), Some("false_alarm"), Some("csm@example.com"))
    );
    let rules = world.get(&csm, "/api/v1/alert-rules").await.ok(200);
    assert_eq!((rules["rules"][0]["false_alarms"].as_u64(), rules["rules"][0]["precision"].as_f64()), (Some(1), Some(0.0)));
    assert_eq!(act(&csm, "reopen", json!({})).await.ok(200)["is_open"], true);
    assert_eq!(world.get(&csm, "/api/v1/alerts/none").await.code(), "404 not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_and_views_belong_to_who_made_them() {
    let world = World::new().await;
    let (admin, _) = world.story().await;
    let (csm, manager, viewer) =
        (world.teammate(&admin, "csm").await, world.teammate(&admin, "manager").await, world.teammate(&admin, "viewer").await);
    let note = world.post(&csm, "/api/v1/accounts/acme/notes", json!({ "body": "Wants **SSO**", "kind": "call" })).await.ok(201);
    let path = format!("/api/v1/notes/{}", note["id"].as_str().unwrap());
    assert_eq!(world.get(&viewer, "/api/v1/accounts/acme/notes").await.ok(200)["notes"][0]["body"], "Wants **SSO**");
    assert_eq!(world.call(&viewer, "delete", &path, None).await.code(), "403 forbidden");
    assert_eq!(world.call(&manager, "patch", &path, Some(json!({ "body": "Wants SCIM" }))).await.ok(200)["body"], "Wants SCIM");
    assert_eq!(world.post(&csm, "/api/v1/accounts/acme/notes", json!({ "body": " " })).await.code(), "400 empty_note");
    world.call(&csm, "delete", &path, None).await.ok(204);
    assert_eq!(world.call(&csm, "delete", &path, None).await.code(), "404 not_found");
    let view = json!({ "name": "At risk", "definition": { "where": "health < 50" } });
    let made = world.post(&viewer, "/api/v1/views", view.clone()).await.ok(201);
    assert_eq!(world.post(&viewer, "/api/v1/views", view.clone()).await.code(), "409 taken");
    let path = format!("/api/v1/views/{}", made["id"].as_str().unwrap());
    assert!(world.get(&csm, "/api/v1/views").await.ok(200)["views"].as_array().unwrap().is_empty());
    assert_eq!(world.call(&csm, "delete", &path, None).await.code(), "404 not_found", "a private view is nobody else's to know");
    let shared = json!({ "name": "At risk", "definition": {}, "shared": true });
    world.call(&viewer, "put", &path, Some(shared)).await.ok(200);
    assert_eq!(world.get(&csm, "/api/v1/views").await.ok(200)["views"][0]["name"], "At risk");
    assert_eq!(world.call(&csm, "delete", &path, None).await.code(), "403 forbidden");
    world.call(&manager, "delete", &path, None).await.ok(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_item_waits_is_mended_and_taken() {
    let world = World::new().await;
    let (admin, key) = world.story().await;
    world.send(&key, vec![world.track("ann", "login"), json!({ "type": "track", "userId": "ann" })]).await;
    let waiting = world.get(&admin, "/api/v1/quarantine").await.ok(200);
    assert_eq!((waiting["items"][0]["reason"].as_str(), &waiting["waiting"]), (Some("no_event"), &json!({ "no_event": 1 })));
    let id = waiting["items"][0]["id"].as_str().unwrap();
    let ids = json!({ "ids": [id] });
    let still = world.post(&admin, "/api/v1/quarantine/replay", ids.clone()).await.ok(200);
    assert_eq!(still["still_wrong"][0]["message"], waiting["items"][0]["message"]);
    let mended = waiting["items"][0]["raw"].as_str().unwrap().replace("\"userId\"", "\"event\":\"login\",\"userId\"");
    world.call(&admin, "put", &format!("/api/v1/quarantine/{id}"), Some(json!({ "raw": mended }))).await.ok(204);
    assert_eq!(world.post(&admin, "/api/v1/quarantine/replay", ids.clone()).await.ok(200)["taken"], json!([id]));
    world.service.settled().await;
    assert_eq!(world.get(&admin, "/api/v1/accounts/acme").await.ok(200)["metrics"]["logins_7d"], 6.0);
    assert_eq!(world.post(&admin, "/api/v1/quarantine/replay", ids).await.ok(200), json!({ "taken": [], "still_wrong": [] }));
    assert_eq!(world.get(&admin, "/api/v1/quarantine?status=replayed").await.ok(200)["items"][0]["id"], id);
    assert_eq!(world.post(&admin, "/api/v1/quarantine/discard", json!({ "ids": ["x"] })).await.code(), "400 bad_id");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_checked_and_compared() {
    let world = World::new().await;
    let admin = world.admin().await;
    let model = world.get(&admin, "/api/v1/model").await.ok(200);
    let text = model["files"]["model.yaml"].as_str().unwrap();
    let right = json!({ "files": { "model.yaml": text.replace("tier = 1", "tier <= 2") } });
    let wrong = json!({ "files": { "model.yaml": text.replace("tier = 1", "teir = 1") } });
    assert_eq!(world.post(&admin, "/api/v1/model/check", right.clone()).await.ok(200)["faults"], json!([]));
    let checked = world.post(&admin, "/api/v1/model/check", wrong.clone()).await.ok(200);
    assert_eq!((&checked["revision"], checked["faults"][0]["line"].as_u64()), (&Value::Null, Some(9)));
    let changes = world.post(&admin, "/api/v1/model/diff", right).await.ok(200);
    assert_eq!(
        changes["changes"],
        json!([{ "section": "segments", "name": "enterprise", "was": { "when": "tier = 1" }, "is": { "when": "tier <= 2" } }])
    );
    assert_eq!(world.post(&admin, "/api/v1/model/diff", wrong).await.code(), "400 bad_model");
    assert_eq!(world.get(&admin, "/api/v1/model/revisions").await.ok(200)["revisions"][0]["revision"], model["revision"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_disabled_is_heard_no_more() {
    let world = World::new().await;
    let (admin, key) = world.story().await;
    let id = world.get(&admin, "/api/v1/sources").await.ok(200)["sources"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/sources/{id}");
    world.call(&admin, "patch", &path, Some(json!({ "disabled": true }))).await.ok(200);
    assert_eq!(world.post(&key, "/v1/track", world.track("ann", "login")).await.code(), "401 unauthorized");
    let changed =
        world.call(&admin, "patch", &path, Some(json!({ "disabled": false, "new_key": true, "max_gap_seconds": 3600 }))).await.ok(200);
    assert_eq!(world.post(&key, "/v1/track", world.track("ann", "login")).await.code(), "401 unauthorized");
    let new = Caller { key: changed["write_key"].as_str().unwrap().to_owned(), ..Default::default() };
    world.post(&new, "/v1/track", world.track("ann", "login")).await.ok(200);
    assert_eq!(world.call(&admin, "patch", &path, Some(json!({ "max_gap_seconds": -1 }))).await.code(), "400 bad_gap");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_applied_watched_and_rolled_back() {
    let world = World::new().await;
    let (admin, _) = world.story().await;
    let model = world.get(&admin, "/api/v1/model").await.ok(200);
    let text = model["files"]["model.yaml"].as_str().unwrap();
    let files = json!({ "model.yaml": text.replace("tier = 1", "tier <= 2") });
    let apply = |base: &Value, reason: &str| json!({ "files": files, "base": base, "reason": reason });
    assert_eq!(world.post(&admin, "/api/v1/model/apply", apply(&json!("another"), "x")).await.code(), "409 stale");
    assert_eq!(world.post(&admin, "/api/v1/model/apply", apply(&model["revision"], "")).await.code(), "400 missing_reason");
    assert_eq!(world.get(&admin, "/api/v1/model/apply").await.ok(200)["last"], Value::Null);
    let begun = world.post(&admin, "/api/v1/model/apply", apply(&model["revision"], "Globex is one too")).await.ok(202);
    assert_eq!(applied(&world, &admin).await, begun["revision"]);
    let members = world.get(&admin, "/api/v1/segments/enterprise/members").await.ok(200);
    assert_eq!(names(&members["accounts"], "id"), ["acme", "globex"]);
    // As it was, globex belongs to it since today; as if today's model had always decided, since it has a tier.
    let told = |told: Value| -> Vec<(Value, Value, Value)> {
        let happenings = told["happenings"].as_array().unwrap().clone();
        let segments = happenings.into_iter().filter(|h| h["kind"] == "segment");
        segments.map(|h| (h["at"].clone(), h["subject"].clone(), h["revision"].clone())).collect()
    };
    let was = told(world.get(&admin, "/api/v1/accounts/globex/timeline?as=was").await.ok(200));
    assert_eq!(was, [(json!(world.now().to_string()), json!("enterprise"), begun["revision"].clone())]);
    let by_today = told(world.get(&admin, "/api/v1/accounts/globex/timeline").await.ok(200));
    assert_eq!(by_today, [(json!("2026-06-01T09:00:00Z"), json!("enterprise"), begun["revision"].clone())]);
    world.pass(SECOND);
    let back = json!({ "revision": model["revision"], "reason": "it was not" });
    world.post(&admin, "/api/v1/model/rollback", back).await.ok(202);
    assert_eq!(applied(&world, &admin).await, model["revision"]);
    let members = world.get(&admin, "/api/v1/segments/enterprise/members").await.ok(200);
    assert_eq!(names(&members["accounts"], "id"), ["acme"]);
    let revisions = world.get(&admin, "/api/v1/model/revisions").await.ok(200);
    assert_eq!(revisions["revisions"].as_array().unwrap().len(), 3);
    let audit = world.get(&admin, "/api/v1/audit").await.ok(200);
    assert_eq!(names(&audit["entries"], "action")[..2], ["model.rollback", "model.apply"]);
    let unknown = json!({ "revision": "nothing", "reason": "x" });
    assert_eq!(world.post(&admin, "/api/v1/model/rollback", unknown).await.code(), "404 not_found");
}

/// Waits until a model was applied; which one decides then.
async fn applied(world: &World, admin: &Caller) -> Value {
    for _ in 0..500 {
        let last = world.get(admin, "/api/v1/model/apply").await.ok(200)["last"].clone();
        match last["state"].as_str() {
            Some("done") => return world.get(admin, "/api/v1/model").await.ok(200)["revision"].clone(),
            Some("running") => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            _ => panic!("{last}"),
        }
    }
    panic!("the model is still being applied");
}
