//! The times of an event: what lies in the future waits for its time; what its sender said of it is kept.

use tenure_history::{Archive, Event, Format};
use tenure_ingest::Resolver;
use tenure_ingest::batch::{Builder, Row};
use tenure_ingest::http::{Endpoint, segment};
use tenure_model::Instant;
use tenure_model::time::{DAY, HOUR, MINUTE};

use crate::world::{World, value};

/// Imports logins of an account as files bring them.
fn import(world: &World, account: &str, times: &[Instant]) {
    let mut builder = Builder::default();
    times.iter().for_each(|time| builder.push(Row { account: Some(account), name: "login", time: *time, ..Row::default() }));
    let mut archive = Archive::open(world.data.path()).unwrap();
    let mut import = archive.import("file", world.now(), 0).unwrap();
    import.append(&builder.finish()).unwrap();
    import.finish(&Resolver::default(), &mut |_, _| {}).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_the_future_take_effect_at_their_time() {
    let world = World::new();
    let now = world.now();
    import(&world, "acme", &[now.plus(-DAY), now.plus(HOUR), now.plus(3 * HOUR)]);
    import(&world, "coming", &[now.plus(2 * HOUR)]);
    let mut service = world.start().await;
    let logins = |service: &tenure_service::Service| ["acme", "coming"].map(|a| value(service, a, "logins_7d"));
    assert_eq!(logins(&service), ["1", "null"]);
    for (hours, expected) in [(1, ["2", "null"]), (2, ["2", "1"]), (3, ["3", "1"])] {
        // Whether it goes on or starts again in between.
        if hours == 2 {
            service.stop().await;
            service = world.start().await;
        }
        world.pass(HOUR);
        world.rest(&service).await;
        assert_eq!(logins(&service), expected, "after {hours} h");
    }
    // A device whose clock is ahead: its event waits as well.
    let ahead = world.track("ahead", "ann", "login", -2 * HOUR).replacen("\"userId\"", "\"context\":{\"groupId\":\"acme\"},\"userId\"", 1);
    world.send(&service, &format!(r#"{{"batch":[{ahead}]}}"#)).await;
    world.rest(&service).await;
    assert_eq!(logins(&service)[0], "3");
    service.stop().await;
    let service = world.start().await;
    world.pass(2 * HOUR);
    world.rest(&service).await;
    assert_eq!(logins(&service)[0], "4");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sender_said_of_an_event_s_time_is_kept() {
    let world = World::new();
    let service = world.start().await;
    let said = world.now().plus(-2 * HOUR - MINUTE);
    let body = format!(
        r#"{{"sentAt":"{}","batch":[{{"type":"track","userId":"ann","context":{{"groupId":"acme"}},"event":"login","messageId":"m","timestamp":"{said}"}}]}}"#,
        world.now().plus(-2 * HOUR)
    );
    let intake = segment(Endpoint::parse("batch").unwrap(), &body, world.now()).unwrap();
    service.offer("src_web", world.now(), &intake).await.unwrap();
    service.settled().await;
    service.archive().await.unwrap();
    let archive = Archive::open(world.data.path()).unwrap();
    let times = |e: &Event| (e.time, e.received_at, e.sent_at, e.original_time);
    let expected = (world.now().plus(-MINUTE), world.now(), Some(world.now().plus(-2 * HOUR)), Some(said));
    assert_eq!(archive.account("acme", None).unwrap().iter().map(times).collect::<Vec<_>>(), [expected]);
    let mut text = Vec::new();
    archive.export(&mut text, Format::Ndjson).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains(&format!(r#""sent_at":"{}","original_time":"{said}""#, world.now().plus(-2 * HOUR))), "{text}");
    // Settling the month anew keeps them.
    import(&world, "acme", &[said]);
    let archive = Archive::open(world.data.path()).unwrap();
    assert!(archive.account("acme", None).unwrap().iter().any(|e| times(e) == expected));
    service.stop().await;
}
