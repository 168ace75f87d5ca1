//! A grid as a table for people: numbers to the right, no more lines than needed.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::Value;
use tenure_model::Instant;

use super::Grid;

/// Longer cells are cut.
const CELL_WIDTH_MAX: usize = 60;
/// Longer headings, those of expressions without an alias, are cut.
const HEADING_WIDTH_MAX: usize = 40;
/// How DataFusion writes literals in the names of expressions.
const LITERALS: &[&str] = &["Int64(", "UInt64(", "Float64(", "Boolean(", "Utf8View(", "Utf8("];

pub(super) fn write(out: &mut impl Write, grid: &Grid) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(grid.columns.iter().map(|name| heading(name)));
    for row in &grid.rows {
        table.add_row(row.iter().map(|value| cut(plain(&cell(value)), CELL_WIDTH_MAX)));
    }
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        let fits = |value: &Value| value.is_number() || value.is_null() || value == super::NOTHING;
        let numeric = grid.rows.iter().any(|row| row[i].is_number()) && grid.rows.iter().all(|row| fits(&row[i]));
        if numeric {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A heading on one line, literals without DataFusion's types: what is longer is cut.
fn heading(name: &str) -> String {
    let name = LITERALS.iter().fold(name.split_whitespace().collect::<Vec<_>>().join(" "), |name, kind| without(&name, kind));
    cut(plain(&name), HEADING_WIDTH_MAX)
}

/// At most so many characters; `…` stands for what is left out.
fn cut(text: String, width_max: usize) -> String {
    if text.chars().count() <= width_max {
        return text;
    }
    text.chars().take(width_max - 1).chain(['…']).collect()
}

/// Text that cannot move the cursor, break the line or turn the direction of what follows: such characters are written as escapes.
pub fn plain(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    if !text.contains(|c: char| c.is_control() || turns(c)) {
        return text.to_owned();
    }
    text.chars().map(|c| if c.is_control() || turns(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// `Int64(1)` as `1`.
fn without(text: &str, kind: &str) -> String {
    let Some((before, rest)) = text.split_once(kind) else { return text.to_owned() };
    let Some((literal, after)) = rest.split_once(')') else { return text.to_owned() };
    format!("{before}{}{}", literal.replace('"', "'"), without(after, kind))
}

/// A value as people read it: nothing for NULL, times to the second.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => match text.split_once('.') {
            Some((seconds, fraction)) if seconds.len() == 19 && fraction.ends_with('Z') && Instant::parse(text).is_some() => {
                format!("{seconds}Z")
            }
            _ => text.clone(),
        },
        Value::Number(n) => match n.as_f64() {
            Some(x) if n.is_f64() => trimmed(x),
            _ => n.to_string(),
        },
        other => other.to_string(),
    }
}

/// At most four decimals, without trailing zeros.
fn trimmed(x: f64) -> String {
    if x != 0.0 && x.abs() < 0.0001 {
        return x.to_string();
    }
    let text = format!("{x:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
