//! The edge of HTTP over real connections: refusals that browsers may read, readers that do not read.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures_util::StreamExt;
use tenure_api::{Limits, serve};
use tokio::net::TcpListener;

use crate::world::{Caller, World};

/// Serves on a port of its own, as long as the test runs.
async fn served(router: Router, limits: Limits) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router, limits, std::future::pending()));
    TcpStream::connect(address).unwrap()
}

fn call(stream: &mut TcpStream, head: &str) -> String {
    stream.write_all(format!("{head}\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.to_lowercase()
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_can_be_read_by_browsers() {
    let world = World::new().await;
    let none = Limits { requests_max: 0, ..Limits::default() };
    for (limits, status) in [(none, " 429 "), (Limits::default(), " 401 ")] {
        let answer = call(&mut served(world.app.clone(), limits).await, "POST /v1/track HTTP/1.1");
        assert!(answer.contains(status) && answer.contains("access-control-allow-origin: *"), "{answer}");
        assert!(answer.contains("access-control-expose-headers: retry-after"), "{answer}");
    }
    let answer = call(&mut served(world.app.clone(), none).await, "GET /api/v1/accounts HTTP/1.1");
    assert!(answer.contains(" 429 ") && !answer.contains("access-control"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_is_cut() {
    const BYTES: usize = 64 << 20;
    let router = Router::new().route("/", get(|| async { Body::from(vec![b'x'; BYTES]) }));
    let limits = Limits { write_timeout: Duration::from_millis(300), ..Limits::default() };
    let mut stream = served(router, limits).await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut read = Vec::new();
    let ended = stream.read_to_end(&mut read);
    assert!(!read.is_empty() && read.len() < BYTES, "{ended:?} after {} bytes", read.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_reader_falls_behind_says_so() {
    let world = World::new().await;
    let admin = world.admin().await;
    let mut events = world.stream(&admin).await;
    world.service.tell("acme");
    assert!(events.next().await.unwrap().contains("\"acme\""));
    (0..1_000).for_each(|n| world.service.tell(&format!("account-{n}")));
    let behind = events.next().await.unwrap();
    assert!(behind.contains("event: many"), "{behind}");
    let next = events.next().await.unwrap();
    assert!(next.contains("event: accounts") && !next.contains("account-0\""), "{next}");
    assert_eq!(world.get(&Caller::default(), "/api/v1/stream").await.code(), "401 unauthorized");
}
