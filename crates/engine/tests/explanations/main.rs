//! Explanations are complete: whatever they say follows from what they print, and is what the account's state says.
//!
//! Some simulated accounts are replayed to several instants; the outcome of every subject is computed again from nothing but the JSON of its
//! explanation (`recompute`), and compared with the account.

mod company;
mod judge;
mod recompute;

use serde_json::{Value as Json, json};
use tenure_engine::explain::Subject;
use tenure_engine::{Account, AlertState, Life};
use tenure_model::Instant;

use company::{Company, Told};
use recompute::Reader;

/// Instants in the simulated year: some within a day, one at the end of a date.
const INSTANTS: &[&str] = &["2025-03-10T11:30:00Z", "2025-05-31T23:59:59.999999Z", "2025-08-20T04:00:00Z", "2025-12-30T16:45:00Z"];

fn subjects(company: &Company, account: &Account) -> Vec<Subject> {
    let model = company.engine.model();
    let mut subjects = vec![Subject::Health, Subject::Stage];
    subjects.extend(model.segments.iter().map(|s| Subject::Segment(s.name.clone())));
    subjects.extend(model.milestones.iter().map(|m| Subject::Milestone(m.name.clone())));
    for rule in &model.alerts {
        if rule.person {
            // Two persons of each account are enough.
            let people = account.people().map(|(id, _, _)| id.to_string()).take(2);
            subjects.extend(people.map(|id| Subject::Alert(rule.name.clone(), Some(id))));
        } else {
            subjects.push(Subject::Alert(rule.name.clone(), None));
        }
    }
    subjects
}

/// What the state of the account says.
fn state(company: &Company, account: &Account, subject: &Subject) -> Json {
    let model = company.engine.model();
    let row = |name: &str| {
        let slot = model.account.iter().position(|c| c.name == name).unwrap();
        account.row()[slot].to_json()
    };
    let word = |state: AlertState| match state {
        AlertState::Pending => "pending",
        AlertState::Firing => "firing",
        AlertState::Inactive => "inactive",
    };
    match subject {
        Subject::Health => json!({ "score": row("health"), "coverage": row("health_coverage"), "band": row("health_band") }),
        Subject::Stage => row("stage"),
        Subject::Segment(name) => row(name),
        Subject::Milestone(name) => {
            let index = model.milestones.iter().position(|m| m.name == *name).unwrap();
            json!(account.milestones()[index].status.map(|s| s.name()))
        }
        Subject::Alert(name, person) => {
            let rule = model.alerts.iter().position(|a| a.name == *name).unwrap();
            let of_person = |id: &String| account.people().position(|(p, _, _)| **p == **id).map(|p| account.person_alert(p, rule).0);
            word(person.as_ref().map_or(Some(account.alert(rule).0), of_person).unwrap()).into()
        }
        Subject::Column(name) => row(name),
    }
}

/// Are they the same, but for the last of nine decimals?
fn agree(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Object(a), Json::Object(b)) => a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| agree(a, b))),
        _ => a == b || a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| (a - b).abs() < 1e-7),
    }
}

#[test]
fn what_is_printed_is_enough() {
    let company = Company::simulated(14);
    let (mut subjects_seen, mut reader) = (0, Reader::new(company.engine.model()));
    let mut wrong = Vec::new();
    for history in &company.histories {
        for at in INSTANTS.iter().map(|t| Instant::parse(t).unwrap()) {
            let account = company.account(history, at);
            if account.life() == Life::Unborn {
                continue;
            }
            for subject in subjects(&company, &account) {
                let explained = company.engine.explain(&history.id, &history.until(at).inputs(), &Told(history), at, &subject).unwrap();
                let printed = serde_json::to_value(&explained).unwrap();
                subjects_seen += 1;
                match reader.outcome(&printed) {
                    Ok(outcome) if agree(&outcome, &state(&company, &account, &subject)) => {}
                    Ok(outcome) => wrong.push(format!(
                        "{} {subject} at {at}: what is printed gives {outcome}, the account says {}",
                        history.id,
                        state(&company, &account, &subject)
                    )),
                    Err(why) => wrong.push(format!("{} {subject} at {at}: {why}", history.id)),
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {subjects_seen} are wrong:\n{}",
        wrong.len(),
        wrong.iter().take(25).cloned().collect::<Vec<_>>().join("\n")
    );
    assert!(subjects_seen > 1_000, "only {subjects_seen} explanations were looked at");
    let checked = &reader.checked;
    for what in ["measure", "override", "comparison", "metric of events", "expression", "segment", "band", "firing", "reached", "missed"] {
        assert!(checked.get(what).is_some_and(|n| *n > 0), "no {what} was computed again: {checked:?}");
    }
}

/// Whatever is changed in an explanation, the outcome does not follow from it any more.
#[test]
fn a_wrong_number_is_noticed() {
    let company = Company::simulated(4);
    let history = &company.histories[0];
    let at = Instant::parse(INSTANTS[2]).unwrap();
    let account = company.account(history, at);
    let explained = company.engine.explain(&history.id, &history.until(at).inputs(), &Told(history), at, &Subject::Health).unwrap();
    let printed = serde_json::to_value(&explained).unwrap();
    let expected = state(&company, &account, &Subject::Health);
    let mut reader = Reader::new(company.engine.model());
    let follows = |reader: &mut Reader, printed: &Json| reader.outcome(printed).is_ok_and(|outcome| agree(&outcome, &expected));
    assert!(follows(&mut reader, &printed), "{:?}", reader.outcome(&printed));
    let changes: [(&str, &dyn Fn(&mut Json)); 5] = [
        ("the weight of a group", &|tree| *at_kind(tree, "group", &|g| !g["value"].is_null(), "weight") = json!(1000)),
        ("the value of a measure's column", &|tree| *at_kind(tree, "metric", &|m| m["value"].is_number(), "value") = json!(-123_456)),
        ("a curve", &|tree| {
            let measured = |m: &Json| m["value"].is_number() && m["curve"]["points"].is_array();
            *at_kind(tree, "measure", &measured, "curve") = json!({ "points": [[0.0, 0.125]] });
        }),
        ("the events", &|tree| {
            let because = at_kind(tree, "metric", &|m| m["because"][0]["kind"] == "event" && m["take"] != "since", "because");
            because.as_array_mut().unwrap().clear();
        }),
        ("the bands", &|tree| *at_kind(tree, "scorecard", &|_| true, "bands") = json!({ "bands": [], "lowest": "x", "hysteresis": 0 })),
    ];
    for (what, change) in changes {
        let mut changed = printed.clone();
        change(&mut changed);
        assert!(!follows(&mut reader, &changed), "{what}");
    }
}

/// A detail of the first node of a kind that fits.
fn at_kind<'t>(tree: &'t mut Json, kind: &str, fits: &dyn Fn(&Json) -> bool, detail: &str) -> &'t mut Json {
    fn find<'t>(node: &'t mut Json, kind: &str, fits: &dyn Fn(&Json) -> bool) -> Option<&'t mut Json> {
        if node["kind"] == kind && fits(node) {
            return Some(node);
        }
        node.get_mut("because")?.as_array_mut()?.iter_mut().find_map(|child| find(child, kind, fits))
    }
    find(tree, kind, fits).unwrap_or_else(|| panic!("no {kind}")).get_mut(detail).unwrap()
}
