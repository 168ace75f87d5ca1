//! Why an expression has its value: the tree of its parts, each with its SQL and its value.

use serde::{Serialize, Serializer};

use super::Program;
use super::code::Context;
use super::lower::lower;
use super::tree::{Form, Node};
use crate::time::Instant;
use crate::value::{Kind, Value};

/// A part of an expression with its value, and the parts it comes from. Literals are not listed.
#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    /// Its SQL, on one line.
    pub text: String,
    /// Its value.
    #[serde(serialize_with = "value_as_json")]
    pub value: Value,
    /// What it is.
    pub kind: TraceKind,
    /// The parts it comes from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Trace>,
}

/// What a part of an expression is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TraceKind {
    /// AND.
    All,
    /// OR.
    Any,
    /// NOT.
    Not,
    /// Anything else that is true, false or NULL.
    Comparison,
    /// Anything else.
    Expression,
    /// A column.
    Column {
        /// Its slot in the row.
        slot: u32,
    },
}

/// A value as JSON.
pub(super) fn value_as_json<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    value.to_json().serialize(serializer)
}

impl Program {
    /// Every part of the expression with its value over a row.
    pub fn trace(&self, row: &[Value], now: Instant) -> Trace {
        self.trace_node(&self.tree, &Context { row, now: now.0 })
    }

    fn trace_node(&self, node: &Node, cx: &Context) -> Trace {
        let kind = match node.form {
            Form::All(_) => TraceKind::All,
            Form::Any(_) => TraceKind::Any,
            Form::Not(_) => TraceKind::Not,
            Form::Column(slot) => TraceKind::Column { slot },
            _ if node.kind == Kind::Bool => TraceKind::Comparison,
            _ => TraceKind::Expression,
        };
        let children = node.children().iter().filter(|child| !matches!(child.form, Form::Constant(_)));
        let children = children.map(|child| self.trace_node(child, cx)).collect();
        Trace { text: self.written(node), value: lower(node).eval(cx), kind, children }
    }
}
