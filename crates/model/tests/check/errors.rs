//! Every message of `check`: small broken models and what is said of them. A group is a snapshot.

use tenure_model::check;

/// What is said of each of these one-file models.
fn said(cases: &[&str]) -> String {
    let mut out = String::new();
    for case in cases {
        let text = case.trim_start_matches('\n');
        let said = match check(&[("model.yaml".into(), text.into())]) {
            Ok(_) => panic!("this model has nothing wrong:\n{text}"),
            Err(diagnostics) => diagnostics.iter().map(|d| format!("→ {d}\n")).collect::<String>(),
        };
        out += &format!("{}\n{said}\n", text.trim_end());
    }
    out
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, text) });
}

macro_rules! errors {
    ($($group:ident: [$($case:literal),* $(,)?])*) => {
        $(#[test] fn $group() { snapshot(stringify!($group), &said(&[$($case),*])); })*
    };
}

errors! {
    yaml: [
        "metrics: { a: b: c }",
        "metrics:\n  a: [1, 2\n",
        "metrics:\n\ta: 1\n",
        "timezone: *zone",
        "traits: &t { a: *t }",
        "segments:\n  a: { when: 'true' }\n  b: { when: 'true', when: 'false' }",
        "traits: { x: number }\ntraits: { y: number }",
        "? [a, b]\n: 1",
        "timezone: UTC\n---\ntimezone: UTC",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]",
        "just text",
    ]
    sections: [
        "metrisc: {}",
        "something_else: {}",
        "journeys: { welcome: {} }\npredictions: { churn: {} }\nsurveys: {}",
        "timezone: Europe/Berln",
        "timezone: Middle-earth/Shire",
        "timezone: [UTC]",
        "subscriptions: { grace: soon, gracee: 1d }",
        "subscriptions: 3d",
        "lifecycle: { stage: {} }",
        "metrics: [a, b]",
        "segments: { A: { when: 'true' }, 1st: { when: 'true' }, 'a-b': { when: 'true' } }",
        "metrics: { now: { sql: '1' }, and: { sql: '1' }, stage: { sql: '1' }, owner: { sql: '1' }, health_change_7d: { sql: '1' } }",
        "traits: { stage: text, id: text }\nperson_traits: { id: text }\nperson_metrics: { email: { count: any } }",
        "traits: { tier: number }\nmetrics: { tier: { count: login }, size: { count: any } }\nsegments: { size: { when: 'true' } }",
    ]
    traits: [
        "traits: { tier: nmuber }",
        "traits: { tier: integer }",
        "traits: { tier: { label: Tier } }",
        "traits: { tier: { type: number, lable: Tier } }",
        "traits: { tier: [number] }",
        "traits: { name: number, arr: text, started_at: number }",
        "person_traits: { email: bool }",
        "events: { a: { x: text }, b: { x: number } }",
        "events: { a: { x: string } }",
        "events: { a: text }",
    ]
    metrics: [
        "metrics: { a: 5 }",
        "metrics: { a: {} }",
        "metrics: { a: { window: 7d } }",
        "metrics: { a: { count: login, sum: invoice.amount } }",
        "metrics: { a: { cuont: login } }",
        "metrics: { a: { count: login, wher: 'true' } }",
        "metrics: { a: { count: [] }, b: { count: { x: 1 } }, c: { count: [any, login] }, d: { count: [login, login] } }",
        "metrics: { a: { events: login } }",
        "metrics: { a: { sum: amount }, b: { avg: [invoice.amount, invoice.tax] } }",
        "events: { invoice: { note: text } }\nmetrics: { a: { sum: invoice.note } }",
        "metrics: { a: { last: survey.score } }",
        "metrics: { a: { distinct: color }, b: { distinct: [order.color, call.tone] }, c: { distinct: order.color, by: 3d } }",
        "metrics: { a: { sql: '1 + 1', window: 7d, by: arr }, b: { people_in: admin, where: 'true' }, c: { count: login, how: sum } }\nsegments: { admins: { of: person, when: 'true' } }",
        "metrics: { a: { ago: arr, by: 30d }, b: { count: any }, c: { ago: b }, d: { ago: b, by: 24h }, e: { ago: b, by: 9999d }, f: { ago: bb, by: 1d } }",
        "metrics: { a: { peak: arr }, b: { count: any }, c: { peak: b, window: 7d }, d: { peak: bb }, e: { first_time: any }, f: { peak: e }, g: { peak: 5 } }",
        "person_metrics: { a: { count: any }, b: { peak: account.x } }\nmetrics: { x: { count: any }, c: { peak: a } }",
        "metrics: { a: { children: arr }, b: { children: plan, how: sum }, c: { children: arr, how: summ }, d: { children: arr, how: weighted }, e: { children: arr, how: sum, by: seats }, f: { children: health, how: weighted, by: plan } }",
        "person_metrics: { a: { people: login }, b: { people_in: x }, c: { children: arr, how: sum }, d: { ago: a, by: 1d } }",
        "metrics: { a: { sql: 'renewal_at - now' }, b: { sql: 'NULL' }, c: { sql: 'renewal_at - trial_ends_at' } }",
        "metrics: { a: { count: any, label: [x] } }",
    ]
    windows: [
        "metrics: { a: { count: any, window: 7 } }",
        "metrics: { a: { count: any, window: 7y }, b: { count: any, window: 0d }, c: { count: any, window: 20000d }, d: { count: any, window: 1mo } }",
        "metrics: { a: { count: any, offset: 7d } }",
        "metrics: { a: { count: any, window: 7d, offset: 24h }, b: { count: any, window: 24h, offset: 1mo } }",
        "metrics: { a: { count: any, window: 7d, from: started_at, before: renewal_at }, b: { count: any, window: 7d, offset: 7d, from: started_at } }",
        "metrics: { a: { count: any, before: renewal_at } }",
        "metrics: { a: { count: any, from: startd_at }, b: { count: any, from: arr }, c: { first_time: login }, d: { count: any, from: c } }",
        "person_metrics: { a: { count: any, from: started_at } }",
    ]
    order: [
        "metrics: { c: { sql: 'a + 1' }, a: { sql: 'b + 1' }, b: { sql: 'c + 1' } }",
        "metrics: { a: { sql: 'a + 1' } }",
        "metrics: { a: { peak: b }, b: { sql: 'a + 1' } }",
        "metrics: { a: { sql: 'coalesce(b, 0)' }, b: { ago: a, by: 1d }, c: { children: d, how: sum }, d: { sql: 'c' } }",
        "segments: { a: { when: 'NOT b' }, b: { when: 'a' } }",
    ]
    conditions: [
        "traits: { tier: text }\nsegments: { a: { when: 'teir = 1' } }",
        "traits: { tier: text }\nsegments: { a: { when: 'tier > 5' } }",
        "segments: { a: { when: 'arr +' }, b: { when: 'arr' }, c: { when: \"plan = 'it''s' AND seets > 1\" } }",
        "segments:\n  a:\n    when: >-\n      arr > 5\n      AND seets > 1\n  b:\n    when: |\n      arr > 5\n        AND seets > 1\n  c:\n    when: arr > 5\n      AND seets > 1\n",
        "segments: { a: { when: \"milestone('x') = 'reached'\" }, b: { when: \"alert('x')\" }, c: { when: \"measure('x') > 1 OR measure_group('x') > 1\" } }",
        "alerts: { silent: { of: person, when: 'true' } }\nsegments: { a: { when: \"alert('silnet')\" }, b: { when: \"alert('silent')\" } }",
        "metrics: { a: { count: login, where: \"x = 'a'\" }, b: { count: login, where: 'x > 5' } }",
        "segments: { p: { of: person, when: 'role = 1' }, q: { of: person, when: 'account.stag IS NULL' }, r: { when: 'account.stage IS NULL' } }\nperson_traits: { role: text }",
        "segments: { a: { when: 'count(*) > 1' }, b: { when: 'frobnicate(arr) > 1' } }",
    ]
    segments: [
        "segments: { a: 'tier = 1' }",
        "segments: { a: { wehn: 'true' }, b: { when: [x] }, c: { of: people, when: 'true' } }",
        "segments: { a: { when: } }",
    ]
    stages: [
        "lifecycle: { stages: { a: { first: true }, b: { first: true } } }",
        "lifecycle: { stages: { a: , b: , c: { when: 'true', back_to: d }, d: { when: 'true', back_to: d }, e: { when: 'true', back_to: x } } }",
        "lifecycle: { stages: { a: { frist: true }, b: { manual: yes }, c: { manual: true, when: 'true' }, d: { back_to: a } } }",
        "segments: { big: { when: 'true' } }\nlifecycle: { stages: { a: { expected: { default: 7d, big: 9d, bigg: 1d, x: soon } }, b: { manual: true, expected: 7 } } }",
    ]
    milestones: [
        "lifecycle: { milestones: { m: { due: 7d after started_at } } }",
        "lifecycle: { milestones: { m: { reached: 'true', stage: onbording, segment: big, alert: late } }, stages: { onboarding: } }\nalerts: { lat: { when: 'true' } }\nsegments: { bigs: { when: 'true' } }",
        "lifecycle: { milestones: { m: { reached: 'true', due: soon after start }, n: { reached: 'true', due: 7d after arr }, o: { reached: 'true', due: 7d }, p: { reached: 'true', due: x business days after started_at }, q: { reached: 'true', due: renewal } } }",
        "lifecycle: { milestones: { m: { reached: 'true', alert: a }, n: { reached: 'true', due: 1d after started_at, alert: b } } }\nalerts: { a: , b: { of: person, when: 'true' } }",
        "lifecycle: { milestones: { m: { reached: 'true', segment: a, segments: [a], Due: 1d } } }\nsegments: { a: { when: 'true' } }",
    ]
    scorecards: [
        "scorecards: { a: {} }",
        "scorecards: { a: { groups: { g: { weight: 0, measures: { m: { metric: arr, weight: -1, points: { 0: 0, 1: 100 } } } }, h: { measures: {} }, i: { } } } }",
        "scorecards: { a: { segment: x, stages: [y], groups: { g: { measures: { m: { metric: arrr, points: { 0: 0, 1: 100 } } } } } } }",
        "scorecards: { a: { bands: { green: 50, yellow: 75, red: 20, blue: '< 5', grey: 200 }, hysteresis: 60, groups: { g: { measures: { m: { metric: arr, points: { 0: 0, 1: 100 } } } } } } }",
        "scorecards: { a: { roll_up: best }, b: { roll_up: weighted }, c: { by: arr, groups: {} }, d: { roll_up: worst, by: arr } }",
        "scorecards: { a: { roll_up: sum } }",
        "scorecards: { a: { caps: { when: 'true' }, floors: [ { when: 'true' }, { at: 5 }, { when: 'true', at: 200 }, { if: 'true', when: 'arr', at: 1 } ], groups: {} } }",
        "scorecards: { a: { groups: { g: { measures: { m: { metric: arr, points: { 0: 0, 1: 100 } } } }, h: { measures: { m: { metric: arr, points: { 0: 0, 1: 100 } } } } } } }",
        "scorecards: { a: { groups: { g: { measures: { m: { metric: arr, missing: keep it, min_age: 24h, points: { 0: 0, 1: 100 } } } } } } }",
    ]
    shapes: [
        "scorecards: { a: { groups: { g: { measures: { m: { metric: arr }, n: { metric: arr, points: { 0: 0, 1: 1 }, steps: { 1: 1 } }, o: { points: { 0: 0, 1: 1 } } } } } } }",
        "scorecards: { a: { groups: { g: { measures: { m: { metric: plan, points: { 0: 0, 1: 100 } }, n: { metric: arr, map: { a: 1 } }, o: { metric: stage_late, steps: { 1: 100 } } } } } } }",
        "scorecards: { a: { groups: { g: { measures: { m: { metric: arr, points: { 0: 0 } }, n: { metric: arr, points: { 5: 0, 1: 100 } }, o: { metric: arr, points: { a: 0, 1: 101 } }, p: { metric: arr, points: { 0: low, 1: 100 } }, q: { metric: arr, points: [1] } } } } } }",
        "scorecards: { a: { groups: { g: { measures: { m: { metric: arr, steps: { 1: 1, '< 5': 2 } }, n: { metric: arr, steps: { else: 5, '> 1': 7 } }, o: { metric: arr, steps: { x: 1 } }, p: { metric: arr, steps: { '= 2': 1, '== 2': 3 } } } } } } }",
        "scorecards: { a: { groups: { g: { measures: { m: { metric: arr, curves: { x: 1 } }, n: { metric: arr, curves: [ { points: { 0: 0, 1: 1 } }, { segment: big, steps: { 1: 1 } }, { min_age: 1h } ] } } } } } }",
    ]
    alerts: [
        "alerts: { a: , b: { severity: high } }",
        "alerts: { a: { when: 'true', severity: hgih, on_existing: never, for: soon, cooldown: 7, of: team } }",
        "alerts: { a: { when: 'true', owner: account.ownr }, b: { when: 'true', owner: arr }, c: { when: 'true', playbook: rescue }, d: { when: 'true', stages: [x], segment: y } }\nplaybooks: { rescues: { tasks: [ { title: x } ] } }",
        "alerts: { a: { when: 'true', onwer: owner }, b: { when: 'arr > 1', of: person } }",
    ]
    playbooks: [
        "playbooks: { a: {}, b: { tasks: [] }, c: { tasks: call }, d: { tasks: [ call ] } }",
        "playbooks: { a: { tasks: [ { after: 1d, before: 2d }, { title: x, after: later }, { title: y, needs: [2] }, { title: z, needs: [2, 9, x] }, { title: u, needs: 1, asignee: owner } ] } }",
    ]
}

#[test]
fn several_files() {
    let file = |path: &str, text: &str| (path.to_string(), text.to_string());
    let said = check(&[
        file("b.yaml", "timezone: UTC\nsubscriptions: { grace: 1d }\nmetrics: { x: { count: login } }\nsegments: { s: { when: 'x > y' } }"),
        file("a.yaml", "timezone: UTC\nsubscriptions: { grace: 1d }\nmetrics: { x: { count: login } }"),
        file("c.yaml", "- a list"),
    ]);
    let said: String = said.err().into_iter().flatten().map(|d| format!("{d}\n")).collect();
    snapshot("several_files", &said);
}
