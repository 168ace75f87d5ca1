//! DataFusion's syntax tree to our typed tree: names resolved, types checked, everything else refused; all problems found at once.

mod arithmetic;
mod call;
mod literal;
mod logic;
mod refuse;
mod relate;

use std::ops::Range;

use datafusion_sql::sqlparser::ast::{Expr, Ident};

use super::parse::{DEPTH_MAX, NODES_MAX, Source};
use super::tree::{Form, Node};
use super::types::Types;
use super::{Names, Problem};
use crate::diagnostic::nearest;
use crate::value::{Kind, Value};

/// Builds the tree of an expression and settles its types.
pub fn build(source: &Source, expr: &Expr, names: &mut dyn Names, expect: Option<Kind>) -> Result<Node, Vec<Problem>> {
    let mut builder = Builder { source, names, types: Types::default(), problems: Vec::new(), nodes: 0, depth: 0 };
    let root = builder.node(expr);
    let root = root.and_then(|node| builder.expected(node, expect));
    match root {
        Some(mut root) if builder.problems.is_empty() => {
            for (slot, kind) in builder.types.settle(&mut root) {
                builder.names.infer(slot, kind);
            }
            Ok(root)
        }
        _ => {
            let mut problems = builder.problems;
            problems.sort_by_key(|p| (p.span.start, p.span.end));
            problems.dedup();
            Err(problems)
        }
    }
}

struct Builder<'a> {
    source: &'a Source<'a>,
    names: &'a mut dyn Names,
    types: Types,
    problems: Vec<Problem>,
    nodes: usize,
    depth: usize,
}

impl Builder<'_> {
    /// The node of an expression; None where a problem was reported.
    fn node(&mut self, expr: &Expr) -> Option<Node> {
        self.depth += 1;
        let node = if self.depth > 3 * DEPTH_MAX {
            let span = self.source.core(expr);
            self.problem(
                span,
                "too-large",
                format!("this is nested more than {DEPTH_MAX} deep"),
                Some("split it into several metrics or segments".into()),
            )
        } else {
            self.form(expr)
        };
        self.depth -= 1;
        node
    }

    fn form(&mut self, expr: &Expr) -> Option<Node> {
        match expr {
            Expr::Identifier(name) if name.value == "now" || name.quote_style.is_none() && name.value.eq_ignore_ascii_case("now") => {
                let now = Node { nows: 1, ..Node::new(self.source.core(expr), Kind::Time, Form::Now) };
                self.count(now)
            }
            Expr::Identifier(name) => self.column(expr, None, name),
            Expr::CompoundIdentifier(path) => match path.as_slice() {
                [relation, name] => self.column(expr, Some(&relation.value), name),
                _ => self.unknown_column(expr, &path.iter().map(|i| i.value.as_str()).collect::<Vec<_>>().join("."), false),
            },
            Expr::Nested(inner) => {
                let node = self.node(inner)?;
                let span = self.source.after(self.source.before(node.span.clone(), 1), 1);
                Some(Node { span, ..node })
            }
            Expr::Value(_) | Expr::TypedString(_) | Expr::Interval(_) => self.literal(expr),
            Expr::BinaryOp { .. } => self.chain(expr),
            Expr::UnaryOp { op, expr: operand } => self.unary(expr, *op, operand),
            Expr::IsNull(of) => self.is_null(of, false),
            Expr::IsNotNull(of) => self.is_null(of, true),
            Expr::IsTrue(of) => self.is(of, true, false),
            Expr::IsNotTrue(of) => self.is(of, true, true),
            Expr::IsFalse(of) => self.is(of, false, false),
            Expr::IsNotFalse(of) => self.is(of, false, true),
            Expr::IsDistinctFrom(a, b) => self.distinct(a, b, true),
            Expr::IsNotDistinctFrom(a, b) => self.distinct(a, b, false),
            Expr::Between { expr: of, negated, low, high } => self.between(of, *negated, low, high),
            Expr::InList { expr: of, list, negated } => self.in_list(of, list, *negated),
            Expr::Like { negated, any: false, expr: of, pattern, escape_char } => {
                self.like(of, pattern, escape_char.as_ref(), *negated, false)
            }
            Expr::ILike { negated, any: false, expr: of, pattern, escape_char } => {
                self.like(of, pattern, escape_char.as_ref(), *negated, true)
            }
            Expr::Case { operand, conditions, else_result, .. } => self.case(expr, operand.as_deref(), conditions, else_result.as_deref()),
            Expr::Cast { expr: of, data_type, array: false, format: None, .. } => self.cast(expr, of, data_type),
            Expr::Function(function) => self.function(expr, function),
            Expr::Ceil { expr: of, field } => self.rounding("ceil", of, field),
            Expr::Floor { expr: of, field } => self.rounding("floor", of, field),
            Expr::Trim { expr: of, trim_where: None, trim_what: None, trim_characters: None } => self.call("trim", None, &[of]),
            other => self.refused(other),
        }
    }

    /// Counts a node, and refuses one that reads `now` in a way that leaves the moments of change unknown.
    fn count(&mut self, node: Node) -> Option<Node> {
        if !self.counted(1) {
            return None;
        }
        let comparison = matches!(node.form, Form::Compare(..) | Form::Distinct(..) | Form::Between(..));
        if comparison
            || node.nows != 0
            || matches!(node.kind, Kind::Time | Kind::Interval) && matches!(node.form, Form::Arithmetic(..) | Form::Negate(_))
        {
            return Some(node);
        }
        let spans: Vec<_> = node.children().iter().filter(|child| child.nows != 0).map(|child| child.span.clone()).collect();
        for span in &spans {
            self.misplaced_now(span.clone());
        }
        spans.is_empty().then_some(node)
    }

    /// Counts so many nodes; false, and reported once, when there are too many.
    fn counted(&mut self, nodes: usize) -> bool {
        let fitted = self.nodes <= NODES_MAX;
        self.nodes += nodes;
        let fits = self.nodes <= NODES_MAX;
        if fitted && !fits {
            let help = "split it into several metrics or segments".to_owned();
            self.problem(
                0..0,
                "too-large",
                format!("this expression has more than {NODES_MAX} columns, literals and operators"),
                Some(help),
            );
        }
        fits
    }

    fn misplaced_now(&mut self, span: Range<usize>) -> Option<Node> {
        let help = "compare it directly, as in created_at < now - INTERVAL '7 days'".to_owned();
        self.problem(span, "not-allowed", "now may only be compared with times, plus or minus intervals".into(), Some(help))
    }

    fn column(&mut self, expr: &Expr, relation: Option<&str>, name: &Ident) -> Option<Node> {
        let Some((slot, kind)) = self.names.column(relation, &name.value) else {
            let written = relation.map_or(name.value.clone(), |relation| format!("{relation}.{}", name.value));
            return self.unknown_column(expr, &written, name.quote_style.is_some());
        };
        let node = Node::new(self.source.core(expr), kind, Form::Column(slot));
        let variable = (kind == Kind::Any).then(|| self.types.column(slot));
        self.count(Node { variable, ..node })
    }

    fn unknown_column(&mut self, expr: &Expr, name: &str, quoted: bool) -> Option<Node> {
        let candidates = self.names.candidates();
        let near = nearest(name, candidates.iter().map(String::as_str).chain(["now"]));
        let span = self.source.core(expr);
        let help = near.map(|near| format!("did you mean {near}?"));
        match (quoted, help) {
            (true, help) => {
                let message = format!("there is no column {name}; text is written in single quotes");
                self.problem(span, "unknown-column", message, help.or(Some(format!("'{}'", name.replace('\'', "''")))))
            }
            (false, help) => self.problem(span, "unknown-column", format!("there is no column {name}"), help),
        }
    }

    /// The root has the expected type.
    fn expected(&mut self, node: Node, expect: Option<Kind>) -> Option<Node> {
        if node.nows != 0 {
            return self.misplaced_now(node.span);
        }
        let found = self.types.kind(&node);
        match expect {
            Some(kind) if found == Kind::Any && kind != Kind::Any => self.types.bind(&node, kind),
            Some(Kind::Bool) if found != Kind::Bool => {
                let written = self.written(&node);
                let help = match found {
                    Kind::Number => format!("compare it with something: {written} > 0"),
                    Kind::Time => format!("compare it with something: {written} < now"),
                    Kind::Interval => format!("compare it with something: {written} < INTERVAL '30 days'"),
                    _ => format!("compare it with something: {written} = '…'"),
                };
                return self.problem(node.span, "not-a-condition", format!("this is {}, not a condition", a(found)), Some(help));
            }
            Some(kind) if found != kind && kind != Kind::Any => {
                return self.problem(node.span, "type-mismatch", format!("this is {}; {} is needed here", a(found), a(kind)), None);
            }
            _ if found == Kind::Interval => {
                let help = "compare it with an interval, as in renewal_at - now < INTERVAL '30 days'".to_owned();
                return self.problem(node.span, "type-mismatch", "an interval cannot be a result".into(), Some(help));
            }
            _ => {}
        }
        Some(node)
    }

    /// The text of a node, shortened.
    fn written(&self, node: &Node) -> String {
        shortened(&self.source.text[node.span.clone()])
    }

    /// Reports a problem.
    fn problem(&mut self, span: Range<usize>, code: &'static str, message: String, help: Option<String>) -> Option<Node> {
        self.problems.push(Problem { span, code, message, help });
        None
    }

    /// A literal that stands for what was written.
    fn constant(&mut self, span: Range<usize>, value: Value) -> Option<Node> {
        let node = Node::new(span, value.kind(), Form::Constant(value));
        let variable = node.is_null_literal().then(|| self.types.variable());
        self.count(Node { variable, ..node })
    }
}

/// A piece of SQL in a message: on one line, not too long.
fn shortened(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A type with its article.
fn a(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "a number",
        Kind::Text => "text",
        Kind::Bool => "a bool",
        Kind::Time => "a time",
        Kind::Date => "a date",
        Kind::Interval => "an interval",
        Kind::Any => "NULL",
    }
}
