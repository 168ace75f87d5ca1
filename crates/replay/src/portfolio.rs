//! The portfolio: one line for each account as of an instant, filtered by a condition.

use std::sync::Arc;

use tenure_engine::{Account, AlertState, Engine, Inputs, Life, MilestoneStatus, Mode, Nothing, Outcome, Sink, What};
use tenure_model::definition::Builtin;
use tenure_model::time::Instant;
use tenure_model::{Day, Value};

use crate::replay::{Progress, Visitor, replay};
use crate::{Result, World};

/// One account as of an instant.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its id.
    pub id: Arc<str>,
    /// `live`, `ended`, or `new` where nothing dated is known.
    pub status: Status,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// Its values, in the order of `Model::account`, then those of the filter's own columns.
    pub row: Vec<Value>,
    /// Health now minus 30 dates ago.
    pub health_change_30d: Option<f64>,
    /// Names of the alerts that fire, most severe first; of persons as `rule(person)`.
    pub alerts: Vec<String>,
    /// The pending milestone that is due first.
    pub next_milestone: Option<(String, Option<Instant>)>,
    /// When its stage is late.
    pub stage_due: Option<Instant>,
}

/// Is it a customer?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing dated is known of it.
    New,
    /// It is evaluated.
    Live,
    /// It has left: frozen.
    Ended,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 3] = [Status::New, Status::Live, Status::Ended];

    /// As people and files write it.
    pub fn name(self) -> &'static str {
        match self {
            Status::New => "new",
            Status::Live => "live",
            Status::Ended => "ended",
        }
    }
}

impl From<Life> for Status {
    fn from(life: Life) -> Status {
        match life {
            Life::Unborn => Status::New,
            Life::Live => Status::Live,
            Life::Ended(_) => Status::Ended,
        }
    }
}

/// The portfolio as of an instant.
///
/// # Errors
/// What the archive says.
pub fn portfolio(world: &World, at: Instant, threads: usize, progress: Progress<'_>) -> Result<Vec<Line>> {
    let visitors = replay(world, at, Mode::Exact, threads, |_| Ok(Lines { engine: world.engine.clone(), lines: vec![] }), progress)?;
    let mut lines: Vec<Line> = visitors.into_iter().flat_map(|v| v.lines).collect();
    lines.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(lines)
}

struct Lines {
    engine: Arc<Engine>,
    lines: Vec<Line>,
}

impl Sink for Lines {
    fn outcome(&mut self, account: &Account, outcome: Outcome) {
        Nothing.outcome(account, outcome);
    }

    fn day(&mut self, account: &Account, day: Day) {
        Nothing.day(account, day);
    }

    fn wants_detail(&self) -> bool {
        false
    }
}

impl Visitor for Lines {
    fn account(&mut self, account: Account, inputs: &Inputs<'_>) -> Result<()> {
        self.lines.push(line(&self.engine, &account, inputs));
        Ok(())
    }
}

/// The line of one account. Of one that is new, the traits that were said of it without a date.
pub fn line(engine: &Engine, account: &Account, inputs: &Inputs<'_>) -> Line {
    let model = engine.model();
    let mut firing: Vec<(std::cmp::Reverse<tenure_model::definition::Severity>, String)> = Vec::new();
    for (i, rule) in model.alerts.iter().enumerate() {
        let severity = std::cmp::Reverse(rule.severity);
        if rule.person {
            for (p, (id, _, _)) in account.people().enumerate() {
                if account.person_alert(p, i).0 == AlertState::Firing {
                    firing.push((severity, format!("{}({id})", rule.name)));
                }
            }
        } else if account.alert(i).0 == AlertState::Firing {
            firing.push((severity, rule.name.clone()));
        }
    }
    firing.sort();
    let pending = model.milestones.iter().zip(account.milestones()).filter(|(_, state)| state.status == Some(MilestoneStatus::Pending));
    let next_milestone = pending.map(|(m, state)| (m.name.clone(), state.due)).min_by_key(|(_, due)| due.unwrap_or(Instant::NEVER));
    Line {
        id: account.id().clone(),
        status: account.life().into(),
        ended_at: if let Life::Ended(at) = account.life() { Some(at) } else { None },
        row: row(account, inputs),
        health_change_30d: engine.health_change(account, 30),
        alerts: firing.into_iter().map(|(_, name)| name).collect(),
        next_milestone,
        stage_due: if account.life() == Life::Live { engine.stage_deadline(account) } else { None },
    }
}

fn row(account: &Account, inputs: &Inputs<'_>) -> Vec<Value> {
    let mut row = account.row().to_vec();
    if account.life() == Life::Unborn {
        for change in inputs.changes.iter().filter(|c| c.at == Instant::MIN) {
            if let What::Trait(slot, value) = &change.what {
                row[*slot as usize] = value.clone();
            }
        }
    }
    row
}

impl Line {
    /// A built-in value.
    pub fn builtin(&self, builtin: Builtin) -> &Value {
        self.row.get(builtin.column() as usize).unwrap_or(&Value::Null)
    }
}
