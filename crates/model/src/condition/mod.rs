//! Conditions and expressions in SQL: text in; parsed by DataFusion, typed strictly, compiled; evaluated over one row of values.
//!
//! DataFusion's parser and its names of functions are the language; the evaluator here is a second implementation of a documented part of it
//! (docs/reference/expressions.md), which a property test holds equal to DataFusion's own (docs/decisions/conditions.md).
//!
//! `parse` (text → DataFusion's tree) → `build` (→ our typed `tree`) → `lower` (→ `code`, the evaluator).
//! `clock`, `explain` and `flip` ask the tree.

mod build;
mod clock;
mod code;
mod column;
mod columns;
mod explain;
mod flip;
mod function;
mod like;
mod lower;
mod nearest;
mod parse;
mod test;
mod tree;
mod types;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use build::build;
use clock::{Clock, clocks};
use code::{Code, Context};
use lower::lower;
use parse::Source;
use tree::{Form, Node};

pub use column::{Column, Texts};
pub use columns::{Rows, Scratch};
pub use explain::{Trace, TraceKind};
pub use flip::Flip;
pub use parse::{DEPTH_MAX, NODES_MAX, TEXT_BYTES_MAX};

use crate::time::Instant;
use crate::value::{Kind, Value};

/// Where an expression's names lead. Implemented for the account's row, the person's row and the event's row.
pub trait Names {
    /// The slot and type of a column, written `name` or `relation.name`. `Kind::Any` where its type follows from its use.
    fn column(&mut self, relation: Option<&str>, name: &str) -> Option<(u32, Kind)>;
    /// The slot and type of a call with one literal text, such as `milestone('first_value')`. None: there is no such function.
    /// Err: there is, but the text names nothing: the message, and a help with the nearest right name.
    fn call(&mut self, function: &str, argument: &str) -> Option<Result<(u32, Kind), (String, Option<String>)>>;
    /// The type of a `Kind::Any` column has followed from its use.
    fn infer(&mut self, slot: u32, kind: Kind);
    /// All column names, for suggestions.
    fn candidates(&self) -> Vec<String>;
}

/// One problem in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Byte range in the SQL text.
    pub span: Range<usize>,
    /// A stable code such as `type-mismatch`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Program {
    sql: Arc<str>,
    tree: Node,
    code: Code,
    clocks: Box<[Clock]>,
    reads: Box<[u32]>,
    reads_now: bool,
}

/// Compiles an expression. `expect`: the type it must have (`Kind::Bool` for conditions); None takes any.
pub fn compile(sql: &str, names: &mut dyn Names, expect: Option<Kind>) -> Result<Program, Vec<Problem>> {
    let (source, expr) = Source::parse(sql).map_err(|problem| vec![problem])?;
    let tree = build(&source, &expr, names, expect)?;
    Ok(Program::new(sql.into(), tree))
}

impl Program {
    fn new(sql: Arc<str>, tree: Node) -> Program {
        let mut reads = Vec::new();
        let mut reads_now = false;
        tree.visit(&mut |node| match node.form {
            Form::Column(slot) => reads.push(slot),
            Form::Now => reads_now = true,
            _ => {}
        });
        reads.sort_unstable();
        reads.dedup();
        Program { code: lower(&tree), clocks: clocks(&tree).into(), reads: reads.into(), reads_now, sql, tree }
    }

    /// The SQL as written.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The type of its result; `Any` of what is always NULL.
    pub fn kind(&self) -> Kind {
        self.tree.kind
    }

    /// The slots it reads, ascending, each once.
    pub fn reads(&self) -> &[u32] {
        &self.reads
    }

    /// Does it read `now`?
    pub fn reads_now(&self) -> bool {
        self.reads_now
    }

    /// The columns it reads, as written where first met: slots ascending, each once.
    pub fn columns(&self) -> Vec<(u32, String)> {
        let mut columns = BTreeMap::new();
        self.tree.visit(&mut |node| {
            if let Form::Column(slot) = node.form {
                columns.entry(slot).or_insert_with(|| self.written(node));
            }
        });
        columns.into_iter().collect()
    }

    /// Its value over a row, of which slots are the indices; NULL is read where the row is too short.
    #[inline]
    pub fn eval(&self, row: &[Value], now: Instant) -> Value {
        self.code.eval(&Context { row, now: now.0 })
    }

    /// Does the condition hold? NULL is not true.
    #[inline]
    pub fn holds(&self, row: &[Value], now: Instant) -> bool {
        match &self.code {
            Code::Logic(code) => code.is(true, &Context { row, now: now.0 }),
            _ => false,
        }
    }

    /// The earliest instant after `now` at which a comparison in it changes its truth by the passing of time alone, the row staying as it is.
    /// `Instant::NEVER` if none does.
    pub fn next_change(&self, row: &[Value], now: Instant) -> Instant {
        let cx = &Context { row, now: now.0 };
        self.clocks.iter().filter_map(|clock| clock.next(cx)).min().map_or(Instant::NEVER, Instant)
    }

    /// The same program with every slot renamed.
    pub fn remap(&mut self, slots: &dyn Fn(u32) -> u32) {
        let mut tree = self.tree.clone();
        tree.visit_mut(&mut |node| {
            if let Form::Column(slot) = &mut node.form {
                *slot = slots(*slot);
            }
        });
        *self = Program::new(self.sql.clone(), tree);
    }

    /// A node's SQL, on one line; of a column or literal without the brackets around it.
    fn written(&self, node: &Node) -> String {
        let mut text = &self.sql[node.span.clone()];
        if node.children().is_empty() {
            while let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
                text = inner.trim();
            }
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
