//! Who may do what: every route, called by everyone.

use serde_json::json;
use tenure_store::Role;

use crate::world::{Caller, World};

/// Whoever has less than a route's role is refused by the gate, whoever has it is not.
#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_its_role_and_no_less() {
    let world = World::new().await;
    let admin = world.admin().await;
    let mut callers = vec![("nobody", None, Caller::default())];
    for (name, role) in [("viewer", Role::Viewer), ("csm", Role::Csm), ("manager", Role::Manager)] {
        callers.push((name, Some(role), world.teammate(&admin, name).await));
    }
    for (name, role) in [("read", Role::Viewer), ("write", Role::Csm), ("manage", Role::Manager), ("admin", Role::Admin)] {
        callers.push((name, Some(role), world.key(&admin, name).await));
    }
    callers.push(("the admin", Some(Role::Admin), admin));
    let operations = tenure_api::least_roles();
    assert!(operations.len() > 50, "{}", operations.len());
    for (method, path, least) in operations {
        // These are for everybody, or end the session that the next calls need.
        let Some(least) = least else { continue };
        if (method.as_str(), path.as_str()) == ("delete", "/api/v1/session") {
            continue;
        }
        let named = path
            .replace("{id}", "nothing")
            .replace("{key}", "nothing")
            .replace("{name}", "nothing")
            .replace("{milestone}", "nothing")
            .replace("{revision}", "nothing");
        for (name, role, caller) in &callers {
            let answer = world.call(caller, &method, &named, Some(json!({}))).await;
            let status = answer.status.as_u16();
            match role {
                None => assert_eq!(status, 401, "{method} {path} by {name}"),
                Some(role) if *role < least => assert_eq!(status, 403, "{method} {path} by {name}"),
                // A password is changed in a session only.
                Some(_) if path == "/api/v1/session/password" && !caller.key.is_empty() => {}
                Some(_) => assert!(![401, 403, 500].contains(&status), "{method} {path} by {name}: {status} {:?}", answer.body),
            }
        }
    }
}

/// Whoever changes something in a session sends the token along; keys need none.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_alone_changes_nothing() {
    let world = World::new().await;
    let admin = world.admin().await;
    for (method, path, least) in tenure_api::least_roles() {
        if method == "get" || least.is_none() {
            continue;
        }
        for csrf in ["", "0123456789abcdef"] {
            let forged = Caller { csrf: csrf.to_owned(), ..admin.clone() };
            let answer = world.call(&forged, &method, &path, Some(json!({}))).await;
            assert_eq!(answer.code(), "403 forbidden", "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_do_no_more_than_whose_it_is() {
    let world = World::new().await;
    let admin = world.admin().await;
    let key = world.key(&admin, "admin").await;
    world.get(&key, "/api/v1/keys").await.ok(200);
    let keys = world.get(&admin, "/api/v1/keys").await.ok(200);
    let id = keys["keys"][0]["id"].as_str().unwrap();
    assert_eq!(keys["keys"][0]["key"], json!(null), "the key itself is told once");
    world.call(&admin, "delete", &format!("/api/v1/keys/{id}"), None).await.ok(204);
    assert_eq!(world.get(&key, "/api/v1/keys").await.code(), "401 unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_admin_stays_one() {
    let world = World::new().await;
    let admin = world.admin().await;
    let id = world.get(&admin, "/api/v1/session").await.ok(200)["id"].as_str().unwrap().to_owned();
    for change in [json!({ "role": "csm" }), json!({ "disabled": true })] {
        assert_eq!(world.call(&admin, "patch", &format!("/api/v1/teammates/{id}"), Some(change)).await.code(), "409 last_admin");
    }
    let other = world.teammate(&admin, "admin").await;
    world.call(&admin, "patch", &format!("/api/v1/teammates/{id}"), Some(json!({ "role": "csm" }))).await.ok(200);
    assert_eq!(world.get(&admin, "/api/v1/session").await.code(), "401 unauthorized", "another role ends the sessions");
    world.get(&other, "/api/v1/audit").await.ok(200);
}
