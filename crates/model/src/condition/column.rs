//! One column of many rows: values of one kind side by side, each text kept once.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::time::{Day, Instant};
use crate::value::{Kind, Value};

/// NULL among times, dates and intervals.
pub(super) const NO_TICKS: i64 = i64::MIN;
/// NULL among texts.
pub(super) const NO_TEXT: u32 = u32::MAX;

/// The values of one column, row by row.
#[derive(Clone, Debug)]
pub enum Column {
    /// Numbers; NULL is NaN.
    Numbers(Vec<f64>),
    /// Truths: 1 and 0; NULL is NaN.
    Truths(Vec<f64>),
    /// Times, dates or intervals as they are counted.
    Ticks(Kind, Vec<i64>),
    /// Texts.
    Texts(Texts),
    /// Values of which some are not of the column's kind.
    Values(Vec<Value>),
}

/// Texts by row, as numbers of the different ones.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    codes: Vec<u32>,
    texts: Vec<Arc<str>>,
    /// By code: how many rows have it. Codes that no row has are given anew.
    uses: Vec<u32>,
    free: Vec<u32>,
    by_text: FxHashMap<Arc<str>, u32>,
}

impl Default for Column {
    fn default() -> Column {
        Column::Numbers(Vec::new())
    }
}

impl Column {
    /// An empty column for values of a kind.
    pub fn new(kind: Kind) -> Column {
        match kind {
            Kind::Number => Column::Numbers(Vec::new()),
            Kind::Bool => Column::Truths(Vec::new()),
            Kind::Time | Kind::Date | Kind::Interval => Column::Ticks(kind, Vec::new()),
            Kind::Text => Column::Texts(Texts::default()),
            Kind::Any => Column::Values(Vec::new()),
        }
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        match self {
            Column::Numbers(x) | Column::Truths(x) => x.len(),
            Column::Ticks(_, x) => x.len(),
            Column::Texts(x) => x.codes.len(),
            Column::Values(x) => x.len(),
        }
    }

    /// Has it no rows? Then all rows share what stands beside the columns.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.resize(0);
    }

    /// Makes it so many rows; new ones are NULL.
    pub fn resize(&mut self, rows: usize) {
        match self {
            Column::Numbers(x) | Column::Truths(x) => x.resize(rows, f64::NAN),
            Column::Ticks(_, x) => x.resize(rows, NO_TICKS),
            Column::Texts(x) => x.resize(rows),
            Column::Values(x) => x.resize(rows, Value::Null),
        }
    }

    /// The numbers or truths; none of other kinds.
    #[inline]
    pub fn numbers(&self) -> &[f64] {
        match self {
            Column::Numbers(x) | Column::Truths(x) => x,
            _ => &[],
        }
    }

    /// As `numbers`, to be filled anew.
    pub fn into_numbers(self) -> Vec<f64> {
        match self {
            Column::Numbers(x) | Column::Truths(x) => x,
            _ => Vec::new(),
        }
    }

    /// Puts the value of a row into a place: a number in place of a number is just written.
    #[inline]
    pub fn put(&self, row: usize, place: &mut Value) {
        match (self, &mut *place) {
            (Column::Numbers(numbers), Value::Number(number)) if numbers.get(row).is_some_and(|x| !x.is_nan()) => *number = numbers[row],
            _ => *place = self.value(row),
        }
    }

    /// The value of a row; NULL of a row that is not there.
    #[inline]
    pub fn value(&self, row: usize) -> Value {
        let number = |x: &Vec<f64>| x.get(row).copied().filter(|x| !x.is_nan());
        match self {
            Column::Numbers(x) => number(x).map_or(Value::Null, Value::Number),
            Column::Truths(x) => number(x).map_or(Value::Null, |x| Value::Bool(x != 0.0)),
            Column::Ticks(kind, x) => match x.get(row).copied().filter(|t| *t != NO_TICKS) {
                None => Value::Null,
                Some(t) => match kind {
                    Kind::Date => Value::Date(Day(t as i32)),
                    Kind::Interval => Value::Interval(t),
                    _ => Value::Time(Instant(t)),
                },
            },
            Column::Texts(x) => {
                x.codes.get(row).and_then(|code| x.texts.get(*code as usize)).map_or(Value::Null, |t| Value::Text(t.clone()))
            }
            Column::Values(x) => x.get(row).cloned().unwrap_or_default(),
        }
    }

    /// Bytes it takes, nearly.
    pub fn bytes(&self) -> usize {
        match self {
            Column::Numbers(x) | Column::Truths(x) => x.capacity() * 8,
            Column::Ticks(_, x) => x.capacity() * 8,
            Column::Texts(x) => x.codes.capacity() * 4 + x.texts.iter().map(|t| t.len() + 64).sum::<usize>(),
            Column::Values(x) => x.capacity() * size_of::<Value>(),
        }
    }

    /// Sets the value of a row that is there. A value that the column's kind cannot hold makes it a column of plain values.
    pub fn set(&mut self, row: usize, value: &Value) {
        match (&mut *self, value) {
            (Column::Values(x), value) => x[row] = value.clone(),
            (Column::Numbers(x) | Column::Truths(x), Value::Null) => x[row] = f64::NAN,
            (Column::Numbers(x), Value::Number(n)) if n.is_finite() => x[row] = *n,
            (Column::Truths(x), Value::Bool(b)) => x[row] = f64::from(u8::from(*b)),
            (Column::Ticks(_, x), Value::Null) => x[row] = NO_TICKS,
            (Column::Ticks(Kind::Time, x), Value::Time(t)) if t.0 != NO_TICKS => x[row] = t.0,
            (Column::Ticks(Kind::Date, x), Value::Date(d)) => x[row] = i64::from(d.0),
            (Column::Ticks(Kind::Interval, x), Value::Interval(us)) if *us != NO_TICKS => x[row] = *us,
            (Column::Texts(x), Value::Null) => x.set(row, None),
            (Column::Texts(x), Value::Text(t)) => x.set(row, Some(t)),
            (_, value) => {
                let mut values: Vec<Value> = (0..self.len()).map(|i| self.value(i)).collect();
                values[row] = value.clone();
                *self = Column::Values(values);
            }
        }
    }
}

impl Texts {
    /// By row: the number of its text.
    pub(super) fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// How many numbers there are.
    pub(super) fn different(&self) -> usize {
        self.texts.len()
    }

    /// The number of a text.
    pub(super) fn code(&self, text: &str) -> Option<u32> {
        self.by_text.get(text).copied()
    }

    /// The text of a number; NULL of none.
    pub(super) fn text(&self, code: u32) -> Value {
        self.texts.get(code as usize).map_or(Value::Null, |t| Value::Text(t.clone()))
    }

    fn resize(&mut self, rows: usize) {
        for row in rows..self.codes.len() {
            self.set(row, None);
        }
        self.codes.resize(rows, NO_TEXT);
    }

    fn set(&mut self, row: usize, text: Option<&Arc<str>>) {
        let before = self.codes[row];
        if let (Some(text), Some(stands)) = (text, self.texts.get(before as usize))
            && (Arc::ptr_eq(text, stands) || text == stands)
        {
            return;
        }
        self.codes[row] = text.map_or(NO_TEXT, |text| self.take(text));
        if before != NO_TEXT {
            self.release(before);
        }
    }

    fn take(&mut self, text: &Arc<str>) -> u32 {
        if let Some(code) = self.by_text.get(text) {
            self.uses[*code as usize] += 1;
            return *code;
        }
        let code = self.free.pop().unwrap_or(self.texts.len() as u32);
        if code as usize == self.texts.len() {
            self.texts.push(text.clone());
            self.uses.push(1);
        } else {
            self.texts[code as usize] = text.clone();
            self.uses[code as usize] = 1;
        }
        self.by_text.insert(text.clone(), code);
        code
    }

    fn release(&mut self, code: u32) {
        let uses = &mut self.uses[code as usize];
        *uses -= 1;
        if *uses == 0 {
            let text = std::mem::replace(&mut self.texts[code as usize], "".into());
            self.by_text.remove(&text);
            self.free.push(code);
        }
    }
}
