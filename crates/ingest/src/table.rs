//! A chunk of a file as a table, and what the mapping takes out of it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tenure_model::{Instant, Kind, Value};

use crate::column::{Column, NONE, Symbols, quote};
use crate::mapping::{Expr, Filter, Lookups, Mapping, Piece, Rest, Rule, Take, Times};

/// Consecutive rows of a file in named columns.
pub(crate) struct Table {
    /// Number of the first row, from 1.
    pub first_row: u64,
    /// Row numbers, where they are not consecutive.
    pub numbers: Option<Vec<u64>>,
    pub names: Arc<[String]>,
    pub columns: Vec<Column>,
    pub rows: usize,
    /// The rows as they stand in the file, where they are at hand.
    pub raw: Option<Vec<String>>,
}

impl Table {
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.names.iter().position(|n| n == name).map(|i| &self.columns[i])
    }

    /// The number of a row in the file.
    pub fn number(&self, row: usize) -> u64 {
        self.numbers.as_ref().map_or(self.first_row + row as u64, |numbers| numbers[row])
    }

    /// A row as it stands in the file, or as JSON.
    pub fn raw(&self, row: usize) -> String {
        if let Some(raw) = &self.raw {
            return raw[row].clone();
        }
        let mut out = String::new();
        let parts: Vec<(String, &Column)> = self.names.iter().cloned().zip(&self.columns).collect();
        let parts: Vec<(String, Part<'_>)> = parts.into_iter().map(|(name, column)| (name, Part::Column(column))).collect();
        if object(&parts, row, &mut out) { out } else { "{}".into() }
    }

    /// For each row, whether the filter holds; None where it always does.
    pub fn filter(&self, filter: &Filter) -> Option<Vec<bool>> {
        if filter.0.is_empty() {
            return None;
        }
        let mut holds = vec![true; self.rows];
        for (name, test) in &filter.0 {
            let symbols = self.column(name).map(Column::symbols);
            let (by_value, blank): (Vec<bool>, bool) =
                (symbols.iter().flat_map(|s| &s.values).map(|text| test.holds(Some(text))).collect(), test.holds(None));
            for (row, holds) in holds.iter_mut().enumerate() {
                let key = symbols.as_ref().map_or(NONE, |s| s.keys[row]);
                *holds &= if key == NONE { blank } else { by_value[key as usize] };
            }
        }
        Some(holds)
    }
}

/// Where a value comes from, bound to a table.
pub(crate) struct Taken<'a> {
    part: Part<'a>,
    filter: Option<Vec<bool>>,
    times: &'a Times,
    kind: Option<Kind>,
    scale: Option<f64>,
    map: Option<&'a std::collections::BTreeMap<String, String>>,
}

/// The unconditional part of it.
pub(crate) enum Part<'a> {
    Column(&'a Column),
    /// The file has no such column.
    Missing,
    Constant(&'a str),
    Symbols(Symbols),
    Typed(Box<Taken<'a>>),
}

impl<'a> Taken<'a> {
    /// Err where a lookup file is missing or has no such column.
    pub fn bind(take: &'a Take, table: &'a Table, mapping: &'a Mapping, lookups: &'a Lookups) -> Result<Taken<'a>, String> {
        let column = |name: &str| table.column(name);
        let part = match &take.expr {
            Expr::Column(name) => column(name).map_or(Part::Missing, Part::Column),
            Expr::Constant(text) => Part::Constant(text),
            Expr::Template(pieces) => Part::Symbols(template(pieces, table)),
            Expr::Lookup { file, by, key, take } => {
                let index = lookups.index(file, key, take)?;
                Part::Symbols(match column(by) {
                    Some(column) => look_up(column.symbols(), &index),
                    None => Symbols { keys: vec![NONE; table.rows], values: Vec::new() },
                })
            }
        };
        let declared = if let Expr::Column(name) = &take.expr { mapping.types.get(name).copied() } else { None };
        Ok(Taken {
            part,
            filter: table.filter(&take.filter),
            times: take.times.as_ref().unwrap_or(&mapping.times),
            kind: take.kind.or(declared),
            scale: take.scale,
            map: (!take.map.is_empty()).then_some(&take.map),
        })
    }

    fn passes(&self, row: usize) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter[row])
    }

    fn mapped<'t>(&'t self, text: Cow<'t, str>) -> Cow<'t, str> {
        match self.map.and_then(|map| map.get(text.as_ref())) {
            Some(meaning) => Cow::Borrowed(meaning),
            None => text,
        }
    }

    /// The text of a row; None where it is NULL or blank.
    pub fn text(&self, row: usize) -> Option<Cow<'_, str>> {
        if !self.passes(row) {
            return None;
        }
        let text = match &self.part {
            Part::Column(column) => column.text(row)?,
            Part::Missing => return None,
            Part::Constant(text) => Cow::Borrowed(*text),
            Part::Symbols(symbols) => match symbols.keys[row] {
                NONE => return None,
                key => Cow::Borrowed(symbols.values[key as usize].as_ref()),
            },
            Part::Typed(taken) => return taken.text(row),
        };
        Some(self.mapped(text))
    }

    /// The time of a row; None where it is blank, Err with the text where it is none.
    pub fn time(&self, row: usize) -> Option<Result<Instant, String>> {
        match &self.part {
            Part::Column(column) if self.map.is_none() => {
                if self.passes(row) {
                    column.time(row, self.times)
                } else {
                    None
                }
            }
            _ => self.text(row).map(|text| self.times.read(&text).ok_or_else(|| text.into_owned())),
        }
    }

    /// The column as symbols.
    pub fn symbols(&self, rows: usize) -> Symbols {
        let mut symbols = match &self.part {
            Part::Column(column) => column.symbols(),
            Part::Missing => Symbols { keys: vec![NONE; rows], values: Vec::new() },
            Part::Constant(text) => Symbols { keys: vec![0; rows], values: vec![Arc::from(*text)] },
            Part::Symbols(symbols) => Symbols { keys: symbols.keys.clone(), values: symbols.values.clone() },
            Part::Typed(taken) => return taken.symbols(rows),
        };
        if let Some(map) = self.map {
            for value in &mut symbols.values {
                if let Some(meaning) = map.get(value.as_ref()) {
                    *value = meaning.as_str().into();
                }
            }
        }
        if let Some(filter) = &self.filter {
            symbols.keys.iter_mut().zip(filter).filter(|(_, passes)| !**passes).for_each(|(key, _)| *key = NONE);
        }
        symbols
    }

    /// Appends the row as JSON, by its type if one is given; false, and nothing appended, where it is NULL. What cannot be read as its type
    /// stays text.
    pub fn json(&self, row: usize, out: &mut String) -> bool {
        if !self.passes(row) {
            return false;
        }
        if self.kind.is_none()
            && self.scale.is_none()
            && self.map.is_none()
            && let Part::Column(column) = &self.part
        {
            return column.json(row, out);
        }
        let Some(text) = self.text(row) else { return false };
        let calendar = || tenure_model::Calendar::utc();
        let value = match self.kind {
            _ if self.scale.is_some() => text.trim().parse::<f64>().ok().map(|x| Value::number(x * self.scale.unwrap_or(1.0))),
            None | Some(Kind::Text | Kind::Any | Kind::Interval) => None,
            Some(Kind::Time) => self.time(row).and_then(Result::ok).map(Value::Time),
            Some(Kind::Date) => self.time(row).and_then(Result::ok).and_then(|t| {
                let date = t.timestamp()?.to_zoned(self.times.zone.clone()).date();
                Some(Value::Date(date.into()))
            }),
            Some(kind @ (Kind::Number | Kind::Bool)) => Value::read(&text, kind, &UTC.get_or_init(calendar).clone()),
        };
        match value {
            Some(value) if !value.is_null() => out.push_str(&value.to_json().to_string()),
            Some(_) => return false,
            None => quote(&text, out),
        }
        true
    }
}

static UTC: std::sync::OnceLock<tenure_model::Calendar> = std::sync::OnceLock::new();

/// A rule bound to a table: its fields by name, and what becomes traits or properties.
pub(crate) struct Bound<'a> {
    fields: FxHashMap<&'static str, Taken<'a>>,
    pub rest: Vec<(String, Part<'a>)>,
    /// The rows it holds for; None: all.
    pub filter: Option<Vec<bool>>,
}

impl<'a> Bound<'a> {
    /// Err where a lookup is missing.
    pub fn new(rule: &'a Rule, table: &'a Table, mapping: &'a Mapping, lookups: &'a Lookups) -> Result<Bound<'a>, String> {
        let mut fields = FxHashMap::default();
        let mut used: BTreeSet<&str> = mapping.rules.iter().flat_map(|r| r.fields.values()).flat_map(|take| take.expr.columns()).collect();
        for (field, usual) in mapping.import.fields() {
            if let Some(take) = rule.fields.get(field) {
                fields.insert(*field, Taken::bind(take, table, mapping, lookups)?);
            } else if let Some((name, column)) = usual.iter().find_map(|name| Some((*name, table.column(name)?))) {
                used.insert(name);
                let kind = mapping.types.get(name).copied();
                fields.insert(
                    *field,
                    Taken { part: Part::Column(column), filter: None, times: &mapping.times, kind, scale: None, map: None },
                );
            }
        }
        // What an export of Tenure's own archive adds to an event.
        let archive = ["position", "source", "received_at", "given_account_id", "given_person_id", "reason"];
        let is_export = table.column("position").is_some() && table.column("received_at").is_some() && table.column("source").is_some();
        let mut rest = Vec::new();
        match rule.rest.as_ref().unwrap_or(&mapping.rest) {
            Rest::None => {}
            Rest::Named(named) => {
                for (name, take) in named {
                    rest.push((name.clone(), Part::Typed(Box::new(Taken::bind(take, table, mapping, lookups)?))));
                }
            }
            Rest::All => {
                for (name, column) in table.names.iter().zip(&table.columns) {
                    if used.contains(name.as_str()) || mapping.ignore.contains(name) || is_export && archive.contains(&name.as_str()) {
                        continue;
                    }
                    let part = match mapping.types.get(name) {
                        None => Part::Column(column),
                        kind => Part::Typed(Box::new(Taken {
                            part: Part::Column(column),
                            filter: None,
                            times: &mapping.times,
                            kind: kind.copied(),
                            scale: None,
                            map: None,
                        })),
                    };
                    rest.push((mapping.rename.get(name).unwrap_or(name).clone(), part));
                }
            }
        }
        Ok(Bound { fields, rest, filter: table.filter(&rule.filter) })
    }

    pub fn field(&self, name: &str) -> Option<&Taken<'a>> {
        self.fields.get(name)
    }

    pub fn text(&self, name: &str, row: usize) -> Option<Cow<'_, str>> {
        self.field(name)?.text(row)
    }
}

impl Part<'_> {
    pub fn json(&self, row: usize, out: &mut String) -> bool {
        match self {
            Part::Column(column) => column.json(row, out),
            Part::Typed(taken) => taken.json(row, out),
            Part::Missing | Part::Constant(_) | Part::Symbols(_) => false,
        }
    }
}

/// Appends an object of what is not NULL; false, and nothing appended, if that is nothing. A part `properties` that is an object itself is
/// opened into it.
pub(crate) fn object(parts: &[(String, Part<'_>)], row: usize, out: &mut String) -> bool {
    let start = out.len();
    for (name, part) in parts {
        let before = out.len();
        out.push(if before == start { '{' } else { ',' });
        if name == "properties" {
            let there = part.json(row, out);
            match there.then(|| open(out, before + 1)).flatten() {
                Some(true) => continue,
                Some(false) => {
                    out.truncate(before);
                    continue;
                }
                None => out.truncate(before + 1),
            }
        }
        quote(name, out);
        out.push(':');
        if !part.json(row, out) {
            out.truncate(before);
        }
    }
    if out.len() > start {
        out.push('}');
    }
    out.len() > start
}

/// Turns the JSON object (or the text of one) that begins at `at` into its members; false where it has none, None where it is no object.
fn open(out: &mut String, at: usize) -> Option<bool> {
    if let Some(text) = out[at..].starts_with('"').then(|| serde_json::from_str::<String>(&out[at..]).ok()).flatten() {
        if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err() {
            return None;
        }
        out.truncate(at);
        out.push_str(text.trim());
    }
    let members = out[at..].strip_prefix('{')?.strip_suffix('}')?.trim().to_owned();
    out.truncate(at);
    out.push_str(&members);
    Some(!members.is_empty())
}

fn template(pieces: &[Piece], table: &Table) -> Symbols {
    let columns: Vec<Option<Symbols>> =
        pieces.iter().map(|p| if let Piece::Column(name) = p { table.column(name).map(Column::symbols) } else { None }).collect();
    let mut ids: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
    let mut pairs: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    let (mut keys, mut values) = (Vec::with_capacity(table.rows), Vec::new());
    let wide: Vec<&Symbols> = columns.iter().flatten().collect();
    let missing = pieces.iter().zip(&columns).any(|(piece, column)| matches!(piece, Piece::Column(_)) && column.is_none());
    let write = |row: usize, values: &mut Vec<Arc<str>>| {
        let mut text = String::new();
        for (piece, column) in pieces.iter().zip(&columns) {
            match (piece, column) {
                (Piece::Text(t), _) => text.push_str(t),
                (Piece::Column(_), Some(column)) => text.push_str(&column.values[column.keys[row] as usize]),
                (Piece::Column(_), None) => {}
            }
        }
        values.push(text.into());
        values.len() as u32 - 1
    };
    for row in 0..table.rows {
        if missing || wide.iter().any(|s| s.keys[row] == NONE) {
            keys.push(NONE);
            continue;
        }
        keys.push(match wide[..] {
            [a, b] => *pairs.entry((a.keys[row], b.keys[row])).or_insert_with(|| write(row, &mut values)),
            _ => {
                let key: Vec<u32> = wide.iter().map(|s| s.keys[row]).collect();
                *ids.entry(key).or_insert_with(|| write(row, &mut values))
            }
        });
    }
    Symbols { keys, values }
}

fn look_up(by: Symbols, index: &FxHashMap<&str, Arc<str>>) -> Symbols {
    let mut values = Vec::new();
    let found: Vec<u32> = by
        .values
        .iter()
        .map(|text| match index.get(text.as_ref()) {
            None => NONE,
            Some(value) => {
                values.push(value.clone());
                values.len() as u32 - 1
            }
        })
        .collect();
    Symbols { keys: by.keys.iter().map(|key| if *key == NONE { NONE } else { found[*key as usize] }).collect(), values }
}
