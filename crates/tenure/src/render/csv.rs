//! A grid as CSV with a header line; NULL is an empty field.

use std::io::{self, Write};

use serde_json::Value;

use super::Grid;

pub(super) fn write(out: &mut impl Write, grid: &Grid) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(&grid.columns).map_err(io::Error::from)?;
    for row in &grid.rows {
        let fields = row.iter().map(|value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        writer.write_record(fields).map_err(io::Error::from)?;
    }
    writer.flush()
}
