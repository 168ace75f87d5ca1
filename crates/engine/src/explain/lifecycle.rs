//! Why the stage, a segment's membership or a milestone is as it is.

use serde_json::{Value as Json, json};
use tenure_model::definition::Builtin;

use super::recorder::Key;
use super::tree::Reason;
use super::words::time;
use super::{Teller, Told, Unexplained};
use crate::account::Life;
use crate::outcome::{Happened, MilestoneStatus, MovedBy};

impl Teller<'_> {
    pub(super) fn stage(&self) -> Told {
        let stages = &self.engine.model().stages;
        let Some(index) = self.account.stage().filter(|i| *i < stages.len()) else { return (Json::Null, None, vec![], vec![]) };
        let present = &stages[index];
        let mut because = Vec::new();
        if let Some(moment) = self.recorder.last.get(&Key::Stage)
            && let Happened::Stage { from, to, by } = &moment.what
        {
            let from_name = from.map(|i| stages[i].name.as_str());
            let text = format!("moved from {} to {} at {}", from_name.unwrap_or("nothing"), stages[*to].name, moment.at);
            let program = match by {
                MovedBy::Condition => stages[*to].when.as_ref(),
                MovedBy::BackTo => from.and_then(|i| stages[i].when.as_ref()),
                MovedBy::Beginning | MovedBy::Hand => None,
            };
            let mut reason = Reason::new("move", text)
                .with("moved_by", json!(by))
                .with("from", json!(from_name))
                .with("to", json!(stages[*to].name))
                .with("at", time(moment.at));
            if let (MovedBy::Hand, Some((author, why))) = (by, self.recorder.decision(self.inputs, moment.at)) {
                reason.text += &format!(" by {author}: {why}");
                reason = reason.with("author", json!(author)).with("reason", json!(why));
            }
            because.push(reason.because(program.map(|p| self.scene(moment).condition(p))));
        }
        if let Some(until) = self.account.stage_held_until() {
            because.push(Reason::new("held", format!("set by hand; automatic moves rest until {until}")).with("until", time(until)));
        }
        because.extend(self.moves_on(index));
        if let Some(deadline) = self.engine.stage_deadline(self.account) {
            let late = if self.now >= deadline { "late" } else { "on track" };
            because.push(Reason::new("expected", format!("expected to leave it by {deadline}: {late}")).with("due", time(deadline)));
        }
        let row = self.now().row;
        let mut would_change = Vec::new();
        if self.account.life() == Life::Live {
            for stage in stages[index + 1..].iter().filter(|s| !s.manual) {
                would_change.extend(stage.when.iter().flat_map(|p| self.flips(p, row, &format!("stage {}", stage.name))));
            }
            if let (Some(back), Some(when)) = (present.back_to, &present.when) {
                would_change.extend(self.flips(when, row, &format!("stage {}", stages[back].name)));
            }
        }
        (json!(present.name), Some(self.account.stage.entered_at), because, would_change)
    }

    /// Why it does not move on: the conditions of the stages it could move to, none of which holds.
    fn moves_on(&self, index: usize) -> Vec<Reason> {
        let stages = &self.engine.model().stages;
        let onward = stages[index + 1..].iter().filter(|s| !s.manual).filter_map(|s| Some(("onward", &s.name, s.when.as_ref()?)));
        let back = stages[index].back_to.and_then(|b| Some(("back", &stages[b].name, stages[index].when.as_ref()?)));
        let told = onward.chain(back).map(|(kind, name, when)| {
            let condition = self.now().condition(when);
            let holds = condition.detail.get("value") == Some(&Json::Bool(true));
            let text = match (kind, holds) {
                ("back", true) => format!("not back to {name}: what brought it here holds still"),
                ("back", false) => format!("back to {name}: what brought it here does not hold"),
                (_, true) => format!("on to {name}: its condition holds"),
                (_, false) => format!("not on to {name}: its condition does not hold"),
            };
            Reason::new(kind, text).with("stage", json!(name)).with("value", json!(holds)).because([condition]).brief()
        });
        told.collect()
    }

    pub(super) fn segment(&self, name: &str) -> Result<Told, Unexplained> {
        let segments = &self.engine.model().segments;
        let unknown = || Self::unknown("segment", name, segments.iter().map(|s| s.name.as_str()));
        let index = segments.iter().position(|s| s.name == name).ok_or_else(unknown)?;
        let member = self.account.value(segments[index].column).clone();
        let since = self.recorder.last.get(&Key::Segment(index)).map(|m| m.at);
        let because = vec![self.now().condition(&segments[index].when)];
        let towards = if member.as_bool() == Some(true) { format!("leaves {name}") } else { format!("enters {name}") };
        let would_change = self.flips(&segments[index].when, self.now().row, &towards);
        Ok((member.to_json(), since, because, would_change))
    }

    pub(super) fn milestone(&self, name: &str) -> Result<Told, Unexplained> {
        let model = self.engine.model();
        let unknown = || Self::unknown("milestone", name, model.milestones.iter().map(|m| m.name.as_str()));
        let index = model.milestones.iter().position(|m| m.name == name).ok_or_else(unknown)?;
        let definition = &model.milestones[index];
        let state = self.account.milestones()[index];
        let moment = self.recorder.last.get(&Key::Milestone(index));
        let Some(status) = state.status else { return Ok((Json::Null, None, self.not_started(index), vec![])) };
        let settled = status != MilestoneStatus::Pending;
        let scene = moment.filter(|_| settled).map_or_else(|| self.now(), |m| self.scene(m));
        let mut because = Vec::new();
        if let (Some(due), Some(rule)) = (state.due, definition.due) {
            let anchor = &model.account[rule.anchor as usize].name;
            let reason = Reason::new("due", format!("due {due}, from {anchor}")).with("due", time(due));
            because.push(reason.because([scene.column(rule.anchor)]));
        }
        if status == MilestoneStatus::Waived {
            let decision = moment.and_then(|m| self.recorder.decision(self.inputs, m.at));
            let text = decision.map_or_else(|| "waived".to_owned(), |(author, reason)| format!("waived by {author}: {reason}"));
            because.push(Reason::new("waived", text));
        } else {
            let text = format!("{} at {}", status.name(), scene.at);
            let condition = scene.condition(&definition.reached);
            because.push(if settled { Reason::new("settled", text).with("at", time(scene.at)).because([condition]) } else { condition });
        }
        if status == MilestoneStatus::Missed {
            let condition = self.now().condition(&definition.reached);
            because.push(Reason::new("now", "not reached since").because([condition]).brief());
        }
        let would_change = match status {
            MilestoneStatus::Pending => self.flips(&definition.reached, self.now().row, "reached"),
            MilestoneStatus::Missed => self.flips(&definition.reached, self.now().row, "reached late"),
            _ => vec![],
        };
        Ok((json!(status.name()), state.since, because, would_change))
    }

    /// Why a milestone has not started: the stage and the segments it needs.
    fn not_started(&self, index: usize) -> Vec<Reason> {
        let model = self.engine.model();
        let (definition, scene) = (&model.milestones[index], self.now());
        let mut because = vec![Reason::new("not started", "it has not started: the account has not been in its stage and segment")];
        if let Some(stage) = definition.stage {
            because.push(scene.in_stages(&[stage]));
        }
        if !definition.segments.is_empty() {
            because.push(scene.in_segments(&definition.segments, false));
        }
        because
    }
}

impl super::column::Scene<'_> {
    /// Is the account in one of these stages?
    pub(super) fn in_stages(&self, stages: &[usize]) -> Reason {
        let model = self.teller.engine.model();
        let slot = self.teller.engine.plan.slot(Builtin::Stage);
        let stage = self.row.get(slot).and_then(|v| v.as_text()).unwrap_or("nothing").to_owned();
        let names: Vec<&str> = stages.iter().map(|s| model.stages[*s].name.as_str()).collect();
        let holds = names.contains(&stage.as_str());
        let text = format!("stage = {stage} is {}one of {}", if holds { "" } else { "not " }, names.join(", "));
        Reason::new("stages", text).with("value", json!(holds)).with("stage", json!(stage)).with("stages", json!(names))
    }

    /// Is the account, or the person, in any of these segments?
    pub(super) fn in_segments(&self, segments: &[usize], person: bool) -> Reason {
        let model = self.teller.engine.model();
        let all = if person { &model.person_segments } else { &model.segments };
        let row = if person { self.person.unwrap_or(&[]) } else { self.row };
        let member = |s: &usize| row.get(all[*s].column as usize).and_then(|v| v.as_bool()) == Some(true);
        let holds = segments.iter().any(member);
        let names: Vec<&str> = segments.iter().map(|s| all[*s].name.as_str()).collect();
        Reason::new("segments", format!("in {}{}", if holds { "one of " } else { "none of " }, names.join(", ")))
            .with("value", json!(holds))
            .because(segments.iter().map(|s| self.own_column(all[*s].column, person)))
    }
}
