//! An expression over many rows at once: rows that share most values and differ in some columns of numbers and truths.
//!
//! NULL is NaN; a truth is 1 or 0. The forms that conditions are mostly made of run column by column; any other runs row by row.

use super::Program;
use super::code::{Choice, Code, Context, Logic, Number, Typed};
use super::test::Test;
use super::tree::Operator;
use crate::time::Instant;
use crate::value::Value;

/// A column in which rows differ.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// By row; empty where all rows share the value.
    pub values: Vec<f64>,
    /// Are they truths?
    pub truths: bool,
}

impl Column {
    /// The value of a row.
    #[inline]
    pub fn value(&self, row: usize) -> Value {
        match self.values[row] {
            x if x.is_nan() => Value::Null,
            x if self.truths => Value::Bool(x != 0.0),
            x => Value::Number(x),
        }
    }
}

/// Rows to evaluate an expression over.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// How many.
    pub len: usize,
    /// What all of them share.
    pub shared: &'a [Value],
    /// By slot, where they differ.
    pub columns: &'a [Column],
}

/// Memory for intermediate columns, used again.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    pool: Vec<Vec<f64>>,
    row: Vec<Value>,
}

impl Rows<'_> {
    #[inline]
    fn column(&self, slot: u32) -> Option<&[f64]> {
        self.columns.get(slot as usize).map(|c| c.values.as_slice()).filter(|c| !c.is_empty())
    }
}

impl Program {
    /// The value in each row, into `out`. For numbers and truths that do not read `now`.
    pub fn over(&self, rows: &Rows<'_>, scratch: &mut Scratch, out: &mut Vec<f64>) {
        out.resize(rows.len, f64::NAN);
        let run = &mut Run { rows, reads: &self.reads, scratch };
        match &self.code {
            _ if !self.reads.iter().any(|slot| rows.column(*slot).is_some()) => {
                out.fill(number_of(&self.eval(rows.shared, Instant(0))));
            }
            Code::Logic(code) => run.logic(code, out),
            Code::Number(code) => run.number(code, out),
            _ => out.fill(f64::NAN),
        }
    }
}

fn number_of(value: &Value) -> f64 {
    match value {
        Value::Number(x) => *x,
        Value::Bool(b) => f64::from(u8::from(*b)),
        _ => f64::NAN,
    }
}

fn truth(of: Option<bool>) -> f64 {
    of.map_or(f64::NAN, |b| f64::from(u8::from(b)))
}

struct Run<'a> {
    rows: &'a Rows<'a>,
    reads: &'a [u32],
    scratch: &'a mut Scratch,
}

impl Run<'_> {
    fn logic(&mut self, code: &Logic, out: &mut [f64]) {
        match code {
            Logic::Constant(constant) => out.fill(truth(*constant)),
            Logic::Column(slot) => self.column(*slot, out),
            Logic::NumberIs { slot, test, than } => {
                self.column(*slot, out);
                compare(*test, out, |_| *than);
            }
            Logic::NumberBetween { slot, low, high } => {
                self.column(*slot, out);
                out.iter_mut().for_each(|x| {
                    let within = f64::from(u8::from(*low <= *x && *x <= *high));
                    *x = if x.is_nan() { f64::NAN } else { within };
                });
            }
            Logic::All(of) => self.every(of, 1.0, out),
            Logic::Any(of) => self.every(of, 0.0, out),
            Logic::Not(of) => {
                self.logic(of, out);
                out.iter_mut().for_each(|x| *x = 1.0 - *x);
            }
            Logic::Numbers(test, of) => {
                self.number(&of[0], out);
                self.with(|run, other| {
                    run.number(&of[1], other);
                    compare(*test, out, |i| other[i]);
                });
            }
            other => self.row_by_row(out, |cx| truth(other.eval(cx))),
        }
    }

    fn number(&mut self, code: &Number, out: &mut [f64]) {
        match code {
            Number::Constant(x) => out.fill(*x),
            Number::Column(slot) => self.column(*slot, out),
            Number::Negate(of) => {
                self.number(of, out);
                out.iter_mut().for_each(|x| *x = -*x);
            }
            Number::Arithmetic(operator, of) => {
                self.number(&of[0], out);
                self.with(|run, other| {
                    run.number(&of[1], other);
                    let pairs = out.iter_mut().zip(other.iter());
                    match operator {
                        Operator::Add => pairs.for_each(|(x, y)| *x = finite(*x + y)),
                        Operator::Subtract => pairs.for_each(|(x, y)| *x = finite(*x - y)),
                        Operator::Multiply => pairs.for_each(|(x, y)| *x = finite(*x * y)),
                        Operator::Divide => pairs.for_each(|(x, y)| *x = finite(*x / y)),
                        Operator::Remainder => pairs.for_each(|(x, y)| *x = finite(*x % y)),
                    }
                });
            }
            Number::Choice(choice) => match &**choice {
                Choice::Unless(x, y) => {
                    self.number(x, out);
                    self.with(|run, other| {
                        run.number(y, other);
                        out.iter_mut().zip(other.iter()).for_each(|(x, y)| *x = if *x == *y { f64::NAN } else { *x });
                    });
                }
                Choice::First(of) => {
                    out.fill(f64::NAN);
                    for part in of {
                        self.with(|run, other| {
                            run.number(part, other);
                            out.iter_mut().zip(other.iter()).for_each(|(x, y)| *x = if x.is_nan() { *y } else { *x });
                        });
                    }
                }
                _ => self.row_by_row(out, |cx| code.eval(cx)),
            },
            other => self.row_by_row(out, |cx| other.eval(cx)),
        }
    }

    fn column(&self, slot: u32, out: &mut [f64]) {
        match self.rows.column(slot) {
            Some(column) => out.copy_from_slice(column),
            None => out.fill(self.rows.shared.get(slot as usize).map_or(f64::NAN, number_of)),
        }
    }

    /// AND (`neutral` 1) and OR (`neutral` 0): the opposite of `neutral` decides, else NULL, else `neutral`.
    fn every(&mut self, of: &[Logic], neutral: f64, out: &mut [f64]) {
        let decides = 1.0 - neutral;
        let Some((first, rest)) = of.split_first() else { return out.fill(neutral) };
        self.logic(first, out);
        for part in rest {
            self.with(|run, other| {
                run.logic(part, other);
                for (x, y) in out.iter_mut().zip(other.iter()) {
                    *x = if *x == decides || *y == decides { decides } else { *x + (*y - neutral) };
                }
            });
        }
    }

    /// The forms that are less often met.
    fn row_by_row(&mut self, out: &mut [f64], eval: impl Fn(&Context) -> f64) {
        let mut row = std::mem::take(&mut self.scratch.row);
        row.clear();
        row.extend_from_slice(self.rows.shared);
        for (i, out) in out.iter_mut().enumerate() {
            for slot in self.reads.iter().filter(|s| self.rows.column(**s).is_some()) {
                row[*slot as usize] = self.rows.columns[*slot as usize].value(i);
            }
            *out = eval(&Context { row: &row, now: 0 });
        }
        self.scratch.row = row;
    }

    fn with(&mut self, f: impl FnOnce(&mut Self, &mut [f64])) {
        let mut column = self.scratch.pool.pop().unwrap_or_default();
        column.resize(self.rows.len, f64::NAN);
        f(self, &mut column);
        self.scratch.pool.push(column);
    }
}

fn finite(x: f64) -> f64 {
    if x.is_finite() { x } else { f64::NAN }
}

#[inline]
fn compare(test: Test, out: &mut [f64], than: impl Fn(usize) -> f64 + Copy) {
    #[inline(always)]
    fn each(out: &mut [f64], than: impl Fn(usize) -> f64, holds: impl Fn(f64, f64) -> bool) {
        for (i, x) in out.iter_mut().enumerate() {
            let y = than(i);
            let held = f64::from(u8::from(holds(*x, y)));
            *x = if x.is_nan() || y.is_nan() { f64::NAN } else { held };
        }
    }
    match test {
        Test::EQ => each(out, than, |x, y| x == y),
        Test::NE => each(out, than, |x, y| x != y),
        Test::LT => each(out, than, |x, y| x < y),
        Test::LE => each(out, than, |x, y| x <= y),
        Test::GT => each(out, than, |x, y| x > y),
        _ => each(out, than, |x, y| x >= y),
    }
}
