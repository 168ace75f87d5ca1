//! Output: a grid of values as a table for people, as JSON or as CSV for programs.

mod csv;
mod json;
mod table;

use std::io::{self, Write};

pub use table::plain;
pub use tenure_tables::Grid;

/// What people see where a value would say nothing.
pub const NOTHING: &str = "–";

/// How to write a grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// For people.
    #[default]
    Table,
    /// An array of objects, one a line.
    Json,
    /// With a header line.
    Csv,
}

/// The options `--json` and `--csv`.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct StyleArgs {
    /// Write JSON: an array of objects, one a line.
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Write CSV with a header line.
    #[arg(long)]
    pub csv: bool,
}

impl StyleArgs {
    /// The style asked for.
    pub fn style(self) -> Style {
        match self {
            StyleArgs { json: true, .. } => Style::Json,
            StyleArgs { csv: true, .. } => Style::Csv,
            _ => Style::Table,
        }
    }
}

/// Writes a grid to standard output. A reader that has gone away (`| head`) is no error.
pub fn print(grid: &Grid, style: Style) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    forgive(write(&mut out, grid, style).and_then(|()| out.flush()))
}

/// Writes a grid.
pub fn write(mut out: impl Write, grid: &Grid, style: Style) -> io::Result<()> {
    match style {
        Style::Table => table::write(&mut out, grid),
        Style::Json => json::write(&mut out, grid),
        Style::Csv => csv::write(&mut out, grid),
    }
}

/// A grid as a table.
pub fn tabled(grid: &Grid) -> String {
    let mut out = Vec::new();
    // A vector takes everything.
    let _ = table::write(&mut out, grid);
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes text to standard output, as `print` does.
pub fn text(text: &str) -> io::Result<()> {
    forgive(io::stdout().lock().write_all(text.as_bytes()))
}

fn forgive(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// A count with separators: 10,209,073.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count and its noun: `1 row`, `1,200 rows`.
pub fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn counts() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (10_209_073, "10,209,073")] {
            assert_eq!(count(n), text);
        }
        assert_eq!(counted(1, "row"), "1 row");
    }

    #[test]
    fn headings_take_one_line() {
        let name = "sum(CASE WHEN events.name = Utf8(\"login\")\n THEN Int64(1) ELSE Int64(0) END) / count(*)";
        let grid = Grid { columns: vec!["count(Int64(1))".into(), name.into()], rows: vec![vec![4.into(), "a".into()]] };
        let mut out = Vec::new();
        table::write(&mut out, &grid).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "count(1)  sum(CASE WHEN events.name = 'login' THE…\n       4  a\n");
    }

    #[test]
    fn cells_take_one_line_of_plain_text() {
        let rows = [
            ("clear\u{1b}[2J", "clear\\u{1b}[2J"),
            ("eno\u{202e}enod", "eno\\u{202e}enod"),
            ("a\tb\r\nc", "a\\tb\\r\\nc"),
            (&"x".repeat(60), &"x".repeat(60)),
            (&"x".repeat(61), &("x".repeat(59) + "…")),
        ];
        for (value, shown) in rows {
            let grid = Grid { columns: vec!["a".into()], rows: vec![vec![value.into()]] };
            let mut out = Vec::new();
            table::write(&mut out, &grid).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), format!("a\n{shown}\n"));
        }
    }

    #[test]
    fn the_three_styles() {
        let grid = Grid {
            columns: vec!["id".into(), "health".into(), "note".into()],
            rows: vec![
                vec!["acme".into(), Value::from(62.5), Value::Null],
                vec!["ünïque, \"ltd\"".into(), Value::from(100), "two\nlines".into()],
            ],
        };
        let written = |write: &dyn Fn(&mut Vec<u8>) -> io::Result<()>| {
            let mut out = Vec::new();
            write(&mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let table = "id             health  note\nacme             62.5\nünïque, \"ltd\"     100  two\\nlines\n";
        assert_eq!(written(&|out| table::write(out, &grid)), table);
        let json = "[\n{\"id\":\"acme\",\"health\":62.5,\"note\":null},\n{\"id\":\"ünïque, \\\"ltd\\\"\",\"health\":100,\"note\":\"two\\nlines\"}\n]\n";
        assert_eq!(written(&|out| json::write(out, &grid)), json);
        let csv = "id,health,note\nacme,62.5,\n\"ünïque, \"\"ltd\"\"\",100,\"two\nlines\"\n";
        assert_eq!(written(&|out| csv::write(out, &grid)), csv);
    }
}
