//! Files are imported over HTTP: sent, looked at, watched, and asked about in SQL.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{Answer, Caller, World};

const ACCOUNTS: &str = "id,name,tier\ninitech,Initech,1\nhooli,Hooli,2\n,Nameless,3\n";

async fn upload(world: &World, caller: &Caller, asked: &str, file: &str) -> Answer {
    let request = Request::post(format!("/api/v1/imports?{asked}"))
        .header("cookie", &caller.cookie)
        .header("x-csrf-token", &caller.csrf)
        .header("content-type", "application/octet-stream")
        .body(Body::from(file.to_owned()))
        .unwrap();
    let response = world.app.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, body: axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap() }
}

async fn ended(world: &World, caller: &Caller, import: &Value) -> Value {
    for _ in 0..1_000 {
        let now = world.get(caller, &format!("/api/v1/imports/{}", import["id"])).await.ok(200);
        if !["queued", "running"].contains(&now["state"].as_str().unwrap()) {
            return now;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the import does not end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_looked_at_then_imported_once() {
    let world = World::new().await;
    let admin = world.admin().await;
    let checked = upload(&world, &admin, "kind=accounts&check=true", ACCOUNTS).await.ok(200);
    assert_eq!((&checked["columns"], &checked["rows"], &checked["whole"]), (&json!(["id", "name", "tier"]), &json!(3), &json!(true)));
    assert_eq!(checked["rejects"], json!([{ "row": 3, "reason": "there is no id", "raw": ",Nameless,3" }]));
    assert_eq!(checked["sample"][0], json!({ "account": "initech", "field": "name", "value": "Initech", "valid_from": null }));
    assert_eq!(world.get(&admin, "/api/v1/imports").await.ok(200)["imports"], json!([]), "nothing is kept");
    let mut news = world.service.import_news();
    let asked = upload(&world, &admin, "kind=accounts&file=crm/accounts.csv", ACCOUNTS).await.ok(202);
    assert_eq!((&asked["file"], &asked["author"]), (&json!("accounts.csv"), &json!("ann@example.com")));
    let done = ended(&world, &admin, &asked).await;
    let counts = ["state", "rows", "imported", "unchanged", "rejected"].map(|name| done[name].clone());
    assert_eq!(counts, [json!("done"), json!(3), json!(4), json!(0), json!(1)]);
    assert_eq!(news.recv().await.unwrap().status, tenure_store::ImportStatus::Queued);
    assert_eq!(world.get(&admin, "/api/v1/accounts/initech").await.ok(200)["traits"]["name"], json!("Initech"));
    let path = format!("/api/v1/imports/{}", done["id"]);
    let rejects = world.get(&admin, &format!("{path}/rejects")).await.ok(200);
    assert_eq!(rejects, json!({ "rejects": [{ "row": 3, "reason": "there is no id", "raw": ",Nameless,3" }], "next": null }));
    let file = world.get(&admin, &format!("{path}/rejects.csv")).await;
    assert_eq!(file.body, "row,reason,raw\n3,there is no id,\",Nameless,3\"\n");
    // The same file, the same import; given up when there is nothing to give up any more.
    assert_eq!(upload(&world, &admin, "kind=accounts&file=accounts.csv", ACCOUNTS).await.ok(202), done);
    assert_eq!(world.post(&admin, &format!("{path}/cancel"), json!({})).await.code(), "409 ended");
    let audit = world.get(&admin, "/api/v1/audit").await.ok(200);
    assert!(audit["entries"].as_array().unwrap().iter().any(|e| e["action"] == "import.add" && e["after"]["file"] == "accounts.csv"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_imported_is_refused_with_the_reason() {
    let world = World::new().await;
    let admin = world.admin().await;
    for (asked, file, code, part) in [
        ("kind=accounts", "", "400 bad_file", "empty"),
        ("kind=planets", ACCOUNTS, "400 bad_query", "planets"),
        ("kind=accounts&mapping=import:%20accounts%0Aidd:%20x", ACCOUNTS, "400 bad_mapping", "did you mean `id`?"),
        ("kind=people&mapping=import:%20accounts%0Aid:%20x", ACCOUNTS, "400 bad_import", "a mapping of accounts"),
        ("kind=accounts&check=true&mapping=import:%20accounts%0Aid:%20number", ACCOUNTS, "400 bad_file", "`number`"),
        ("kind=events&check=true", "[{\"event\":\"login\"}]", "400 bad_file", "one JSON array"),
    ] {
        let answer = upload(&world, &admin, asked, file).await;
        assert_eq!(answer.code(), code, "{asked}: {:?}", answer.body);
        assert!(answer.json()["message"].as_str().unwrap().contains(part), "{asked}: {:?}", answer.body);
    }
    assert_eq!(std::fs::read_dir(world.service.data().join("uploads/incoming")).unwrap().count(), 0, "nothing is left");
}

/// Events are there when they are answered: in SQL and in the account's list, whether or not they are archived, and each once.
#[tokio::test(flavor = "multi_thread")]
async fn sql_sees_what_has_just_come_in() {
    let world = World::new().await;
    let (admin, key) = world.story().await;
    let ask = async |query: &str| world.post(&admin, "/api/v1/sql", json!({ "query": query })).await.ok(200)["rows"].clone();
    let all = "SELECT account_id, count(*) AS n FROM events GROUP BY account_id ORDER BY account_id";
    let listed = async || world.get(&admin, "/api/v1/accounts/acme/events").await.ok(200)["count"].clone();
    assert_eq!(ask(all).await, json!([["acme", 4], ["globex", 1]]));
    world.send(&key, vec![world.track("ann", "login"), world.track("ann", "login"), world.track("nobody", "login")]).await;
    assert_eq!(ask(all).await, json!([["acme", 5], ["globex", 1]]));
    assert_eq!(ask("SELECT person_id, reason FROM quarantine").await, json!([["nobody", "the person belongs to no account at that time"]]));
    assert_eq!(listed().await, json!(5));
    world.service.archive().await.unwrap();
    assert_eq!(ask(all).await, json!([["acme", 5], ["globex", 1]]));
    // One that is archived is sent again, beside a new one.
    let again = world.track("ann", "login");
    world.pass(1_000_000);
    world.send(&key, vec![again, world.track("bob", "login")]).await;
    assert_eq!(ask(all).await, json!([["acme", 5], ["globex", 2]]));
    assert_eq!(ask("SELECT count(DISTINCT message_id), count(*) FROM events").await, json!([[7, 7]]));
    assert_eq!(listed().await, json!(5));
}
