//! Names that definitions cannot have.

use crate::definition::Builtin;

/// Columns of every account or person that are traits without being declared.
pub(crate) const ACCOUNT_TRAITS: &[(&str, crate::Kind)] =
    &[("name", crate::Kind::Text), ("parent", crate::Kind::Text), ("owner", crate::Kind::Text), ("created_at", crate::Kind::Time)];
/// As above, of persons.
pub(crate) const PERSON_TRAITS: &[(&str, crate::Kind)] =
    &[("name", crate::Kind::Text), ("email", crate::Kind::Text), ("created_at", crate::Kind::Time)];

/// Subscription facts whose place a trait of that name takes.
pub(crate) const REPLACEABLE: &[Builtin] = &[
    Builtin::StartedAt,
    Builtin::Arr,
    Builtin::Mrr,
    Builtin::Seats,
    Builtin::Plan,
    Builtin::Product,
    Builtin::RenewalAt,
    Builtin::TrialEndsAt,
    Builtin::CardExpiresAt,
];

/// Words that mean something else in SQL or in a model.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "account", "all", "and", "any", "as", "asc", "between", "by", "case", "cast", "ceil", "convert", "cross", "current_date",
    "current_time", "current_timestamp", "date", "default", "desc", "distinct", "else", "end", "except", "exists", "extract", "false",
    "floor", "from", "group", "having", "ilike", "in", "inner", "intersect", "interval", "is", "join", "left", "like", "limit",
    "localtime", "localtimestamp", "not", "now", "null", "on", "or", "order", "outer", "overlay", "person", "right", "safe_cast",
    "select", "similar", "some", "substr", "substring", "table", "then", "time", "timestamp", "trim", "true", "try_cast", "union",
    "using", "when", "where", "with",
];

/// Why a definition of this sort cannot have this name; None if it can.
pub(crate) fn why(name: &str, what: &str) -> Option<&'static str> {
    if WORDS.contains(&name) {
        return Some("the word has a meaning in conditions");
    }
    let column = match what {
        "trait" => return builtin(name).filter(|b| !REPLACEABLE.contains(b)).map(|_| "every account has a column of that name"),
        "metric" | "segment" => builtin(name).is_some() || ACCOUNT_TRAITS.iter().any(|t| t.0 == name) || health_change(name).is_some(),
        "person metric" => name == "id" || PERSON_TRAITS.iter().any(|t| t.0 == name),
        "person trait" => name == "id",
        _ => false,
    };
    column.then_some("every row has a column of that name")
}

/// The built-in column of this name.
pub(crate) fn builtin(name: &str) -> Option<Builtin> {
    Builtin::ALL.iter().find(|b| b.1 == name).map(|b| b.0)
}

/// The days of `health_change_<n>d`.
pub(crate) fn health_change(name: &str) -> Option<i32> {
    let days = name.strip_prefix("health_change_")?.strip_suffix('d')?;
    let days: i32 = days.parse().ok().filter(|_| !days.starts_with(['+', '-', '0']))?;
    (days <= DAYS_MAX).then_some(days)
}

/// The longest look back, in dates: ten years.
pub(crate) const DAYS_MAX: i32 = 3_660;
