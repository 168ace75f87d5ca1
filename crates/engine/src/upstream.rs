//! What a definition rests on: every column that it reads, itself or through others.

use std::collections::BTreeSet;

use tenure_model::definition::{ColumnId, MetricDef, Source};

use crate::Engine;
use crate::plan::Task;

/// A definition that decides something. Numbers index the model's definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decides {
    /// A segment of accounts.
    Segment(usize),
    /// A segment of persons.
    PersonSegment(usize),
    /// In which stage an account is.
    Stage,
    /// A milestone.
    Milestone(usize),
    /// The health score, by all cards.
    Health,
    /// An alert rule, of accounts or of persons.
    Alert(usize),
}

/// The columns that something rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upstream {
    /// Of the account's row.
    pub account: BTreeSet<ColumnId>,
    /// Of the person's row.
    pub person: BTreeSet<ColumnId>,
}

impl Upstream {
    /// Adds another's columns.
    pub fn add(&mut self, other: Upstream) {
        self.account.extend(other.account);
        self.person.extend(other.person);
    }

    /// Have both a column in common?
    pub fn meets(&self, other: &Upstream) -> bool {
        !self.account.is_disjoint(&other.account) || !self.person.is_disjoint(&other.person)
    }
}

/// A node of the plan: of persons?, its number.
type Place = (bool, usize);

impl Engine {
    /// What a definition rests on.
    pub fn upstream(&self, of: Decides) -> Upstream {
        self.from(self.deciding(of))
    }

    /// What any definition rests on.
    pub fn everything(&self) -> Upstream {
        let all = |person: bool, width: usize| (0..width).map(move |n| (person, n));
        self.from(all(false, self.plan.account.width).chain(all(true, self.plan.person.width)).collect())
    }

    fn from(&self, mut open: Vec<Place>) -> Upstream {
        let mut found = Upstream::default();
        let mut seen: BTreeSet<Place> = BTreeSet::new();
        while let Some(place) = open.pop() {
            if seen.insert(place) {
                open.extend(self.before(place, &mut found));
            }
        }
        found
    }

    fn deciding(&self, of: Decides) -> Vec<Place> {
        match of {
            Decides::Segment(s) => self.node(false, Task::Segment(s)),
            Decides::PersonSegment(s) => self.node(true, Task::Segment(s)),
            Decides::Stage => self.node(false, Task::Stage),
            Decides::Milestone(m) => self.node(false, Task::Milestone(m)),
            Decides::Health => self.node(false, Task::Health),
            Decides::Alert(a) => {
                let milestones = self.milestones_of.get(a).into_iter().flatten().flat_map(|m| self.node(false, Task::Milestone(*m)));
                let Some(rule) = self.model.alerts.get(a) else { return Vec::new() };
                // A rule of persons looks at the account's stage itself.
                let stage = if rule.stages.is_empty() { Vec::new() } else { self.node(false, Task::Stage) };
                self.node(rule.person, Task::Alert(a)).into_iter().chain(stage).chain(milestones).collect()
            }
        }
    }

    fn node(&self, person: bool, task: Task) -> Vec<Place> {
        let plan = if person { &self.plan.person } else { &self.plan.account };
        plan.nodes.iter().position(|node| node.task == task).map(|n| (person, n)).into_iter().collect()
    }

    /// Notes what a node reads, and gives the nodes that write it.
    fn before(&self, (person, n): Place, found: &mut Upstream) -> Vec<Place> {
        let (plan, columns) = if person { (&self.plan.person, &self.model.person) } else { (&self.plan.account, &self.model.account) };
        let mut nodes = Vec::new();
        let mut read = plan.reads_of(n);
        if let (false, Task::Metric(m)) = (person, plan.nodes[n].task) {
            match &self.model.metrics[m].def {
                MetricDef::Children { of, .. } => read.push(*of),
                MetricDef::PeopleIn(segment) => nodes.extend(self.node(true, Task::Segment(*segment))),
                _ => {}
            }
        }
        for slot in read {
            let known = if person { &mut found.person } else { &mut found.account };
            known.insert(slot);
            if let (true, Source::Account(shared)) = (person, &columns[slot as usize].source) {
                found.account.insert(*shared);
                nodes.extend(self.plan.account.writers[*shared as usize].map(|writer| (false, writer)));
            }
            nodes.extend(plan.writers[slot as usize].map(|writer| (person, writer)));
        }
        nodes
    }
}
