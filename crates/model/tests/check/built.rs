//! The model that is built: the example of the design, its rows, orders and indexes.

use tenure_model::definition::{Aggregate, Builtin, Comparison, MetricDef, Missing, Model, Offset, RollUp, Shape, Source, Window};
use tenure_model::{Kind, Span, check};

/// The example of the design, with what it leaves open, and one of everything else.
pub const MODEL: &str = include_str!("model.yaml");

fn model(text: &str) -> Model {
    check(&[("model.yaml".into(), text.into())]).unwrap_or_else(|e| panic!("{}", e.iter().map(|d| format!("{d}\n")).collect::<String>()))
}

fn metric<'m>(model: &'m Model, name: &str) -> &'m MetricDef {
    &model.metrics.iter().find(|m| m.name == name).unwrap().def
}

fn window(model: &Model, name: &str) -> Window {
    match metric(model, name) {
        MetricDef::Events { window, .. } => *window,
        other => panic!("{other:?}"),
    }
}

fn column(model: &Model, name: &str) -> u32 {
    model.account.iter().position(|c| c.name == name).unwrap_or_else(|| panic!("no column {name}")) as u32
}

#[test]
fn the_row_of_an_account() {
    let model = model(MODEL);
    for (i, (builtin, name, kind)) in Builtin::ALL.iter().enumerate() {
        let c = &model.account[i];
        assert_eq!((c.name.as_str(), c.kind), (*name, *kind));
        let expected = if *name == "seats" { Source::Trait } else { Source::Builtin(*builtin) };
        assert_eq!(c.source, expected, "{name}: declared traits take the place of subscription facts");
    }
    let names: Vec<&str> = model.account.iter().skip(Builtin::ALL.len()).map(|c| c.name.as_str()).collect();
    assert_eq!(names[..4], ["name", "parent", "owner", "created_at"]);
    let at = |name: &str| names.iter().position(|n| *n == name).unwrap_or_else(|| panic!("no column {name}"));
    assert!(at("use_case") < at("logins_7d") && at("logins_7d") < at("enterprise") && at("enterprise") < at("milestone('first_value')"));
    let row: String =
        model.account.iter().chain(&model.person).map(|c| format!("{:42} {:8} {:?}\n", c.name, c.kind.to_string(), c.source)).collect();
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(row) });
    for (i, m) in model.metrics.iter().enumerate() {
        let c = &model.account[m.column as usize];
        assert_eq!((c.source, c.kind, &c.name), (Source::Metric(i), m.kind, &m.name));
    }
    for (i, s) in model.segments.iter().enumerate() {
        assert_eq!(model.account[s.column as usize].source, Source::Segment(i));
    }
    for (i, s) in model.person_segments.iter().enumerate() {
        assert_eq!(model.person[s.column as usize].source, Source::Segment(i));
    }
}

#[test]
fn what_reads_comes_after_what_it_reads() {
    let model = model(MODEL);
    let at = |name: &str| model.metrics.iter().position(|m| m.name == name).unwrap();
    assert!(at("logins_7d") < at("login_trend"));
    assert!(at("seat_use") < at("seat_use_before") && at("seat_use_before") < at("seat_use_change"));
    let at = |name: &str| model.segments.iter().position(|s| s.name == name).unwrap();
    assert!(at("enterprise") < at("big_or_heavy"));
}

#[test]
fn windows() {
    let model = model(MODEL);
    for (name, expected) in [
        ("logins_7d", Window::Days { days: 7, offset: 0 }),
        ("logins_prior_7d", Window::Days { days: 7, offset: 7 }),
        ("help_clicks_24h", Window::Exact { micros: 24 * 3_600_000_000, offset: 0 }),
        ("first_week_logins", Window::From { anchor: column(&model, "started_at"), length: Some(Span::Days(7)) }),
        ("onboarding_logins", Window::From { anchor: column(&model, "stage_entered_at"), length: None }),
        ("before_renewal", Window::Before { anchor: column(&model, "renewal_at"), length: Span::Days(30) }),
        ("days_since_login", Window::Lifetime),
    ] {
        assert_eq!(window(&model, name), expected, "{name}");
    }
}

#[test]
fn kinds_and_properties() {
    let model = model(MODEL);
    let kind = |name: &str| model.metrics.iter().find(|m| m.name == name).unwrap().kind;
    assert_eq!(kind("first_login"), Kind::Time);
    assert_eq!(kind("ever_exported"), Kind::Bool);
    assert_eq!(kind("last_plan_seen"), Kind::Text);
    assert_eq!(kind("seat_use_before"), Kind::Number);
    let property = |name: &str| model.properties.iter().position(|p| p.name == name).unwrap();
    assert_eq!(model.properties[property("path")].kind, Kind::Text);
    assert_eq!(model.properties[property("total.amount")].kind, Kind::Number);
    assert!(matches!(metric(&model, "paid"), MetricDef::Events { aggregate: Aggregate::Sum(p), .. } if *p == property("total.amount")));
    assert!(matches!(metric(&model, "child_arr"), MetricDef::Children { how: RollUp::Sum, .. }));
    assert!(
        matches!(metric(&model, "child_health"), MetricDef::Children { how: RollUp::Weighted(by), .. } if *by == column(&model, "arr"))
    );
}

#[test]
fn lifecycle_and_milestones() {
    let model = model(MODEL);
    assert_eq!(model.stages.iter().filter(|s| s.first).count(), 1);
    assert_eq!(model.stages[3].back_to, Some(1));
    let due = |name: &str| model.milestones.iter().find(|m| m.name == name).unwrap().due.unwrap();
    assert_eq!((due("logged_in_first_week").offset, due("logged_in_first_week").before), (Offset::Span(Span::Days(7)), false));
    assert_eq!((due("renewal_talk").offset, due("renewal_talk").before), (Offset::Span(Span::Days(10)), true));
    assert_eq!(due("kickoff").offset, Offset::BusinessDays(2));
    assert_eq!(due("go_live").anchor, column(&model, "go_live_at"));
    let first_value = model.milestones.iter().find(|m| m.name == "first_value").unwrap();
    assert_eq!(first_value.column, Some(column(&model, "milestone('first_value')")));
    assert_eq!(model.alerts[model.milestones[0].alert.unwrap()].name, "missed_first_week");
}

#[test]
fn scorecards() {
    let model = model(MODEL);
    let card = &model.scorecards[0];
    assert_eq!((card.stages.as_slice(), card.lowest.as_str()), (&[1, 2, 3][..], "red"));
    let measure = |name: &str| card.groups.iter().flat_map(|g| &g.measures).find(|m| m.name == name).unwrap();
    assert_eq!(measure("seats_used").curves[0].shape, Shape::Points(vec![(0.2, 0.0), (0.6, 100.0)]));
    assert_eq!(measure("mood").missing, Missing::Keep(Span::Days(14)));
    let Shape::Steps(steps) = &measure("logins").curves[0].shape else { panic!() };
    let tests: Vec<_> = steps.iter().map(|s| s.test).collect();
    assert_eq!(tests, [Some((Comparison::AtLeast, 10.0)), Some((Comparison::AtLeast, 5.0)), None], "bare numbers: the highest that holds");
    assert!(model.scorecards[1].bands[0].exclusive);
}

#[test]
fn persons() {
    let model = model(MODEL);
    let rule = model.alerts.iter().find(|a| a.name == "admin_leaves").unwrap();
    assert!(rule.person && rule.segments == [model.person_segments.iter().position(|s| s.name == "admins_before_trial_end").unwrap()]);
    let copied = model.person.iter().find(|c| c.name == "account.stage").unwrap();
    assert_eq!(copied.source, Source::Account(column(&model, "stage")));
}

#[test]
fn the_revision_is_of_the_content() {
    let file = |path: &str, text: &str| (path.to_string(), text.to_string());
    let revision = |files: &[(String, String)]| check(files).unwrap().revision.0;
    let base = revision(&[file(
        "m.yaml",
        "metrics:\n  a: { count: login, window: 7d }\n  b: { sql: \"a + 1\" }\nlifecycle: { stages: { x: { manual: true }, y: { manual: true } } }",
    )]);
    assert_eq!(base.len(), 16);
    let same = [
        vec![file(
            "m.yaml",
            "# a comment\nlifecycle:\n  stages:\n    x:\n      manual: true\n    y: { manual: true }\nmetrics:\n  b:\n    sql: >-\n      a\n      + 1\n  a:\n    window: '7d'\n    count: login\n",
        )],
        vec![
            file("z.yaml", "metrics: { a: { count: login, window: 7d } }"),
            file(
                "y.yaml",
                "lifecycle: { stages: { x: { manual: true }, y: { manual: true } } }\nmetrics: { b: { sql: 'a + 1' } }\nalerts:",
            ),
        ],
    ];
    for files in same {
        assert_eq!(revision(&files), base, "{files:?}");
    }
    for text in [
        "metrics:\n  a: { count: login, window: 8d }\n  b: { sql: \"a + 1\" }\nlifecycle: { stages: { x: { manual: true }, y: { manual: true } } }",
        "metrics:\n  a: { count: login, window: 7d }\n  b: { sql: \"a + 1\" }\nlifecycle: { stages: { y: { manual: true }, x: { manual: true } } }",
        "timezone: Europe/Berlin\nmetrics:\n  a: { count: login, window: 7d }\n  b: { sql: \"a + 1\" }\nlifecycle: { stages: { x: { manual: true }, y: { manual: true } } }",
    ] {
        let changed = check(&[file("m.yaml", text)]).unwrap_or_else(|e| panic!("{e:?}")).revision.0;
        assert_ne!(changed, base, "{text}");
    }
}

#[test]
fn every_keyword_of_sql_is_refused_as_a_name_or_can_be_read() {
    let keywords = datafusion_sql::sqlparser::keywords::ALL_KEYWORDS.iter().map(|word| word.to_lowercase());
    let names: Vec<String> = keywords.filter(|w| w.starts_with(|c: char| c.is_ascii_lowercase())).collect();
    let traits: String = names.iter().map(|name| format!("  {name}: number\n")).collect();
    let Err(refused) = check(&[("m.yaml".into(), format!("traits:\n{traits}"))]) else { panic!("some must be refused") };
    let free: Vec<&String> = names.iter().filter(|name| !refused.iter().any(|d| d.message.contains(&format!("`{name}`")))).collect();
    assert!(free.len() > 500);
    let traits: String = free.iter().map(|name| format!("  {name}: number\n")).collect();
    let segments: String =
        free.iter().enumerate().map(|(i, n)| format!("  s{i}: {{ when: \"{n} > 1 AND 1 + {n} > 2 AND {n} IS NULL\" }}\n")).collect();
    if let Err(unreadable) = check(&[("m.yaml".into(), format!("traits:\n{traits}segments:\n{segments}"))]) {
        let lines: Vec<&str> = unreadable.iter().map(|d| segments.lines().nth(d.line - free.len() - 3).unwrap_or("?")).collect();
        panic!("reserve these: {lines:#?}");
    }
}
