//! AND, OR, NOT and the predicates.

use datafusion_sql::sqlparser::ast::{BinaryOperator as Op, Expr, UnaryOperator, Value as Sql, ValueWithSpan};

use super::{Builder, a};
use crate::condition::like::Pattern;
use crate::condition::test::Test;
use crate::condition::tree::{Form, Node, Operator};
use crate::value::{Kind, Value};

impl Builder<'_> {
    /// A chain of binary operators. They lean to the left, as long as the text allows: the chain is unrolled, or the stack would grow.
    pub(super) fn chain(&mut self, expr: &Expr) -> Option<Node> {
        let mut chain = Vec::new();
        let mut first = expr;
        while let Expr::BinaryOp { left, op, right } = first {
            chain.push((op, right));
            first = left;
        }
        let mut node = self.node(first);
        while let Some((op, right)) = chain.pop() {
            let right = self.node(right);
            node = match (node, right) {
                (Some(left), Some(right)) => self.binary(left, op, right),
                _ => None,
            };
        }
        node
    }

    fn binary(&mut self, left: Node, op: &Op, right: Node) -> Option<Node> {
        match op {
            Op::And => self.connect(left, right, true),
            Op::Or => self.connect(left, right, false),
            Op::Eq => self.compare(left, Test::EQ, right),
            Op::NotEq => self.compare(left, Test::NE, right),
            Op::Lt => self.compare(left, Test::LT, right),
            Op::LtEq => self.compare(left, Test::LE, right),
            Op::Gt => self.compare(left, Test::GT, right),
            Op::GtEq => self.compare(left, Test::GE, right),
            Op::Plus => self.arithmetic(left, Operator::Add, right),
            Op::Minus => self.arithmetic(left, Operator::Subtract, right),
            Op::Multiply => self.arithmetic(left, Operator::Multiply, right),
            Op::Divide => self.arithmetic(left, Operator::Divide, right),
            Op::Modulo => self.arithmetic(left, Operator::Remainder, right),
            Op::StringConcat => self.join(left, right),
            other => self.refused_operator(left.span.start..right.span.end, other),
        }
    }

    pub(super) fn unary(&mut self, expr: &Expr, op: UnaryOperator, operand: &Expr) -> Option<Node> {
        let node = self.node(operand)?;
        let span = self.source.before(node.span.clone(), 1);
        match op {
            UnaryOperator::Not => {
                let node = self.condition(node, "NOT")?;
                self.count(Node::new(span, Kind::Bool, Form::Not(Box::new(node))))
            }
            UnaryOperator::Minus => self.negate(span, node),
            UnaryOperator::Plus if self.types.kind(&node) == Kind::Number => Some(Node { span, ..node }),
            _ => self.refused(expr),
        }
    }

    /// AND (`all`) or OR; a chain of one of them is one node.
    fn connect(&mut self, left: Node, right: Node, all: bool) -> Option<Node> {
        let word = if all { "AND" } else { "OR" };
        let left = self.condition(left, word);
        let right = self.condition(right, word);
        let (left, right) = (left?, right?);
        let span = left.span.start..right.span.end;
        let parts = |node: Node| match node.form {
            Form::All(parts) if all => parts,
            Form::Any(parts) if !all => parts,
            _ => vec![node],
        };
        let mut nodes = parts(left);
        nodes.extend(parts(right));
        self.count(Node::new(span, Kind::Bool, if all { Form::All(nodes) } else { Form::Any(nodes) }))
    }

    /// The node, which must be a bool.
    pub(super) fn condition(&mut self, node: Node, needed_by: &str) -> Option<Node> {
        match self.types.kind(&node) {
            Kind::Bool => Some(node),
            Kind::Any => {
                self.types.bind(&node, Kind::Bool);
                Some(node)
            }
            kind => {
                let message = format!("{needed_by} needs a condition, and {} is {}", self.written(&node), a(kind));
                let help = match (kind, &node.form) {
                    (Kind::Number, _) => Some(format!("compare it with something: {} > 0", self.written(&node))),
                    (Kind::Text, Form::Constant(_)) => Some("repeat what it is compared with, or write x IN ('a', 'b')".to_owned()),
                    _ => Some("compare it with something".to_owned()),
                };
                self.problem(node.span, "type-mismatch", message, help)
            }
        }
    }

    pub(super) fn is_null(&mut self, of: &Expr, not: bool) -> Option<Node> {
        let node = self.node(of)?;
        let span = self.source.after(node.span.clone(), if not { 3 } else { 2 });
        self.count(Node::new(span, Kind::Bool, Form::IsNull(not, Box::new(node))))
    }

    pub(super) fn is(&mut self, of: &Expr, want: bool, not: bool) -> Option<Node> {
        let node = self.node(of)?;
        let node = self.condition(node, if want { "IS TRUE" } else { "IS FALSE" })?;
        let span = self.source.after(node.span.clone(), if not { 3 } else { 2 });
        self.count(Node::new(span, Kind::Bool, Form::Is(want, not, Box::new(node))))
    }

    pub(super) fn in_list(&mut self, of: &Expr, list: &[Expr], not: bool) -> Option<Node> {
        let nodes: Vec<_> = std::iter::once(of).chain(list).map(|expr| self.node(expr)).collect();
        let mut nodes: Vec<Node> = nodes.into_iter().collect::<Option<_>>()?;
        let span = nodes[0].span.start..nodes.iter().map(|n| n.span.end).max().unwrap_or(0);
        self.same_kind(&mut nodes, "compare")?;
        self.count(Node::new(self.source.after(span, 1), Kind::Bool, Form::In(not, nodes)))
    }

    pub(super) fn like(&mut self, of: &Expr, pattern: &Expr, escape: Option<&ValueWithSpan>, not: bool, any_case: bool) -> Option<Node> {
        let word = if any_case { "ILIKE" } else { "LIKE" };
        let node = self.node(of);
        let pattern = self.node(pattern);
        let (node, pattern) = (node?, pattern?);
        let node = self.typed(node, Kind::Text, word)?;
        let Form::Constant(Value::Text(text)) = &pattern.form else {
            let help = "to find the text of one column in another, write contains(a, b)".to_owned();
            return self.problem(pattern.span, "not-allowed", format!("the pattern of {word} must be text in single quotes"), Some(help));
        };
        let mut span = node.span.start..pattern.span.end;
        let escape = match escape.map(|e| &e.value) {
            None => Some('\\'),
            Some(Sql::SingleQuotedString(text)) if text.chars().count() <= 1 => {
                span = self.source.after(span, 2);
                text.chars().next()
            }
            Some(other) => return self.problem(span, "bad-literal", format!("ESCAPE takes one character, not {other}"), None),
        };
        let form = Form::Like(not, Box::new(node), Pattern::new(text, escape, any_case));
        self.count(Node::new(span, Kind::Bool, form))
    }
}
