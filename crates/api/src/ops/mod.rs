//! How the service is doing, for those who run it: `/healthz`, `/readyz`, `/metrics` (Prometheus).

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use crate::app::App;

/// Is the process alive?
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Is every account current, and are offers taken?
pub async fn readyz(State(app): State<App>) -> impl IntoResponse {
    match app.service.status().ready.load(Ordering::Relaxed) {
        true => (StatusCode::OK, "ready\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready: it is catching up, or another process has taken over\n"),
    }
}

/// Counts and gauges in Prometheus' text format.
pub async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let status = app.service.status();
    let mut text = String::new();
    let count = |n: &AtomicU64| n.load(Ordering::Relaxed) as f64;
    let seconds = |n: &AtomicI64| n.load(Ordering::Relaxed) as f64 / 1e6;
    for (name, kind, help, value) in [
        ("tenure_items_accepted_total", "counter", "Items that were made durable.", count(&status.accepted)),
        ("tenure_duplicates_total", "counter", "Events that were seen before.", count(&status.duplicates)),
        ("tenure_quarantined_total", "counter", "Items that could not be read.", count(&status.quarantined)),
        ("tenure_refused_total", "counter", "Requests refused because too much waited.", count(&status.refused)),
        ("tenure_journal_commits_total", "counter", "Commits to the journal.", count(&status.commits)),
        ("tenure_journal_backlog_items", "gauge", "Items that the engine has not committed yet.", count(&status.backlog)),
        ("tenure_journal_unarchived_items", "gauge", "Items that the archive does not have yet.", count(&status.unarchived)),
        ("tenure_engine_steps_total", "counter", "Steps of the engine.", count(&status.steps)),
        ("tenure_evaluations_total", "counter", "Evaluations of accounts.", count(&status.evaluated)),
        ("tenure_rebuilt_total", "counter", "Accounts told anew from their history.", count(&status.rebuilt)),
        ("tenure_step_seconds", "gauge", "How long the last step took.", seconds(&status.step_micros)),
        ("tenure_lag_seconds", "gauge", "From an event's arrival to the commit of what it did, last.", seconds(&status.lag_micros)),
        ("tenure_accounts", "gauge", "Accounts.", count(&status.accounts)),
        ("tenure_sources_silent", "gauge", "Sources that have fallen silent.", count(&status.silent_sources)),
        ("tenure_accounts_packed", "gauge", "Accounts that were packed away to make room in memory.", count(&status.accounts_packed)),
        ("tenure_accounts_held", "gauge", "Accounts that wait for a silent source.", count(&status.held_accounts)),
        ("tenure_snapshot_bytes", "gauge", "Size of the last snapshot.", count(&status.snapshot_bytes)),
        ("tenure_snapshot_timestamp_seconds", "gauge", "When the snapshot in force was taken.", seconds(&status.snapshot_at)),
    ] {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
