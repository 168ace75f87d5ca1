//! Keeps, during a replay, the last decision of each kind with the row it was made on.

use std::collections::HashMap;
use std::sync::Arc;

use tenure_model::definition::MetricDef;
use tenure_model::time::Instant;
use tenure_model::{Model, Value};

use crate::account::Account;
use crate::input::{Inputs, What};
use crate::outcome::{Happened, Outcome, Sink};

/// What a decision was about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Stage,
    Segment(usize),
    Milestone(usize),
    Band,
    Alert(usize, Option<Arc<str>>),
    Ended,
}

/// Members of each person segment that some metric counts; of the others none.
pub(super) type Members = Vec<Vec<Arc<str>>>;

/// A decision, with the row as its condition read it.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub at: Instant,
    pub what: Happened,
    pub row: Vec<Value>,
    pub person: Option<Vec<Value>>,
    pub members: Members,
}

/// The last decision of each kind.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(super) last: HashMap<Key, Moment>,
    /// By person segment: its column, if some metric counts its members.
    counted: Vec<Option<usize>>,
}

impl Recorder {
    /// One that keeps what explanations of this model need.
    pub(super) fn new(model: &Model) -> Recorder {
        let counted = |segment: usize| model.metrics.iter().any(|m| matches!(m.def, MetricDef::PeopleIn(s) if s == segment));
        let column = |(i, s): (usize, &tenure_model::definition::Segment)| counted(i).then_some(s.column as usize);
        Recorder { last: HashMap::new(), counted: model.person_segments.iter().enumerate().map(column).collect() }
    }

    /// Who is in which person segment.
    pub(super) fn members(&self, account: &Account) -> Members {
        let of = |slot: usize| {
            let members = account.people().filter(|(_, member, row)| *member && row[slot].as_bool() == Some(true));
            members.map(|(id, _, _)| id.clone()).collect()
        };
        self.counted.iter().map(|slot| slot.map_or_else(Vec::new, of)).collect()
    }

    /// Author and reason of what a teammate decided at an instant.
    pub(super) fn decision(&self, inputs: &Inputs<'_>, at: Instant) -> Option<(String, String)> {
        // Within an instant decisions come last.
        inputs.changes.iter().rev().filter(|c| c.at == at).find_map(|c| match &c.what {
            What::Decision(d) => Some((d.author.clone(), d.reason.clone())),
            _ => None,
        })
    }
}

impl Sink for Recorder {
    fn outcome(&mut self, account: &Account, outcome: Outcome) {
        let person = match &outcome.what {
            Happened::Alert { person, .. } | Happened::Segment { person, .. } => person.clone(),
            _ => None,
        };
        let key = match &outcome.what {
            Happened::Stage { .. } => Key::Stage,
            Happened::Segment { person: None, segment, .. } => Key::Segment(*segment),
            Happened::Milestone { milestone, .. } => Key::Milestone(*milestone),
            Happened::Health { band_changed: true, .. } => Key::Band,
            Happened::Alert { rule, person, .. } => Key::Alert(*rule, person.clone()),
            Happened::Ended => Key::Ended,
            _ => return,
        };
        let mut row = account.row().to_vec();
        let mut person_row = person.and_then(|id| account.people().find(|p| *p.0 == id).map(|p| p.2.to_vec()));
        let target = person_row.as_mut().unwrap_or(&mut row);
        for (slot, value) in outcome.inputs {
            target[slot as usize] = value;
        }
        let moment = Moment { at: outcome.at, what: outcome.what, row, person: person_row, members: self.members(account) };
        self.last.insert(key, moment);
    }
}
