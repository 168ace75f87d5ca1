//! What of a model can be computed for many dates at once, in columns: all that no feedback enters, and what its changes make due.

use tenure_model::definition::{ColumnId, MetricDef, Segment};
use tenure_model::{Kind, Model, Program};

use crate::plan::{Layer, Plan, RowPlan, Task};
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
    /// Those of them that each date makes due.
    pub daily: Vec<usize>,
    /// By slot: is it written date by date?
    pub stepped: Vec<bool>,
    /// The position of health in `nodes`.
    pub health: Option<usize>,
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
            daily: vec![],
            stepped: vec![],
            health: None,
        };
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
                columns.health = Some(bit);
            }
            let unread = |slot: ColumnId| account.readers[slot as usize].0.is_empty() && account.readers[slot as usize].1.is_empty();
            match node.out.filter(|slot| node.task == Task::DaysInStage && unread(*slot)) {
                Some(slot) => columns.days_in_stage = Some(slot),
                None if account.daily.contains(n) => columns.daily.push(n),
                None => {}
            }
            let programs = programs(model, node.task);
            let truths = !matches!(node.task, Task::Metric(_) | Task::Health)
                && programs.iter().all(|p| !p.reads_now() && !p.reads().iter().any(|slot| stepped[*slot as usize]));
            let mut others: Vec<ColumnId> = account.reads_of(n);
            if truths {
                others = beside_conditions(model, node.task);
                columns.triggers.extend(programs.iter().map(|p| (bit, Trigger::Truth(Box::new((*p).clone())))));
            }
            others.retain(|slot| made[*slot as usize]);
            others.sort_unstable();
            others.dedup();
            columns.triggers.extend(others.into_iter().map(|slot| (bit, Trigger::Column(slot))));
        }
        let in_row = columns.made.iter().filter(|(_, task)| !matches!(task, Task::Segment(_)));
        columns.taken = in_row.map(|made| made.0).collect();
        columns.stepped = stepped;
        (columns.nodes.len() <= 64).then_some(columns)
    }
}

impl Columns {
    /// Can it be computed in a column?
    pub fn can(&self, program: &Program) -> bool {
        !program.reads_now() && !program.reads().iter().any(|slot| self.stepped[*slot as usize])
    }

    /// The nodes whose timers rest while their columns are made.
    pub fn untimed<'a>(&'a self, account: &'a RowPlan) -> impl Iterator<Item = usize> + 'a {
        let slots = self.made.iter().map(|m| m.0).chain(self.given.iter().map(|g| g.0));
        slots.filter_map(|slot| account.writers[slot as usize]).filter(|n| !self.nodes.contains(n))
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

fn column(segment: &Segment) -> ColumnId {
    segment.column
}

impl RowPlan {
    /// The slots a node reads.
    pub fn read_by(&self, n: usize) -> impl Iterator<Item = usize> + '_ {
        self.readers.iter().enumerate().filter(move |(_, (now, later))| now.contains(n) || later.contains(n)).map(|(slot, _)| slot)
    }

    fn reads_of(&self, n: usize) -> Vec<ColumnId> {
        self.read_by(n).map(|slot| slot as ColumnId).collect()
    }

    /// The slots a node writes.
    fn written_by(&self, n: usize) -> impl Iterator<Item = usize> + '_ {
        self.writers.iter().enumerate().filter(move |(_, w)| **w == Some(n)).map(|(slot, _)| slot)
    }
}
