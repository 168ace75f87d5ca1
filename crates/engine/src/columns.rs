//! What of a model can be computed for many dates at once, in columns: all that no feedback enters, and what its changes make due.

use tenure_model::definition::{Builtin, ColumnId, MetricDef, Segment};
use tenure_model::{Kind, Model, Program};

use crate::bits::Bits;
use crate::plan::{Layer, Plan, Task};
use crate::signal::Need;

/// The part of a plan that sampled replays compute in columns.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    /// In order of evaluation: the slot and how it is computed.
    pub made: Vec<(ColumnId, Task)>,
    /// Which of them are taken into the row: all but segments, whose nodes write them.
    pub taken: Vec<ColumnId>,
    /// The slot of `days_in_stage`, where nothing reads it: then it is just written.
    pub days_in_stage: Option<ColumnId>,
    /// Metrics of events that are no numbers, or count different values: read off their signals date by date.
    pub given: Vec<(ColumnId, usize)>,
    /// The nodes that are evaluated date by date, where something they read changed.
    pub nodes: Vec<usize>,
    /// What makes them due, by position in `nodes`.
    pub triggers: Vec<(usize, Trigger)>,
    /// What beside these makes those due that read health: where its scores are in columns, and where they are not.
    pub scored: Vec<(usize, Trigger)>,
    pub unscored: Vec<(usize, Trigger)>,
    /// Nodes that `scored` makes due, whatever else becomes of health: it need not make them dirty.
    pub told: Bits,
    /// Does a score that changes within its band make nothing dirty but these?
    pub silent: bool,
    /// Those of them that each date makes due.
    pub daily: Vec<usize>,
    /// By slot: is it written date by date?
    pub stepped: Vec<bool>,
    /// Health, if the model has scores.
    pub health: Option<Health>,
    /// The nodes whose timers rest while their columns are made.
    pub untimed: Vec<usize>,
}

/// Where health stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Health {
    /// Its position in `Columns::nodes`.
    pub bit: usize,
    /// Slots of the score and its coverage; `usize::MAX` where a declared trait has taken the place.
    pub slots: [usize; 2],
}

/// What makes a node due.
#[derive(Clone, Debug)]
pub(crate) enum Trigger {
    /// The truth of its condition changed.
    Truth(Box<Program>),
    /// A column it reads changed.
    Column(ColumnId),
}

impl Columns {
    /// None where the model reads persons one by one or rolls up children: those are always evaluated date by date.
    pub fn new(model: &Model, plan: &Plan) -> Option<Columns> {
        let account = &plan.account;
        if plan.has_people || !plan.exports.is_empty() || !plan.child_nodes.is_empty() {
            return None;
        }
        let mut columns = Columns {
            made: vec![],
            taken: vec![],
            days_in_stage: None,
            given: vec![],
            nodes: vec![],
            triggers: vec![],
            scored: vec![],
            unscored: vec![],
            told: Bits::new(account.width),
            silent: false,
            daily: vec![],
            stepped: vec![],
            health: None,
            untimed: vec![],
        };
        let scores = [Builtin::Health, Builtin::HealthCoverage].map(|b| plan.slot(b));
        // By slot: is it computed in a column? Is it written by a node that is evaluated date by date?
        let mut made = vec![false; model.account.len()];
        let mut stepped = vec![false; model.account.len()];
        for n in (0..account.width).filter(|n| account.nodes[*n].layer > Layer::Segments) {
            account.written_by(n).for_each(|slot| stepped[slot] = true);
        }
        for (n, node) in account.nodes.iter().enumerate() {
            let Some(out) = node.out else { continue };
            let reads = account.reads_of(n);
            let plain = !reads.iter().any(|slot| stepped[*slot as usize]) && programs(model, node.task).iter().all(|p| !p.reads_now());
            let number = matches!(model.account[out as usize].kind, Kind::Number | Kind::Bool) && !is_of_values(model, node.task);
            match node.task {
                Task::Age | Task::DaysUntil(_) if plain => columns.made.push((out, node.task)),
                Task::Metric(m) => match &model.metrics[m].def {
                    MetricDef::Events { .. } if plain && number => columns.made.push((out, node.task)),
                    // Its anchor is settled date by date, as are its events.
                    MetricDef::Events { .. } if !plain => return None,
                    MetricDef::Events { .. } => {
                        columns.given.push((out, m));
                        stepped[out as usize] = true;
                        continue;
                    }
                    MetricDef::Sql(_) if plain && number => columns.made.push((out, node.task)),
                    _ => {}
                },
                Task::Segment(_) if plain => columns.made.push((out, node.task)),
                _ => {}
            }
            if columns.made.last().is_some_and(|last| last.0 == out) {
                made[out as usize] = true;
            } else {
                account.written_by(n).for_each(|slot| stepped[slot] = true);
            }
        }
        for (n, node) in account.nodes.iter().enumerate() {
            let in_row = !matches!(node.task, Task::Segment(_));
            if node.out.is_some_and(|out| made[out as usize] && in_row || columns.given.iter().any(|g| g.0 == out)) {
                continue;
            }
            let bit = columns.nodes.len();
            columns.nodes.push(n);
            if node.task == Task::Health {
                columns.health = Some(Health { bit, slots: scores });
            }
            let unread = |slot: ColumnId| account.readers[slot as usize].0.is_empty() && account.readers[slot as usize].1.is_empty();
            match node.out.filter(|slot| node.task == Task::DaysInStage && unread(*slot)) {
                Some(slot) => columns.days_in_stage = Some(slot),
                None if account.daily.contains(n) => columns.daily.push(n),
                None => {}
            }
            let programs = programs(model, node.task);
            let reads =
                |wanted: &dyn Fn(usize) -> bool| programs.iter().any(|p| p.reads_now() || p.reads().iter().any(|s| wanted(*s as usize)));
            let is_condition = !matches!(node.task, Task::Metric(_) | Task::Health);
            let read: Vec<Trigger> = distinct(account.reads_of(n), &made).map(Trigger::Column).collect();
            let truths = || -> Vec<Trigger> {
                let truths = programs.iter().map(|p| Trigger::Truth(Box::new((*p).clone())));
                truths.chain(distinct(beside_conditions(model, node.task), &made).map(Trigger::Column)).collect()
            };
            let due = |triggers: Vec<Trigger>| triggers.into_iter().map(move |t| (bit, t));
            if is_condition && !reads(&|slot| stepped[slot]) {
                columns.triggers.extend(due(truths()));
            } else if matches!(node.task, Task::Alert(_)) && !reads(&|slot| stepped[slot] && !scores.contains(&slot)) {
                // It reads health, and nothing else that is only known date by date.
                columns.scored.extend(due(truths()));
                columns.unscored.extend(due(read));
                columns.told.insert(n);
            } else {
                columns.triggers.extend(due(read));
            }
        }
        columns.silent = scores.iter().filter_map(|slot| account.readers.get(*slot)).all(|(now, later)| {
            let mut others = now.clone();
            others.subtract(&columns.told);
            others.is_empty() && later.is_empty()
        });
        let in_row = columns.made.iter().filter(|(_, task)| !matches!(task, Task::Segment(_)));
        columns.taken = in_row.map(|made| made.0).collect();
        columns.stepped = stepped;
        let slots = columns.made.iter().map(|m| m.0).chain(columns.given.iter().map(|g| g.0));
        columns.untimed = slots.filter_map(|slot| account.writers[slot as usize]).filter(|n| !columns.nodes.contains(n)).collect();
        (columns.nodes.len() <= 64).then_some(columns)
    }
}

impl Columns {
    /// Can it be computed in a column?
    pub fn can(&self, program: &Program) -> bool {
        !program.reads_now() && !program.reads().iter().any(|slot| self.stepped[*slot as usize])
    }
}

/// Does it count different values? They are only known as of the present.
fn is_of_values(model: &Model, task: Task) -> bool {
    let Task::Metric(m) = task else { return false };
    matches!(&model.metrics[m].def, MetricDef::Events { aggregate, window, .. } if matches!(Need::of(*aggregate, *window), Need::Values(_)))
}

/// The conditions and expressions of a node.
fn programs(model: &Model, task: Task) -> Vec<&Program> {
    match task {
        Task::Metric(m) => match &model.metrics[m].def {
            MetricDef::Sql(program) => vec![program],
            _ => vec![],
        },
        Task::Segment(s) => vec![&model.segments[s].when],
        Task::Stage => model.stages.iter().filter_map(|s| s.when.as_ref()).collect(),
        Task::Milestone(m) => vec![&model.milestones[m].reached],
        Task::Alert(a) => model.alerts[a].when.iter().collect(),
        _ => vec![],
    }
}

/// What a node reads beside its conditions: segments and anchors.
fn beside_conditions(model: &Model, task: Task) -> Vec<ColumnId> {
    let members = |segments: &[usize]| segments.iter().map(|s| column(&model.segments[*s])).collect::<Vec<_>>();
    match task {
        Task::Milestone(m) => {
            let milestone = &model.milestones[m];
            members(&milestone.segments).into_iter().chain(milestone.due.map(|d| d.anchor)).collect()
        }
        Task::Alert(a) => members(&model.alerts[a].segments),
        Task::StageLate => {
            model.stages.iter().flat_map(|s| &s.expected).filter_map(|(segment, _)| *segment).map(|s| column(&model.segments[s])).collect()
        }
        _ => vec![],
    }
}

/// Slots that are computed in columns, each once.
fn distinct(mut slots: Vec<ColumnId>, made: &[bool]) -> impl Iterator<Item = ColumnId> + use<> {
    slots.retain(|slot| made[*slot as usize]);
    slots.sort_unstable();
    slots.dedup();
    slots.into_iter()
}

fn column(segment: &Segment) -> ColumnId {
    segment.column
}
