//! Comparisons: both sides must be of one type.

use datafusion_sql::sqlparser::ast::Expr;

use super::{Builder, a};
use crate::condition::test::Test;
use crate::condition::tree::{Form, Node};
use crate::value::{Kind, Value};

impl Builder<'_> {
    pub(super) fn compare(&mut self, left: Node, test: Test, right: Node) -> Option<Node> {
        let span = left.span.start..right.span.end;
        if left.is_null_literal() || right.is_null_literal() {
            let other = if left.is_null_literal() { &right } else { &left };
            let help = format!("write {} IS {}NULL", self.written(other), if test == Test::NE { "NOT " } else { "" });
            return self.problem(span, "null-comparison", "a comparison with NULL is never true".into(), Some(help));
        }
        let mut pair = [left, right];
        self.same_kind(&mut pair, "compare")?;
        self.count(Node::new(span, Kind::Bool, Form::Compare(test, Box::new(pair))))
    }

    pub(super) fn distinct(&mut self, left: &Expr, right: &Expr, distinct: bool) -> Option<Node> {
        let (left, right) = (self.node(left), self.node(right));
        let mut pair = [left?, right?];
        self.same_kind(&mut pair, "compare")?;
        let span = pair[0].span.start..pair[1].span.end;
        self.count(Node::new(span, Kind::Bool, Form::Distinct(distinct, Box::new(pair))))
    }

    pub(super) fn between(&mut self, of: &Expr, not: bool, low: &Expr, high: &Expr) -> Option<Node> {
        let (of, low, high) = (self.node(of), self.node(low), self.node(high));
        let mut three = [of?, low?, high?];
        self.same_kind(&mut three, "compare")?;
        let span = three[0].span.start..three[2].span.end;
        self.count(Node::new(span, Kind::Bool, Form::Between(not, Box::new(three))))
    }

    /// Brings nodes to one type: learns unknown types, and reads text literals as the times and dates they stand beside.
    pub(super) fn same_kind(&mut self, nodes: &mut [Node], verb: &str) -> Option<Kind> {
        let known = |builder: &Self, node: &Node| builder.types.kind(node) != Kind::Any;
        let firm = nodes.iter().position(|n| known(self, n) && !n.is_text_literal()).or_else(|| nodes.iter().position(|n| known(self, n)));
        let Some(firm) = firm else {
            for i in 1..nodes.len() {
                self.types.unify(&nodes[0], &nodes[i]);
            }
            return Some(Kind::Any);
        };
        let kind = self.types.kind(&nodes[firm]);
        let mut fine = true;
        for i in 0..nodes.len() {
            match self.types.kind(&nodes[i]) {
                found if found == kind => {}
                Kind::Any => self.types.bind(&nodes[i], kind),
                Kind::Text if nodes[i].is_text_literal() && matches!(kind, Kind::Time | Kind::Date) => {
                    fine &= self.adapt(&mut nodes[i], kind)
                }
                _ => {
                    self.mismatch(&nodes[firm.min(i)], &nodes[firm.max(i)], verb);
                    fine = false;
                }
            }
        }
        fine.then_some(kind)
    }

    /// The node, which must be of this type.
    pub(super) fn typed(&mut self, node: Node, kind: Kind, needed_by: &str) -> Option<Node> {
        match self.types.kind(&node) {
            found if found == kind => Some(node),
            Kind::Any => {
                self.types.bind(&node, kind);
                Some(node)
            }
            found => {
                let message = format!("{needed_by} takes {}, and {} is {}", a(kind), self.written(&node), a(found));
                self.problem(node.span, "type-mismatch", message, None)
            }
        }
    }

    fn mismatch(&mut self, left: &Node, right: &Node, verb: &str) {
        let (l, r) = (self.types.kind(left), self.types.kind(right));
        let message = format!("cannot {verb} {} ({l}) with {} ({r})", self.written(left), self.written(right));
        let help = self.advice(left, right).or_else(|| self.advice(right, left));
        self.problem(left.span.start..right.span.end, "type-mismatch", message, help);
    }

    /// What to write instead, where two nodes of different types meet.
    fn advice(&self, one: &Node, other: &Node) -> Option<String> {
        let written = self.written(other);
        let compared = matches!(one.form, Form::Compare(..));
        match (self.types.kind(one), self.types.kind(other), &other.form) {
            (Kind::Number, Kind::Text, Form::Constant(Value::Text(t))) if t.trim().parse::<f64>().is_ok() => {
                Some(format!("write {} without quotes", t.trim()))
            }
            (Kind::Text, Kind::Number, Form::Constant(x)) => Some(format!("text is written in single quotes: '{}'", x.to_json())),
            (Kind::Number, Kind::Text, _) => Some("numbers are compared with numbers; CAST(… AS text) makes a number text".to_owned()),
            (Kind::Bool, Kind::Text, Form::Constant(_)) => Some("write true or false, without quotes".to_owned()),
            (Kind::Bool, _, _) if compared => Some("write a < b AND b < c".to_owned()),
            (Kind::Bool, Kind::Number, _) => Some("a bool is true or false; it needs no comparison".to_owned()),
            (Kind::Time, Kind::Date, _) => {
                Some("a time is compared with a time: TIMESTAMP '2025-06-01', or a bare '2025-06-01'".to_owned())
            }
            (Kind::Time, Kind::Interval, _) => Some(format!("write now + {written} or now - {written}")),
            (Kind::Time | Kind::Interval | Kind::Date, Kind::Number, Form::Constant(_)) => Some(match self.types.kind(one) {
                Kind::Interval => format!("write INTERVAL '{written} days'"),
                Kind::Date => "a date is compared with a date: DATE '2025-06-01'".to_owned(),
                _ => format!("write now + INTERVAL '{written} days', or a time: '2025-06-01'"),
            }),
            _ => None,
        }
    }
}
