//! Events out of a table: each rule of the mapping gives a batch, column by column.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Int32Array, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::Int32Type;
use tenure_model::Instant;

use crate::batch;
use crate::bound::{Bound, object};
use crate::column::{Column, NONE, Symbols};
use crate::mapping::{Expr, Lookups, Mapping, Rule, Times};
use crate::reader::Error;
use crate::table::Table;
use crate::{Inputs, Reject};

/// Times outside of the years 1900 to 2200 are mistakes.
pub(crate) fn is_plausible(t: Instant) -> bool {
    const YEAR_MICROS: i64 = 31_556_952_000_000;
    (-70 * YEAR_MICROS..=230 * YEAR_MICROS).contains(&t.0)
}

/// What to say of text that is no time.
pub(crate) fn no_time(text: &str) -> String {
    let is_number = text.bytes().all(|c| c.is_ascii_digit());
    let unix = match text.len() {
        9..=10 if is_number => "; Unix time is read where a mapping file says `times: unix`",
        12..=13 if is_number => "; Unix time in milliseconds is read where a mapping file says `times: unix_ms`",
        15..=16 if is_number => "; Unix time in microseconds is read where a mapping file says `times: unix_us`",
        _ => "",
    };
    format!("`{text}` is not a time{unix}")
}

/// Adds the events of the rows of a table.
pub(crate) fn add(table: &Table, mapping: &Mapping, lookups: &Lookups, inputs: &mut Inputs) -> Result<(), Error> {
    let chosen = table.filter(&mapping.filter);
    inputs.skipped += chosen.as_ref().map_or(0, |c| c.iter().filter(|c| !**c).count() as u64);
    let mut wrong: Vec<Option<String>> = vec![None; table.rows];
    let mut batches = Vec::new();
    for rule in &mapping.rules {
        let bound = Bound::new(rule, table, mapping, lookups).map_err(Error::Columns)?;
        let holds = |row: usize| chosen.as_ref().is_none_or(|c| c[row]) && bound.filter.as_ref().is_none_or(|f| f[row]);
        let (batch, keep) = events(table, rule, &bound, &holds, &mut wrong)?;
        batches.push((batch, keep));
    }
    // A row is rejected whole, whichever of its events is wrong.
    for (batch, mut keep) in batches {
        keep.iter_mut().zip(&wrong).for_each(|(keep, wrong)| *keep &= wrong.is_none());
        let batch = if keep.iter().all(|k| *k) { batch } else { filter_record_batch(&batch, &BooleanArray::from(keep))? };
        if batch.num_rows() > 0 {
            inputs.events.push(batch);
        }
    }
    for (row, reason) in wrong.into_iter().enumerate() {
        inputs.rejects.extend(reason.map(|reason| Reject { row: table.number(row), reason, raw: table.raw(row) }));
    }
    Ok(())
}

/// The events of a rule: a batch of all rows, and which of them it holds for.
fn events(
    table: &Table,
    rule: &Rule,
    bound: &Bound<'_>,
    holds: &dyn Fn(usize) -> bool,
    wrong: &mut [Option<String>],
) -> Result<(RecordBatch, Vec<bool>), Error> {
    let symbols = |field: &str| bound.field(field).map_or_else(|| nothing(table.rows), |taken| taken.symbols(table.rows));
    let (mut account, person, mut name) = (symbols("account_id"), symbols("person_id"), symbols("event"));
    let exported = table.is_export();
    if exported && !rule.fields.contains_key("account_id") {
        as_given(table, &mut account);
    }
    let mut keep = vec![false; table.rows];
    let mut times = vec![0i64; table.rows];
    let time = bound.field("time");
    for row in 0..table.rows {
        if !holds(row) {
            continue;
        }
        keep[row] = true;
        let mut reject = |reason: String| _ = wrong[row].get_or_insert(reason);
        match time.and_then(|taken| taken.time(row)) {
            Some(Ok(t)) if is_plausible(t) => times[row] = t.0,
            Some(Ok(t)) => reject(format!("the time {t} is not between 1900 and 2200")),
            Some(Err(text)) => reject(no_time(&text)),
            None => reject("there is no time".into()),
        }
        if name.keys[row] == NONE {
            reject("there is no event name".into());
        }
        for (field, symbols) in [("account_id", &account), ("person_id", &person)] {
            if symbols.keys[row] == NONE
                && let Some(reason) = lookup_failure(table, rule, field, row)
            {
                reject(reason);
            }
        }
    }
    // Rejected rows are filtered out later; until then every row needs some name.
    let filler = name.values.len() as u32;
    if name.keys.contains(&NONE) {
        name.values.push("".into());
        name.keys.iter_mut().filter(|k| **k == NONE).for_each(|k| *k = filler);
    }
    let message_id: ArrayRef = match bound.field("message_id") {
        None => Arc::new(StringArray::new_null(table.rows)),
        Some(taken) => {
            let mut builder = StringBuilder::with_capacity(table.rows, table.rows * 24);
            (0..table.rows).for_each(|row| builder.append_option(taken.text(row)));
            Arc::new(builder.finish())
        }
    };
    let mut columns: Vec<ArrayRef> = vec![
        dictionary(account)?,
        dictionary(person)?,
        dictionary(name)?,
        Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC")),
        message_id,
        properties(table, bound),
    ];
    if !exported {
        return Ok((RecordBatch::try_new(batch::schema(), columns)?, keep));
    }
    let source = table.column("source").map_or_else(|| nothing(table.rows), Column::symbols);
    let time = |name: &str| -> ArrayRef {
        let times = (0..table.rows).map(|row| table.column(name)?.time(row, &Times::default())?.ok().filter(|t| is_plausible(*t)));
        let times: TimestampMicrosecondArray = times.map(|t| t.map(|t| t.0)).collect();
        Arc::new(times.with_timezone("UTC"))
    };
    columns.push(dictionary(source)?);
    columns.extend(["received_at", "sent_at", "original_time"].map(time));
    Ok((RecordBatch::try_new(batch::exported_schema(), columns)?, keep))
}

/// Of events whose account followed from their person, an export tells the account too; it was not given, and follows from the person again.
fn as_given(table: &Table, account: &mut Symbols) {
    let given = table.column("given_account_id").map_or_else(|| nothing(table.rows), Column::symbols);
    account.keys.iter_mut().zip(&given.keys).filter(|(_, given)| **given == NONE).for_each(|(account, _)| *account = NONE);
}

/// A column of NULLs.
fn nothing(rows: usize) -> Symbols {
    Symbols { keys: vec![NONE; rows], values: Vec::new() }
}

/// What to say where a lookup has found nothing for a value that is there.
fn lookup_failure(table: &Table, rule: &Rule, field: &str, row: usize) -> Option<String> {
    let Expr::Lookup { file, by, key, .. } = &rule.fields.get(field)?.expr else { return None };
    let text = table.column(by)?.text(row)?;
    Some(format!("{file} has no row whose {key} is `{text}`"))
}

fn dictionary(symbols: Symbols) -> Result<ArrayRef, Error> {
    let keys: Int32Array = if symbols.keys.contains(&NONE) {
        symbols.keys.iter().map(|k| (*k != NONE).then_some(*k as i32)).collect()
    } else {
        symbols.keys.iter().map(|k| *k as i32).collect::<Vec<i32>>().into()
    };
    let values = StringArray::from_iter_values(symbols.values.iter().map(|v| v.as_ref()));
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(values))?))
}

fn properties(table: &Table, bound: &Bound<'_>) -> ArrayRef {
    if bound.rest.is_empty() {
        return Arc::new(StringArray::new_null(table.rows));
    }
    let mut builder = StringBuilder::with_capacity(table.rows, table.rows * 16);
    let mut text = String::new();
    for row in 0..table.rows {
        text.clear();
        let any = object(&bound.rest, row, &mut text);
        builder.append_option(any.then_some(text.as_str()));
    }
    Arc::new(builder.finish())
}
