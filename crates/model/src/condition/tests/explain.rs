//! Explanations: what they show, and that what they suggest is true.

use proptest::prelude::*;

use super::{at, config, program, row};
use crate::condition::Trace;
use crate::time::{DAY, Instant};
use crate::value::Value;

fn render(trace: &Trace, depth: usize, out: &mut String) {
    out.push_str(&format!("{}{:?} {} = {}\n", "  ".repeat(depth), trace.kind, trace.text, trace.value));
    for child in &trace.children {
        render(child, depth + 1, out);
    }
}

fn account() -> Vec<Value> {
    row(&[
        ("tier", Value::Number(1.0)),
        ("logins_7d", Value::Number(7.0)),
        ("seats", Value::Number(20.0)),
        ("plan", Value::text("pro")),
        ("renewal_at", Value::Time(at("2025-07-01T00:00:00Z"))),
        ("active", Value::Bool(true)),
    ])
}

#[test]
fn traces() {
    let mut out = String::new();
    for sql in [
        "tier = 1 AND (logins_7d < 5 OR NOT (active))\n AND renewal_at - now BETWEEN INTERVAL '0 days' AND INTERVAL '90 days'",
        "round(logins_7d / (seats), 2)",
        "CASE WHEN plan IN ('pro', 'free') THEN lower(plan) END IS NOT NULL",
        "milestone('first_value') = 'reached' AND floor((logins_7d) / 2) > 3 AND plan LIKE 'p%' ESCAPE '!' AND CAST( tier AS text ) <> '2'",
    ] {
        render(&program(sql).trace(&account(), at("2025-06-01T00:00:00Z")), 0, &mut out);
    }
    insta::assert_snapshot!("traces", out);
    let json = serde_json::to_string(&program("active AND tier < 5").trace(&account(), Instant(0)));
    insta::assert_snapshot!("trace_json", json.unwrap_or_default());
}

#[test]
fn flips() {
    let mut out = String::new();
    for sql in [
        "logins_7d < 5",
        "tier = 1 AND logins_7d < 5",
        "tier = 1 AND logins_7d > 5",
        "tier = 1 OR logins_7d > 5",
        "tier = 2 AND logins_7d < 5",
        "logins_7d / seats > 0.9",
        "logins_7d / seats < 0.25",
        "logins_7d BETWEEN 100 AND 101",
        "logins_7d > 3 AND logins_7d < 6",
        "plan = 'enterprise'",
        "plan <> 'pro'",
        "plan IN ('free', 'trial')",
        "plan LIKE 'ent%'",
        "active",
        "NOT active",
        "name IS NOT NULL",
        "plan IS NULL",
        "trial_ends_at > now",
        "renewal_at < now + INTERVAL '10 days'",
        "renewal_at - now BETWEEN INTERVAL '3 days' AND INTERVAL '5 days'",
        "signed_on > '2025-01-01'",
        "CASE WHEN tier = 1 THEN logins_7d > 10 ELSE true END",
        "length(plan) > 5",
        "logins_7d > 1 OR true",
        "seats > 0.5 AND account.stage = 'renewal'",
    ] {
        out.push_str(&format!("{sql}\n"));
        for flip in program(sql).flips(&account(), at("2025-06-01T00:00:00Z")) {
            let at = flip.at.map_or(String::new(), |at| format!(" or at {at}"));
            let column = flip.column.unwrap_or_default();
            let nearest = flip.needed.map_or("?".to_owned(), |n| format!("{n} ({})", flip.phrase.unwrap_or_default()));
            out.push_str(&format!("  {} → {}: {column} {} → {nearest}{at}\n", flip.text, flip.becomes, flip.present));
        }
    }
    insta::assert_snapshot!("flips", out);
}

fn leaf() -> impl Strategy<Value = String> {
    let test = prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let n = (-20i32..20).prop_map(|n| f64::from(n) / 2.0);
    prop_oneof![
        (prop::sample::select(vec!["tier", "logins_7d", "tier + logins_7d", "tier * 2 - 1", "logins_7d / 4"]), test.clone(), n)
            .prop_map(|(x, test, n)| format!("{x} {test} {n}")),
        (prop::sample::select(vec!["plan", "name"]), test.clone(), "[ab]{0,2}").prop_map(|(x, test, t)| format!("{x} {test} '{t}'")),
        (test, -5i32..5).prop_map(|(test, n)| format!("renewal_at {test} now + INTERVAL '{n} days'")),
        Just("active".to_owned()),
        Just("tier IS NULL".to_owned()),
        Just("tier BETWEEN 2 AND 3".to_owned()),
        Just("renewal_at - now BETWEEN INTERVAL '1 day' AND INTERVAL '2 days'".to_owned()),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    leaf().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} AND {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} OR {b})")),
            inner.prop_map(|a| format!("NOT ({a})")),
        ]
    })
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), (-10i32..10).prop_map(|n| Value::Number(f64::from(n))), (-10f64..10.0).prop_map(Value::Number)]
}

proptest! {
    #![proptest_config(config(2_000, 7))]

    /// The suggested value, or the passing of time, flips the condition; and what the trace shows of the whole is its value.
    #[test]
    fn suggestions_flip(
        sql in condition(), tier in number(), logins in number(), plan in prop::option::of("[ab]{0,2}"),
        renewal in prop::option::of(-6i64..6), active in prop::option::of(any::<bool>()),
    ) {
        let mut values = vec![("tier", tier), ("logins_7d", logins)];
        values.push(("plan", plan.map_or(Value::Null, Value::text)));
        values.push(("renewal_at", renewal.map_or(Value::Null, |d| Value::Time(Instant(d * DAY)))));
        values.push(("active", active.map_or(Value::Null, Value::Bool)));
        let row = row(&values);
        let program = program(&sql);
        let held = program.holds(&row, Instant(0));
        prop_assert!(program.trace(&row, Instant(0)).value.same(&program.eval(&row, Instant(0))));
        for flip in program.flips(&row, Instant(0)) {
            if let (Some(slot), Some(needed)) = (flip.slot, &flip.needed) {
                let mut changed = row.clone();
                changed[slot as usize] = needed.clone();
                prop_assert!(program.holds(&changed, Instant(0)) != held, "{flip:?}");
            }
            if let Some(at) = flip.at {
                prop_assert!(at > Instant(0) && program.holds(&row, at) != held, "{flip:?}");
            }
        }
    }

    /// Between now and the next change nothing changes; at it, something does, unless another part hides it.
    #[test]
    fn changes_are_exact(sql in leaf(), renewal in -6i64..6, now in -8i64..8, jitter in -1i64..2) {
        let row = row(&[("renewal_at", Value::Time(Instant(renewal * DAY)))]);
        let now = Instant(now * DAY + jitter);
        let program = program(&sql);
        let next = program.next_change(&row, now);
        let value = program.eval(&row, now);
        let last = if next == Instant::NEVER { Instant(20 * DAY) } else { Instant(next.0 - 1) };
        for t in [now.next(), Instant(now.0 / 2 + last.0 / 2).max(now), last.max(now)] {
            prop_assert!(t >= next || program.eval(&row, t).same(&value), "{sql} at {t}, next {next}");
        }
        prop_assert!(next == Instant::NEVER || !program.eval(&row, next).same(&value), "{sql} from {now}, next {next}");
    }
}
