//! An expression over many rows at once: rows that share most values and differ in some columns, or differ in all.
//!
//! Intermediate results are columns of numbers: NULL is NaN, a truth is 1 or 0. The forms that conditions are mostly made of run column by
//! column; others that read one column of text run once for each different text, and the rest row by row, over the columns they read.

use super::Program;
use super::code::{Choice, Code, Context, Logic, Number, Reads, Text, Ticks, Typed};
use super::column::{Column, NO_TEXT, NO_TICKS};
use super::test::Test;
use super::tree::Operator;
use crate::time::Instant;
use crate::value::Value;

/// Rows to evaluate an expression over.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The first of them in the columns.
    pub from: usize,
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
    slots: Vec<u32>,
    codes: Vec<u32>,
}

/// Not yet computed: no result is infinite.
const UNKNOWN: f64 = f64::INFINITY;

impl<'a> Rows<'a> {
    #[inline]
    fn column(&self, slot: u32) -> Option<&'a Column> {
        self.columns.get(slot as usize).filter(|c| !c.is_empty())
    }

    #[inline]
    fn part<T>(&self, of: &'a [T]) -> &'a [T] {
        &of[self.from..self.from + self.len]
    }

    /// The value of a row.
    #[inline]
    fn value(&self, slot: u32, row: usize) -> Value {
        match self.column(slot) {
            Some(column) => column.value(self.from + row),
            None => self.shared.get(slot as usize).cloned().unwrap_or_default(),
        }
    }
}

impl Program {
    /// The value in each row, into `out`: numbers, and truths as 1 and 0; NaN for NULL. Of texts and times it is NaN: see [`Program::eval_at`].
    pub fn over(&self, rows: &Rows<'_>, now: Instant, scratch: &mut Scratch, out: &mut Vec<f64>) {
        out.resize(rows.len, f64::NAN);
        let run = &mut Run { rows, now: now.0, scratch };
        match &self.code {
            _ if !self.reads.iter().any(|slot| rows.column(*slot).is_some()) => {
                out.fill(number_of(&self.eval(rows.shared, now)));
            }
            Code::Logic(code) => run.logic(code, out),
            Code::Number(code) => {
                run.number(code, out);
                out.iter_mut().for_each(|x| *x = finite(*x));
            }
            _ => out.fill(f64::NAN),
        }
    }

    /// The value in one of the rows.
    pub fn eval_at(&self, rows: &Rows<'_>, row: usize, now: Instant, scratch: &mut Scratch) -> Value {
        fill(&mut scratch.row, rows, &self.reads, row);
        self.eval(&scratch.row, now)
    }
}

/// Puts the values of a row that are read where an expression reads them.
fn fill(into: &mut Vec<Value>, rows: &Rows<'_>, slots: &[u32], row: usize) {
    for slot in slots {
        let i = *slot as usize;
        if i >= into.len() {
            into.resize(i + 1, Value::Null);
        }
        into[i] = rows.value(*slot, row);
    }
}

fn number(value: &Value) -> f64 {
    value.as_number().unwrap_or(f64::NAN)
}

fn number_of(value: &Value) -> f64 {
    match value {
        Value::Number(x) => *x,
        Value::Bool(b) => f64::from(u8::from(*b)),
        _ => f64::NAN,
    }
}

fn truth(of: Option<bool>) -> f64 {
    of.map_or(f64::NAN, holds)
}

/// A choice, not a conversion: that runs several rows at a time.
#[inline(always)]
fn holds(truth: bool) -> f64 {
    if truth { 1.0 } else { 0.0 }
}

struct Run<'a> {
    rows: &'a Rows<'a>,
    now: i64,
    scratch: &'a mut Scratch,
}

impl Run<'_> {
    fn logic(&mut self, code: &Logic, out: &mut [f64]) {
        match code {
            Logic::Constant(constant) => out.fill(truth(*constant)),
            Logic::Column(slot) => self.column(*slot, out, |v| truth(v.as_bool())),
            Logic::NumberIs { slot, test, than } => {
                self.column(*slot, out, number);
                compare(*test, out, |_| *than);
            }
            Logic::NumberBetween { slot, low, high } => {
                self.column(*slot, out, number);
                out.iter_mut().for_each(|x| {
                    let within = holds(*low <= *x && *x <= *high);
                    *x = if x.is_nan() { f64::NAN } else { within };
                });
            }
            Logic::TextIs { slot, text } => match self.rows.column(*slot) {
                Some(Column::Texts(texts)) => {
                    // A text that no row has is number `NO_TEXT - 1`: there are never that many.
                    let wanted = texts.code(text).unwrap_or(NO_TEXT - 1);
                    let codes = self.rows.part(texts.codes());
                    codes.iter().zip(out).for_each(|(c, x)| *x = if *c == NO_TEXT { f64::NAN } else { holds(*c == wanted) });
                }
                _ => self.slow(code, out, |cx| truth(code.eval(cx))),
            },
            Logic::TextIn { slot, texts: list } => match self.rows.column(*slot) {
                Some(Column::Texts(texts)) => {
                    let wanted = &mut self.scratch.codes;
                    wanted.clear();
                    wanted.extend(list.iter().filter_map(|text| texts.code(text)));
                    let codes = self.rows.part(texts.codes());
                    codes.iter().zip(out).for_each(|(c, x)| *x = if *c == NO_TEXT { f64::NAN } else { holds(wanted.contains(c)) });
                }
                _ => self.slow(code, out, |cx| truth(code.eval(cx))),
            },
            Logic::TicksAre { slot, test, than } => self.ticks(code, *slot, *test, *than, out),
            Logic::NowIs { slot, test, plus } => self.ticks(code, *slot, *test, self.now.saturating_add(*plus), out),
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
            Logic::Is(want, of) => {
                self.logic(of, out);
                let want = holds(*want);
                out.iter_mut().for_each(|x| *x = holds(*x == want));
            }
            Logic::IsNull(of) => self.is_null(code, of, out),
            other => self.slow(other, out, |cx| truth(other.eval(cx))),
        }
    }

    fn is_null(&mut self, code: &Logic, of: &Code, out: &mut [f64]) {
        match of {
            Code::Logic(of) => self.logic(of, out),
            Code::Number(of) => self.number(of, out),
            Code::Text(Text::Column(slot)) | Code::Ticks(_, Ticks::Column(slot)) => match self.rows.column(*slot) {
                Some(Column::Texts(texts)) => {
                    return self.rows.part(texts.codes()).iter().zip(out).for_each(|(c, x)| *x = holds(*c == NO_TEXT));
                }
                Some(Column::Ticks(_, ticks)) => {
                    return self.rows.part(ticks).iter().zip(out).for_each(|(t, x)| *x = holds(*t == NO_TICKS));
                }
                _ => return self.slow(code, out, |cx| truth(code.eval(cx))),
            },
            _ => return self.slow(code, out, |cx| truth(code.eval(cx))),
        }
        out.iter_mut().for_each(|x| *x = holds(x.is_nan()));
    }

    /// A column of times or dates against a constant.
    fn ticks(&mut self, code: &Logic, slot: u32, test: Test, than: i64, out: &mut [f64]) {
        match self.rows.column(slot) {
            Some(Column::Ticks(_, ticks)) => {
                for (t, x) in self.rows.part(ticks).iter().zip(out) {
                    *x = if *t == NO_TICKS { f64::NAN } else { holds(test.accepts(t.cmp(&than))) };
                }
            }
            _ => self.slow(code, out, |cx| truth(code.eval(cx))),
        }
    }

    fn number(&mut self, code: &Number, out: &mut [f64]) {
        match code {
            Number::Constant(x) => out.fill(*x),
            Number::Column(slot) => self.column(*slot, out, number),
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
            Number::OfLogic(of) => self.logic(of, out),
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
                _ => self.slow(code, out, |cx| code.eval(cx)),
            },
            other => self.slow(other, out, |cx| other.eval(cx)),
        }
    }

    fn column(&self, slot: u32, out: &mut [f64], of: fn(&Value) -> f64) {
        match self.rows.column(slot) {
            Some(Column::Numbers(column) | Column::Truths(column)) => out.copy_from_slice(self.rows.part(column)),
            Some(Column::Values(column)) => {
                self.rows.part(column).iter().zip(out).for_each(|(value, x)| *x = of(value));
            }
            Some(_) => out.fill(f64::NAN),
            None => out.fill(self.rows.shared.get(slot as usize).map_or(f64::NAN, of)),
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

    /// The forms that are less often met: once for each text where they read nothing else, else row by row.
    fn slow<C: Reads>(&mut self, code: &C, out: &mut [f64], eval: impl Fn(&Context) -> f64) {
        let (rows, now) = (self.rows, self.now);
        let mut row = std::mem::take(&mut self.scratch.row);
        let mut slots = std::mem::take(&mut self.scratch.slots);
        slots.clear();
        code.reads(&mut slots);
        fill(&mut row, rows, &slots, 0);
        slots.retain(|slot| rows.column(*slot).is_some());
        let texts = match slots.as_slice() {
            [slot] => rows.column(*slot).and_then(|c| if let Column::Texts(texts) = c { Some((*slot as usize, texts)) } else { None }),
            _ => None,
        };
        match texts.filter(|(_, texts)| texts.different() < rows.len) {
            Some((slot, texts)) => self.with(|_, known| {
                known.fill(UNKNOWN);
                for (code, out) in rows.part(texts.codes()).iter().zip(out) {
                    let known = &mut known[(*code as usize).min(rows.len - 1)];
                    if *known == UNKNOWN {
                        row[slot] = texts.text(*code);
                        *known = eval(&Context { row: &row, now });
                    }
                    *out = *known;
                }
            }),
            None => {
                for (i, out) in out.iter_mut().enumerate() {
                    fill(&mut row, rows, &slots, i);
                    *out = eval(&Context { row: &row, now });
                }
            }
        }
        self.scratch.row = row;
        self.scratch.slots = slots;
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
    fn each(out: &mut [f64], than: impl Fn(usize) -> f64, accepts: impl Fn(f64, f64) -> bool) {
        for (i, x) in out.iter_mut().enumerate() {
            let y = than(i);
            let held = holds(accepts(*x, y));
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
