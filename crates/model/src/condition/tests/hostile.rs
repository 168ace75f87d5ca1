//! Texts made to exhaust the stack or the time: each is refused, or compiled, at once.

use super::{Row, program};
use crate::condition::{TEXT_BYTES_MAX, compile};
use crate::value::Kind;

fn code(sql: &str) -> &'static str {
    match compile(sql, &mut Row::account(), Some(Kind::Bool)) {
        Ok(_) => "compiles",
        Err(problems) => problems[0].code,
    }
}

#[test]
fn limits() {
    let nested = |open: &str, middle: &str, close: &str, n: usize| format!("{}{middle}{}", open.repeat(n), close.repeat(n));
    let cases = [
        ("10,000 brackets", nested("(", "1", ")", 10_000), "too-large"),
        ("1,900 brackets", nested("(", "1 > 0", ")", 1_900), "too-large"),
        ("30 brackets", nested("(", "active", ")", 30), "compiles"),
        ("open brackets", "(".repeat(1_900), "too-large"),
        ("NOT", format!("{} active", "NOT ".repeat(2_000)), "too-large"),
        ("minus", format!("0 < {}1", "- ".repeat(2_000)), "too-large"),
        ("IS NULL", format!("tier{}", " IS NULL".repeat(1_200)), "too-large"),
        ("a long sum", format!("0 < 1{}", "+1".repeat(1_800)), "too-large"),
        ("a sum that fits", format!("0 < 1{}", "+1".repeat(400)), "compiles"),
        ("a long AND", format!("active{}", " AND active".repeat(480)), "compiles"),
        ("a long list", format!("tier IN (1{})", ",1".repeat(900)), "compiles"),
        ("a too long list", format!("tier IN (1{})", ",1".repeat(1_500)), "too-large"),
        ("CASE of CASE", format!("CASE {} WHEN 1 THEN true END", nested("CASE ", "1", " WHEN 1 THEN 1 END", 40)), "too-large"),
        ("a wide CASE", format!("CASE tier{} WHEN 1 THEN true{} END", "+1".repeat(100), " WHEN 2 THEN false".repeat(200)), "too-large"),
        ("long text", format!("name = '{}'", "x".repeat(TEXT_BYTES_MAX)), "too-large"),
    ];
    for (name, sql, expected) in cases {
        assert_eq!(code(&sql), expected, "{name}");
    }
}

/// Where the parser tries two readings at each level of nesting, an error at the bottom costs 2^depth.
#[test]
fn backtracking() {
    let words = [
        "CASE ", "CASE WHEN ", "CAST(", "TRY_CAST(", "FLOOR(", "CEIL(", "EXTRACT(DAY FROM ", "SUBSTRING(", "POSITION(", "TRIM(", "TRIM(BOTH ", "OVERLAY(",
        "CONVERT(", "INTERVAL ", "INTERVAL (", "ARRAY[", "ARRAY(", "EXISTS(", "EXISTS(SELECT ", "STRUCT(", "MAP{", "abs(", "(", "((", "NOT ", "NOT (", "- (",
        "x IN (", "x BETWEEN ", "a(b => ", "PRIOR ", "(SELECT ", "MATCH(", "DATE ", "TIMESTAMP (", "LAMBDA x : ", "x -> ", "(x, ", "{", "[", "a[",
        "NULLABLE(", "ARRAY<", "STRUCT<a ", "MAP(", "TUPLE(", "NESTED(a ", "TABLE(", "DECIMAL(", "UNION(", "x::NULLABLE(", "x::ARRAY<", "IF(", "VALUES (", "x IN (SELECT ",
        "ROW(", "POINT ", "CIRCLE(", "BOX(", "@", "~", "!", "?", "_x '", "x'", "CUBE(", "GROUPING SETS (", "ROLLUP(", "JSON(", "XMLPARSE(", "LISTAGG(", "CONNECT_BY_ROOT ",
    ];
    for word in words {
        for bottom in ["+", "1 +", "tier", "'x'", ""] {
            let before = std::time::Instant::now();
            let sql = word.repeat(TEXT_BYTES_MAX.min(3_900) / word.len().max(4));
            let _ = code(&format!("{sql}{bottom}"));
            let few = word.repeat(30);
            let _ = code(&format!("{few}{bottom}"));
            assert!(before.elapsed().as_secs() < 3, "{word} … {bottom}");
        }
    }
}

#[test]
fn a_deep_sum_evaluates() {
    let program = program(&format!("tier{}", "+1".repeat(450)));
    assert_eq!(program.eval(&super::row(&[("tier", crate::Value::Number(1.0))]), crate::Instant(0)).as_number(), Some(451.0));
}
