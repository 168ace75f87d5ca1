//! What is refused, and how that is said.

use std::fmt::Write;

use super::problems;
use crate::value::Kind;

/// Conditions with problems, by subject.
const REFUSED: &[&str] = &[
    // Syntax.
    "",
    "   ",
    "tier =",
    "tier = 1 AND",
    "(tier = 1",
    "tier = 1)",
    "tier == == 1",
    "tier 1",
    "tier = 'gold",
    "AND tier = 1",
    "tier IN ()",
    "tier BETWEEN 1",
    "CASE WHEN active THEN 1",
    "tier = 1;",
    "tier =\n  1 +",
    "\"tier = 1",
    "tier = 1 § 2",
    // Names.
    "logins_7 > 5",
    "Tier = 1",
    "name = \"Acme\"",
    "\"teir\" = 1",
    "acount.stage = 'x'",
    "a.b.c = 1",
    "lenght(name) > 1",
    "soundex(name) = 'x'",
    "milestone('first_vlaue') = 'reached'",
    "milestone(name) = 'reached'",
    "mileston('first_value') = 'reached'",
    "nwo > renewal_at",
    // Types.
    "tier > '5'",
    "tier > 'five'",
    "name > 5",
    "name = tier",
    "active = 1",
    "active = 'true'",
    "1 < tier < 5",
    "renewal_at > 5",
    "renewal_at > signed_on",
    "renewal_at < INTERVAL '30 days'",
    "renewal_at - now < 30",
    "signed_on > 5",
    "signed_on > now",
    "renewal_at < 'soon'",
    "signed_on < '2025-06-01 10:00'",
    "tier IN (1, 'two')",
    "tier BETWEEN 'a' AND 5",
    "coalesce(tier, 'none') = 'none'",
    "CASE WHEN active THEN 1 ELSE 'x' END = 1",
    "CASE tier WHEN 'a' THEN true END",
    "tier + name > 1",
    "name + name = 'x'",
    "name * 2 > 1",
    "renewal_at + 5 > now",
    "renewal_at + renewal_at > now",
    "renewal_at - signed_on > INTERVAL '1 day'",
    "signed_on + INTERVAL '12 hours' > ends_on",
    "-name = 'x'",
    "tier LIKE 'a%'",
    "abs(name) > 1",
    "tier || name = 'x'",
    "active || enterprise",
    "NOT tier",
    "tier AND active",
    "plan = 'a' OR 'b'",
    "tier = NULL",
    "NULL <> tier",
    "path = 'a' AND path > 5",
    "CAST(renewal_at AS text) = 'x'",
    "CAST(tier AS bool)",
    "CAST(name AS timestamp) > now",
    // Not a condition.
    "tier",
    "name",
    "renewal_at - trial_ends_at",
    "now",
    // now.
    "now() > renewal_at",
    "CURRENT_TIMESTAMP > renewal_at",
    "current_date > signed_on",
    "greatest(now, renewal_at) > trial_ends_at",
    "now IS NULL",
    "now IN (renewal_at)",
    "CASE WHEN active THEN now ELSE renewal_at END > trial_ends_at",
    // Literals.
    "tier = 1e999",
    "renewal_at < now + INTERVAL '1 month'",
    "renewal_at < now + INTERVAL 'soon'",
    "renewal_at < now + INTERVAL '30'",
    "renewal_at > TIMESTAMP '2025-13-01'",
    "signed_on > DATE 'June'",
    "name = TIME '10:00'",
    "tier = X'ff'",
    // Not allowed.
    "count(name) > 1",
    "count(*) > 1",
    "max(tier, logins_7d) > 1",
    "sum(tier) OVER () > 1",
    "tier = (SELECT 1)",
    "tier IN (SELECT 1)",
    "EXISTS (SELECT 1)",
    "tier = $1",
    "tier = ?",
    "name ~ 'a.*'",
    "name SIMILAR TO 'a'",
    "name LIKE plan",
    "name LIKE 'a' ESCAPE 'xy'",
    "(tier, seats) = (1, 2)",
    "extract(year FROM renewal_at) = 2025",
    "substring(name, 1, 2) = 'ab'",
    "position('a' IN name) = 1",
    "renewal_at < now + INTERVAL tier",
    "tier = ARRAY[1]",
    "trim(BOTH 'x' FROM name) = 'a'",
    "tier = ANY(1)",
    "active && enterprise",
    "tier ^ 2 > 1",
    "round() > 1",
    "nullif(tier) = 1",
    "name[1] = 'a'",
    "name COLLATE \"de\" = 'x'",
    "tier = 1 XOR active",
    "active IS UNKNOWN",
    // Several at once.
    "tir > 5 AND name = 3 AND lenght(plan) > now",
];

/// A condition with its problems, each with a line of carets.
fn render(sql: &str) -> String {
    let mut out = format!("{sql}\n");
    let found = problems(sql, Some(Kind::Bool));
    assert!(!found.is_empty(), "accepted: {sql}");
    for p in found {
        assert!(
            p.span.start <= p.span.end && p.span.end <= sql.len() && sql.is_char_boundary(p.span.start) && sql.is_char_boundary(p.span.end),
            "{sql}: {p:?}"
        );
        let line_start = sql[..p.span.start].rfind('\n').map_or(0, |i| i + 1);
        let column = sql[line_start..p.span.start].chars().count();
        let width = sql[p.span.clone()].chars().count().max(1);
        let _ = writeln!(out, "{}{} {}: {}", " ".repeat(column), "^".repeat(width), p.code, p.message);
        if let Some(help) = p.help {
            let _ = writeln!(out, "{}help: {help}", " ".repeat(column + width + 1));
        }
    }
    out
}

#[test]
fn every_message() {
    let all: Vec<String> = REFUSED.iter().map(|sql| render(sql)).collect();
    insta::assert_snapshot!("messages", all.join("\n"));
}
