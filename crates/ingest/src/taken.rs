//! Where a value comes from, bound to the columns of a table.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;
use tenure_model::{Calendar, Instant, Kind, Value};

use crate::column::{Column, NONE, Symbols, quote};
use crate::mapping::{Expr, Lookups, Mapping, Piece, Take, Times};
use crate::table::Table;

/// Where a value comes from, bound to a table.
pub(crate) struct Taken<'a> {
    part: Part<'a>,
    filter: Option<Vec<bool>>,
    times: &'a Times,
    kind: Option<Kind>,
    scale: Option<f64>,
    map: Option<&'a BTreeMap<String, String>>,
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
    /// A column as it is, but for its type.
    pub fn column(column: &'a Column, kind: Option<Kind>, times: &'a Times) -> Taken<'a> {
        Taken { part: Part::Column(column), filter: None, times, kind, scale: None, map: None }
    }

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
        let calendar = || Calendar::utc();
        let value = match self.kind {
            _ if self.scale.is_some() => text.trim().parse::<f64>().ok().map(|x| Value::number(x * self.scale.unwrap_or(1.0))),
            None | Some(Kind::Text | Kind::Any | Kind::Interval) => None,
            Some(Kind::Time) => self.time(row).and_then(Result::ok).map(Value::Time),
            Some(Kind::Date) => self.time(row).and_then(Result::ok).and_then(|t| {
                let date = t.timestamp()?.to_zoned(self.times.zone.clone()).date();
                Some(Value::Date(date.into()))
            }),
            Some(kind @ (Kind::Number | Kind::Bool)) => Value::read(&text, kind, UTC.get_or_init(calendar)),
        };
        match value {
            Some(value) if !value.is_null() => out.push_str(&value.to_json().to_string()),
            Some(_) => return false,
            None => quote(&text, out),
        }
        true
    }
}

static UTC: OnceLock<Calendar> = OnceLock::new();

impl Part<'_> {
    pub fn json(&self, row: usize, out: &mut String) -> bool {
        match self {
            Part::Column(column) => column.json(row, out),
            Part::Typed(taken) => taken.json(row, out),
            Part::Missing | Part::Constant(_) | Part::Symbols(_) => false,
        }
    }
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
