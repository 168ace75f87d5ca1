//! Conditions and expressions in SQL: text in; parsed by DataFusion, typed strictly, compiled; evaluated over one row of values.
//!
//! DataFusion's parser and its names of functions are the language; the evaluator here is a second implementation of a documented part of it,
//! which a property test holds equal to DataFusion's own (docs/decisions/conditions.md).

use std::ops::Range;

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
pub struct Program {}

/// Compiles an expression. `expect`: the type it must have (`Kind::Bool` for conditions); None takes any.
pub fn compile(_sql: &str, _names: &mut dyn Names, _expect: Option<Kind>) -> Result<Program, Vec<Problem>> {
    todo!()
}

impl Program {
    /// The SQL as written.
    pub fn sql(&self) -> &str {
        todo!()
    }
    /// The type of its result.
    pub fn kind(&self) -> Kind {
        todo!()
    }
    /// The slots it reads, ascending, each once.
    pub fn reads(&self) -> &[u32] {
        todo!()
    }
    /// Does it read `now`?
    pub fn reads_now(&self) -> bool {
        todo!()
    }
    /// Its value over a row.
    pub fn eval(&self, _row: &[Value], _now: Instant) -> Value {
        todo!()
    }
    /// Does the condition hold? NULL is not true.
    pub fn holds(&self, _row: &[Value], _now: Instant) -> bool {
        todo!()
    }
    /// The earliest instant after `now` at which its value may change by the passing of time alone, the row staying as it is.
    /// `Instant::NEVER` if none.
    pub fn next_change(&self, _row: &[Value], _now: Instant) -> Instant {
        todo!()
    }
    /// The same program with every slot renamed.
    pub fn remap(&mut self, _slots: &dyn Fn(u32) -> u32) {
        todo!()
    }
}
