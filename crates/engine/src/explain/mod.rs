//! Why: a tree from an outcome through conditions, measures and metrics down to the events that count, and what would change it.
//!
//! Nothing of it is stored: the account is replayed to the instant, and each decision explained from the row it was made on.

mod change;
mod column;
mod health;
mod peak;
mod recorder;
mod tree;

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value as Json, json};
use tenure_model::definition::Builtin;
use tenure_model::input::Version;
use tenure_model::time::Instant;
use tenure_model::{Program, Value};

use crate::account::{Account, Life};
use crate::advance::{Late, Mode};
use crate::input::Inputs;
use crate::outcome::{AlertReason, AlertState, Happened, MilestoneStatus, MovedBy};
use crate::{Engine, band_name};

pub use change::WouldChange;
pub use tree::Reason;

use column::Scene;
use recorder::{Key, Moment, Recorder};

/// What is to be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The health score.
    Health,
    /// The stage.
    Stage,
    /// Membership in a segment (of the account).
    Segment(String),
    /// The status of a milestone.
    Milestone(String),
    /// The state of an alert; with the person for alerts of persons.
    Alert(String, Option<String>),
    /// The value of a metric or any other column.
    Column(String),
}

/// What the engine is told beside the inputs, so that it can show them.
pub trait Evidence {
    /// An event as people should see it, by its index in `Inputs::events`.
    fn event(&self, index: usize) -> Json;
    /// The versions of a trait of the account, in any order.
    fn versions(&self, field: &str) -> Vec<Version>;
}

/// Why something is as it is.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// Whose.
    pub account: Arc<str>,
    /// As of.
    pub as_of: Instant,
    /// Of which model.
    pub revision: String,
    /// What is explained.
    pub subject: String,
    /// How it is.
    pub outcome: Json,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Instant>,
    /// The reasons, as of the instant of the decision.
    pub because: Vec<Reason>,
    /// The single changes that would change it now; empty: no single one would.
    pub would_change: Vec<WouldChange>,
}

/// It cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum Unexplained {
    /// The model has no such thing.
    #[error("the model has no {kind} {name:?}{}", .nearest.as_ref().map(|n| format!("; did you mean {n}?")).unwrap_or_default())]
    Unknown {
        /// Segment, milestone, alert, column.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// The nearest name.
        nearest: Option<String>,
    },
    /// The account is not known at that instant.
    #[error("nothing dated is known of the account {0} at that time")]
    NotYet(Arc<str>),
    /// Should not happen with a fresh account.
    #[error(transparent)]
    Late(#[from] Late),
}

/// Events shown of one metric; what is more is counted.
pub const EVENTS_SHOWN_MAX: usize = 100;

impl Engine {
    /// Explains a subject of an account as of an instant. `inputs` is its whole history.
    ///
    /// # Errors
    /// [`Unexplained`] where the subject is not in the model or the account not yet known.
    pub fn explain(
        &self,
        id: &Arc<str>,
        inputs: &Inputs<'_>,
        evidence: &dyn Evidence,
        at: Instant,
        subject: &Subject,
    ) -> Result<Explanation, Unexplained> {
        let mut account = self.account(id.clone());
        let mut recorder = Recorder::default();
        self.advance(&mut account, inputs, at, Mode::Exact, &mut recorder)?;
        if account.life() == Life::Unborn {
            return Err(Unexplained::NotYet(id.clone()));
        }
        let teller = Teller { engine: self, account: &account, recorder: &recorder, inputs, evidence, at };
        let (outcome, since, because, would_change) = match subject {
            Subject::Health => teller.health(),
            Subject::Stage => teller.stage(),
            Subject::Segment(name) => teller.segment(name)?,
            Subject::Milestone(name) => teller.milestone(name)?,
            Subject::Alert(name, person) => teller.alert(name, person.as_deref())?,
            Subject::Column(name) => teller.column(name)?,
        };
        Ok(Explanation {
            account: id.clone(),
            as_of: at,
            revision: self.model().revision.0.clone(),
            subject: subject.to_string(),
            outcome,
            since,
            because,
            would_change,
        })
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Subject::Health => f.write_str("health"),
            Subject::Stage => f.write_str("stage"),
            Subject::Segment(name) => write!(f, "segment {name}"),
            Subject::Milestone(name) => write!(f, "milestone {name}"),
            Subject::Alert(name, None) => write!(f, "alert {name}"),
            Subject::Alert(name, Some(person)) => write!(f, "alert {name}({person})"),
            Subject::Column(name) => f.write_str(name),
        }
    }
}

/// How it is, since when, why, and what would change it.
type Told = (Json, Option<Instant>, Vec<Reason>, Vec<WouldChange>);

/// Everything an explanation is told from.
pub(crate) struct Teller<'a> {
    pub engine: &'a Engine,
    pub account: &'a Account,
    pub recorder: &'a Recorder,
    pub inputs: &'a Inputs<'a>,
    pub evidence: &'a dyn Evidence,
    pub at: Instant,
}

impl Teller<'_> {
    /// The scene as of the end of the replay.
    fn now(&self) -> Scene<'_> {
        Scene { teller: self, row: self.account.row(), person: None, at: self.account.evaluated, depth: 0 }
    }

    fn scene<'s>(&'s self, moment: &'s Moment) -> Scene<'s> {
        Scene { teller: self, row: &moment.row, person: moment.person.as_deref(), at: moment.at, depth: 0 }
    }

    fn unknown<'n>(kind: &'static str, name: &str, names: impl Iterator<Item = &'n str>) -> Unexplained {
        let nearest = tenure_model::diagnostic::nearest(name, names).map(str::to_owned);
        Unexplained::Unknown { kind, name: name.to_owned(), nearest }
    }

    fn flips(&self, program: &Program, row: &[Value], towards: &str) -> Vec<WouldChange> {
        change::of_program(program, row, self.account.evaluated, towards)
    }

    fn stage(&self) -> Told {
        let stages = &self.engine.model().stages;
        let Some(present) = self.account.stage().and_then(|i| stages.get(i)) else { return (Json::Null, None, vec![], vec![]) };
        let mut because = Vec::new();
        if let Some(moment) = self.recorder.last.get(&Key::Stage)
            && let Happened::Stage { from, to, by } = &moment.what
        {
            let from_name = from.map_or("nothing", |i| stages[i].name.as_str());
            let text = format!("moved from {from_name} to {} at {}", stages[*to].name, moment.at);
            let program = match by {
                MovedBy::Condition => stages[*to].when.as_ref(),
                MovedBy::BackTo => from.and_then(|i| stages[i].when.as_ref()),
                MovedBy::Beginning | MovedBy::Hand => None,
            };
            let mut reason = Reason::new("move", text).with("moved_by", json!(by));
            if let (MovedBy::Hand, Some(decision)) = (by, self.recorder.decision(self.inputs, moment.at)) {
                reason = reason.with("author", json!(decision.0)).with("reason", json!(decision.1));
            }
            if let Some(program) = program {
                reason.because.push(self.scene(moment).condition(program));
            }
            because.push(reason);
        }
        if let Some(until) = self.account.stage_held_until() {
            because.push(Reason::new("held", format!("set by hand; automatic moves rest until {until}")));
        }
        if let Some(deadline) = self.engine.stage_deadline(self.account) {
            let late = if self.at >= deadline { "late" } else { "on track" };
            because.push(Reason::new("expected", format!("expected to leave it by {deadline}: {late}")).with("due", json!(deadline)));
        }
        let row = self.account.row();
        let mut would_change = Vec::new();
        if let Some(index) = self.account.stage().filter(|_| self.account.life() == Life::Live) {
            for stage in stages[index + 1..].iter().filter(|s| !s.manual) {
                would_change.extend(stage.when.iter().flat_map(|p| self.flips(p, row, &format!("stage {}", stage.name))));
            }
            if let (Some(back), Some(when)) = (present.back_to, &present.when) {
                would_change.extend(self.flips(when, row, &format!("stage {}", stages[back].name)));
            }
        }
        (json!(present.name), Some(self.account.stage.entered_at), because, would_change)
    }

    fn segment(&self, name: &str) -> Result<Told, Unexplained> {
        let segments = &self.engine.model().segments;
        let index = segments
            .iter()
            .position(|s| s.name == name)
            .ok_or_else(|| Self::unknown("segment", name, segments.iter().map(|s| s.name.as_str())))?;
        let member = self.account.value(segments[index].column).clone();
        let since = self.recorder.last.get(&Key::Segment(index)).map(|m| m.at);
        let now = self.now();
        let because = vec![now.condition(&segments[index].when)];
        let towards = if member.as_bool() == Some(true) { format!("leaves {name}") } else { format!("enters {name}") };
        let would_change = self.flips(&segments[index].when, self.account.row(), &towards);
        Ok((member.to_json(), since, because, would_change))
    }

    fn milestone(&self, name: &str) -> Result<Told, Unexplained> {
        let milestones = &self.engine.model().milestones;
        let unknown = || Self::unknown("milestone", name, milestones.iter().map(|m| m.name.as_str()));
        let index = milestones.iter().position(|m| m.name == name).ok_or_else(unknown)?;
        let definition = &milestones[index];
        let state = self.account.milestones()[index];
        let Some(status) = state.status else {
            let reason = Reason::new("not started", "it has not started: the account has not been in its stage and segment");
            return Ok((Json::Null, None, vec![reason], vec![]));
        };
        let mut because = Vec::new();
        if let (Some(due), Some(rule)) = (state.due, definition.due) {
            let anchor = &self.engine.model().account[rule.anchor as usize].name;
            let scene = self.recorder.last.get(&Key::Milestone(index)).map_or_else(|| self.now(), |m| self.scene(m));
            let mut reason = Reason::new("due", format!("due {due}, from {anchor}")).with("due", json!(due));
            reason.because.push(scene.column(rule.anchor));
            because.push(reason);
        }
        let moment = self.recorder.last.get(&Key::Milestone(index));
        let settled = !matches!(status, MilestoneStatus::Pending);
        let scene = moment.filter(|_| settled).map_or_else(|| self.now(), |m| self.scene(m));
        if status == MilestoneStatus::Waived {
            let decision = moment.and_then(|m| self.recorder.decision(self.inputs, m.at));
            let text = decision.map_or_else(|| "waived".to_owned(), |(author, reason)| format!("waived by {author}: {reason}"));
            because.push(Reason::new("waived", text));
        } else {
            because.push(scene.condition(&definition.reached));
        }
        let would_change = match status {
            MilestoneStatus::Pending => self.flips(&definition.reached, self.account.row(), "reached"),
            MilestoneStatus::Missed => self.flips(&definition.reached, self.account.row(), "reached late"),
            _ => vec![],
        };
        Ok((json!(status.name()), state.since, because, would_change))
    }

    fn alert(&self, name: &str, person: Option<&str>) -> Result<Told, Unexplained> {
        let model = self.engine.model();
        let unknown = || Self::unknown("alert", name, model.alerts.iter().map(|a| a.name.as_str()));
        let index = model.alerts.iter().position(|a| a.name == name).ok_or_else(unknown)?;
        let rule = &model.alerts[index];
        let position = person.and_then(|p| self.account.people().position(|(id, _, _)| **id == *p));
        if rule.person && position.is_none() {
            return Err(Self::unknown(
                "person of the account (this alert is of persons: alert NAME PERSON)",
                person.unwrap_or(""),
                self.account.people().map(|p| p.0.as_ref()),
            ));
        }
        let (state, since) = position.map_or_else(|| self.account.alert(index), |p| self.account.person_alert(p, index));
        let key = Key::Alert(index, position.and(person).map(Arc::from));
        let moment = self.recorder.last.get(&key);
        let mut because = Vec::new();
        let person_row = position.and_then(|p| self.account.people().nth(p)).map(|(_, _, row)| row);
        let now = Scene { person: person_row, ..self.now() };
        let scene =
            moment.filter(|_| state != AlertState::Inactive).map_or_else(|| Scene { person: person_row, ..self.now() }, |m| self.scene(m));
        if let Some(moment) = moment
            && let Happened::Alert { why, state, .. } = &moment.what
        {
            let text = format!("{} at {}: {}", state_word(*state), moment.at, why_word(*why));
            because.push(Reason::new("state", text).with("why", json!(why)));
        }
        for m in model.milestones.iter().enumerate().filter(|(_, m)| m.alert == Some(index)).map(|(i, _)| i) {
            let status = self.account.milestones()[m].status;
            let milestone = &model.milestones[m];
            let mut reason =
                Reason::new("milestone", format!("milestone {} = {}", milestone.name, status.map_or("not started", MilestoneStatus::name)));
            if status.is_some() {
                let (_, _, why, _) = self.milestone(&milestone.name)?;
                reason.because = why;
            }
            because.push(reason);
        }
        if !rule.stages.is_empty() {
            let stage = self.account.stage().unwrap_or(0);
            let names: Vec<&str> = rule.stages.iter().map(|s| model.stages[*s].name.as_str()).collect();
            let holds = rule.stages.contains(&stage);
            because.push(
                Reason::new(
                    "stages",
                    format!("stage = {} is {}one of {}", model.stages[stage].name, if holds { "" } else { "not " }, names.join(", ")),
                )
                .with("value", json!(holds)),
            );
        }
        let segments = if rule.person { &model.person_segments } else { &model.segments };
        for segment in rule.segments.iter().map(|s| &segments[*s]) {
            because.push(scene.own_column(segment.column, rule.person));
        }
        let mut would_change = Vec::new();
        if let Some(when) = &rule.when {
            because.push(if rule.person { scene.person_condition(when) } else { scene.condition(when) });
            let row = if rule.person { now.person.unwrap_or(&[]) } else { now.row };
            let towards = if state == AlertState::Firing { format!("{name} resolves") } else { format!("{name} fires") };
            would_change = self.flips(when, row, &towards);
        }
        for (what, span) in [("for", rule.for_), ("keep_firing_for", rule.keep_firing_for), ("cooldown", rule.cooldown)] {
            if !span.is_zero() {
                because.push(Reason::new(what, format!("{what} {span}")));
            }
        }
        let since = (since != Instant::MIN).then_some(since);
        Ok((json!(state_word(state)), since, because, would_change))
    }

    fn column(&self, name: &str) -> Result<Told, Unexplained> {
        let columns = &self.engine.model().account;
        let unknown = || Self::unknown("column", name, columns.iter().map(|c| c.name.as_str()));
        let slot = columns.iter().position(|c| c.name == name).ok_or_else(unknown)?;
        let reason = self.now().column(slot as u32);
        Ok((self.account.value(slot as u32).to_json(), None, vec![reason], vec![]))
    }

    fn health(&self) -> Told {
        let now = self.engine.health(self.account);
        let Some(card) = now.card.map(|c| &self.engine.model().scorecards[c]) else {
            return (Json::Null, None, vec![Reason::new("card", "no scorecard applies to this account in its stage and segments")], vec![]);
        };
        let because = vec![health::reason(&self.now(), card, &now)];
        let would_change = health::would_change(self, card, &now);
        let slot = self.engine.plan.slot(Builtin::Health);
        let outcome = json!({
            "score": self.account.value(slot as u32).to_json(),
            "coverage": now.coverage,
            "band": now.band.map(|b| band_name(card, b)),
            "change_30d": self.engine.health_change(self.account, 30),
        });
        (outcome, self.recorder.last.get(&Key::Band).map(|m| m.at), because, would_change)
    }
}

fn state_word(state: AlertState) -> &'static str {
    match state {
        AlertState::Pending => "pending",
        AlertState::Firing => "firing",
        AlertState::Inactive => "inactive",
    }
}

fn why_word(why: AlertReason) -> &'static str {
    match why {
        AlertReason::Condition => "its condition holds",
        AlertReason::NoLonger => "its condition no longer holds",
        AlertReason::MilestoneMissed => "its milestone was missed",
        AlertReason::MilestoneSettled => "its milestone was reached late or waived",
        AlertReason::Ended => "the account ended, or the person left",
    }
}
