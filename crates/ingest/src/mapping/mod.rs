//! The mapping file: which of a foreign file's columns is what (docs/reference/mapping.md).

mod lookup;
mod parse;
mod take;
mod times;

use std::collections::{BTreeMap, BTreeSet};

use tenure_model::{Diagnostic, Kind};

pub use lookup::Lookups;
pub(crate) use take::{Expr, Filter, Piece, Take, Test};
pub(crate) use times::{Format, Times, moment};

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Import {
    /// Accounts and their traits.
    Accounts,
    /// People, their traits and where they belong.
    People,
    /// Subscriptions.
    Subscriptions,
    /// Events.
    Events,
}

/// Which column is what.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// What the file holds.
    pub import: Import,
    pub(crate) source: Option<String>,
    pub(crate) delimiter: u8,
    pub(crate) times: Times,
    /// Only rows for which it holds.
    pub(crate) filter: Filter,
    /// Types of columns, by the name they have in the file.
    pub(crate) types: BTreeMap<String, Kind>,
    /// Columns that become neither traits nor properties.
    pub(crate) ignore: BTreeSet<String>,
    /// Traits and properties that are called otherwise than their column: by column.
    pub(crate) rename: BTreeMap<String, String>,
    /// What else becomes traits or properties.
    pub(crate) rest: Rest,
    /// What the file's rows are: one rule for entities, one or more for events.
    pub(crate) rules: Vec<Rule>,
}

/// What one row says: by field (`id`, `time`, `plan` …) where its value comes from. Fields without an entry come from the columns of the
/// usual names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rule {
    pub fields: BTreeMap<&'static str, Take>,
    pub filter: Filter,
    /// In place of the mapping's.
    pub rest: Option<Rest>,
}

/// Which columns become traits or properties.
#[derive(Clone, Debug, Default)]
pub(crate) enum Rest {
    /// All that nothing else uses and `ignore` does not name.
    #[default]
    All,
    /// None.
    None,
    /// These, by the name they get.
    Named(Vec<(String, Take)>),
}

impl Rest {
    fn takes(&self) -> impl Iterator<Item = &Take> {
        let named = if let Rest::Named(named) = self { named.as_slice() } else { &[] };
        named.iter().map(|(_, take)| take)
    }
}

impl Import {
    /// The fields of a row, each with the usual names of its column.
    pub(crate) fn fields(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Import::Accounts => &[("id", &["id", "account_id"]), ("valid_from", &["valid_from"]), ("known_from", &["known_from"])],
            Import::People => &[
                ("id", &["id", "person_id", "user_id"]),
                ("account_id", &["account_id"]),
                ("account_from", &["account_from"]),
                ("account_until", &["account_until"]),
                ("valid_from", &["valid_from"]),
                ("known_from", &["known_from"]),
            ],
            Import::Subscriptions => &[
                ("id", &["id", "subscription_id"]),
                ("account_id", &["account_id"]),
                ("valid_from", &["valid_from"]),
                ("known_from", &["known_from"]),
                ("product", &["product"]),
                ("plan", &["plan"]),
                ("seats", &["seats"]),
                ("mrr", &["mrr"]),
                ("arr", &["arr"]),
                ("started_at", &["started_at"]),
                ("trial_ends_at", &["trial_ends_at"]),
                ("renewal_at", &["renewal_at"]),
                ("ended_at", &["ended_at"]),
                ("cancelled_at", &["cancelled_at"]),
                ("card_expires_at", &["card_expires_at"]),
            ],
            Import::Events => &[
                ("account_id", &["account_id"]),
                ("person_id", &["person_id", "user_id"]),
                ("event", &["event", "name", "event_name"]),
                ("time", &["time", "timestamp", "event_time"]),
                ("message_id", &["message_id"]),
            ],
        }
    }
}

impl Mapping {
    /// Reads a mapping file. `file` is its name in diagnostics, all of which are returned at once.
    pub fn parse(file: &str, yaml: &str) -> Result<Mapping, Vec<Diagnostic>> {
        parse::parse(file, yaml)
    }

    /// The mapping that is used where none is given: columns of the usual names, all others traits or properties.
    pub fn default_for(import: Import) -> Mapping {
        Mapping {
            import,
            source: None,
            delimiter: b',',
            times: Times::default(),
            filter: Filter::default(),
            types: BTreeMap::new(),
            ignore: BTreeSet::new(),
            rename: BTreeMap::new(),
            rest: Rest::All,
            rules: vec![Rule::default()],
        }
    }

    /// The source its events are said to come from; a part of their duplicate key. None: the caller's.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// What separates the columns of CSV.
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// The files its lookups need, relative to the mapping file, for `Lookups::add`.
    pub fn lookup_files(&self) -> Vec<String> {
        let mut files: Vec<String> =
            self.takes().filter_map(|take| if let Expr::Lookup { file, .. } = &take.expr { Some(file.clone()) } else { None }).collect();
        files.sort();
        files.dedup();
        files
    }

    fn takes(&self) -> impl Iterator<Item = &Take> {
        self.rules.iter().flat_map(|rule| rule.fields.values().chain(rule.rest.iter().flat_map(Rest::takes))).chain(self.rest.takes())
    }

    /// The columns the mapping names, which the file must have.
    pub(crate) fn columns(&self) -> BTreeSet<&str> {
        let filters = self.rules.iter().map(|rule| &rule.filter).chain([&self.filter]).chain(self.takes().map(|take| &take.filter));
        let mut columns: BTreeSet<&str> = filters.flat_map(Filter::columns).collect();
        self.takes().for_each(|take| columns.extend(take.expr.columns()));
        columns.extend(self.ignore.iter().chain(self.rename.keys()).chain(self.types.keys()).map(String::as_str));
        columns
    }
}
