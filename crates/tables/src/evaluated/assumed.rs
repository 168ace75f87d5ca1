//! Which accounts' histories rest on traits without a date: assumed to have been so since ever.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tenure_engine::{Account, Engine, Inputs, Life, What};
use tenure_model::definition::{ColumnId, MetricDef, Source, Window};
use tenure_model::{Instant, Model, Program};

/// How many accounts rest on undated traits, and on which.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Assumed {
    /// Accounts with at least one.
    pub accounts: u64,
    /// By trait: accounts with it. Those of persons as `person.role`.
    pub traits: BTreeMap<String, u64>,
    /// Traits that decide something: of accounts, of persons.
    #[serde(skip)]
    read: Option<(BTreeSet<ColumnId>, BTreeSet<ColumnId>)>,
}

impl Assumed {
    /// Counts an account, if undated traits that some definition reads decide about its history.
    pub fn add(&mut self, engine: &Engine, account: &Account, inputs: &Inputs<'_>) {
        if account.life() == Life::Unborn {
            return;
        }
        let model = engine.model();
        let (of_account, of_person) = self.read.get_or_insert_with(|| read(model));
        let undated = inputs.changes.iter().take_while(|c| c.at == Instant::MIN);
        let traits: BTreeSet<String> = undated
            .filter_map(|change| match &change.what {
                What::Trait(slot, value) if of_account.contains(slot) && !value.is_null() => {
                    Some(model.account[*slot as usize].name.clone())
                }
                What::PersonTrait(_, slot, value) if of_person.contains(slot) && !value.is_null() => {
                    Some(format!("person.{}", model.person[*slot as usize].name))
                }
                _ => None,
            })
            .collect();
        self.accounts += u64::from(!traits.is_empty());
        for name in traits {
            *self.traits.entry(name).or_default() += 1;
        }
    }

    /// Adds what another thread has counted.
    pub fn merge(&mut self, other: Assumed) {
        self.accounts += other.accounts;
        for (name, count) in other.traits {
            *self.traits.entry(name).or_default() += count;
        }
    }

    /// The names of the traits, the commonest first.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<(&String, u64)> = self.traits.iter().map(|(name, count)| (name, *count)).collect();
        names.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        names.into_iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// The trait columns that definitions read: of accounts and of persons. When an account began is no assumption: it is its own date.
fn read(model: &Model) -> (BTreeSet<ColumnId>, BTreeSet<ColumnId>) {
    let programs = |programs: &mut dyn Iterator<Item = &Program>| programs.flat_map(|p| p.reads().to_vec()).collect::<BTreeSet<ColumnId>>();
    let anchors = |metrics: &[tenure_model::definition::Metric]| -> Vec<ColumnId> {
        let anchor = |def: &MetricDef| match def {
            MetricDef::Events { window: Window::From { anchor, .. } | Window::Before { anchor, .. }, .. } => Some(*anchor),
            MetricDef::Children { of, .. } => Some(*of),
            _ => None,
        };
        metrics.iter().filter_map(|m| anchor(&m.def)).collect()
    };
    let sql = |def: &'_ MetricDef| matches!(def, MetricDef::Sql(_));
    let expression = |m: &'_ tenure_model::definition::Metric| if let MetricDef::Sql(p) = &m.def { Some(p.clone()) } else { None };
    let of =
        |metrics: &[tenure_model::definition::Metric]| metrics.iter().filter(|m| sql(&m.def)).filter_map(expression).collect::<Vec<_>>();
    let (own, of_people) = (of(&model.metrics), of(&model.person_metrics));
    let measures = || model.scorecards.iter().flat_map(|c| &c.groups).flat_map(|g| &g.measures);
    let limits = model.scorecards.iter().flat_map(|c| c.caps.iter().chain(&c.floors)).map(|l| &l.when);
    let mut account = programs(
        &mut own
            .iter()
            .chain(model.segments.iter().map(|s| &s.when))
            .chain(model.stages.iter().filter_map(|s| s.when.as_ref()))
            .chain(model.milestones.iter().map(|m| &m.reached))
            .chain(measures().filter_map(|m| m.when.as_ref()))
            .chain(limits)
            .chain(model.alerts.iter().filter(|a| !a.person).filter_map(|a| a.when.as_ref())),
    );
    account.extend(anchors(&model.metrics));
    account.extend(measures().map(|m| m.column));
    account.extend(model.milestones.iter().filter_map(|m| m.due.map(|d| d.anchor)));
    let mut person = programs(
        &mut of_people
            .iter()
            .chain(model.person_segments.iter().map(|s| &s.when))
            .chain(model.alerts.iter().filter(|a| a.person).filter_map(|a| a.when.as_ref())),
    );
    person.extend(anchors(&model.person_metrics));
    account.extend(person.iter().filter_map(|slot| match model.person.get(*slot as usize)?.source {
        Source::Account(slot) => Some(slot),
        _ => None,
    }));
    account.retain(|slot| {
        let column = &model.account[*slot as usize];
        column.source == Source::Trait && !matches!(column.name.as_str(), "created_at" | "started_at")
    });
    person.retain(|slot| model.person[*slot as usize].source == Source::Trait);
    (account, person)
}
