//! Rows of columns: what conditions of accounts, persons and events can read.

use rustc_hash::FxHashMap;

use crate::definition::{Builtin, Column, ColumnId, Source};
use crate::file::Report;
use crate::value::Kind;
use crate::yaml::Entry;

/// The columns of a row, by name.
#[derive(Default, Debug)]
pub(crate) struct Row {
    pub columns: Vec<Column>,
    index: FxHashMap<String, ColumnId>,
}

impl Row {
    pub fn find(&self, name: &str) -> Option<ColumnId> {
        self.index.get(name).copied()
    }

    pub fn kind(&self, id: ColumnId) -> Kind {
        self.columns[id as usize].kind
    }

    pub fn source(&self, id: ColumnId) -> Source {
        self.columns[id as usize].source
    }

    pub fn set_kind(&mut self, id: ColumnId, kind: Kind) {
        self.columns[id as usize].kind = kind;
    }

    /// The column of this name; appended if it is new.
    pub fn add(&mut self, name: &str, kind: Kind, source: Source, description: Option<String>) -> ColumnId {
        if let Some(id) = self.find(name) {
            return id;
        }
        let id = self.columns.len() as ColumnId;
        self.columns.push(Column { name: name.into(), kind, source, description });
        self.index.insert(name.into(), id);
        id
    }

    pub fn set_kind_of(&mut self, name: &str, kind: Kind) {
        if let Some(id) = self.find(name) {
            self.set_kind(id, kind);
        }
    }

    /// Columns for definitions, in this order; a name that another column has is an error.
    pub fn lay_out(&mut self, entries: &[&Entry], what: &str, kind: Kind, source: impl Fn(usize) -> Source, report: &mut Report) {
        for (i, entry) in entries.iter().enumerate() {
            match self.find(&entry.key).map(|id| self.source(id)) {
                None => {
                    let text = |field: &str| entry.value.get(field).and_then(|n| n.as_text()).map(|t| t.trim().to_string());
                    self.add(&entry.key, kind, source(i), text("description").or_else(|| text("label")));
                }
                Some(other) => {
                    let other = if matches!(other, Source::Metric(_)) { "metric" } else { "trait" };
                    let help = Some("both would be columns of the same row: give one of them another name".into());
                    report.error(entry.place, "duplicate", format!("the {what} `{}` has the name of a {other}", entry.key), help);
                }
            }
        }
    }

    /// A trait: in place of the built-in column of this name if there is one.
    pub fn add_trait(&mut self, name: &str, kind: Kind, description: Option<String>) -> ColumnId {
        let id = self.add(name, kind, Source::Trait, None);
        let column = &mut self.columns[id as usize];
        (column.kind, column.source) = (kind, Source::Trait);
        column.description = description.or(column.description.take());
        id
    }

    /// The columns of an account that the engine gives.
    pub fn of_account() -> Row {
        let mut row = Row::default();
        for (builtin, name, kind) in Builtin::ALL {
            row.add(name, *kind, Source::Builtin(*builtin), Some(describe(*builtin).into()));
        }
        row
    }

    /// The columns of a person that the engine gives.
    pub fn of_person() -> Row {
        let mut row = Row::default();
        row.add("id", Kind::Text, Source::Builtin(Builtin::Id), Some(describe(Builtin::Id).into()));
        row
    }

    /// Names that conditions can read.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|c| c.name.as_str())
    }
}

fn describe(builtin: Builtin) -> &'static str {
    match builtin {
        Builtin::Id => "Its id",
        Builtin::StartedAt => "Start of the present tenure",
        Builtin::AgeDays => "Dates since the start",
        Builtin::Arr => "Annual recurring revenue of all live subscriptions",
        Builtin::Mrr => "Monthly recurring revenue of all live subscriptions",
        Builtin::Seats => "Seats of all live subscriptions",
        Builtin::Subscriptions => "How many subscriptions are live",
        Builtin::Plan => "Plan of the largest live subscription",
        Builtin::Product => "Product of the largest live subscription",
        Builtin::RenewalAt => "Next renewal",
        Builtin::TrialEndsAt => "Next end of a trial",
        Builtin::CardExpiresAt => "Next expiry of a payment card",
        Builtin::DaysToRenewal => "Dates until the next renewal; negative when past",
        Builtin::DaysToTrialEnd => "Dates until the next end of a trial; negative when past",
        Builtin::DaysToCardExpiry => "Dates until the next expiry of a card; negative when past",
        Builtin::Stage => "Its stage",
        Builtin::StageEnteredAt => "When it entered its stage",
        Builtin::DaysInStage => "Dates since it entered its stage",
        Builtin::StageLate => "Is it longer in its stage than expected?",
        Builtin::Health => "Health, 0 to 100",
        Builtin::HealthCoverage => "Share of the health score's weight that had data, 0 to 1",
        Builtin::HealthBand => "Band of the health score",
    }
}
