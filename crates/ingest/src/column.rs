//! A column of a chunk of a file: CSV's text, JSON's fragments or an Arrow array; read as text, JSON, times, or symbols.

use std::borrow::Cow;
use std::fmt::Write;
use std::hash::Hash;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType, UInt64Type};
use datafusion::arrow::error::ArrowError;
use rustc_hash::FxHashMap;
use tenure_model::Instant;
use tenure_model::time::DAY;

use crate::mapping::Times;

/// NULL, in the keys of `Symbols`.
pub(crate) const NONE: u32 = u32::MAX;

/// A column whose rows are numbers of its different texts.
pub(crate) struct Symbols {
    pub keys: Vec<u32>,
    pub values: Vec<Arc<str>>,
}

/// A column of a chunk.
#[derive(Clone)]
pub(crate) enum Column {
    /// Fields of CSV.
    Csv(StringArray),
    /// Fragments of JSON, as they stand in the file; NULL where the object has no such key.
    Json(StringArray),
    /// Text of any Arrow type.
    Text(StringArray),
    /// Whole numbers.
    Int(datafusion::arrow::array::Int64Array),
    /// Whole numbers beyond i64.
    Uint(datafusion::arrow::array::UInt64Array),
    /// Numbers.
    Float(datafusion::arrow::array::Float64Array),
    /// True or false.
    Bool(datafusion::arrow::array::BooleanArray),
    /// Microseconds; of local time unless the column has a zone.
    Time(datafusion::arrow::array::TimestampMicrosecondArray, bool),
    /// Dates.
    Date(datafusion::arrow::array::Date32Array),
}

impl Column {
    /// An Arrow array of any type: what is no number, truth value, time or date is read as text.
    pub fn from_arrow(array: &ArrayRef) -> Result<Column, ArrowError> {
        use DataType::*;
        let array = match array.data_type() {
            Dictionary(_, values) => &cast(array, values)?,
            _ => array,
        };
        let is = |to: DataType| cast(array, &to);
        Ok(match array.data_type() {
            Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 => Column::Int(is(Int64)?.as_primitive::<Int64Type>().clone()),
            UInt64 => Column::Uint(array.as_primitive::<UInt64Type>().clone()),
            Float16 | Float32 | Float64 | Decimal32(..) | Decimal64(..) | Decimal128(..) | Decimal256(..) => {
                Column::Float(is(Float64)?.as_primitive::<Float64Type>().clone())
            }
            Boolean => Column::Bool(array.as_boolean().clone()),
            Timestamp(_, zone) => {
                let has_zone = zone.is_some();
                Column::Time(
                    is(Timestamp(TimeUnit::Microsecond, zone.clone()))?.as_primitive::<TimestampMicrosecondType>().clone(),
                    !has_zone,
                )
            }
            Date32 | Date64 => Column::Date(is(Date32)?.as_primitive::<Date32Type>().clone()),
            _ => Column::Text(is(Utf8)?.as_string::<i32>().clone()),
        })
    }

    fn array(&self) -> &dyn Array {
        match self {
            Column::Csv(a) | Column::Json(a) | Column::Text(a) => a,
            Column::Int(a) => a,
            Column::Uint(a) => a,
            Column::Float(a) => a,
            Column::Bool(a) => a,
            Column::Time(a, _) => a,
            Column::Date(a) => a,
        }
    }

    /// The text of a row; None where it is NULL or blank.
    pub fn text(&self, row: usize) -> Option<Cow<'_, str>> {
        if self.array().is_null(row) {
            return None;
        }
        let text: Cow<'_, str> = match self {
            Column::Csv(a) => a.value(row).trim().into(),
            Column::Text(a) => a.value(row).into(),
            Column::Json(a) => json_text(a.value(row))?,
            Column::Int(a) => a.value(row).to_string().into(),
            Column::Uint(a) => a.value(row).to_string().into(),
            Column::Float(a) => a.value(row).to_string().into(),
            Column::Bool(a) => if a.value(row) { "true" } else { "false" }.into(),
            Column::Time(a, _) => Instant(a.value(row)).to_string().into(),
            Column::Date(a) => tenure_model::Day(a.value(row)).to_string().into(),
        };
        (!text.trim().is_empty()).then_some(text)
    }

    /// Appends the row as JSON; false, and nothing appended, where it is NULL (or, in CSV, blank). Text of CSV that is exactly how JSON
    /// would write a number, `true` or `false` becomes that.
    pub fn json(&self, row: usize, out: &mut String) -> bool {
        if self.array().is_null(row) {
            return false;
        }
        match self {
            Column::Csv(a) => {
                let text = a.value(row).trim();
                if text.is_empty() {
                    return false;
                }
                if is_json_scalar(text) { out.push_str(text) } else { quote(text, out) }
            }
            Column::Json(a) if a.value(row) == "null" => return false,
            Column::Json(a) => out.push_str(a.value(row)),
            Column::Float(a) if !a.value(row).is_finite() => return false,
            Column::Float(a) => {
                out.push_str(serde_json::Number::from_f64(a.value(row)).map(|n| n.to_string()).unwrap_or_default().trim_end_matches(".0"))
            }
            Column::Int(a) => drop(write!(out, "{}", a.value(row))),
            Column::Uint(a) => drop(write!(out, "{}", a.value(row))),
            Column::Bool(a) => drop(write!(out, "{}", a.value(row))),
            Column::Text(a) => quote(a.value(row), out),
            Column::Time(..) | Column::Date(_) => quote(&self.text(row).unwrap_or_default(), out),
        }
        true
    }

    /// The instant of a row; None where it is NULL or blank, Err with the text where it is no time.
    pub fn time(&self, row: usize, times: &Times) -> Option<Result<Instant, String>> {
        if self.array().is_null(row) {
            return None;
        }
        let text = || self.text(row).unwrap_or_default().into_owned();
        match self {
            Column::Time(a, false) => Some(Ok(Instant(a.value(row)))),
            Column::Time(a, true) => Some(times.of_local(a.value(row)).ok_or_else(text)),
            Column::Date(a) => Some(times.of_local(i64::from(a.value(row)) * DAY).ok_or_else(text)),
            Column::Int(a) => Some(times.of_number(a.value(row) as f64).ok_or_else(text)),
            Column::Uint(a) => Some(times.of_number(a.value(row) as f64).ok_or_else(text)),
            Column::Float(a) => Some(times.of_number(a.value(row)).ok_or_else(text)),
            Column::Json(a) if !a.value(row).starts_with('"') => match a.value(row).parse::<f64>() {
                Ok(number) => Some(times.of_number(number).ok_or_else(text)),
                Err(_) => self.text(row).map(|t| Err(t.into_owned())),
            },
            Column::Csv(_) | Column::Text(_) | Column::Json(_) | Column::Bool(_) => {
                self.text(row).map(|t| times.read(&t).ok_or_else(|| t.into_owned()))
            }
        }
    }

    /// The column as symbols.
    pub fn symbols(&self) -> Symbols {
        match self {
            Column::Int(a) => symbols((0..a.len()).map(|r| a.is_valid(r).then(|| a.value(r))), |n| n.to_string().into()),
            Column::Csv(a) => {
                symbols((0..a.len()).map(|r| Some(a.value(r).trim()).filter(|t| a.is_valid(r) && !t.is_empty())), |t| (*t).into())
            }
            Column::Text(a) => {
                symbols((0..a.len()).map(|r| a.is_valid(r).then(|| a.value(r)).filter(|t| !t.trim().is_empty())), |t| (*t).into())
            }
            other => symbols((0..other.array().len()).map(|r| other.text(r)), |t| t.as_ref().into()),
        }
    }
}

/// Numbers the different values in the order in which they first occur.
fn symbols<K: Hash + Eq>(column: impl ExactSizeIterator<Item = Option<K>>, text: impl Fn(&K) -> Arc<str>) -> Symbols {
    let mut ids: FxHashMap<K, u32> = FxHashMap::default();
    let mut values = Vec::new();
    let mut keys = Vec::with_capacity(column.len());
    for value in column {
        keys.push(match value {
            None => NONE,
            Some(value) => *ids.entry(value).or_insert_with_key(|value| {
                values.push(text(value));
                values.len() as u32 - 1
            }),
        });
    }
    Symbols { keys, values }
}

/// The text of a JSON fragment: of a string what it says, of anything else as it stands; None for null.
pub(crate) fn json_text(raw: &str) -> Option<Cow<'_, str>> {
    match raw.as_bytes() {
        b"null" => None,
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => Some(Cow::Borrowed(&raw[1..raw.len() - 1])),
        [b'"', ..] => serde_json::from_str(raw).ok().map(Cow::Owned),
        _ => Some(Cow::Borrowed(raw)),
    }
}

/// Appends a JSON string.
pub(crate) fn quote(text: &str, out: &mut String) {
    if text.bytes().all(|c| c >= 0x20 && c != b'"' && c != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// Is it `true`, `false`, or a number written without loss: no leading zeros, no exponent, no trailing zeros after the point, at most 15
/// digits?
fn is_json_scalar(text: &str) -> bool {
    if matches!(text, "true" | "false") {
        return true;
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() > 16 || !digits.starts_with(|c: char| c.is_ascii_digit()) || digits == "0" && text.len() == 2 {
        return false;
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "1"));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|c| c.is_ascii_digit());
    all_digits(whole) && all_digits(fraction) && (whole == "0" || !whole.starts_with('0')) && !fraction.ends_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_of_csv() {
        for (text, json) in [
            ("12", "12"),
            ("-0.5", "-0.5"),
            ("007", "\"007\""),
            ("1.50", "\"1.50\""),
            ("1e5", "\"1e5\""),
            ("true", "true"),
            ("TRUE", "\"TRUE\""),
            ("-0", "\"-0\""),
            ("a\"b", "\"a\\\"b\""),
            ("1.", "\"1.\""),
            ("-", "\"-\""),
        ] {
            let mut out = String::new();
            assert!(Column::Csv(StringArray::from(vec![text])).json(0, &mut out));
            assert_eq!(out, json, "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok());
        }
    }
}
