//! `+ - * / %`, unary minus and `||`.

use std::ops::Range;

use super::{Builder, a};
use crate::condition::tree::{Form, Node, Operator};
use crate::time::DAY;
use crate::value::{Kind, Value};

impl Builder<'_> {
    pub(super) fn arithmetic(&mut self, mut left: Node, operator: Operator, mut right: Node) -> Option<Node> {
        self.adapt_beside(&mut left, &right, operator)?;
        self.adapt_beside(&mut right, &left, operator)?;
        let guess = |kind: Kind, beside: Kind| match (kind, beside, operator) {
            (Kind::Any, Kind::Time | Kind::Date, Operator::Subtract) => beside,
            (Kind::Any, Kind::Interval, Operator::Add | Operator::Subtract) => Kind::Time,
            (Kind::Any, Kind::Any | Kind::Number, _) => Kind::Number,
            (kind, ..) => kind,
        };
        let (l, r) = (self.types.kind(&left), self.types.kind(&right));
        for (node, was, kind) in [(&left, l, guess(l, r)), (&right, r, guess(r, l))] {
            if was == Kind::Any {
                self.types.bind(node, kind);
            }
        }
        let whole_days = |node: &Node| matches!(node.form, Form::Constant(Value::Interval(us)) if us % DAY == 0);
        let kind = match (self.types.kind(&left), operator, self.types.kind(&right)) {
            (Kind::Number, _, Kind::Number) => Kind::Number,
            (Kind::Time, Operator::Add | Operator::Subtract, Kind::Interval) | (Kind::Interval, Operator::Add, Kind::Time) => Kind::Time,
            (Kind::Interval, Operator::Add | Operator::Subtract, Kind::Interval) | (Kind::Time, Operator::Subtract, Kind::Time) => {
                Kind::Interval
            }
            (Kind::Date, Operator::Subtract, Kind::Date) => Kind::Number,
            (Kind::Date, Operator::Add | Operator::Subtract, Kind::Interval) if whole_days(&right) => Kind::Date,
            (Kind::Interval, Operator::Add, Kind::Date) if whole_days(&left) => Kind::Date,
            (l, _, r) => return self.no_arithmetic(left, operator, right, l, r),
        };
        let nows = match operator {
            Operator::Add => left.nows + right.nows,
            _ => left.nows - right.nows,
        };
        let span = left.span.start..right.span.end;
        let node = Node::new(span, kind, Form::Arithmetic(operator, Box::new([left, right])));
        self.count(Node { nows, ..node })
    }

    /// Reads a text literal as a time or date where one is subtracted from the other.
    fn adapt_beside(&mut self, node: &mut Node, beside: &Node, operator: Operator) -> Option<()> {
        let kind = self.types.kind(beside);
        let adapts = operator == Operator::Subtract && node.is_text_literal() && matches!(kind, Kind::Time | Kind::Date);
        (!adapts || self.adapt(node, kind)).then_some(())
    }

    fn no_arithmetic(&mut self, left: Node, operator: Operator, right: Node, l: Kind, r: Kind) -> Option<Node> {
        let (x, y) = (format!("{} ({l})", self.written(&left)), format!("{} ({r})", self.written(&right)));
        let message = match operator {
            Operator::Add => format!("cannot add {x} and {y}"),
            Operator::Subtract => format!("cannot subtract {y} from {x}"),
            Operator::Multiply => format!("cannot multiply {x} by {y}"),
            Operator::Divide | Operator::Remainder => format!("cannot divide {x} by {y}"),
        };
        let help = match (l, r) {
            (Kind::Time, Kind::Number) | (Kind::Date, Kind::Number) => Some(format!("write INTERVAL '{} days'", self.written(&right))),
            (Kind::Date, Kind::Interval) => Some("to a date whole days are added: INTERVAL '7 days'".to_owned()),
            (Kind::Time, Kind::Date) | (Kind::Date, Kind::Time) => Some("subtract a time from a time, or a date from a date".to_owned()),
            (Kind::Text, Kind::Text) if operator == Operator::Add => Some("texts are joined with ||".to_owned()),
            (Kind::Text, _) | (_, Kind::Text) => Some("CAST(… AS number) reads text as a number".to_owned()),
            _ => None,
        };
        self.problem(left.span.start..right.span.end, "type-mismatch", message, help)
    }

    pub(super) fn negate(&mut self, span: Range<usize>, node: Node) -> Option<Node> {
        let kind = match self.types.kind(&node) {
            Kind::Any => {
                self.types.bind(&node, Kind::Number);
                Kind::Number
            }
            kind => kind,
        };
        match (kind, &node.form) {
            (Kind::Number, Form::Constant(Value::Number(x))) => Some(Node { span, form: Form::Constant(Value::Number(-x)), ..node }),
            (Kind::Interval, Form::Constant(Value::Interval(us))) => {
                Some(Node { span, form: Form::Constant(Value::Interval(-us)), ..node })
            }
            (Kind::Number | Kind::Interval, _) => {
                let nows = -node.nows;
                let node = Node::new(span, kind, Form::Negate(Box::new(node)));
                self.count(Node { nows, ..node })
            }
            _ => {
                let message = format!("minus takes a number, and {} is {}", self.written(&node), a(kind));
                self.problem(span, "type-mismatch", message, None)
            }
        }
    }

    /// `||`; a chain of it is one node.
    pub(super) fn join(&mut self, left: Node, right: Node) -> Option<Node> {
        if [&left, &right].iter().all(|node| self.types.kind(node) == Kind::Bool) {
            let help = "write OR".to_owned();
            return self.problem(
                left.span.start..right.span.end,
                "type-mismatch",
                "|| joins texts, and these are conditions".into(),
                Some(help),
            );
        }
        let (left, right) = (self.typed(left, Kind::Text, "||"), self.typed(right, Kind::Text, "||"));
        let (left, right) = (left?, right?);
        let span = left.span.start..right.span.end;
        let mut nodes = match left.form {
            Form::Join(nodes) => nodes,
            _ => vec![left],
        };
        nodes.push(right);
        self.count(Node::new(span, Kind::Text, Form::Join(nodes)))
    }
}
