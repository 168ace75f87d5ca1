//! The plan: a model compiled once into nodes in evaluation order, who reads whom, and which signals events feed.

use rustc_hash::FxHashMap;
use std::sync::Arc;

use tenure_model::Model;
use tenure_model::Program;
use tenure_model::definition::{Aggregate, Builtin, Column, ColumnId, Events, Metric, MetricDef, RollUp, Segment, Source, Window};
use tenure_model::time::DAY;

use crate::bits::Bits;
use crate::signal::{Horizon, Need};

/// One thing that is evaluated, in the order of the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Dates from `started_at` to now.
    Age,
    /// Dates from now to the instant in a slot.
    DaysUntil(ColumnId),
    Metric(usize),
    Segment(usize),
    Stage,
    DaysInStage,
    StageLate,
    Milestone(usize),
    Health,
    HealthChange(i32),
    Alert(usize),
}

/// The layers in which a definition reads earlier ones as of this instant, its own and later ones as of the previous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    Metrics,
    Segments,
    Stage,
    /// What follows from the stage alone, at the same instant.
    StageFacts,
    Milestones,
    Health,
    HealthFacts,
    Alerts,
}

impl Layer {
    /// Metrics and segments are ordered among themselves; elsewhere a layer reads itself as of the previous instant.
    fn ordered(self) -> bool {
        matches!(self, Layer::Metrics | Layer::Segments)
    }
}

/// A node: a task, where it writes, when time alone makes it due.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub task: Task,
    pub layer: Layer,
    /// Its own slot; stage and health write several.
    pub out: Option<ColumnId>,
    /// It may change at each midnight.
    daily: bool,
}

/// A signal that events feed.
#[derive(Clone, Debug)]
pub(crate) struct SignalPlan {
    pub need: Need,
    events: Events,
    pub filter: Option<Program>,
    pub horizon: Horizon,
    /// The property it reads, or `NO_PROPERTY`.
    pub property: usize,
    /// Metric nodes that read it.
    nodes: Vec<usize>,
}

/// A signal that reads no property.
pub(crate) const NO_PROPERTY: usize = u16::MAX as usize;

/// How an event of one name feeds a signal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Feed {
    pub signal: u16,
    /// The property it reads, or `NO_PROPERTY`.
    pub property: u16,
    /// Position of the event's name in the metric's list.
    pub name: u32,
    /// Has the signal a `where:`?
    pub filtered: bool,
}

impl SignalPlan {
    /// Does it take every event, and nothing of it but when and whose it was?
    pub fn takes_all(&self) -> bool {
        self.events == Events::Any && self.filter.is_none() && matches!(self.need, Need::Counts | Need::People)
    }

    /// Does it only ask how many events of each name a date has, and when they came?
    fn takes_tallies(&self) -> bool {
        !self.takes_all() && self.filter.is_none() && matches!(self.need, Need::Counts | Need::Names)
    }
}

/// The compiled row of an account or a person.
#[derive(Clone, Debug)]
pub(crate) struct RowPlan {
    pub nodes: Vec<Node>,
    pub signals: Vec<SignalPlan>,
    /// Which signal a metric reads, by metric.
    pub metric_signal: Vec<usize>,
    /// By slot: readers at the same instant, and readers a microsecond later.
    pub readers: Vec<(Bits, Bits)>,
    /// By slot: the node that writes it, if one does.
    pub writers: Vec<Option<usize>>,
    /// By event id (the last is every other name): signals fed, nodes made dirty.
    pub dispatch: Vec<(Box<[Feed]>, Bits)>,
    /// As the signals of `dispatch`: those that take the tallies of dates, and those that are neither of them nor take every event alike.
    pub tallied: Vec<Box<[Feed]>>,
    pub named: Vec<Box<[Feed]>>,
    /// Nodes that midnight makes dirty.
    pub daily: Bits,
    /// How many nodes there are.
    pub width: usize,
}

/// A column that is a score within the card that applies: `measure('…')` or `measure_group('…')`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScoreSlot {
    pub slot: ColumnId,
    /// The group, and its measure if it is one; None where the card has neither of that name.
    pub of: Option<(usize, Option<usize>)>,
}

/// Everything the engine knows of a model beside the model itself.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub account: RowPlan,
    pub person: RowPlan,
    /// The stage's node; `usize::MAX` without stages, and so on.
    pub stage: usize,
    pub health: usize,
    pub alert_nodes: Vec<usize>,
    pub person_alert_nodes: Vec<usize>,
    /// Columns whose value on past dates is kept, with how many dates back.
    pub logs: Vec<(ColumnId, i32)>,
    /// Columns that parents roll up.
    pub exports: Vec<ColumnId>,
    /// Metric nodes that read children, and the health node if a card rolls up.
    pub child_nodes: Bits,
    /// Metric nodes that count persons of a segment, by person segment.
    pub people_in: Vec<Vec<usize>>,
    /// (account slot, person slot) of columns that persons read of their account.
    pub shared: Vec<(ColumnId, ColumnId)>,
    /// By account slot: does a person's column copy it?
    pub shared_slots: Bits,
    /// Slots by built-in; `usize::MAX` where a declared trait has taken its place.
    slots: Vec<usize>,
    /// The slot of `started_at`, whether declared as a trait or not.
    pub started: usize,
    /// The trait `started_at`, if declared.
    pub started_trait: Option<ColumnId>,
    /// The trait `parent`, if declared.
    pub parent: Option<ColumnId>,
    /// By card: the slots of its groups and measures that conditions read, and which group and measure each is.
    pub score_slots: Vec<Vec<ScoreSlot>>,
    /// Slots of traits by name.
    pub traits: FxHashMap<String, ColumnId>,
    pub person_traits: FxHashMap<String, ColumnId>,
    /// Does anything read persons one by one?
    pub has_people: bool,
    /// The model's event names, as values.
    pub event_names: Vec<Arc<str>>,
}

impl Plan {
    /// The built-in's slot.
    #[inline]
    pub fn slot(&self, builtin: Builtin) -> usize {
        self.slots[builtin as usize]
    }

    pub fn new(model: &Model) -> Plan {
        let slots: FxHashMap<Builtin, ColumnId> = model
            .account
            .iter()
            .zip(0..)
            .filter_map(|(c, i)| if let Source::Builtin(b) = c.source { Some((b, i)) } else { None })
            .collect();
        let account = RowPlan::account(model, &slots, &Builtin::column);
        let person = RowPlan::person(model);
        let find = |task: Task| account.nodes.iter().position(|n| n.task == task).unwrap_or(usize::MAX);
        let find_person = |task: Task| person.nodes.iter().position(|n| n.task == task).unwrap_or(usize::MAX);
        let mut logs: Vec<(ColumnId, i32)> = vec![(Builtin::Health.column(), 30)];
        let log = |column: ColumnId, days: i32, logs: &mut Vec<(ColumnId, i32)>| match logs.iter_mut().find(|l| l.0 == column) {
            Some(l) => l.1 = l.1.max(days),
            None => logs.push((column, days)),
        };
        let mut exports: Vec<ColumnId> = Vec::new();
        let mut child_nodes = Bits::new(account.nodes.len());
        let mut export = |column: ColumnId| {
            if !exports.contains(&column) {
                exports.push(column);
            }
        };
        let mut people_in = vec![Vec::new(); model.person_segments.len()];
        for (i, node) in account.nodes.iter().enumerate() {
            match node.task {
                Task::HealthChange(days) => log(Builtin::Health.column(), days, &mut logs),
                Task::Metric(m) => match &model.metrics[m].def {
                    MetricDef::Ago { of, days } => log(*of, *days, &mut logs),
                    MetricDef::Children { of, how } => {
                        child_nodes.insert(i);
                        export(*of);
                        if let RollUp::Weighted(by) = how {
                            export(*by);
                        }
                    }
                    MetricDef::PeopleIn(segment) => people_in[*segment].push(i),
                    _ => {}
                },
                Task::Health => {
                    for how in model.scorecards.iter().filter_map(|c| c.roll_up) {
                        child_nodes.insert(i);
                        export(Builtin::Health.column());
                        if let RollUp::Weighted(by) = how {
                            export(by);
                        }
                    }
                }
                _ => {}
            }
        }
        let shared: Vec<(ColumnId, ColumnId)> =
            model.person.iter().zip(0..).filter_map(|(c, i)| if let Source::Account(a) = c.source { Some((a, i)) } else { None }).collect();
        let mut shared_slots = Bits::new(model.account.len());
        shared.iter().for_each(|(a, _)| shared_slots.insert(*a as usize));
        let traits = |columns: &[Column]| {
            columns.iter().zip(0..).filter(|(c, _)| c.source == Source::Trait).map(|(c, i)| (c.name.clone(), i)).collect()
        };
        let account_traits: FxHashMap<String, ColumnId> = traits(&model.account);
        let started_trait = account_traits.get("started_at").copied();
        let has_people = !model.person_metrics.is_empty() || !model.person_segments.is_empty() || model.alerts.iter().any(|a| a.person);
        Plan {
            stage: find(Task::Stage),
            health: find(Task::Health),
            alert_nodes: (0..model.alerts.len()).map(|i| find(Task::Alert(i))).collect(),
            person_alert_nodes: (0..model.alerts.len()).map(|i| find_person(Task::Alert(i))).collect(),
            logs,
            exports,
            child_nodes,
            people_in,
            shared,
            shared_slots,
            score_slots: model.scorecards.iter().map(|card| score_slots(model, card)).collect(),
            started: started_trait.or(slots.get(&Builtin::StartedAt).copied()).map_or(usize::MAX, |s| s as usize),
            started_trait,
            parent: account_traits.get("parent").copied(),
            traits: account_traits,
            person_traits: traits(&model.person),
            has_people,
            event_names: model.event_names.iter().map(|n| Arc::from(n.as_str())).collect(),
            slots: Builtin::ALL.iter().map(|(b, ..)| slots.get(b).map_or(usize::MAX, |s| *s as usize)).collect(),
            account,
            person,
        }
    }
}

/// Where the columns `measure('…')` and `measure_group('…')` come from in a card.
fn score_slots(model: &Model, card: &tenure_model::definition::Scorecard) -> Vec<ScoreSlot> {
    let group = |name: &str| card.groups.iter().position(|g| g.name == name).map(|g| (g, None));
    let measure = |name: &str| {
        card.groups.iter().enumerate().find_map(|(g, group)| Some((g, Some(group.measures.iter().position(|m| m.name == name)?))))
    };
    let of = |column: &Column| match column.source {
        Source::Measure => Some(measure(quoted(&column.name))),
        Source::MeasureGroup => Some(group(quoted(&column.name))),
        _ => None,
    };
    model.account.iter().zip(0..).filter_map(|(c, slot)| of(c).map(|of| ScoreSlot { slot, of })).collect()
}

/// The text between single quotes of `measure('x')`.
fn quoted(name: &str) -> &str {
    name.split('\'').nth(1).unwrap_or(name)
}

impl RowPlan {
    fn account(model: &Model, slots: &FxHashMap<Builtin, ColumnId>, position: &dyn Fn(Builtin) -> u32) -> RowPlan {
        let mut nodes = Vec::new();
        let mut add = |task, layer, out: Option<ColumnId>, daily| nodes.push(Node { task, layer, out, daily });
        let builtin = |b: Builtin| slots.get(&b).copied();
        add(Task::Age, Layer::Metrics, builtin(Builtin::AgeDays), true);
        for (out, of) in [
            (Builtin::DaysToRenewal, Builtin::RenewalAt),
            (Builtin::DaysToTrialEnd, Builtin::TrialEndsAt),
            (Builtin::DaysToCardExpiry, Builtin::CardExpiresAt),
        ] {
            add(Task::DaysUntil(position(of)), Layer::Metrics, builtin(out), true);
        }
        for (i, metric) in model.metrics.iter().enumerate() {
            add(Task::Metric(i), Layer::Metrics, Some(metric.column), is_daily(metric));
        }
        for (i, segment) in model.segments.iter().enumerate() {
            add(Task::Segment(i), Layer::Segments, Some(segment.column), false);
        }
        if !model.stages.is_empty() {
            add(Task::Stage, Layer::Stage, builtin(Builtin::Stage), false);
            add(Task::DaysInStage, Layer::StageFacts, builtin(Builtin::DaysInStage), true);
            add(Task::StageLate, Layer::StageFacts, builtin(Builtin::StageLate), false);
        }
        for (i, milestone) in model.milestones.iter().enumerate() {
            add(Task::Milestone(i), Layer::Milestones, milestone.column, false);
        }
        if !model.scorecards.is_empty() {
            let by_age = model.scorecards.iter().any(|card| {
                card.groups.iter().flat_map(|g| &g.measures).any(|m| {
                    m.min_age.is_some()
                        || matches!(m.missing, tenure_model::definition::Missing::Keep(_))
                        || m.curves.iter().any(|c| c.min_age.is_some() || c.max_age.is_some())
                })
            });
            add(Task::Health, Layer::Health, builtin(Builtin::Health), by_age);
            for (column, i) in model.account.iter().zip(0..) {
                if let Source::HealthChange(days) = column.source {
                    add(Task::HealthChange(days), Layer::HealthFacts, Some(i), true);
                }
            }
        }
        for (i, _) in model.alerts.iter().enumerate().filter(|(_, a)| !a.person) {
            let out = model.account.iter().zip(0..).find(|(c, _)| c.source == Source::Alert(i)).map(|(_, s)| s);
            add(Task::Alert(i), Layer::Alerts, out, false);
        }
        RowPlan::wire(model, nodes, &model.metrics, &model.account, &|task| reads_account(model, task, position))
    }

    fn person(model: &Model) -> RowPlan {
        let mut nodes = Vec::new();
        for (i, metric) in model.person_metrics.iter().enumerate() {
            nodes.push(Node { task: Task::Metric(i), layer: Layer::Metrics, out: Some(metric.column), daily: is_daily(metric) });
        }
        for (i, segment) in model.person_segments.iter().enumerate() {
            nodes.push(Node { task: Task::Segment(i), layer: Layer::Segments, out: Some(segment.column), daily: false });
        }
        for (i, _) in model.alerts.iter().enumerate().filter(|(_, a)| a.person) {
            nodes.push(Node { task: Task::Alert(i), layer: Layer::Alerts, out: None, daily: false });
        }
        RowPlan::wire(model, nodes, &model.person_metrics, &model.person, &|task| reads_person(model, task))
    }

    fn wire(model: &Model, nodes: Vec<Node>, metrics: &[Metric], columns: &[Column], reads: &dyn Fn(Task) -> Vec<ColumnId>) -> RowPlan {
        let width = nodes.len();
        let mut signals: Vec<SignalPlan> = Vec::new();
        let mut metric_signal = vec![usize::MAX; metrics.len()];
        for (n, node) in nodes.iter().enumerate() {
            let Task::Metric(m) = node.task else { continue };
            let MetricDef::Events { aggregate, events, filter, window } = &metrics[m].def else { continue };
            let need = Need::of(*aggregate, *window);
            let text = filter.as_ref().map(|p| p.sql().to_owned());
            let found =
                signals.iter().position(|s| s.need == need && s.events == *events && s.filter.as_ref().map(|p| p.sql().to_owned()) == text);
            let s = found.unwrap_or_else(|| {
                let property = match need {
                    Need::Sums(p) | Need::Extremes(p) | Need::Values(p) | Need::Log(Some(p)) => p,
                    _ => NO_PROPERTY,
                };
                signals.push(SignalPlan {
                    need,
                    property,
                    events: events.clone(),
                    filter: filter.clone(),
                    horizon: Horizon { days: 0, micros: Some(0) },
                    nodes: vec![],
                });
                signals.len() - 1
            });
            let wanted = horizon(*window);
            let signal = &mut signals[s];
            signal.horizon.days = signal.horizon.days.max(wanted.days);
            signal.horizon.micros = signal.horizon.micros.zip(wanted.micros).map(|(a, b)| a.max(b));
            // A window that ended before today cannot change by an event of now, only at midnight.
            if !matches!(window, Window::Days { offset, .. } if *offset > 0) {
                signal.nodes.push(n);
            }
            metric_signal[m] = s;
        }
        let other = model.event_names.len();
        let dispatch: Vec<(Box<[Feed]>, Bits)> = (0..=other)
            .map(|event| {
                let mut bits = Bits::new(width);
                let mut fed = Vec::new();
                for (s, signal) in signals.iter().enumerate() {
                    let name = match &signal.events {
                        Events::Any => Some(0),
                        Events::Named(ids) => ids.iter().position(|id| usize::from(*id) == event),
                    };
                    if let Some(name) = name {
                        fed.push(Feed {
                            signal: s as u16,
                            property: signal.property as u16,
                            name: name as u32,
                            filtered: signal.filter.is_some(),
                        });
                        signal.nodes.iter().for_each(|n| bits.insert(*n));
                    }
                }
                (fed.into_boxed_slice(), bits)
            })
            .collect();
        let of = |wanted: &dyn Fn(&SignalPlan) -> bool| -> Vec<Box<[Feed]>> {
            dispatch.iter().map(|(fed, _)| fed.iter().filter(|f| wanted(&signals[usize::from(f.signal)])).copied().collect()).collect()
        };
        let tallied = of(&SignalPlan::takes_tallies);
        let named = of(&|s| !s.takes_all() && !s.takes_tallies());
        let mut daily = Bits::new(width);
        nodes.iter().enumerate().filter(|(_, n)| n.daily).for_each(|(i, _)| daily.insert(i));
        // Who writes each slot decides who reads it at once and who a microsecond later.
        let mut readers = vec![(Bits::new(width), Bits::new(width)); columns.len()];
        let writer = |slot: usize| -> Option<usize> {
            nodes.iter().position(|n| n.out == Some(slot as u32)).or_else(|| {
                let role = match columns[slot].source {
                    Source::Builtin(Builtin::StageEnteredAt) => Task::Stage,
                    Source::Builtin(Builtin::HealthCoverage | Builtin::HealthBand) | Source::Measure | Source::MeasureGroup => Task::Health,
                    _ => return None,
                };
                nodes.iter().position(|n| n.task == role)
            })
        };
        let writers: Vec<Option<usize>> = (0..columns.len()).map(writer).collect();
        for (r, node) in nodes.iter().enumerate() {
            for slot in reads(node.task) {
                let slot = slot as usize;
                let at_once = match writers[slot] {
                    None => true,
                    Some(w) => nodes[w].layer < node.layer || (nodes[w].layer == node.layer && node.layer.ordered() && w < r),
                };
                if at_once { readers[slot].0.insert(r) } else { readers[slot].1.insert(r) }
            }
        }
        RowPlan { nodes, signals, metric_signal, readers, writers, dispatch, tallied, named, daily, width }
    }
}

impl RowPlan {
    /// The slots that layers after the segments write: what earlier layers read as of the previous instant.
    pub fn lagging(&self) -> impl Iterator<Item = usize> + '_ {
        let later = |w: &Option<usize>| w.is_some_and(|n| self.nodes[n].layer > Layer::Segments);
        self.writers.iter().enumerate().filter(move |(_, w)| later(w)).map(|(slot, _)| slot)
    }
}

/// How far back a window looks.
fn horizon(window: Window) -> Horizon {
    match window {
        Window::Lifetime => Horizon { days: 0, micros: None },
        Window::Days { days, offset } => Horizon { days: days + offset, micros: Some((i64::from(days) + i64::from(offset) + 2) * DAY) },
        Window::Exact { micros, offset } => Horizon { days: 0, micros: Some(micros + offset) },
        Window::From { .. } | Window::Before { .. } => Horizon { days: 0, micros: None },
    }
}

fn is_daily(metric: &Metric) -> bool {
    match &metric.def {
        MetricDef::Events { aggregate: Aggregate::Since, .. } => true,
        // What is kept by date says itself on which date its windows change next; a log does not.
        MetricDef::Events { aggregate, window, .. } => {
            matches!(window, Window::Days { .. }) && matches!(Need::of(*aggregate, *window), Need::Log(_))
        }
        MetricDef::Ago { .. } => true,
        _ => false,
    }
}

fn reads_metric(metric: &Metric, started_at: Option<ColumnId>) -> Vec<ColumnId> {
    match &metric.def {
        MetricDef::Sql(program) => program.reads().to_vec(),
        MetricDef::Peak(of) => vec![*of],
        MetricDef::Events { aggregate: Aggregate::Since, .. } => started_at.into_iter().collect(),
        MetricDef::Events { window: Window::From { anchor, .. } | Window::Before { anchor, .. }, .. } => vec![*anchor],
        _ => vec![],
    }
}

fn segment_columns(segments: &[Segment], wanted: &[usize]) -> Vec<ColumnId> {
    wanted.iter().map(|s| segments[*s].column).collect()
}

fn reads_account(model: &Model, task: Task, position: &dyn Fn(Builtin) -> u32) -> Vec<ColumnId> {
    let stage = position(Builtin::Stage);
    let started = position(Builtin::StartedAt);
    let mut reads = Vec::new();
    match task {
        Task::Age => reads.push(started),
        Task::DaysUntil(slot) => reads.push(slot),
        Task::Metric(m) => reads = reads_metric(&model.metrics[m], Some(started)),
        Task::Segment(s) => reads = model.segments[s].when.reads().to_vec(),
        Task::Stage => {
            for s in &model.stages {
                reads.extend(s.when.iter().flat_map(|p| p.reads()).copied());
            }
            reads.push(stage); // a move is followed by another look a microsecond later
        }
        Task::DaysInStage => reads.push(position(Builtin::StageEnteredAt)),
        Task::StageLate => {
            reads.push(position(Builtin::StageEnteredAt));
            for s in &model.stages {
                reads.extend(s.expected.iter().filter_map(|(segment, _)| *segment).map(|s| model.segments[s].column));
            }
        }
        Task::Milestone(m) => {
            let milestone = &model.milestones[m];
            reads.extend(milestone.reached.reads());
            reads.extend(segment_columns(&model.segments, &milestone.segments));
            reads.extend(milestone.stage.map(|_| stage));
            reads.extend(milestone.due.map(|d| d.anchor));
        }
        Task::Health => {
            for card in &model.scorecards {
                reads.extend(segment_columns(&model.segments, &card.segments));
                if !card.stages.is_empty() {
                    reads.push(stage);
                }
                for limit in card.caps.iter().chain(&card.floors) {
                    reads.extend(limit.when.reads());
                }
                for measure in card.groups.iter().flat_map(|g| &g.measures) {
                    reads.push(measure.column);
                    reads.extend(measure.when.iter().flat_map(|p| p.reads()).copied());
                    reads.extend(measure.curves.iter().filter_map(|c| c.segment).map(|s| model.segments[s].column));
                    if measure.min_age.is_some() || measure.curves.iter().any(|c| c.min_age.is_some() || c.max_age.is_some()) {
                        reads.push(started);
                    }
                }
            }
        }
        Task::HealthChange(_) => reads.push(position(Builtin::Health)),
        Task::Alert(a) => {
            let rule = &model.alerts[a];
            reads.extend(rule.when.iter().flat_map(|p| p.reads()).copied());
            reads.extend(segment_columns(&model.segments, &rule.segments));
            if !rule.stages.is_empty() {
                reads.push(stage);
            }
        }
    }
    reads
}

fn reads_person(model: &Model, task: Task) -> Vec<ColumnId> {
    let stage = model.account.iter().position(|c| c.source == Source::Builtin(Builtin::Stage)).map_or(u32::MAX, |i| i as u32);
    match task {
        Task::Metric(m) => reads_metric(&model.person_metrics[m], None),
        Task::Segment(s) => model.person_segments[s].when.reads().to_vec(),
        Task::Alert(a) => {
            let rule = &model.alerts[a];
            let mut reads: Vec<ColumnId> = rule.when.iter().flat_map(|p| p.reads()).copied().collect();
            reads.extend(segment_columns(&model.person_segments, &rule.segments));
            if !rule.stages.is_empty() {
                reads.extend(model.person.iter().zip(0..).find(|(c, _)| c.source == Source::Account(stage)).map(|(_, i)| i));
            }
            reads
        }
        _ => vec![],
    }
}

impl RowPlan {
    /// The slots a node reads.
    pub fn read_by(&self, n: usize) -> impl Iterator<Item = usize> + '_ {
        self.readers.iter().enumerate().filter(move |(_, (now, later))| now.contains(n) || later.contains(n)).map(|(slot, _)| slot)
    }

    /// As `read_by`.
    pub fn reads_of(&self, n: usize) -> Vec<ColumnId> {
        self.read_by(n).map(|slot| slot as ColumnId).collect()
    }

    /// The slots a node writes.
    pub fn written_by(&self, n: usize) -> impl Iterator<Item = usize> + '_ {
        self.writers.iter().enumerate().filter(move |(_, w)| **w == Some(n)).map(|(slot, _)| slot)
    }

    /// Of nodes that wait for the next microsecond: they and all that change each other with them.
    pub fn circle(&self, waiting: &Bits) -> Vec<usize> {
        let all: Vec<Bits> = (0..self.width).map(|n| self.reached(n)).collect();
        let waiting: Vec<usize> = (0..self.width).filter(|n| waiting.contains(*n)).collect();
        (0..self.width).filter(|n| waiting.iter().any(|w| n == w || (all[*w].contains(*n) && all[*n].contains(*w)))).collect()
    }

    /// The nodes that a change of this one's value may change, however far.
    fn reached(&self, from: usize) -> Bits {
        let mut reached = Bits::new(self.width);
        let mut open = vec![from];
        while let Some(n) = open.pop() {
            for (now, later) in self.written_by(n).map(|slot| &self.readers[slot]) {
                for reader in (0..self.width).filter(|r| now.contains(*r) || later.contains(*r)) {
                    if !reached.contains(reader) {
                        reached.insert(reader);
                        open.push(reader);
                    }
                }
            }
        }
        reached
    }
}
