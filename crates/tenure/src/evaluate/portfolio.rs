//! The portfolio: one line for each account as of an instant, filtered by a condition.

use std::sync::Arc;

use anyhow::Result;
use tenure_engine::{Account, AlertState, Engine, Life, MilestoneStatus, Mode, Nothing, Outcome, Sink};
use tenure_model::definition::Builtin;
use tenure_model::time::Instant;
use tenure_model::{Day, Value};

use super::World;
use super::replay::{Progress, Visitor, replay};

/// One account as of an instant.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its id.
    pub id: Arc<str>,
    /// `live`, `ended`, or `new` where nothing dated is known.
    pub status: &'static str,
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

/// The portfolio as of an instant.
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
    fn account(&mut self, account: Account) -> Result<()> {
        self.lines.push(line(&self.engine, &account));
        Ok(())
    }
}

/// The line of one account.
pub fn line(engine: &Engine, account: &Account) -> Line {
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
        status: match account.life() {
            Life::Unborn => "new",
            Life::Live => "live",
            Life::Ended(_) => "ended",
        },
        row: account.row().to_vec(),
        health_change_30d: engine.health_change(account, 30),
        alerts: firing.into_iter().map(|(_, name)| name).collect(),
        next_milestone,
        stage_due: if account.life() == Life::Live { engine.stage_deadline(account) } else { None },
    }
}

impl Line {
    /// A built-in value.
    pub fn builtin(&self, builtin: Builtin) -> &Value {
        // Built-in columns open every row, in their own order.
        let slot = Builtin::ALL.iter().position(|b| b.0 == builtin).unwrap_or(usize::MAX);
        self.row.get(slot).unwrap_or(&Value::Null)
    }
}
