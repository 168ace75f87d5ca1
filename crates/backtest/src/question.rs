//! A question about definitions, and the model that can answer it in one replay: what is asked about, with its outcome and its variants beside.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use tenure_engine::{Decides, Engine};
use tenure_model::definition::{ColumnId, MetricDef, Source};
use tenure_model::edit::{self, Texts};
use tenure_model::{Diagnostic, Kind, Model, Program, check};

use crate::outcome::Outcome;
use crate::sign::Sign;
use crate::sweep::Sweep;
use crate::terms::Terms;
use crate::watch::{Readings, Watch};

/// The file that holds what the question adds to the model.
const FILE: &str = "(the question)";
/// The trait that says whose an account is, where rules do not say it.
const OWNER: &str = "owner";
/// The name of a rule that is asked about and not in the model.
const NEW: &str = "backtest_rule";

/// A kind of definition that can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Definition {
    Alert,
    Scorecard,
    Segment,
    Milestone,
    Stage,
    Metric,
}

/// A kind of definition, as people write it. Metrics cannot be asked about, but numbers in their expressions can be varied.
pub const DEFINITIONS: &[(&str, Definition)] = &[
    ("alert", Definition::Alert),
    ("scorecard", Definition::Scorecard),
    ("segment", Definition::Segment),
    ("milestone", Definition::Milestone),
    ("stage", Definition::Stage),
    ("metric", Definition::Metric),
];

/// About what.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// Everything in the model.
    Model,
    /// A definition of the model: of this kind, or of the only kind that has the name.
    Named(Option<Definition>, String),
    /// An alert rule that is not in the model: its definition, as in the model's files.
    New(serde_json::Value),
}

impl Asked {
    /// A condition to try, and how long it must hold before it fires.
    pub fn condition(when: &str, for_: Option<&str>) -> Asked {
        Asked::New(match for_ {
            Some(span) => serde_json::json!({ "when": when, "for": span }),
            None => serde_json::json!({ "when": when }),
        })
    }
}

impl FromStr for Asked {
    type Err = String;

    /// `NAME` or `KIND:NAME`.
    fn from_str(text: &str) -> Result<Asked, String> {
        let Some((kind, name)) = text.split_once(':') else { return Ok(Asked::Named(None, text.trim().to_owned())) };
        match DEFINITIONS.iter().find(|(known, _)| *known == kind.trim()) {
            Some((_, kind)) => Ok(Asked::Named(Some(*kind), name.trim().to_owned())),
            None => {
                let kinds: Vec<&str> = DEFINITIONS.iter().map(|(name, _)| *name).collect();
                Err(format!("`{kind}` is no kind of definition: write {}, a colon and the name", kinds.join(", ")))
            }
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Asked::Model => f.write_str("the model"),
            Asked::Named(_, name) => f.write_str(name),
            Asked::New(definition) => f.write_str(definition.get("when").and_then(|when| when.as_str()).unwrap_or_default()),
        }
    }
}

/// What figures are about. Numbers index the model's definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// An alert rule, a segment or a stage.
    Sign(Sign),
    /// A milestone.
    Milestone(usize),
    /// A scorecard.
    Scorecard(usize),
    /// All there is.
    Model,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// About what.
    pub about: Asked,
    /// What it is to foretell.
    pub outcome: Outcome,
    /// Thresholds to try in its condition.
    pub sweep: Option<Sweep>,
    /// In whose condition instead.
    pub sweep_in: Option<Asked>,
    /// Of a scorecard: how many days earlier it is to foretell.
    pub leads: Vec<i32>,
}

/// Why a question cannot be answered.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QuestionError {
    /// What is asked about is not there.
    #[error("the model has no {} `{name}`", Kinds(*.kind))]
    Unknown {
        /// The kind that was asked for.
        kind: Option<Definition>,
        /// The name that was asked for.
        name: String,
        /// The names that are there.
        known: Vec<String>,
    },
    /// Several definitions have the name.
    #[error("the model has several definitions `{name}`")]
    Ambiguous {
        /// The name that was asked for.
        name: String,
        /// What to ask for instead, one of these.
        instead: Vec<String>,
    },
    /// The sweep does not fit what is asked about.
    #[error("{0}")]
    Sweep(String),
    /// What the question adds is wrong: its condition, its outcome or its thresholds.
    #[error("the question is wrong")]
    Wrong(Vec<Diagnostic>),
}

/// A kind of definition for people.
struct Kinds(Option<Definition>);

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = DEFINITIONS.iter().find(|(_, kind)| Some(*kind) == self.0).map(|(name, _)| *name);
        f.write_str(name.unwrap_or("alert, scorecard, segment, milestone or stage"))
    }
}

/// A question made ready.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The model with what the question adds, compiled.
    pub engine: Arc<Engine>,
    /// What a replay of it is to keep.
    pub watch: Watch,
    /// What figures are about.
    pub about: About,
    /// Of a sweep: each number as written, and what it makes of the rule or segment.
    pub variants: Vec<(String, Sign)>,
    /// Of a sweep of what feeds something else: each number, and the whole model with it, which is to be replayed.
    pub replayed: Vec<(String, Prepared)>,
    /// Of a scorecard: how many days earlier it is to foretell.
    pub leads: Vec<i32>,
}

impl Question {
    /// Adds to a model, which is that of the files, what answers the question.
    ///
    /// # Errors
    /// Where the model has no such definition, or the question's own conditions are wrong.
    pub fn prepare(&self, model: &Model, files: &[(String, String)], terms: &Terms) -> Result<Prepared, QuestionError> {
        let mut alerts = serde_json::Map::new();
        if let Asked::New(definition) = &self.about {
            alerts.insert(NEW.to_owned(), definition.clone());
        }
        let mut variants = Vec::new();
        let mut replayed = Vec::new();
        if let Some(sweep) = &self.sweep {
            match self.swept(model)? {
                Some(definition) => {
                    let when = definition.get("when").and_then(|when| when.as_str()).unwrap_or_default();
                    for (i, (number, when)) in sweep.values.iter().zip(sweep.of(when).map_err(QuestionError::Sweep)?).enumerate() {
                        let mut changed = definition.clone();
                        changed["when"] = when.into();
                        let variant = format!("backtest_sweep_{i}");
                        alerts.insert(variant.clone(), changed);
                        variants.push((number.clone(), variant));
                    }
                }
                None => replayed = self.replayed(model, files, terms, sweep)?,
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
        let rule = |name: &str| model.alerts.iter().position(|rule| rule.name == name).map(Sign::Rule);
        let about = match &self.about {
            Asked::Model => About::Model,
            Asked::Named(kind, name) => find(&model, *kind, name)?,
            Asked::New(_) => About::Sign(rule(NEW).ok_or(QuestionError::Wrong(vec![]))?),
        };
        let readings = match about {
            About::Model => (!model.scorecards.is_empty()).then_some(false),
            About::Scorecard(_) => Some(true),
            About::Sign(_) | About::Milestone(_) => None,
        };
        let watch = Watch {
            outcome: self.outcome.clone(),
            owner: owner(&model),
            readings: readings.map(|measures| Readings { from: terms.from, to: terms.to, measures }),
            people: matches!(about, About::Model | About::Sign(Sign::PersonSegment(_))),
        };
        let variants = variants.into_iter().filter_map(|(n, name)| Some((n, rule(&name)?))).collect();
        Ok(Prepared { watch, about, variants, replayed, leads: self.leads.clone(), engine: Arc::new(Engine::new(model)) })
    }

    /// The rule that stands for each variant of a sweep in one replay: the alert rule asked about, or one that fires while an account is a member of the
    /// segment asked about. None where the condition feeds something that decides about it: then each variant is another model.
    fn swept(&self, model: &Model) -> Result<Option<serde_json::Value>, QuestionError> {
        if self.sweep_in.as_ref().is_some_and(|asked| *asked != self.about) {
            return Ok(None);
        }
        let about = match &self.about {
            Asked::New(definition) => return Ok(Some(definition.clone())),
            Asked::Named(kind, name) => find(model, *kind, name)?,
            Asked::Model => {
                return Err(QuestionError::Sweep("ask about one alert rule, segment, stage or milestone to sweep thresholds".to_owned()));
            }
        };
        let engine = || Engine::new(Arc::new(model.clone()));
        let reads = |of: Decides, is: &dyn Fn(&Source) -> bool| {
            let upstream = engine().upstream(of);
            upstream.account.iter().any(|column| is(&model.account[*column as usize].source))
        };
        match about {
            About::Sign(Sign::Rule(i)) if !reads(Decides::Alert(i), &|source| *source == Source::Alert(i)) => {
                Ok(Some(model.alerts[i].definition.clone()))
            }
            About::Sign(Sign::Segment(i)) if !reads(Decides::Segment(i), &|source| *source == Source::Segment(i)) => {
                Ok(Some(serde_json::json!({ "when": model.segments[i].when.sql() })))
            }
            About::Sign(Sign::PersonSegment(i)) => {
                Ok(Some(serde_json::json!({ "of": "person", "when": model.person_segments[i].when.sql() })))
            }
            About::Scorecard(_) => {
                Err(QuestionError::Sweep("thresholds are swept for alert rules, segments, stages and milestones".to_owned()))
            }
            _ => Ok(None),
        }
    }

    /// The model with each number in its place.
    fn replayed(
        &self,
        model: &Model,
        files: &[(String, String)],
        terms: &Terms,
        sweep: &Sweep,
    ) -> Result<Vec<(String, Prepared)>, QuestionError> {
        let (path, condition) = condition(model, self.sweep_in.as_ref().unwrap_or(&self.about))?;
        let texts: Texts = files.iter().cloned().collect();
        let once = Question { sweep: None, sweep_in: None, ..self.clone() };
        let variant = |(number, condition): (&String, String)| {
            let mut texts = texts.clone();
            edit::set(&mut texts, &path.iter().map(String::as_str).collect::<Vec<_>>(), &condition)
                .map_err(|error| QuestionError::Sweep(error.to_string()))?;
            let files: Vec<(String, String)> = texts.into_iter().collect();
            let model = check(&files).map_err(QuestionError::Wrong)?;
            Ok((number.clone(), once.prepare(&model, &files, terms)?))
        };
        sweep.values.iter().zip(sweep.of(&condition).map_err(QuestionError::Sweep)?).map(variant).collect()
    }
}

/// Where the condition of a definition stands in a model's files, and what it says.
fn condition(model: &Model, asked: &Asked) -> Result<(Vec<String>, String), QuestionError> {
    let path = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    let none = || QuestionError::Sweep("it has no condition in which a number could be varied".to_owned());
    let Asked::Named(kind, name) = asked else { return Err(none()) };
    if *kind == Some(Definition::Metric) {
        let metric = model.metrics.iter().find(|metric| metric.name == *name);
        return match metric.map(|metric| &metric.def) {
            Some(MetricDef::Sql(program)) => Ok((path(&["metrics", name, "sql"]), program.sql().to_owned())),
            Some(_) => Err(none()),
            None => Err(QuestionError::Unknown {
                kind: *kind,
                name: name.clone(),
                known: model.metrics.iter().map(|m| m.name.clone()).collect(),
            }),
        };
    }
    let (keys, program): (Vec<String>, Option<&Program>) = match find(model, *kind, name)? {
        About::Sign(Sign::Rule(i)) => (path(&["alerts", name, "when"]), model.alerts[i].when.as_ref()),
        About::Sign(Sign::Segment(i)) => (path(&["segments", name, "when"]), Some(&model.segments[i].when)),
        About::Sign(Sign::PersonSegment(i)) => (path(&["segments", name, "when"]), Some(&model.person_segments[i].when)),
        About::Sign(Sign::Stage(i)) => (path(&["lifecycle", "stages", name, "when"]), model.stages[i].when.as_ref()),
        About::Milestone(i) => (path(&["lifecycle", "milestones", name, "reached"]), Some(&model.milestones[i].reached)),
        _ => (Vec::new(), None),
    };
    Ok((keys, program.ok_or_else(none)?.sql().to_owned()))
}

/// Finds what is asked about by its name.
fn find(model: &Model, kind: Option<Definition>, name: &str) -> Result<About, QuestionError> {
    let all = definitions(model);
    let of_kind = || all.iter().filter(|(of, ..)| kind.is_none_or(|kind| *of == kind));
    let found: Vec<_> = of_kind().filter(|(_, known, _)| *known == name).collect();
    match found.as_slice() {
        [(_, _, about)] => Ok(*about),
        [] => {
            Err(QuestionError::Unknown { kind, name: name.to_owned(), known: of_kind().map(|(_, name, _)| (*name).to_owned()).collect() })
        }
        several => Err(QuestionError::Ambiguous {
            name: name.to_owned(),
            instead: several.iter().map(|(of, ..)| format!("{}:{name}", Kinds(Some(*of)))).collect(),
        }),
    }
}

/// Everything in a model that can be asked about.
fn definitions(model: &Model) -> Vec<(Definition, &str, About)> {
    let signs = Sign::all(model).into_iter().filter_map(|sign| {
        let kind = match sign {
            Sign::Rule(_) => Definition::Alert,
            Sign::Segment(_) | Sign::PersonSegment(_) => Definition::Segment,
            Sign::Stage(_) => Definition::Stage,
            Sign::Missed(_) | Sign::Reached(_) => return None,
        };
        Some((kind, sign.name(model), About::Sign(sign)))
    });
    let cards = model.scorecards.iter().enumerate().map(|(i, card)| (Definition::Scorecard, card.name.as_str(), About::Scorecard(i)));
    let milestones = model.milestones.iter().enumerate().map(|(i, m)| (Definition::Milestone, m.name.as_str(), About::Milestone(i)));
    signs.chain(cards).chain(milestones).collect()
}

fn owner(model: &Model) -> Option<ColumnId> {
    let column = model.account.iter().position(|column| column.name == OWNER && column.kind == Kind::Text)?;
    Some(column as ColumnId)
}
