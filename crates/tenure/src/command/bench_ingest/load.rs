//! Load: events of many accounts in batches, as fast as they are taken or at a rate; and how long an alert takes to be told.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value as Json, json};

use super::client::Client;
use crate::clock::{self, Stopwatch};

/// Connections that send.
const CONNECTIONS: u64 = 32;
/// Events of a request.
pub const BATCH: u64 = 100;

/// Names of events, the frequent ones first.
const NAMES: &[&str] =
    &["page_viewed", "login", "report_created", "dashboard_viewed", "comment_added", "export_downloaded", "workflow_run"];

/// Events as clients send them: their ids and accounts follow from a number.
pub fn batch(first: u64, accounts: u64) -> String {
    let now = clock::now();
    let mut body = String::with_capacity(BATCH as usize * 260);
    body.push_str("{\"batch\":[");
    for n in first..first + BATCH {
        // Spread over the accounts, the first of them the busiest.
        let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        let account = (mixed % accounts).min((mixed >> 7) % accounts);
        let name = NAMES[(mixed % 11).min(6) as usize];
        let comma = if n == first { "" } else { "," };
        body.push_str(&format!(
            "{comma}{{\"type\":\"track\",\"messageId\":\"bench-{n}\",\"userId\":\"u{account}-{}\",\"event\":\"{name}\",\"context\":{{\"groupId\":\"a{account}\"}},\"timestamp\":\"{now}\",\"properties\":{{\"path\":\"/reports/{}\",\"seconds\":{}}}}}",
            mixed % 5, mixed % 100, mixed % 60
        ));
    }
    body.push_str("]}");
    body
}

/// Sends for so many seconds, at a rate of events a second (None: as fast as they are taken). Gives events a second.
pub fn send(address: SocketAddr, headers: &str, accounts: u64, seconds: f64, rate: Option<f64>, numbers: &AtomicU64) -> Result<f64> {
    let (watch, sent) = (Stopwatch::start(), AtomicU64::new(0));
    let per_connection = rate.map(|rate| rate / CONNECTIONS as f64 / BATCH as f64);
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let sent = &sent;
                scope.spawn(move || -> Result<()> {
                    let mut client = Client::connect(address, headers)?;
                    let mut requests = 0.0;
                    while watch.seconds() < seconds {
                        if let Some(rate) = per_connection {
                            // Open loop: who is late does not wait.
                            let due = requests / rate;
                            if due > watch.seconds() {
                                std::thread::park_timeout(Duration::from_secs_f64(due - watch.seconds()));
                            }
                        }
                        requests += 1.0;
                        let body = batch(numbers.fetch_add(BATCH, Ordering::Relaxed), accounts);
                        let answer = client.call("POST", "/v1/batch", body.as_bytes())?;
                        match answer.status {
                            200 => drop(sent.fetch_add(BATCH, Ordering::Relaxed)),
                            429 => std::thread::park_timeout(Duration::from_millis(50)),
                            status => bail!("{status}: {}", String::from_utf8_lossy(&answer.body)),
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        senders.into_iter().try_for_each(|sender| sender.join().unwrap_or_else(|_| bail!("a sender panicked")))
    })?;
    Ok(sent.into_inner() as f64 / watch.seconds())
}

/// Sends, beside the load, events that each open an alert of an account of their own, and listens for them on the stream of changes.
/// Gives the milliseconds from sending to hearing, sorted.
pub fn probe(address: SocketAddr, source: &str, session: &str, run: u64, seconds: f64) -> Result<Vec<f64>> {
    let heard: Arc<Mutex<Vec<(String, f64)>>> = Arc::default();
    let watch = Stopwatch::start();
    let over = Arc::new(AtomicBool::new(false));
    let mut stream = Client::connect(address, session)?.open("/api/v1/stream")?;
    let listener = {
        let (heard, over) = (heard.clone(), over.clone());
        std::thread::spawn(move || -> Result<()> {
            let mut line = String::new();
            while !over.load(Ordering::Relaxed) {
                stream.line(&mut line)?;
                let Some(data) = line.trim_end().strip_prefix("data: ").and_then(|data| serde_json::from_str::<Json>(data).ok()) else {
                    continue;
                };
                let at = watch.seconds();
                let accounts = data["accounts"].as_array().into_iter().flatten().filter_map(Json::as_str);
                let probes = accounts.filter(|id| id.starts_with("probe-")).map(|id| (id.to_owned(), at));
                heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(probes);
            }
            Ok(())
        })
    };
    let mut client = Client::connect(address, source)?;
    let mut sent = Vec::new();
    while watch.seconds() < seconds {
        let id = format!("probe-{run}-{}", sent.len());
        let now = clock::now().to_string();
        let said = json!({ "userId": id, "event": "help_clicked", "messageId": id, "context": { "groupId": id }, "timestamp": now });
        sent.push((id, watch.seconds()));
        client.call("POST", "/v1/track", said.to_string().as_bytes())?;
        std::thread::park_timeout(Duration::from_millis(50));
    }
    std::thread::park_timeout(Duration::from_secs(3));
    over.store(true, Ordering::Relaxed);
    let heard = heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    drop(listener);
    let first = |id: &String| heard.iter().find(|(known, _)| known == id).map(|h| h.1);
    let mut took: Vec<f64> = Vec::with_capacity(sent.len());
    for (id, at) in &sent {
        match first(id) {
            Some(heard) => took.push((heard - at) * 1000.0),
            None => bail!("the alert of {id} was not heard of"),
        }
    }
    took.sort_by(f64::total_cmp);
    Ok(took)
}
