//! Texts made to exhaust the stack or the time: each is refused, or compiled, at once.

use proptest::prelude::*;

use super::{Row, config, program};
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
#[expect(clippy::disallowed_methods, reason = "no text may take seconds")]
fn backtracking() {
    let words = [
        "CASE ",
        "CASE WHEN ",
        "CAST(",
        "TRY_CAST(",
        "FLOOR(",
        "CEIL(",
        "EXTRACT(DAY FROM ",
        "SUBSTRING(",
        "POSITION(",
        "TRIM(",
        "TRIM(BOTH ",
        "OVERLAY(",
        "CONVERT(",
        "INTERVAL ",
        "INTERVAL (",
        "ARRAY[",
        "ARRAY(",
        "EXISTS(",
        "EXISTS(SELECT ",
        "STRUCT(",
        "MAP{",
        "abs(",
        "(",
        "((",
        "NOT ",
        "NOT (",
        "- (",
        "x IN (",
        "x BETWEEN ",
        "a(b => ",
        "PRIOR ",
        "(SELECT ",
        "MATCH(",
        "DATE ",
        "TIMESTAMP (",
        "LAMBDA x : ",
        "x -> ",
        "(x, ",
        "{",
        "[",
        "a[",
        "NULLABLE(",
        "ARRAY<",
        "STRUCT<a ",
        "MAP(",
        "TUPLE(",
        "NESTED(a ",
        "TABLE(",
        "DECIMAL(",
        "UNION(",
        "x::NULLABLE(",
        "x::ARRAY<",
        "IF(",
        "VALUES (",
        "x IN (SELECT ",
        "ROW(",
        "POINT ",
        "CIRCLE(",
        "BOX(",
        "@",
        "~",
        "!",
        "?",
        "_x '",
        "x'",
        "CUBE(",
        "GROUPING SETS (",
        "ROLLUP(",
        "JSON(",
        "XMLPARSE(",
        "LISTAGG(",
        "CONNECT_BY_ROOT ",
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

proptest! {
    #![proptest_config(config(5_000, 3))]

    /// Whatever is written, it compiles or its problems have places in the text.
    #[test]
    fn any_words(words in prop::collection::vec(prop::sample::select(WORDS), 0..12), nested in 0usize..3) {
        let sql = format!("{}{}{}", "(".repeat(nested), words.join(" "), ")".repeat(nested));
        match compile(&sql, &mut Row::account(), None) {
            Ok(program) => {
                let row = super::row(&[]);
                let value = program.eval(&row, crate::Instant(0));
                prop_assert!(value.is_null() || value.kind() == program.kind());
                prop_assert!(program.trace(&row, crate::Instant(0)).value.same(&value));
            }
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                for p in problems {
                    prop_assert!(p.span.start <= p.span.end && sql.get(p.span.clone()).is_some() && !p.message.is_empty(), "{sql}: {p:?}");
                }
            }
        }
    }

    /// Nor does any text at all panic.
    #[test]
    fn any_text(sql in "\\PC{0,60}") {
        let _ = compile(&sql, &mut Row::account(), None);
    }
}

const WORDS: &[&str] = &[
    "tier",
    "name",
    "now",
    "active",
    "renewal_at",
    "signed_on",
    "path",
    "seconds",
    "flag",
    "1",
    "0.5",
    "'a'",
    "'2025-06-01'",
    "NULL",
    "true",
    "INTERVAL '1 day'",
    "DATE '2025-06-01'",
    "(",
    ")",
    ",",
    "+",
    "-",
    "*",
    "/",
    "%",
    "=",
    "<>",
    "<",
    ">=",
    "AND",
    "OR",
    "NOT",
    "IS",
    "IS NULL",
    "IS NOT TRUE",
    "IN (",
    "BETWEEN",
    "LIKE",
    "ESCAPE '!'",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "CAST(",
    "AS",
    "text",
    "::number",
    "coalesce(",
    "nullif(",
    "round(",
    "length(",
    "greatest(",
    "milestone('first_value')",
    "||",
    "\"tier\"",
    "ü",
    "--",
    "/*",
    "*/",
    "'",
    "\"",
    "$1",
    ".",
    "[",
    "]",
    "EXISTS",
    "SELECT",
    "x",
];
