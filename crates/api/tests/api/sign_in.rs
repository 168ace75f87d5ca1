//! Signing in: links that are good once, passwords, waiting after failures, sessions that end and change.

use serde_json::{Value, json};
use tenure_api::setup_link;
use tenure_model::time::{DAY, HOUR, SECOND};

use crate::world::{Caller, World};

async fn sign_in(world: &World, email: &str, password: &str) -> crate::world::Answer {
    world.post(&Caller::default(), "/api/v1/session", json!({ "email": email, "password": password })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_admin_comes_by_a_link_that_is_good_once() {
    let world = World::new().await;
    let token = |link: String| link.split('#').nth(1).unwrap().to_owned();
    let (one, two) = (token(setup_link(&world.api).await.unwrap().unwrap()), token(setup_link(&world.api).await.unwrap().unwrap()));
    let asked = |token: &str, password: &str, email: Value| json!({ "token": token, "password": password, "email": email });
    let nobody = Caller::default();
    let refused = |body: Value| world.post(&nobody, "/api/v1/setup", body);
    assert_eq!(refused(asked(&one, "short", json!("ann@example.com"))).await.code(), "400 bad_password");
    assert_eq!(refused(asked(&one, "correct horse battery", json!("ann"))).await.code(), "400 bad_email");
    assert_eq!(refused(asked(&one, "correct horse battery", Value::Null)).await.code(), "400 missing_email");
    assert_eq!(refused(asked("guessed", "correct horse battery", json!("ann@example.com"))).await.code(), "401 unauthorized");
    let done = refused(asked(&one, "correct horse battery", json!("Ann@Example.com"))).await;
    let cookie = done.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict") && !cookie.contains("Secure"), "{cookie}");
    assert_eq!(done.json()["role"], "admin");
    for token in [&one, &two] {
        assert_eq!(refused(asked(token, "correct horse battery", json!("eve@example.com"))).await.code(), "401 unauthorized");
    }
    assert_eq!(setup_link(&world.api).await.unwrap(), None);
    assert_eq!(sign_in(&world, "ANN@example.com", "correct horse battery").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fails_too_often_waits() {
    let world = World::new().await;
    world.admin().await;
    for _ in 0..6 {
        assert_eq!(sign_in(&world, "ann@example.com", "wrong").await.code(), "401 unauthorized");
    }
    let waits = sign_in(&world, "ann@example.com", "correct horse battery").await;
    assert_eq!(waits.code(), "429 too_many_requests");
    assert!(waits.headers.contains_key("retry-after"));
    // Others are not kept waiting, and who is not there is told the same.
    assert_eq!(sign_in(&world, "eve@example.com", "wrong").await.code(), "401 unauthorized");
    world.pass(11 * SECOND);
    assert_eq!(sign_in(&world, "ann@example.com", "correct horse battery").await.status, 200);
    assert_eq!(sign_in(&world, "ann@example.com", "wrong").await.code(), "401 unauthorized", "success forgets the failures");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_and_their_secrets_change() {
    let world = World::new().await;
    let first = world.admin().await;
    world.pass(11 * HOUR);
    world.get(&first, "/api/v1/status").await.ok(200);
    world.pass(11 * HOUR);
    world.get(&first, "/api/v1/status").await.ok(200);
    world.pass(3 * HOUR);
    let changed = world.get(&first, "/api/v1/session").await;
    assert_eq!(changed.status, 200);
    let second = World::session(&changed);
    assert_ne!(first.cookie, second.cookie, "a secret older than a day is changed");
    world.get(&first, "/api/v1/status").await.ok(200);
    world.pass(61 * SECOND);
    assert_eq!(world.get(&first, "/api/v1/status").await.code(), "401 unauthorized", "the old one served what was under way");
    world.get(&second, "/api/v1/status").await.ok(200);
    let third = World::session(&sign_in(&world, "ann@example.com", "correct horse battery").await);
    let new = json!({ "current": "correct horse battery", "new": "staple for a new lock" });
    let wrong = json!({ "current": "wrong", "new": "staple for a new lock" });
    assert_eq!(world.call(&third, "put", "/api/v1/session/password", Some(wrong)).await.code(), "400 wrong_password");
    world.call(&third, "put", "/api/v1/session/password", Some(new)).await.ok(204);
    assert_eq!(world.get(&second, "/api/v1/status").await.code(), "401 unauthorized", "another password ends the other sessions");
    assert_eq!(sign_in(&world, "ann@example.com", "correct horse battery").await.code(), "401 unauthorized");
    world.call(&third, "delete", "/api/v1/session", None).await.ok(204);
    assert_eq!(world.get(&third, "/api/v1/status").await.code(), "401 unauthorized");
    let last = World::session(&sign_in(&world, "ann@example.com", "staple for a new lock").await);
    world.pass(DAY);
    assert_eq!(world.get(&last, "/api/v1/status").await.code(), "401 unauthorized", "a session that is not used ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_are_told_to_be_careful() {
    let world = World::new().await;
    for path in ["/healthz", "/api/v1/status", "/nowhere"] {
        let answer = world.get(&Caller::default(), path).await;
        assert!(answer.headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    }
    assert_eq!(world.get(&Caller::default(), "/api/v1/status").await.headers["cache-control"], "no-store");
}
