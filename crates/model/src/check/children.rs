//! Reads how children's values become the parent's.

use super::scope::{Of, Scope};
use crate::definition::{ColumnId, RollUp};
use crate::file::{Place, Report};
use crate::value::Kind;
use crate::yaml::fields::Text;

/// How, before the column that weighs is known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Sum,
    Mean,
    Min,
    Max,
    Weighted,
}

/// The words after `how:`.
pub(crate) const HOW: &[(&str, How)] =
    &[("sum", How::Sum), ("mean", How::Mean), ("min", How::Min), ("max", How::Max), ("weighted", How::Weighted)];

/// A numeric column of the account.
pub(crate) fn number_column(text: &Text, scope: &mut Scope, report: &mut Report) -> Option<ColumnId> {
    let id = scope.reference(text, Of::Account, report)?;
    match scope.account.kind(id) {
        Kind::Number | Kind::Any => Some(id),
        kind => {
            report.error(text.place(), "type-mismatch", format!("`{}` is of type {kind}, not number", text.text), None);
            None
        }
    }
}

/// How children's values become the parent's.
pub(crate) fn roll_up(how: How, by: Option<Text>, place: Place, scope: &mut Scope, report: &mut Report) -> Option<RollUp> {
    match (how, by) {
        (How::Weighted, None) => {
            report.error(place, "missing-field", "a weighted roll-up needs `by`: the column that weighs", Some("as in `by: arr`".into()));
            None
        }
        (How::Weighted, Some(by)) => number_column(&by, scope, report).map(RollUp::Weighted),
        (_, Some(by)) => {
            report.error(by.place(), "conflict", "`by` is only for a weighted roll-up", None);
            None
        }
        (How::Sum, None) => Some(RollUp::Sum),
        (How::Mean, None) => Some(RollUp::Mean),
        (How::Min, None) => Some(RollUp::Min),
        (How::Max, None) => Some(RollUp::Max),
    }
}
