//! A grid as a JSON array of objects, one a line.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::Grid;

pub(super) fn write(out: &mut impl Write, grid: &Grid) -> io::Result<()> {
    if grid.rows.is_empty() {
        return writeln!(out, "[]");
    }
    let mut before = "[\n";
    for row in &grid.rows {
        out.write_all(before.as_bytes())?;
        let object: Map<String, Value> = grid.columns.iter().cloned().zip(row.iter().cloned()).collect();
        serde_json::to_writer(&mut *out, &object)?;
        before = ",\n";
    }
    out.write_all(b"\n]\n")
}
