//! Since when each alert rule has been defined as it is, and why history no longer has an alert.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value as Json;
use tenure_model::definition::Revision;
use tenure_model::{Instant, Model};

use crate::alerts::{LEARNED_LATE, MERGED, RULE_CHANGED, RULE_REMOVED};
use crate::{Alert, AppliedModel, Merges};

/// The models that were applied, the present one last; each with its rules as it defines them, read once they are asked for.
#[derive(Debug)]
pub struct RuleHistory(Vec<(AppliedModel, OnceLock<BTreeMap<String, Json>>)>);

impl RuleHistory {
    /// Of all models that were applied, in their order.
    pub fn new(models: impl IntoIterator<Item = AppliedModel>) -> RuleHistory {
        RuleHistory(models.into_iter().map(|model| (model, OnceLock::new())).collect())
    }

    /// With one that is about to be applied, unless it is the last one again.
    pub fn with(mut self, applied: &AppliedModel) -> RuleHistory {
        if self.0.last().is_none_or(|(last, _)| last.revision != applied.revision || last.files != applied.files) {
            self.0.push((applied.clone(), OnceLock::new()));
        }
        self
    }

    /// Since when a rule has been defined as it is; the beginning of time where no model has it so.
    pub fn since(&self, rule: &str, defined: &Json) -> Instant {
        let same = self.0.iter().rev().take_while(|past| rules(past).get(rule) == Some(defined));
        same.last().map_or(Instant::MIN, |(model, _)| model.applied_at)
    }

    /// Why history, told by a model, no longer has an alert that is open.
    pub fn why_gone(&self, alert: &Alert, model: &Model, merges: &Merges) -> &'static str {
        let of_person = |person: &String| merges.person(person) != person;
        if merges.account(&alert.account) != alert.account || alert.person.as_ref().is_some_and(of_person) {
            return MERGED;
        }
        match model.alerts.iter().find(|rule| rule.name == alert.rule) {
            None => RULE_REMOVED,
            Some(rule) if self.defined_otherwise(&alert.revision, &alert.rule, &rule.definition) => RULE_CHANGED,
            Some(_) => LEARNED_LATE,
        }
    }

    /// Was a rule another one in the model of a revision?
    fn defined_otherwise(&self, revision: &Revision, rule: &str, defined: &Json) -> bool {
        self.0.iter().rfind(|(model, _)| model.revision == *revision).is_some_and(|past| rules(past).get(rule) != Some(defined))
    }
}

/// The rules of a model; none where it cannot be read any more.
fn rules((model, rules): &(AppliedModel, OnceLock<BTreeMap<String, Json>>)) -> &BTreeMap<String, Json> {
    rules.get_or_init(|| {
        let files: Vec<(String, String)> = model.files.iter().map(|(path, text)| (path.clone(), text.clone())).collect();
        let model = tenure_model::check(&files).ok();
        model.into_iter().flat_map(|model| model.alerts).map(|rule| (rule.name, rule.definition)).collect()
    })
}
