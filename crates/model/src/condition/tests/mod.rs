//! Tests of expressions: what they mean, what is refused and how, agreement with DataFusion, limits, speed.

mod differential;
mod explain;
mod hostile;
mod meaning;
mod messages;
mod speed;

use std::collections::BTreeMap;

use proptest::test_runner::{Config as ProptestConfig, RngSeed};

use super::{Names, Problem, Program, compile};
use crate::time::Instant;
use crate::value::{Kind, Value};

/// A row of columns for tests; slots follow the order of `columns`. Columns of kind `Any` learn their type.
#[derive(Clone, Default)]
pub struct Row {
    pub columns: Vec<(String, Kind)>,
    pub calls: BTreeMap<&'static str, Vec<&'static str>>,
}

impl Row {
    pub fn new(columns: &[(&str, Kind)]) -> Row {
        Row { columns: columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(), calls: BTreeMap::new() }
    }

    /// An account's row.
    pub fn account() -> Row {
        use Kind::*;
        let mut row = Row::new(&[
            ("tier", Number),
            ("name", Text),
            ("plan", Text),
            ("logins_7d", Number),
            ("seats", Number),
            ("renewal_at", Time),
            ("trial_ends_at", Time),
            ("signed_on", Date),
            ("ends_on", Date),
            ("active", Bool),
            ("enterprise", Bool),
            ("account.stage", Text),
            ("path", Any),
            ("seconds", Any),
            ("flag", Any),
        ]);
        row.calls.insert("milestone", vec!["first_value"]);
        row
    }
}

impl Names for Row {
    fn column(&mut self, relation: Option<&str>, name: &str) -> Option<(u32, Kind)> {
        let name = relation.map_or(name.to_owned(), |relation| format!("{relation}.{name}"));
        let slot = self.columns.iter().position(|(n, _)| *n == name)?;
        Some((slot as u32, self.columns[slot].1))
    }

    fn call(&mut self, function: &str, argument: &str) -> Option<Result<(u32, Kind), (String, Option<String>)>> {
        let known = self.calls.get(function)?;
        Some(match known.iter().position(|name| *name == argument) {
            Some(i) => Ok((100 + i as u32, Kind::Text)),
            None => Err((format!("there is no {function} {argument}"), Some(format!("did you mean {}?", known[0])))),
        })
    }

    fn infer(&mut self, slot: u32, kind: Kind) {
        self.columns[slot as usize].1 = kind;
    }

    fn candidates(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// Properties of so many cases, always the same ones.
pub fn config(cases: u32, seed: u64) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..ProptestConfig::default() }
}

/// An instant.
pub fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap_or_else(|| panic!("{text}"))
}

/// A compiled expression over an account's row.
pub fn program(sql: &str) -> Program {
    compile(sql, &mut Row::account(), None).unwrap_or_else(|problems| panic!("{sql}: {problems:#?}"))
}

/// The problems of an expression over an account's row.
pub fn problems(sql: &str, expect: Option<Kind>) -> Vec<Problem> {
    compile(sql, &mut Row::account(), expect).err().unwrap_or_default()
}

/// A row of an account, NULL but for these columns.
pub fn row(values: &[(&str, Value)]) -> Vec<Value> {
    let names = Row::account();
    let mut row = vec![Value::Null; names.columns.len()];
    for (name, value) in values {
        let slot = names.columns.iter().position(|(n, _)| n == name).unwrap_or_else(|| panic!("{name}"));
        row[slot] = value.clone();
    }
    row
}
