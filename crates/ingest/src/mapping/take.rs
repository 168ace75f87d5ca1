//! Where a value comes from, and for which rows.

use std::collections::BTreeMap;

use tenure_model::Kind;

use super::times::Times;

/// Where a value comes from and what is made of it.
#[derive(Clone, Debug)]
pub(crate) struct Take {
    pub expr: Expr,
    /// Only of these rows; NULL of all others.
    pub filter: Filter,
    /// Formats of times, in place of the mapping's.
    pub times: Option<Times>,
    pub kind: Option<Kind>,
    /// A number is multiplied by this.
    pub scale: Option<f64>,
    /// What stands there → what it means. What is not named stays.
    pub map: BTreeMap<String, String>,
}

/// Where a value comes from.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Expr {
    /// A column.
    Column(String),
    /// The same for all rows.
    Constant(String),
    /// Text with columns in it; NULL where one of them is.
    Template(Vec<Piece>),
    /// The value of a column of the row of another file whose column `key` has the value that `by` has here.
    Lookup { file: String, by: String, key: String, take: String },
}

/// A part of a template.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Piece {
    Text(String),
    Column(String),
}

/// All tests must hold.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Filter(pub Vec<(String, Test)>);

/// A test of a column's text.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Test {
    /// It is one of these.
    In(Vec<String>),
    /// It is none of these; blank passes.
    NotIn(Vec<String>),
    /// It begins with this.
    Prefix(String),
    /// Is it blank?
    Blank(bool),
}

impl Take {
    pub fn column(name: &str) -> Take {
        Take::from(Expr::Column(name.to_owned()))
    }

    pub fn from(expr: Expr) -> Take {
        Take { expr, filter: Filter::default(), times: None, kind: None, scale: None, map: BTreeMap::new() }
    }
}

impl Expr {
    /// The columns it reads.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Expr::Column(name) => vec![name],
            Expr::Constant(_) => vec![],
            Expr::Template(pieces) => {
                pieces.iter().filter_map(|p| if let Piece::Column(name) = p { Some(name.as_str()) } else { None }).collect()
            }
            Expr::Lookup { by, .. } => vec![by],
        }
    }
}

impl Filter {
    /// The columns it reads.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(column, _)| column.as_str())
    }
}

impl Test {
    /// Does it hold? None is blank.
    pub fn holds(&self, text: Option<&str>) -> bool {
        match (self, text) {
            (Test::In(values), Some(text)) => values.iter().any(|v| v == text),
            (Test::NotIn(values), Some(text)) => !values.iter().any(|v| v == text),
            (Test::Prefix(prefix), Some(text)) => text.starts_with(prefix.as_str()),
            (Test::Blank(blank), text) => *blank == text.is_none(),
            (Test::NotIn(_), None) => true,
            (Test::In(_) | Test::Prefix(_), None) => false,
        }
    }
}
