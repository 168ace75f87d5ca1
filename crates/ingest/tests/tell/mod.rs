//! What a file says, as text for snapshots.

use tenure_ingest::Inputs;

/// Everything a file says, as text.
pub fn tell(chunks: impl Iterator<Item = Result<Inputs, tenure_ingest::Error>>) -> String {
    let mut out = String::new();
    for chunk in chunks {
        let inputs = match chunk {
            Ok(inputs) => inputs,
            Err(error) => {
                out += &format!("error: {error}\n");
                break;
            }
        };
        for batch in &inputs.events {
            for row in 0..batch.num_rows() {
                let cells = batch.columns().iter().map(|c| {
                    let text = datafusion::arrow::util::display::array_value_to_string(c, row).unwrap();
                    if text.is_empty() { "-".to_owned() } else { text }
                });
                out += &format!("event {}\n", cells.collect::<Vec<_>>().join(" | "));
            }
        }
        for v in &inputs.versions {
            let from = v.valid_from.map_or("assumed".to_owned(), |t| t.to_string());
            let known = v.known_from.map_or(String::new(), |t| format!(", known from {t}"));
            out += &format!("{:?} {} = {} ({from}{known})\n", v.entity, v.field, v.value);
        }
        for m in &inputs.memberships {
            out += &format!("{} belongs to {} {:?} {:?}\n", m.person, m.account, m.from, m.until);
        }
        for m in &inputs.merges {
            out += &format!("{} is {} at {}\n", m.from, m.into, m.at);
        }
        for r in &inputs.rejects {
            out += &format!("reject {}: {} <- {}\n", r.row, r.reason, r.raw);
        }
        out += &format!("rows {}, skipped {}\n", inputs.rows, inputs.skipped);
    }
    out
}
