//! Why an alert is in its state: what made it so, whether that holds still, and the timers that run.

use std::sync::Arc;

use serde_json::json;
use tenure_model::Span;
use tenure_model::definition::AlertRule;
use tenure_model::time::Instant;

use super::column::Scene;
use super::recorder::Key;
use super::tree::Reason;
use super::words::time;
use super::{Teller, Told, Unexplained};
use crate::account::Life;
use crate::alert::Machine;
use crate::outcome::{AlertReason, AlertState, Happened, MilestoneStatus};

impl Teller<'_> {
    pub(super) fn alert(&self, name: &str, person: Option<&str>) -> Result<Told, Unexplained> {
        let model = self.engine.model();
        let unknown = || Self::unknown("alert", name, model.alerts.iter().map(|a| a.name.as_str()));
        let index = model.alerts.iter().position(|a| a.name == name).ok_or_else(unknown)?;
        let rule = &model.alerts[index];
        let who = person.filter(|_| rule.person).and_then(|p| self.account.people.iter().find(|q| *q.id == *p));
        if rule.person && who.is_none() {
            return Err(Self::unknown(
                "person of the account (this alert is of persons: alert NAME PERSON)",
                person.unwrap_or(""),
                self.account.people().map(|p| p.0.as_ref()),
            ));
        }
        let Some(machine) = who.map_or(&self.account.alerts, |p| &p.alerts).get(index) else { return Err(unknown()) };
        let now = Scene { person: who.map(|p| p.body.row.as_slice()), ..self.now() };
        let mut because = Vec::new();
        if let Some(moment) = self.recorder.last.get(&Key::Alert(index, who.map(|p| p.id.clone())))
            && let Happened::Alert { why, state, .. } = &moment.what
        {
            let text = format!("{} at {}: {}", state_word(*state), moment.at, why_word(*why));
            let reason = Reason::new("state", text).with("why", json!(why)).with("at", time(moment.at));
            let scene = Scene { person: moment.person.as_deref().or(now.person), ..self.scene(moment) };
            let told = if machine.state == AlertState::Inactive { vec![] } else { self.conditions(index, &scene)? };
            because.push(reason.because(told));
        }
        because.push(self.active(index, &now, machine, who.map(|p| (&p.id, p.member)))?);
        because.extend(self.timers(rule, machine));
        let would_change = rule.when.as_ref().map_or_else(Vec::new, |when| {
            let row = if rule.person { now.person.unwrap_or(&[]) } else { now.row };
            let towards = if machine.state == AlertState::Firing { format!("{name} resolves") } else { format!("{name} fires") };
            self.flips(when, row, &towards)
        });
        let since = (machine.since != Instant::MIN).then_some(machine.since);
        Ok((json!(state_word(machine.state)), since, because, would_change))
    }

    /// Does what it waits for hold as of now?
    fn active(&self, index: usize, now: &Scene<'_>, machine: &Machine, person: Option<(&Arc<str>, bool)>) -> Result<Reason, Unexplained> {
        if let Life::Ended(at) = self.account.life() {
            return Ok(Reason::new("now", format!("the account ended at {at}: its alerts rest")).with("active", json!(false)));
        }
        if let Some((id, false)) = person {
            return Ok(Reason::new("now", format!("{id} does not belong to the account")).with("active", json!(false)));
        }
        let told = self.conditions(index, now)?;
        let holds = |reason: &Reason| reason.detail.get("value").and_then(|v| v.as_bool()) == Some(true);
        let (missed, scope): (Vec<&Reason>, Vec<&Reason>) = told.iter().partition(|r| r.kind == "milestone");
        let when = self.engine.model().alerts[index].when.is_some();
        let active = missed.into_iter().any(holds) || (when && scope.into_iter().all(holds));
        let text = match (active, machine.state) {
            (true, AlertState::Inactive) => "what it waits for holds",
            (true, _) => "that holds still",
            (false, AlertState::Inactive) => "what it waits for does not hold",
            (false, _) => "that does not hold any more",
        };
        let reason = Reason::new("now", text).with("active", json!(active)).because(told);
        Ok(if machine.state == AlertState::Inactive { reason } else { reason.brief() })
    }

    /// Its milestones, stages, segments and condition.
    fn conditions(&self, index: usize, scene: &Scene<'_>) -> Result<Vec<Reason>, Unexplained> {
        let model = self.engine.model();
        let rule = &model.alerts[index];
        let mut told = Vec::new();
        for (m, milestone) in model.milestones.iter().enumerate().filter(|(_, m)| m.alert == Some(index)) {
            let state = self.account.milestones()[m];
            let missed = state.status == Some(MilestoneStatus::Missed) && !state.silent;
            let silent = if state.silent { " (it was past due when it started: no alert)" } else { "" };
            let text = format!("milestone {} = {}{silent}", milestone.name, state.status.map_or("not started", MilestoneStatus::name));
            let (_, _, why, _) = self.milestone(&milestone.name)?;
            let reason = Reason::new("milestone", text)
                .with("milestone", json!(milestone.name))
                .with("status", json!(state.status.map(MilestoneStatus::name)))
                .with("silent", json!(state.silent))
                .with("value", json!(missed))
                .because(why);
            told.push(if state.status.is_none() { reason.brief() } else { reason });
        }
        if !rule.stages.is_empty() {
            told.push(scene.in_stages(&rule.stages));
        }
        if !rule.segments.is_empty() {
            told.push(scene.in_segments(&rule.segments, rule.person));
        }
        if let Some(when) = &rule.when {
            told.push(if rule.person { scene.person_condition(when) } else { scene.condition(when) });
        }
        Ok(told)
    }

    /// Its spans, each with the instant until which it runs now.
    fn timers(&self, rule: &AlertRule, machine: &Machine) -> Vec<Reason> {
        let calendar = &self.engine.model().calendar;
        let pending = (machine.state == AlertState::Pending).then_some(machine.since);
        let fired = machine.fired.filter(|_| machine.state != AlertState::Firing);
        let spans: [(&'static str, Span, Option<Instant>); 3] =
            [("for", rule.for_, pending), ("keep_firing_for", rule.keep_firing_for, machine.released), ("cooldown", rule.cooldown, fired)];
        let told = spans.into_iter().filter(|(_, span, _)| !span.is_zero());
        let told = told.map(|(kind, span, from)| {
            let until = from.map(|t| calendar.add(t, span, 1)).filter(|until| *until > self.now);
            let text = until.map_or_else(|| format!("{kind} {span}"), |until| format!("{kind} {span}: until {until}"));
            Reason::new(kind, text).with("span", json!(span.to_string())).with("until", json!(until.map(|t| t.to_string())))
        });
        told.collect()
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
