//! Scenarios: what is read, what is refused and how that is said, and where answers go.

use tenure_model::definition::Comparison;
use tenure_model::scenario::{self, Expected, Moment, Subject, complete};
use tenure_model::{Calendar, Instant, Value};

const STORY: &str = r#"# A story
scenario: Tier 1 has not logged in
account: acme
steps:
  - at: 2025-01-06 09:00           # local
    traits: { tier: 1, started_at: 2025-01-06 09:00, gone: null }
    person: { id: ann, role: admin }
    subscription: { id: s1, plan: pro, arr: 12000, started_at: 2025-01-06 }
  - at: +1d
    event: login
    by: ann
  - at: +1h
    events:
      - { event: login, by: ann, times: 3, every: 1d }
      - { event: page_viewed, properties: { path: /help }, time: 2025-01-07 08:00 }
  - at: 2025-01-13 09:00
    override: { target: total, how: cap, value: 49, until: 2025-02-01, by: carla, reason: "sponsor left" }
    set_stage: { stage: adoption, by: carla, reason: "..." }
    waive: { milestone: first, by: carla, reason: "..." }
    children: [north]
    expect:
      stage: ?
      stage_late: false
      health: ">= 50"
      coverage: 1                  # all of it
      segments: { enterprise: ? }
      metrics: { logins_7d: 4, plan: pro, seats: null }
      people: { ann: { used_reports: 0 } }
      alerts: ?                    # which?
      because: { alert silent: ["x = 1"] }
"#;

#[test]
fn a_story_is_read() {
    let story = scenario::parse("s.yaml", STORY).unwrap();
    let berlin = Calendar::named("Europe/Berlin").unwrap();
    assert_eq!(story.steps.len(), 4);
    let first = story.steps[0].at.instant(Instant::MIN, &berlin);
    assert_eq!(first.to_string(), "2025-01-06T08:00:00Z");
    assert_eq!(story.steps[1].at.instant(first, &berlin).to_string(), "2025-01-07T08:00:00Z");
    assert!(matches!(story.steps[2].at, Moment::After(_)));
    assert!(story.steps[0].traits["gone"].is_null());
    let repeated: Vec<String> = story.steps[2].events[0].instants(first, &berlin).map(|t| t.to_string()).collect();
    assert_eq!(repeated, ["2025-01-06T08:00:00Z", "2025-01-07T08:00:00Z", "2025-01-08T08:00:00Z"]);
    let expect = &story.steps[3].expect;
    let of = |subject: Subject| &expect.iter().find(|e| e.subject == subject).unwrap().expected;
    assert_eq!(*of(Subject::Column("stage".into())), Expected::Ask);
    assert_eq!(*of(Subject::Column("health".into())), Expected::Compare(Comparison::AtLeast, 50.0));
    assert_eq!(*of(Subject::Column("seats".into())), Expected::Null);
    assert_eq!(*of(Subject::Person("ann".into(), "used_reports".into())), Expected::Number(0.0));
    insta::assert_debug_snapshot!(story);
}

#[test]
fn answers_go_where_they_were_asked_for() {
    let story = scenario::parse("s.yaml", STORY).unwrap();
    let asked = story.steps[3].expect.iter().filter(|e| e.expected == Expected::Ask);
    let answers: Vec<_> = asked
        .map(|e| {
            let answer = match &e.subject {
                Subject::Alerts => Expected::answer_list(&["silent".into(), "unused(ann)".into()]),
                Subject::Segment(_) => Expected::answer(&Value::Bool(true)),
                _ => Expected::answer(&Value::text("null")),
            };
            (e.range.clone(), answer)
        })
        .collect();
    let text = complete(STORY, &answers);
    let changed: Vec<&str> = text.lines().zip(STORY.lines()).filter(|(a, b)| a != b).map(|(a, _)| a).collect();
    assert_eq!(
        changed,
        [
            "      stage: \"null\"",
            "      segments: { enterprise: true }",
            "      alerts: [silent, \"unused(ann)\"]                    # which?"
        ]
    );
    assert!(scenario::parse("s.yaml", &text).is_ok());
}

#[test]
fn comparisons() {
    let utc = Calendar::utc();
    let time = Value::Time(Instant::parse("2025-01-06T00:00:00Z").unwrap());
    for (expected, value, holds) in [
        (Expected::Number(1.0), Value::Number(1.009), true),
        (Expected::Number(1.0), Value::Number(1.02), false),
        (Expected::Number(1.0), Value::Null, false),
        (Expected::Null, Value::Null, true),
        (Expected::Null, Value::Bool(false), false),
        (Expected::Text("1".into()), Value::Number(1.0), false),
        (Expected::Text("2025-01-06".into()), time, true),
        (Expected::Compare(Comparison::Less, 5.0), Value::Number(5.0), false),
    ] {
        assert_eq!(expected.is(&value, &utc), holds, "{expected:?} {value:?}");
    }
    assert!(Expected::List(vec!["b".into(), "a".into()]).is_list(&["a".into(), "b".into()]));
    assert!(!Expected::List(vec![]).is_list(&["a".into()]));
}

#[test]
fn errors() {
    let mut out = String::new();
    for text in [
        "",
        "scenario: x\nsteps: 5",
        "steps: []\nscenari: x",
        "scenario: x\nsteps:\n  - at: +7d\n    traits: 5\n  - at: +7y\n  - { account: a }\n  - { account: a, at: yesterday }",
        "scenario: x\naccount: a\nsteps:\n  - at: 2025-01-01\n    by: ann\n    events: { event: x }\n    person: { role: x }\n    subscription: { id: s, plam: pro }\n    persn: {}",
        "scenario: x\naccount: a\nsteps:\n  - at: 2025-01-01\n    events: [ { even: x }, { event: x, times: 0, time: noon }, { event: x, every: 1d }, { event: x, times: 2, every: often } ]",
        "scenario: x\naccount: a\nsteps:\n  - at: 2025-01-01\n    override: { target: totl, how: cup, value: 400 }\n    set_stage: { until: then }\n    waive: m\n    clear_override: {}",
        "scenario: x\naccount: a\nsteps:\n  - at: 2025-01-01\n    expect: { stag: x, stage: [x], metrics: 5, people: { ann: 5 }, alerts: { a: b } }",
        "scenario: x\naccount: a\nsteps:\n  - at: 2025-01-01\n    person: { id: a }\n    people: [ { id: b } ]",
    ] {
        let said = scenario::parse("s.yaml", text).expect_err(text);
        out += &format!("{text}\n{}\n", said.iter().map(|d| format!("→ {d}\n")).collect::<String>());
    }
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(out) });
}
