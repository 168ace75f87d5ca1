//! What SQL has and an expression must not: why, and what to write instead.

use std::ops::Range;

use datafusion_sql::sqlparser::ast::{BinaryOperator as Op, Expr, UnaryOperator};

use super::Builder;
use crate::condition::tree::Node;

/// Aggregate functions of DataFusion whose names people try.
const AGGREGATES: [&str; 18] = [
    "count",
    "sum",
    "avg",
    "mean",
    "min",
    "max",
    "median",
    "stddev",
    "stddev_pop",
    "var",
    "variance",
    "array_agg",
    "string_agg",
    "first_value",
    "last_value",
    "bool_and",
    "bool_or",
    "approx_distinct",
];

impl Builder<'_> {
    pub(super) fn refused(&mut self, expr: &Expr) -> Option<Node> {
        let span = self.source.core(expr);
        let metric = "declare a metric for it";
        let (what, help) = match expr {
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => ("subqueries are not allowed here", metric),
            Expr::SimilarTo { .. } | Expr::RLike { .. } => {
                ("regular expressions are not allowed here", "use LIKE, ILIKE, contains or starts_with")
            }
            Expr::Extract { .. } => ("EXTRACT is not allowed here", "compare times, or use a metric such as days_to_renewal"),
            Expr::AtTimeZone { .. } => ("AT TIME ZONE is not allowed here", "times are UTC"),
            Expr::Substring { .. } => ("SUBSTRING is not allowed here", "use LIKE, starts_with or ends_with"),
            Expr::Trim { .. } => ("this form of TRIM is not allowed here", "write trim(x)"),
            Expr::IsUnknown(_) | Expr::IsNotUnknown(_) => ("IS UNKNOWN is not allowed here", "write IS NULL"),
            Expr::UnaryOp { op: UnaryOperator::BangNot, .. } => ("! is not allowed here", "write NOT"),
            Expr::Tuple(_) => ("lists are not allowed here", "a list stands only after IN"),
            Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => ("* is not allowed here", "name a column"),
            Expr::AnyOp { .. } | Expr::AllOp { .. } | Expr::InUnnest { .. } => {
                ("ANY and ALL are not allowed here", "write x IN ('a', 'b')")
            }
            _ => ("this form of SQL is not allowed here", "see docs/reference/expressions.md for what is"),
        };
        self.problem(span, "not-allowed", what.into(), Some(help.into()))
    }

    pub(super) fn refused_operator(&mut self, span: Range<usize>, op: &Op) -> Option<Node> {
        let help = match op {
            Op::PGOverlap | Op::BitwiseAnd => "write AND",
            Op::BitwiseOr => "write OR",
            Op::PGRegexMatch | Op::PGRegexIMatch | Op::PGRegexNotMatch | Op::PGRegexNotIMatch | Op::Regexp | Op::Match => {
                "use LIKE or ILIKE"
            }
            Op::Spaceship => "write IS NOT DISTINCT FROM",
            Op::PGExp | Op::BitwiseXor | Op::PGBitwiseXor => "write power(x, y)",
            Op::Xor => "write a <> b",
            Op::DuckIntegerDivide | Op::MyIntegerDivide => "write floor(x / y)",
            _ => "see docs/reference/expressions.md for the operators there are",
        };
        self.problem(span, "not-allowed", format!("the operator {op} is not allowed here"), Some(help.into()))
    }

    pub(super) fn refused_function(&mut self, span: Range<usize>, name: &str) -> Option<Node> {
        if AGGREGATES.contains(&name) {
            let help = match name {
                "min" => "of several values in one row, write least(a, b); over events, declare a metric",
                "max" => "of several values in one row, write greatest(a, b); over events, declare a metric",
                _ => "declare a metric for it",
            };
            return self.problem(span, "not-allowed", format!("{name} is an aggregate, which is not allowed here"), Some(help.into()));
        }
        match name {
            "now" | "current_timestamp" | "localtimestamp" => {
                self.problem(span, "not-allowed", format!("{name} is not allowed here"), Some("write now".into()))
            }
            "current_date" | "current_time" | "localtime" | "today" => {
                let help = "compare times with now, or use a metric such as days_to_renewal".to_owned();
                self.problem(span, "not-allowed", format!("{name} is not allowed here"), Some(help))
            }
            _ => {
                let help = self.nearest_function(name);
                self.problem(span, "unknown-function", format!("there is no function {name}"), help)
            }
        }
    }
}
