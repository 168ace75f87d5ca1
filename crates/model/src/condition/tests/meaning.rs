//! What expressions mean: tables of expressions and their values.

use super::{Row, at, program, row};
use crate::condition::compile;
use crate::time::{DAY, Instant};
use crate::value::{Kind, Value};

/// The value of an expression over a fixed row, as SQL would write it.
fn value(sql: &str) -> String {
    let row = row(&[
        ("tier", Value::Number(1.0)),
        ("name", Value::text("Acme Ünited")),
        ("logins_7d", Value::Number(7.0)),
        ("renewal_at", Value::Time(at("2025-07-01T00:00:00Z"))),
        ("signed_on", Value::Date(crate::Day(20_000))),
        ("ends_on", Value::Date(crate::Day(20_010))),
        ("active", Value::Bool(true)),
        ("account.stage", Value::text("adoption")),
    ]);
    program(sql).eval(&row, at("2025-06-01T12:00:00Z")).to_string()
}

#[test]
fn values() {
    for (sql, expected) in [
        // Numbers are 64-bit floats; what has no result is NULL.
        ("1 / 2", "0.5"),
        ("1 / 0", "NULL"),
        ("0 / 0", "NULL"),
        ("1 / (1 / 0)", "NULL"),
        ("1e308 * 10", "NULL"),
        ("7 % 4", "3"),
        ("-7 % 4", "-3"),
        ("7 % 0", "NULL"),
        ("2 + 3 * 4 - -1", "15"),
        ("-(tier + 1)", "-2"),
        ("+tier", "1"),
        ("sqrt(-1)", "NULL"),
        ("ln(0)", "NULL"),
        ("exp(0) + power(2, 10) + pow(2, 0)", "1026"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(2.345, 2)", "2.35"),
        ("round(1234, -2)", "1200"),
        ("floor(-1.5)", "-2"),
        ("ceil(-1.5)", "-1"),
        ("CEILING(1.2) + FLOOR(1.8) + Abs(-3)", "6"),
        ("seats / tier", "NULL"),
        // Three-valued logic.
        ("seats > 1", "NULL"),
        ("seats > 1 AND false", "false"),
        ("seats > 1 AND true", "NULL"),
        ("seats > 1 OR true", "true"),
        ("seats > 1 OR false", "NULL"),
        ("NOT (seats > 1)", "NULL"),
        ("NOT active", "false"),
        ("(seats > 1) IS TRUE", "false"),
        ("(seats > 1) IS NOT TRUE", "true"),
        ("(seats > 1) IS NOT FALSE", "true"),
        ("active IS FALSE", "false"),
        ("seats IS NULL", "true"),
        ("seats IS NOT NULL", "false"),
        ("seats IS DISTINCT FROM 1", "true"),
        ("seats IS NOT DISTINCT FROM NULL", "true"),
        ("tier IS NOT DISTINCT FROM 1", "true"),
        ("tier IN (2, 3)", "false"),
        ("tier IN (2, NULL)", "NULL"),
        ("tier IN (1, NULL)", "true"),
        ("tier NOT IN (2, NULL)", "NULL"),
        ("seats IN (1)", "NULL"),
        ("tier BETWEEN 1 AND 2", "true"),
        ("tier NOT BETWEEN 1 AND 2", "false"),
        ("tier BETWEEN 2 AND NULL", "false"),
        ("tier BETWEEN 1 AND NULL", "NULL"),
        ("3 BETWEEN tier AND logins_7d", "true"),
        ("active = true", "true"),
        ("active <> (tier = 2)", "true"),
        ("1 < 2", "true"),
        ("2 > tier AND tier != 2", "true"),
        // Text.
        ("name = 'Acme Ünited'", "true"),
        ("name = 'acme ünited'", "false"),
        ("name < 'B'", "true"),
        ("'Acme Ünited' <> name", "false"),
        ("name LIKE 'Acme%'", "true"),
        ("name LIKE 'acme%'", "false"),
        ("name ILIKE 'acme ü%'", "true"),
        ("name NOT LIKE '%z%'", "true"),
        ("plan LIKE '%'", "NULL"),
        ("'50%' LIKE '50!%' ESCAPE '!'", "true"),
        ("'it''s'", "'it''s'"),
        ("lower(name) || '!'", "'acme ünited!'"),
        ("upper(name)", "'ACME ÜNITED'"),
        ("name || plan", "NULL"),
        ("concat(name, plan, '.')", "'Acme Ünited.'"),
        ("trim('  a b ')", "'a b'"),
        ("length(name)", "11"),
        ("character_length('ü')", "1"),
        ("starts_with(name, 'Ac') AND ends_with(name, 'ed') AND contains(name, 'Ün')", "true"),
        ("contains(plan, 'x')", "NULL"),
        // Choices.
        ("coalesce(seats, tier, 9)", "1"),
        ("coalesce(plan, name)", "'Acme Ünited'"),
        ("coalesce(NULL, NULL)", "NULL"),
        ("nullif(tier, 1)", "NULL"),
        ("nullif(tier, seats)", "1"),
        ("greatest(tier, seats, 4)", "4"),
        ("least(tier, seats, 4)", "1"),
        ("greatest(seats)", "NULL"),
        ("least('b', 'a')", "'a'"),
        ("CASE WHEN seats > 1 THEN 'many' WHEN tier = 1 THEN 'first' ELSE 'other' END", "'first'"),
        ("CASE tier WHEN 2 THEN 'two' WHEN 1 THEN 'one' END", "'one'"),
        ("CASE seats WHEN 2 THEN 'two' END", "NULL"),
        ("CASE WHEN active THEN NULL ELSE 1 END", "NULL"),
        ("CASE WHEN true THEN renewal_at ELSE '2025-01-01' END = '2025-07-01'", "true"),
        // CAST reads what it can.
        ("CAST('12.5' AS number)", "12.5"),
        ("CAST('twelve' AS double)", "NULL"),
        ("CAST(logins_7d AS text)", "'7'"),
        ("CAST(0.1 AS varchar)", "'0.1'"),
        ("CAST(active AS text) || '!'", "'true!'"),
        ("CAST(active AS number)", "1"),
        ("CAST('no' AS bool)", "false"),
        ("CAST('maybe' AS bool)", "NULL"),
        ("'3'::number + 1", "4"),
        // Times, dates and intervals.
        ("renewal_at > now", "true"),
        ("renewal_at = '2025-07-01'", "true"),
        ("renewal_at = TIMESTAMP '2025-07-01 02:00:00+02:00'", "true"),
        ("'2025-07-01T00:00:01Z' > renewal_at", "true"),
        ("renewal_at < now + INTERVAL '30 days'", "true"),
        ("renewal_at < INTERVAL '29 days' + now", "false"),
        ("renewal_at - now BETWEEN INTERVAL '29 days' AND INTERVAL '29 days 12 hours'", "true"),
        ("now - renewal_at < INTERVAL '0 days'", "true"),
        ("trial_ends_at < now", "NULL"),
        ("renewal_at + INTERVAL '1 day'", "TIMESTAMP '2025-07-02T00:00:00Z'"),
        ("renewal_at - '2025-06-30' = INTERVAL '1 day'", "true"),
        ("INTERVAL '2' DAY = INTERVAL '48 hours' AND INTERVAL 2 DAY = - INTERVAL '-2 days'", "true"),
        ("ends_on - signed_on", "10"),
        ("signed_on = '2024-10-04'", "true"),
        ("signed_on + INTERVAL '10 days' = ends_on", "true"),
        ("ends_on - INTERVAL '10 days'", "DATE '2024-10-04'"),
        ("DATE '2024-10-04' IN (signed_on, ends_on)", "true"),
        ("greatest(signed_on, ends_on) = ends_on", "true"),
        // Names.
        ("account.stage = 'adoption'", "true"),
        ("\"account\".\"stage\" = 'adoption'", "true"),
        ("\"tier\" = 1 AND NOW = now AND nOt false", "true"),
        ("milestone('first_value') = 'reached'", "NULL"),
        ("tier -- a comment\n = 1", "true"),
    ] {
        assert_eq!(value(sql), expected, "{sql}");
    }
}

/// Types of event properties follow from their use.
#[test]
fn inference() {
    for (sql, column, kind) in [
        ("path = '/help'", "path", Kind::Text),
        ("path IS NULL", "path", Kind::Text),
        ("seconds > 5", "seconds", Kind::Number),
        ("seconds + 1 > path", "path", Kind::Number),
        ("path = seconds AND seconds = 5", "path", Kind::Number),
        ("coalesce(path, seconds) < now", "path", Kind::Time),
        ("CASE WHEN flag THEN path ELSE 1 END > 0", "path", Kind::Number),
        ("CASE WHEN flag THEN path ELSE 1 END > 0", "flag", Kind::Bool),
        ("now - path > INTERVAL '1 day'", "path", Kind::Time),
        ("path LIKE 'a%'", "path", Kind::Text),
        ("length(path) > 1", "path", Kind::Text),
        ("flag", "flag", Kind::Bool),
        ("path IN (1, 2)", "path", Kind::Number),
        ("path BETWEEN signed_on AND ends_on", "path", Kind::Date),
        ("nullif(path, active)", "path", Kind::Bool),
        ("path = 'a' OR NOT flag", "flag", Kind::Bool),
    ] {
        let mut names = Row::account();
        let bool = !sql.is_empty();
        let result = compile(sql, &mut names, bool.then_some(Kind::Bool));
        assert!(result.is_ok(), "{sql}: {result:?}");
        let found = names.columns.iter().find(|(name, _)| name == column).map(|(_, kind)| *kind);
        assert_eq!(found, Some(kind), "{sql}");
    }
}

#[test]
fn reads() {
    let mut program = program("logins_7d > tier AND (tier < 5 OR account.stage = 'x') AND now < renewal_at");
    assert_eq!(program.reads(), [0, 3, 5, 11]);
    assert!(program.reads_now());
    let columns = |program: &crate::Program| {
        program.columns().into_iter().map(|(slot, name)| format!("{slot} {name}")).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(columns(&program), "0 tier, 3 logins_7d, 5 renewal_at, 11 account.stage");
    program.remap(&|slot| if slot == 0 { 20 } else { slot - 3 });
    assert_eq!(columns(&program), "0 logins_7d, 2 renewal_at, 8 account.stage, 20 tier");
    let mut row = vec![Value::Number(7.0), Value::Null, Value::Time(Instant(10))];
    row.resize(21, Value::Null);
    row[20] = Value::Number(1.0);
    assert!(program.holds(&row, Instant(5)) && !program.holds(&row, Instant(10)));
    assert_eq!(super::program("milestone('first_value') = ('x')").columns(), [(100, "milestone('first_value')".to_owned())]);
}

/// The moments of change, for a renewal at 100 days.
#[test]
fn next_changes() {
    let row = row(&[("renewal_at", Value::Time(Instant(100 * DAY)))]);
    let never = i64::MAX;
    for (sql, now, next) in [
        ("renewal_at < now", 0, 100 * DAY + 1),
        ("renewal_at <= now", 0, 100 * DAY),
        ("renewal_at > now", 0, 100 * DAY),
        ("renewal_at >= now", 0, 100 * DAY + 1),
        ("renewal_at = now", 0, 100 * DAY),
        ("renewal_at = now", 100 * DAY, 100 * DAY + 1),
        ("renewal_at <> now", 0, 100 * DAY),
        ("now >= renewal_at", 100 * DAY - 1, 100 * DAY),
        ("now > renewal_at", 100 * DAY, 100 * DAY + 1),
        ("now > renewal_at", 100 * DAY + 1, never),
        ("renewal_at < now + INTERVAL '30 days'", 0, 70 * DAY + 1),
        ("renewal_at - now <= INTERVAL '30 days'", 0, 70 * DAY),
        ("renewal_at - now BETWEEN INTERVAL '0 days' AND INTERVAL '3 days'", 0, 97 * DAY),
        ("renewal_at - now BETWEEN INTERVAL '0 days' AND INTERVAL '3 days'", 97 * DAY, 100 * DAY + 1),
        ("renewal_at - now NOT BETWEEN INTERVAL '0 days' AND INTERVAL '3 days'", 97 * DAY, 100 * DAY + 1),
        ("now IS DISTINCT FROM renewal_at", 0, 100 * DAY),
        ("tier > 5 OR NOT (renewal_at < now AND tier < 2)", 0, 100 * DAY + 1),
        ("CASE WHEN now < renewal_at THEN 1 ELSE 2 END", 0, 100 * DAY),
        ("now - (renewal_at - now) < renewal_at + INTERVAL '0.000001 seconds'", 0, 100 * DAY + 1),
        ("now - INTERVAL '1 day' < now", 0, never),
        ("trial_ends_at < now", 0, never),
        ("trial_ends_at IS DISTINCT FROM now", 0, never),
        ("tier > 5", 0, never),
    ] {
        assert_eq!(program(sql).next_change(&row, Instant(now)), Instant(next), "{sql} at {now}");
    }
}
