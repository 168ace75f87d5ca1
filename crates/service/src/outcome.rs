//! What happened, as rows of the store: facts with their details, and the ledger's keys.

use serde_json::{Value as Json, json};
use tenure_engine::{AlertState, Happened, Outcome};
use tenure_model::{Instant, Model};
use tenure_store::{Alert, NewOutcome};

/// The row of an outcome. None for what is not kept as a row: scores that change within their band are told by a replay.
pub fn outcome_of(model: &Model, account: &str, position: i64, outcome: &Outcome) -> Option<NewOutcome> {
    let of = |person: &Option<std::sync::Arc<str>>, name: &str| match person {
        Some(person) => format!("{name}({person})"),
        None => name.to_owned(),
    };
    let (kind, subject, mut detail) = match &outcome.what {
        Happened::Born => ("born", String::new(), json!({})),
        Happened::Ended => ("ended", String::new(), json!({})),
        Happened::Restarted => ("restarted", String::new(), json!({})),
        Happened::Stage { from, to, by } => {
            let from = from.and_then(|s| model.stages.get(s)).map(|s| s.name.clone());
            ("stage", model.stages[*to].name.clone(), json!({ "from": from, "by": by }))
        }
        Happened::Segment { person, segment, member } => {
            let segments = if person.is_some() { &model.person_segments } else { &model.segments };
            ("segment", of(person, &segments[*segment].name), json!({ "member": member, "person": person.as_deref() }))
        }
        Happened::Milestone { milestone, status, due } => {
            let milestone = &model.milestones[*milestone];
            ("milestone", milestone.name.clone(), json!({ "status": status.name(), "due": due.map(|d| d.to_string()) }))
        }
        Happened::Health { card, score, coverage, band, band_changed: true } => {
            let card = card.and_then(|c| model.scorecards.get(c)).map(|c| c.name.clone());
            ("health", card.unwrap_or_default(), json!({ "score": score, "coverage": coverage, "band": band.as_deref() }))
        }
        Happened::Alert { person, rule, state, since, why } => {
            let rule = &model.alerts[*rule];
            let detail = json!({ "state": state.name(), "since": since.to_string(), "why": why, "person": person.as_deref(), "severity": format!("{:?}", rule.severity).to_lowercase() });
            ("alert", of(person, &rule.name), detail)
        }
        Happened::OverrideExpired { target, how, value } => ("override_expired", target.clone(), json!({ "how": how, "value": value })),
        Happened::Oscillated { nodes } => ("oscillated", String::new(), json!({ "definitions": nodes })),
        Happened::Health { .. } | Happened::Export { .. } => return None,
    };
    if !outcome.inputs.is_empty() {
        let columns = if is_of_person(&outcome.what) { &model.person } else { &model.account };
        let read = outcome.inputs.iter().filter_map(|(slot, value)| Some((columns.get(*slot as usize)?.name.clone(), value.to_json())));
        detail["read"] = Json::Object(read.collect());
    }
    Some(NewOutcome {
        position,
        account: account.to_owned(),
        at: outcome.at,
        kind: kind.to_owned(),
        subject,
        revision: model.revision.clone(),
        detail: detail.to_string(),
    })
}

fn is_of_person(what: &Happened) -> bool {
    matches!(what, Happened::Segment { person: Some(_), .. } | Happened::Alert { person: Some(_), .. })
}

/// The key of the ledger for a firing.
pub fn alert_key(model: &Model, account: &str, outcome: &Outcome) -> Option<String> {
    match &outcome.what {
        Happened::Alert { person, rule, state: AlertState::Firing, .. } => {
            Some(Alert::key(&model.alerts[*rule].name, account, person.as_deref(), outcome.at))
        }
        _ => None,
    }
}

/// May something that was decided for this instant still be delivered?
pub(crate) fn deliverable(at: Instant, now: Instant, live_from: Option<Instant>) -> bool {
    at.0 >= now.0.saturating_sub(crate::DELIVERY_AGE_MAX) && live_from.is_none_or(|from| at >= from)
}
