//! What a rule is held against: something that happens to accounts.

use std::fmt;
use std::str::FromStr;

use tenure_engine::{Account, Inputs};
use tenure_model::definition::{Builtin, ColumnId};
use tenure_model::{Instant, Model, Value};

/// The name of the rule, and of the metric, by which a model is made to know of an outcome.
pub(crate) const NAME: &str = "backtest_outcome";

/// Something that happens to accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `churned`: it has no live subscription any more.
    Churned,
    /// `downgraded`: at the end of a date it pays less than at the end of the date before.
    Downgraded,
    /// `expanded`: it pays more.
    Expanded,
    /// `renewed`: the date of its renewal moved to a later one.
    Renewed,
    /// `event:NAME`: the event, each time.
    Event(String),
    /// Any other text: the condition begins to hold.
    Condition(String),
}

impl FromStr for Outcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Outcome, String> {
        match text.trim() {
            "" => Err("say which outcome: churned, downgraded, expanded, renewed, event:NAME, or a condition".to_owned()),
            "churned" => Ok(Outcome::Churned),
            "downgraded" => Ok(Outcome::Downgraded),
            "expanded" => Ok(Outcome::Expanded),
            "renewed" => Ok(Outcome::Renewed),
            text => Ok(match text.strip_prefix("event:") {
                Some(name) => Outcome::Event(name.trim().to_owned()),
                None => Outcome::Condition(text.to_owned()),
            }),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Churned => f.write_str("churned"),
            Outcome::Downgraded => f.write_str("downgraded"),
            Outcome::Expanded => f.write_str("expanded"),
            Outcome::Renewed => f.write_str("renewed"),
            Outcome::Event(name) => write!(f, "event:{name}"),
            Outcome::Condition(condition) => f.write_str(condition),
        }
    }
}

impl Outcome {
    /// What a model must define to know of it: a section of its files, as (section, definition).
    pub(crate) fn definition(&self) -> Option<(&'static str, serde_json::Value)> {
        let rule = |when: &str| Some(("alerts", serde_json::json!({ NAME: { "when": when } })));
        match self {
            Outcome::Churned => None,
            // What no condition reads is not computed.
            Outcome::Downgraded | Outcome::Expanded => rule("arr < -1"),
            Outcome::Renewed => rule("renewal_at IS NULL AND renewal_at IS NOT NULL"),
            Outcome::Condition(condition) => rule(condition),
            Outcome::Event(name) => Some(("metrics", serde_json::json!({ NAME: { "count": name, "window": "1d" } }))),
        }
    }

    /// The rule that fires when it comes, where it is a condition.
    pub(crate) fn rule(&self, model: &Model) -> Option<usize> {
        matches!(self, Outcome::Condition(_)).then(|| model.alerts.iter().position(|rule| rule.name == NAME)).flatten()
    }

    /// When it came, where it is an event.
    pub(crate) fn events<'a>(&self, model: &Model, inputs: &Inputs<'a>) -> impl Iterator<Item = Instant> + use<'a> {
        let name = match self {
            Outcome::Event(name) => model.event_names.iter().position(|n| n == name),
            _ => None,
        };
        let events = inputs.events;
        events.name.iter().zip(events.time).filter(move |(id, _)| Some(usize::from(**id)) == name).map(|(_, time)| Instant(*time))
    }

    /// The column that changes with it.
    pub(crate) fn column(&self) -> Option<ColumnId> {
        match self {
            Outcome::Downgraded | Outcome::Expanded => Some(Builtin::Arr.column()),
            Outcome::Renewed => Some(Builtin::RenewalAt.column()),
            _ => None,
        }
    }

    /// What stands in that column, as of the end of a date.
    pub(crate) fn level(&self, account: &Account) -> Option<f64> {
        match account.value(self.column()?) {
            Value::Number(x) => Some(*x),
            Value::Time(t) => Some(t.0 as f64),
            _ => None,
        }
    }

    /// Has it come, where the level was this and now is that?
    pub(crate) fn came(&self, before: f64, now: f64) -> bool {
        match self {
            Outcome::Downgraded => now < before,
            Outcome::Expanded | Outcome::Renewed => now > before,
            _ => false,
        }
    }
}
