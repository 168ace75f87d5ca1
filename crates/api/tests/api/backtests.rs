//! Questions to the past: asked, watched, answered, opened case by case; what applying a model would change.

use serde_json::{Value, json};
use tenure_model::time::{DAY, SECOND};

use crate::world::{Caller, MODEL, World};

/// The story, and what came after it: ann comes back on the 11th and on the 30th, bob not any more; all of it is archived.
async fn a_month_later() -> (World, Caller) {
    let world = World::new().await;
    let (_, key) = world.story().await;
    for days in [6, 19] {
        world.pass(days * DAY);
        world.send(&key, vec![world.track("ann", "login")]).await;
    }
    world.pass(SECOND);
    world.service.archive().await.unwrap();
    let admin = world.sign_in("ann@example.com").await;
    (world, admin)
}

/// Waits for an answer.
async fn answered(world: &World, caller: &Caller, asked: &Value) -> Value {
    for _ in 0..500 {
        let shown = world.get(caller, &format!("/api/v1/backtests/{}", asked["id"])).await.ok(200);
        match shown["state"].as_str() {
            Some("queued" | "running") => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            _ => return shown,
        }
    }
    panic!("it is not answered")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_against_what_came() {
    let (world, admin) = a_month_later().await;
    let ask = json!({ "about": "quiet", "outcome": "event:login", "within_days": 8, "from": "2026-06-01", "to": "2026-06-30" });
    let asked = world.post(&admin, "/api/v1/backtests", ask.clone()).await.ok(202);
    assert_eq!(
        (&asked["kind"], &asked["asked"]["about"], &asked["author"]),
        (&json!("backtest"), &json!("quiet"), &json!("ann@example.com"))
    );
    let answer = answered(&world, &admin, &asked).await;
    assert_eq!(answer["state"], "done", "{answer}");
    // Acme is quiet from the 4th on and logs in on the 11th, within eight days, and from the 13th to the 30th; globex from the 3rd on, until the 5th,
    // and then for good.
    let verdicts = &answer["findings"]["quality"]["verdicts"];
    assert_eq!((&verdicts["hit"], &verdicts["false_alarm"], &verdicts["censored"]), (&json!(2), &json!(2), &Value::Null), "{answer}");
    let cases = world.get(&admin, &format!("/api/v1/backtests/{}/cases?verdict=hit", asked["id"])).await.ok(200);
    assert_eq!(
        (&cases["total"], &cases["cases"][0]["account"], &cases["cases"][1]["account"]),
        (&json!(2), &json!("acme"), &json!("globex"))
    );
    // A cursor that somebody made up: beyond the last page there is nothing.
    let made_up: String = usize::MAX.to_string().bytes().map(|byte| format!("{byte:02x}")).collect();
    let beyond = world.get(&admin, &format!("/api/v1/backtests/{}/cases?cursor={made_up}", asked["id"])).await.ok(200);
    assert_eq!((&beyond["cases"], &beyond["next"]), (&json!([]), &Value::Null));
    let as_of = cases["cases"][0]["explain_as_of"].as_str().unwrap();
    let why = world.get(&admin, &format!("/api/v1/accounts/acme/explain?what=alert%20quiet&as_of={as_of}")).await.ok(200);
    assert!(why.to_string().contains("quiet_days >= 2"), "{why}");
    let list = world.get(&admin, "/api/v1/backtests").await.ok(200);
    assert_eq!((&list["backtests"][0]["state"], &list["backtests"][0]["findings"]), (&json!("done"), &Value::Null));
    // The same by the whole model, and beside another one.
    let whole = json!({ "outcome": "event:login", "within_days": 8, "from": "2026-06-01", "to": "2026-06-30", "against": { "model.yaml": MODEL.replace("quiet_days >= 2", "quiet_days >= 5") } });
    let asked = world.post(&admin, "/api/v1/backtests", whole).await.ok(202);
    let answer = answered(&world, &admin, &asked).await;
    let alert = &answer["findings"]["comparison"]["alerts"][0];
    assert_eq!((&alert["alert"], &alert["fired_before"], &alert["fired_after"]), (&json!("quiet"), &json!(4), &json!(3)), "{answer}");
    world.call(&admin, "delete", &format!("/api/v1/backtests/{}", asked["id"]), None).await.ok(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused() {
    let (world, admin) = a_month_later().await;
    let viewer = world.teammate(&admin, "viewer").await;
    assert_eq!(world.post(&viewer, "/api/v1/backtests", json!({})).await.code(), "403 forbidden");
    for (ask, says) in [
        (json!({ "about": "quite" }), "no alert, scorecard, segment, milestone or stage `quite`; did you mean `quiet`?"),
        (json!({ "about": "quiet", "when": "quiet_days > 3" }), "not both"),
        (json!({ "when": "quiet_day > 3" }), "quiet_days"),
        (json!({ "about": "quiet", "sweep": "quiet_days >= 2" }), "names no range of numbers"),
        (json!({ "about": "quiet", "segments": ["enterprize"] }), "no segment `enterprize`; did you mean `enterprise`?"),
        (json!({ "about": "quiet", "from": "2026-06-20", "to": "2026-06-10" }), "the period is empty"),
        (json!({ "about": "quiet", "within_days": 0 }), "within_days"),
        (json!({ "about": "quiet", "against": { "model.yaml": "" } }), "compared as wholes"),
    ] {
        let refused = world.post(&admin, "/api/v1/backtests", ask.clone()).await;
        assert_eq!(refused.code(), "400 bad_backtest", "{ask}");
        assert!(refused.json()["message"].as_str().unwrap().contains(says), "{ask}: {:?}", refused.body);
    }
    assert_eq!(world.get(&admin, "/api/v1/backtests/99").await.code(), "404 not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_applying_a_model_would_change() {
    let (world, admin) = a_month_later().await;
    let files = json!({ "model.yaml": MODEL.replace("tier = 1", "tier <= 3") });
    let asked = world.post(&admin, "/api/v1/model/plan", json!({ "files": files, "days": 60 })).await.ok(202);
    let answer = answered(&world, &admin, &asked).await;
    assert_eq!((&answer["kind"], &answer["state"]), (&json!("plan"), &json!("done")), "{answer}");
    assert_eq!(answer["findings"]["definitions"][0]["name"], "enterprise");
    let segment = &answer["findings"]["effect"]["segments"][0];
    assert_eq!((&segment["stay"], &segment["enter"]), (&json!(1), &json!(1)), "{answer}");
}
