//! The typed tree of an expression: what was written, checked, with the place of each node in the text.

use std::ops::Range;

use super::function::Function;
use super::like::Pattern;
use super::test::Test;
use crate::value::{Kind, Value};

/// A node of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands in the text, in bytes.
    pub span: Range<usize>,
    /// Its type; `Any` while it is not known, and of what is always NULL.
    pub kind: Kind,
    /// The type variable that settles `kind` where that is `Any`.
    pub variable: Option<usize>,
    /// How many times `now` is added in its value: not 0 only in times and intervals.
    pub nows: i32,
    /// What it is.
    pub form: Form,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Form {
    /// A literal.
    Constant(Value),
    /// A column of the row, or a call that leads to one.
    Column(u32),
    /// The instant of evaluation.
    Now,
    /// AND.
    All(Vec<Node>),
    /// OR.
    Any(Vec<Node>),
    /// NOT.
    Not(Box<Node>),
    /// `=`, `<` and so on.
    Compare(Test, Box<[Node; 2]>),
    /// IS [NOT] DISTINCT FROM; true: distinct.
    Distinct(bool, Box<[Node; 2]>),
    /// Value, low, high; true: NOT BETWEEN.
    Between(bool, Box<[Node; 3]>),
    /// The value, then the list; true: NOT IN.
    In(bool, Vec<Node>),
    /// IS NULL; true: IS NOT NULL.
    IsNull(bool, Box<Node>),
    /// IS TRUE or IS FALSE; the second: with NOT.
    Is(bool, bool, Box<Node>),
    /// LIKE and ILIKE; true: NOT LIKE.
    Like(bool, Box<Node>, Pattern),
    /// `+ - * / %`.
    Arithmetic(Operator, Box<[Node; 2]>),
    /// Unary minus.
    Negate(Box<Node>),
    /// `||`.
    Join(Vec<Node>),
    /// CAST to the node's type.
    Cast(Box<Node>),
    /// CASE: condition, result, condition, result, …, otherwise.
    Case(Vec<Node>),
    /// A function.
    Call(Function, Vec<Node>),
}

/// An operator of arithmetic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`: has the sign of the dividend.
    Remainder,
}

impl Node {
    /// A node whose type is known.
    pub fn new(span: Range<usize>, kind: Kind, form: Form) -> Node {
        Node { span, kind, variable: None, nows: 0, form }
    }

    /// Its parts.
    pub fn children(&self) -> &[Node] {
        match &self.form {
            Form::Constant(_) | Form::Column(_) | Form::Now => &[],
            Form::All(nodes) | Form::Any(nodes) | Form::In(_, nodes) | Form::Join(nodes) | Form::Case(nodes) | Form::Call(_, nodes) => {
                nodes
            }
            Form::Not(node)
            | Form::IsNull(_, node)
            | Form::Is(_, _, node)
            | Form::Like(_, node, _)
            | Form::Negate(node)
            | Form::Cast(node) => std::slice::from_ref(node),
            Form::Compare(_, pair) | Form::Distinct(_, pair) | Form::Arithmetic(_, pair) => pair.as_slice(),
            Form::Between(_, three) => three.as_slice(),
        }
    }

    /// Its parts, to change.
    pub fn children_mut(&mut self) -> &mut [Node] {
        match &mut self.form {
            Form::Constant(_) | Form::Column(_) | Form::Now => &mut [],
            Form::All(nodes) | Form::Any(nodes) | Form::In(_, nodes) | Form::Join(nodes) | Form::Case(nodes) | Form::Call(_, nodes) => {
                nodes
            }
            Form::Not(node)
            | Form::IsNull(_, node)
            | Form::Is(_, _, node)
            | Form::Like(_, node, _)
            | Form::Negate(node)
            | Form::Cast(node) => std::slice::from_mut(node),
            Form::Compare(_, pair) | Form::Distinct(_, pair) | Form::Arithmetic(_, pair) => pair.as_mut_slice(),
            Form::Between(_, three) => three.as_mut_slice(),
        }
    }

    /// Visits this node and all beneath it.
    pub fn visit<'a>(&'a self, visitor: &mut dyn FnMut(&'a Node)) {
        visitor(self);
        for child in self.children() {
            child.visit(visitor);
        }
    }

    /// Visits this node and all beneath it, to change them.
    pub fn visit_mut(&mut self, visitor: &mut dyn FnMut(&mut Node)) {
        visitor(self);
        for child in self.children_mut() {
            child.visit_mut(visitor);
        }
    }

    /// How many nodes it has.
    pub fn size(&self) -> usize {
        let mut n = 0;
        self.visit(&mut |_| n += 1);
        n
    }

    /// Is it text in single quotes?
    pub fn is_text_literal(&self) -> bool {
        matches!(self.form, Form::Constant(Value::Text(_)))
    }

    /// Is it the literal NULL?
    pub fn is_null_literal(&self) -> bool {
        matches!(self.form, Form::Constant(Value::Null))
    }
}
