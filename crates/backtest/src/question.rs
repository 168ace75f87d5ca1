//! A question about a rule, and the model that can answer it in one replay: the one asked about, with its outcome and its variants beside.

use std::sync::Arc;

use tenure_model::definition::{AlertRule, ColumnId};
use tenure_model::{Diagnostic, Kind, Model, check};

use crate::outcome::Outcome;
use crate::sweep::Sweep;
use crate::watch::Watch;

/// The file that holds what the question adds to the model.
const FILE: &str = "(the question)";
/// The trait that says whose an account is, where rules do not say it.
const OWNER: &str = "owner";

/// Which rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// One of the model.
    Rule(String),
    /// One that is not in the model: its definition, as in the model's files.
    New(serde_json::Value),
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// About which rule.
    pub rule: Asked,
    /// What it is to foretell.
    pub outcome: Outcome,
    /// Thresholds to try in its condition.
    pub sweep: Option<Sweep>,
}

/// Why a question cannot be answered.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QuestionError {
    /// The rule asked about is not there.
    #[error("there is no alert `{name}`")]
    NoRule {
        /// The name that was asked for.
        name: String,
        /// The names that are there.
        known: Vec<String>,
    },
    /// The sweep does not fit the rule.
    #[error("{0}")]
    Sweep(String),
    /// What the question adds is wrong: its condition, its outcome or its thresholds.
    #[error("the question is wrong")]
    Wrong(Vec<Diagnostic>),
}

/// A question made ready.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The model with what the question adds.
    pub model: Arc<Model>,
    /// What a replay of it is to keep.
    pub watch: Watch,
    /// The rule.
    pub rule: usize,
    /// Of a sweep: each number as written, and the rule with it.
    pub variants: Vec<(String, usize)>,
}

impl Question {
    /// Adds to a model, which is that of the files, what answers the question.
    ///
    /// # Errors
    /// Where the model has no such rule, or the question's own conditions are wrong.
    pub fn prepare(&self, model: &Model, files: &[(String, String)]) -> Result<Prepared, QuestionError> {
        let (name, definition) = match &self.rule {
            Asked::Rule(name) => {
                let rule = model.alerts.iter().find(|rule| rule.name == *name).ok_or_else(|| QuestionError::NoRule {
                    name: name.clone(),
                    known: model.alerts.iter().map(|rule| rule.name.clone()).collect(),
                })?;
                (name.clone(), rule.definition.clone())
            }
            Asked::New(definition) => ("backtest_rule".to_owned(), definition.clone()),
        };
        let mut alerts = serde_json::Map::new();
        if matches!(self.rule, Asked::New(_)) {
            alerts.insert(name.clone(), definition.clone());
        }
        let mut variants = Vec::new();
        if let Some(sweep) = &self.sweep {
            let when = definition.get("when").and_then(|when| when.as_str()).unwrap_or_default();
            for (i, (number, when)) in sweep.values.iter().zip(sweep.of(when).map_err(QuestionError::Sweep)?).enumerate() {
                let variant = format!("backtest_sweep_{i}");
                let mut changed = definition.clone();
                changed["when"] = when.into();
                alerts.insert(variant.clone(), changed);
                variants.push((number.clone(), variant));
            }
        }
        let mut added = serde_json::Map::new();
        match self.outcome.definition() {
            Some(("alerts", serde_json::Value::Object(rules))) => alerts.extend(rules),
            Some((section, definition)) => {
                added.insert(section.to_owned(), definition);
            }
            None => {}
        }
        if !alerts.is_empty() {
            added.insert("alerts".to_owned(), alerts.into());
        }
        let model = Arc::new(if added.is_empty() {
            model.clone()
        } else {
            // JSON is YAML.
            let text = serde_json::Value::Object(added).to_string();
            let files: Vec<(String, String)> = files.iter().cloned().chain([(FILE.to_owned(), text)]).collect();
            check(&files).map_err(QuestionError::Wrong)?
        });
        let number = |name: &str| model.alerts.iter().position(|rule| rule.name == name);
        let rule = number(&name).ok_or(QuestionError::NoRule { name, known: Vec::new() })?;
        let variants: Vec<(String, usize)> = variants.into_iter().filter_map(|(n, name)| Some((n, number(&name)?))).collect();
        let rules = [rule].into_iter().chain(variants.iter().map(|v| v.1)).collect();
        let watch = Watch { rules, outcome: self.outcome.clone(), owner: owner(&model) };
        Ok(Prepared { watch, rule, variants, model })
    }
}

impl Prepared {
    /// A rule of the model.
    pub fn alert(&self, rule: usize) -> &AlertRule {
        &self.model.alerts[rule]
    }
}

fn owner(model: &Model) -> Option<ColumnId> {
    let column = model.account.iter().position(|column| column.name == OWNER && column.kind == Kind::Text)?;
    Some(column as ColumnId)
}
