//! Lookup files: tables in which a column of this file finds a value of another.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

/// The contents of lookup files.
#[derive(Clone, Debug, Default)]
pub struct Lookups {
    tables: BTreeMap<String, Table>,
}

#[derive(Clone, Debug)]
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Lookups {
    /// Adds the content of a CSV file under the name the mapping calls it. Err says why it cannot be read.
    pub fn add(&mut self, name: &str, csv: &[u8]) -> Result<(), String> {
        let mut reader = csv::ReaderBuilder::new().from_reader(csv);
        let mut fields = |record: csv::StringRecord| record.iter().map(|f| f.trim().to_owned()).collect::<Vec<_>>();
        let header = fields(reader.headers().map_err(|e| e.to_string())?.clone());
        let rows = reader.records().map(|r| r.map(&mut fields)).collect::<Result<_, _>>().map_err(|e| e.to_string())?;
        self.tables.insert(name.to_owned(), Table { header, rows });
        Ok(())
    }

    /// What each value of `key` finds in `take`; of equal keys the first. Err says what is not there.
    pub(crate) fn index(&self, file: &str, key: &str, take: &str) -> Result<FxHashMap<&str, Arc<str>>, String> {
        let table = self.tables.get(file).ok_or_else(|| format!("the lookup file {file} was not given"))?;
        let column = |name: &str| {
            table.header.iter().position(|h| h == name).ok_or_else(|| {
                let help = tenure_model::diagnostic::nearest(name, table.header.iter().map(String::as_str));
                format!(
                    "the lookup file {file} has no column `{name}`{}",
                    help.map(|n| format!(": did you mean `{n}`?")).unwrap_or_default()
                )
            })
        };
        let (key, take) = (column(key)?, column(take)?);
        let mut index = FxHashMap::default();
        for row in &table.rows {
            if !row[take].is_empty() {
                index.entry(row[key].as_str()).or_insert_with(|| Arc::from(row[take].as_str()));
            }
        }
        Ok(index)
    }
}
