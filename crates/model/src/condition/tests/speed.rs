//! How long an evaluation takes, in processor time: `cargo test --workspace -p tenure-model --lib speed -- --ignored --nocapture`.

use std::hint::black_box;

use super::{program, row};
use crate::time::Instant;
use crate::value::Value;

/// Nanoseconds this thread has run, as Linux counts them.
fn ran_ns() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(f64::NAN)
}

#[test]
#[ignore = "a measurement, not a test"]
fn speed() {
    let rows: Vec<Vec<Value>> = (0..64)
        .map(|i| {
            row(&[
                ("tier", Value::Number(f64::from(i % 3))),
                ("logins_7d", if i % 7 == 0 { Value::Null } else { Value::Number(f64::from(i % 20)) }),
                ("seats", Value::Number(f64::from(i % 50))),
                ("plan", Value::text(["free", "pro", "enterprise"][i as usize % 3])),
                ("renewal_at", Value::Time(Instant(i64::from(i)))),
                ("active", Value::Bool(i % 2 == 0)),
            ])
        })
        .collect();
    let mut held = 0usize;
    let start = ran_ns();
    for _ in 0..20_000 {
        for row in &rows {
            held += usize::from(matches!(black_box(row)[3], Value::Number(x) if x < 5.0));
        }
    }
    println!("{:6.1} ns  the same as the first in Rust ({held})", (ran_ns() - start) / (20_000 * rows.len()) as f64);
    for sql in [
        "logins_7d < 5",
        "plan = 'enterprise'",
        "plan IN ('free', 'trial')",
        "renewal_at < now + INTERVAL '30 days'",
        "active",
        "logins_7d BETWEEN 3 AND 10",
        "logins_7d / seats > 0.9",
        "logins_7d + seats > 0.9",
        "logins_7d > seats",
        "abs(logins_7d) > 0.9",
        "tier = 1 AND logins_7d < 5",
        "plan = 'enterprise' AND logins_7d < 5 AND tier BETWEEN 0 AND 90",
        "coalesce(logins_7d, 0) / nullif(seats, 0) - 1 > 0.2 OR NOT active",
        "CASE WHEN tier = 1 THEN logins_7d > 10 ELSE active END",
        "lower(plan) LIKE 'ent%'",
    ] {
        let program = program(sql);
        let rounds = 100_000;
        let mut best = f64::MAX;
        for _ in 0..3 {
            let start = ran_ns();
            let mut held = 0usize;
            for _ in 0..rounds {
                for row in &rows {
                    held += usize::from(program.holds(black_box(row), Instant(500)));
                }
            }
            black_box(held);
            best = best.min((ran_ns() - start) / (rounds * rows.len()) as f64);
        }
        println!("{best:6.1} ns  {sql}");
    }
    for sql in ["logins_7d / nullif(seats, 0)", "plan", "logins_7d"] {
        let program = program(sql);
        let start = ran_ns();
        for _ in 0..20_000 {
            for row in &rows {
                black_box(program.eval(black_box(row), Instant(500)));
            }
        }
        println!("{:6.1} ns  {sql} (eval)", (ran_ns() - start) / (20_000 * rows.len()) as f64);
    }
    let start = ran_ns();
    for _ in 0..1_000 {
        black_box(program(black_box("plan = 'enterprise' AND logins_7d < 5 AND tier BETWEEN 0 AND 90")));
    }
    println!("{:6.1} µs  to compile three comparisons", (ran_ns() - start) / 1e6);
}
