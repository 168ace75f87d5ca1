//! The state machines as tables: each row is one rule of meaning, told hour by hour. Above what comes in at each hour, below what stands as of it.

mod story;

use serde_json::{Value as Json, json};
use story::{Story, at, engine};
use tenure_engine::{AlertState, Happened, MilestoneStatus};
use tenure_model::input::{Action, Entity};

/// A rule, what is written in the model for it, what comes in, what comes out.
type Row = (&'static str, &'static str, &'static str, &'static str);

/// `x` the condition holds, `.` it does not, `?` it is unknown, `o` it holds but the account (or person) is not in the segment;
/// `|` the subscription ends, `+` a new one begins. State: `-` inactive, `p` pending, `F` firing.
#[rustfmt::skip]
const ALERTS: &[Row] = &[
    ("fires at the instant its condition begins to hold", "",
        "..xx..",
        "--FF--"),
    ("fires again each time where nothing holds it back", "",
        ".x.x.x",
        "-F-F-F"),
    ("is pending until `for` has passed", "for: 2h",
        ".xxxx.",
        "-ppFF-"),
    ("an interruption starts `for` anew", "for: 2h",
        ".x.xxx",
        "-p-ppF"),
    ("a condition that ends when `for` does has not held for so long", "for: 2h",
        ".xx.",
        "-pp-"),
    ("resolves at once without `keep_firing_for`", "",
        ".x.",
        "-F-"),
    ("keeps firing for so long after its condition", "keep_firing_for: 2h",
        ".x....",
        "-FFF--"),
    ("a condition that comes back meanwhile keeps it firing, and starts that time anew", "keep_firing_for: 2h",
        ".x.x...",
        "-FFFFF-"),
    ("is pending while it cools down", "cooldown: 4h",
        ".x.xxx",
        "-F-ppF"),
    ("what ends while it cools down never fires", "cooldown: 4h",
        ".x.xx.",
        "-F-pp-"),
    ("fires at once when it has cooled down", "cooldown: 4h",
        ".x...x",
        "-F---F"),
    ("cools down from when it fired, not from when it resolved", "cooldown: 4h",
        ".xxxx.x",
        "-FFFF-F"),
    ("both `for` and `cooldown` have to pass", "for: 1h, cooldown: 4h",
        ".xx.xxx",
        "-pF-ppF"),
    ("resolves when its segment is left", "",
        ".xxox",
        "-FF-F"),
    ("outside of its segment it neither fires nor waits", "for: 1h",
        ".oooxx",
        "----pF"),
    ("leaving the segment interrupts `for`", "for: 2h",
        ".xoxxx",
        "-p-ppF"),
    ("leaving the segment counts as a condition that ends: it keeps firing for its time", "keep_firing_for: 2h",
        ".xooo",
        "-FFF-"),
    ("unknown is not true", "",
        ".x?x",
        "-F-F"),
    ("the end of the account resolves it at once", "keep_firing_for: 9h",
        ".x|..",
        "-F---"),
    ("and ends its waiting", "for: 2h",
        ".x|..",
        "-p---"),
    ("a new tenure waits anew", "for: 1h",
        ".xx|.+xx",
        "-pF---pF"),
    ("what still holds when the account comes back begins to hold then", "for: 1h",
        ".xx|+xx",
        "-pF-pFF"),
    ("it cools down over the end of a tenure", "cooldown: 4h",
        ".x|+xx",
        "-F-ppF"),
];

#[test]
fn alerts() {
    for severity in ["low", "medium", "high", "critical"] {
        for (rule, written, input, expected) in ALERTS {
            let engine = engine(&format!(
                "traits: {{ holds: bool, inside: bool }}
person_traits: {{ holds: bool, inside: bool }}
segments: {{ club: {{ when: inside }}, crew: {{ of: person, when: inside }} }}
alerts:
  of_account: {{ segment: club, when: holds, severity: {severity}, {written} }}
  of_person: {{ of: person, segment: crew, when: holds, severity: {severity}, {written} }}"
            ));
            let mut story = Story::default();
            let who = [Entity::Account("acme".into()), Entity::Person("ann".into())];
            for (hour, c) in input.chars().enumerate() {
                if story.subscription(hour, c) {
                    continue;
                }
                let holds = if c == '?' { Json::Null } else { json!("xo".contains(c)) };
                for entity in &who {
                    story.set(hour, entity, "holds", holds.clone());
                    story.set(hour, entity, "inside", json!(c != 'o'));
                }
            }
            let (mut of_account, mut of_person) = (String::new(), String::new());
            story.run(&engine, input.len(), |account| {
                of_account.push(letter(account.alert(0).0));
                of_person.push(letter(account.person_alert(0, 1).0));
            });
            assert_eq!(of_account, *expected, "{rule} (of an account, {severity})");
            assert_eq!(of_person, *expected, "{rule} (of a person, {severity})");
        }
    }
}

fn letter(state: AlertState) -> char {
    match state {
        AlertState::Inactive => '-',
        AlertState::Pending => 'p',
        AlertState::Firing => 'F',
    }
}

/// `x` the condition holds, `.` it does not; `o` and `-` the same of an account that is not in the segment; `W` it is waived;
/// `|` and `+` as above. First the status: `.` not started, `p` pending, `r` reached, `m` missed, `l` reached late, `w` waived;
/// then its alert.
#[rustfmt::skip]
const MILESTONES: &[(&str, &str, &str, &str, &str)] = &[
    ("is pending until it is due, then missed, to the instant", "due: 4h after started_at",
        "......",
        "ppppmm",
        "----FF"),
    ("is reached when its condition holds, and stays reached", "due: 4h after started_at",
        "..x....",
        "pprrrrr",
        "-------"),
    ("is reached at its start where the condition holds already", "due: 4h after started_at",
        "x.....",
        "rrrrrr",
        "------"),
    ("at the due instant it is still on time", "due: 4h after started_at",
        "....x.",
        "pppprr",
        "------"),
    ("after it, it is late: its alert resolves", "due: 4h after started_at",
        ".....x.",
        "ppppmll",
        "----F--"),
    ("without a due time it is never missed", "",
        ".......x",
        "pppppppr",
        "--------"),
    ("waived while pending, it is never missed", "due: 4h after started_at",
        "..W...",
        "ppwwww",
        "------"),
    ("waived when missed, its alert resolves", "due: 4h after started_at",
        ".....W.x",
        "ppppmwww",
        "----F---"),
    ("what is reached cannot be waived", "due: 4h after started_at",
        ".x.W..",
        "prrrrr",
        "------"),
    ("nor what is reached late", "due: 4h after started_at",
        ".....xW",
        "ppppmll",
        "----F--"),
    ("it does not start outside of its segment", "due: 4h after started_at",
        "-oo..x",
        "...pml",
        "----F-"),
    ("once started it goes on outside of its segment", "due: 4h after started_at",
        "..---o",
        "ppppml",
        "----F-"),
    ("past due when it starts, it is missed silently", "due: 2h after started_at",
        "----...",
        "....mmm",
        "-------"),
    ("then it can still be reached late", "due: 2h after started_at",
        "----..x",
        "....mml",
        "-------"),
    ("or is so at its start", "due: 2h after started_at",
        "----x..",
        "....lll",
        "-------"),
    ("due at the instant it starts, it is missed aloud", "due: 2h after started_at",
        "--...",
        "..mmm",
        "--FFF"),
    ("while the account is ended nothing is missed", "due: 4h after started_at",
        "..|...",
        "pppppp",
        "------"),
    ("a new tenure begins anew, with a due time of its own", "due: 4h after started_at",
        "x.|+.....",
        "rrrppppmm",
        "-------FF"),
];

#[test]
fn milestones() {
    for (rule, written, input, statuses, alerts) in MILESTONES {
        let alert = if written.is_empty() { "" } else { ", alert: missed" };
        let own = if written.is_empty() { "when: \"false\"" } else { "severity: high" };
        let engine = engine(&format!(
            "traits: {{ done: bool, inside: bool }}
segments: {{ club: {{ when: inside }} }}
lifecycle:
  milestones:
    step: {{ segment: club, reached: done{alert}{}{written} }}
alerts: {{ missed: {{ {own} }} }}",
            if written.is_empty() { "" } else { ", " }
        ));
        let mut story = Story::default();
        let acme = Entity::Account("acme".into());
        for (hour, c) in input.chars().enumerate() {
            if story.subscription(hour, c) {
                continue;
            }
            if c == 'W' {
                story.decide(hour, Action::Waive { milestone: "step".into() });
                continue;
            }
            story.set(hour, &acme, "done", json!("xo".contains(c)));
            story.set(hour, &acme, "inside", json!("x.".contains(c)));
        }
        let (mut status, mut alert) = (String::new(), String::new());
        story.run(&engine, input.len(), |account| {
            status.push(match account.milestones()[0].status {
                None => '.',
                Some(MilestoneStatus::Pending) => 'p',
                Some(MilestoneStatus::Reached) => 'r',
                Some(MilestoneStatus::Missed) => 'm',
                Some(MilestoneStatus::ReachedLate) => 'l',
                Some(MilestoneStatus::Waived) => 'w',
            });
            alert.push(letter(account.alert(0).0));
        });
        assert_eq!((status.as_str(), alert.as_str()), (*statuses, *alerts), "{rule}");
    }
}

/// Of the stages `a` (first), `b`, `c`, `d` (back to `b`), `e` (by hand) and `f`. At each hour the letters of those whose condition holds
/// (`.` none, `?` all unknown); `=e` sets stage e by hand, `=e2` for two hours, `!` releases it; `|` and `+` as above. Then the stage.
#[rustfmt::skip]
const STAGES: &[(&str, &str, &str)] = &[
    ("begins in the first stage",
        ".",
        "a"),
    ("moves forward when a condition holds, and stays when it no longer does",
        ". b .",
        "a b b"),
    ("skips stages whose conditions do not hold",
        ". c . f",
        "a c c f"),
    ("makes one move at a time: the nearest first, the next a microsecond later",
        ". bc bc",
        "a b c"),
    ("never moves back by itself",
        ". c b .",
        "a c c c"),
    ("with `back_to` it stays while its condition holds",
        ". d d",
        "a d d"),
    ("and returns when it no longer holds",
        ". d .",
        "a d b"),
    ("or is unknown",
        ". d ?",
        "a d b"),
    ("from where it moves forward again",
        ". d . d",
        "a d b d"),
    ("forward goes before back",
        ". d f",
        "a d f"),
    ("unknown conditions move nothing",
        ". ? c ?",
        "a a c c"),
    ("a stage by hand is entered by hand alone",
        ". c =e .",
        "a c e e"),
    ("set by hand without a date it stays",
        ". =b c cf",
        "a b b b"),
    ("set by hand it stays until that date, to the instant",
        ". =b2 c c c",
        "a b b c c"),
    ("it can be set back by hand",
        ". c =a2 c c",
        "a c a a c"),
    ("the present stage set by hand is held too",
        ". =a2 b b",
        "a a a b"),
    ("`back_to` rests as well",
        ". d =d2 . .",
        "a d d d b"),
    ("released, it moves again at once",
        ". =b c !c",
        "a b b c"),
    ("the later of two decisions holds",
        ". =e =b2 . c",
        "a e b b c"),
    ("an ended account does not move",
        ". b | c",
        "a b b b"),
    ("a new tenure begins in the first stage",
        ". c | + . b",
        "a c c a a b"),
    ("a stage set by hand is not held over to a new tenure",
        ". =e | + b",
        "a e e a b"),
];

#[test]
fn stages() {
    let engine = engine(
        "traits: { b_holds: bool, c_holds: bool, d_holds: bool, f_holds: bool }
lifecycle:
  stages:
    a: { first: true }
    b: { when: b_holds }
    c: { when: c_holds }
    d: { when: d_holds, back_to: b }
    e: { manual: true }
    f: { when: f_holds }",
    );
    for (rule, input, expected) in STAGES {
        let mut story = Story::default();
        let acme = Entity::Account("acme".into());
        let hours: Vec<&str> = input.split(' ').collect();
        for (hour, token) in hours.iter().enumerate() {
            story.subscription(hour, token.chars().next().unwrap_or('.'));
            if let Some(hand) = token.strip_prefix('=') {
                let (stage, length) = hand.split_at(1);
                let until = length.parse().ok().map(|hours: usize| at(hour + hours));
                story.decide(hour, Action::SetStage { stage: stage.into(), until });
                continue;
            }
            if token.starts_with('!') {
                story.decide(hour, Action::ReleaseStage);
            }
            for stage in ["b", "c", "d", "f"] {
                let holds = if *token == "?" { Json::Null } else { json!(token.contains(stage)) };
                story.set(hour, &acme, &format!("{stage}_holds"), holds);
            }
        }
        let mut stages = Vec::new();
        story.run(&engine, hours.len(), |account| stages.push(engine.model().stages[account.stage().unwrap()].name.clone()));
        assert_eq!(stages.join(" "), *expected, "{rule}");
    }
}

/// Of bands green from 70 and yellow from 40, unless written otherwise: scores, `?` for none, and the band of each.
#[rustfmt::skip]
const BANDS: &[Row] = &[
    ("the lower bound belongs to a band", "",
        "39.9 40 69.9 70",
        "red yellow yellow green"),
    ("unless it is exclusive", "bands: { green: \"> 70\", yellow: \"> 40\" }",
        "40 40.1 70 70.1",
        "red yellow yellow green"),
    ("the first score has its own band, without hysteresis", "hysteresis: 5",
        "71",
        "green"),
    ("falling, a band is kept until the score lies lower by more", "hysteresis: 5",
        "71 69 65 64.9",
        "green green green yellow"),
    ("rising, until it lies higher by as much", "hysteresis: 5",
        "60 70 74.9 75",
        "yellow yellow yellow green"),
    ("so also the lowest band", "hysteresis: 5",
        "30 40 44.9 45",
        "red red red yellow"),
    ("once left, a band is not returned to within the hysteresis", "hysteresis: 5",
        "71 64 70 74 75",
        "green yellow yellow yellow green"),
    ("what leaves its band takes the band of its score", "hysteresis: 5",
        "80 38 80",
        "green red green"),
    ("an exclusive bound is so with its hysteresis", "hysteresis: 5, bands: { green: \"> 70\", yellow: \"> 40\" }",
        "71 65.1 65 75 75.1",
        "green green yellow yellow green"),
    ("without a score there is no band, and the next begins anew", "hysteresis: 5",
        "71 ? 69",
        "green none yellow"),
];

#[test]
fn bands() {
    for (rule, written, input, expected) in BANDS {
        let bands = if written.contains("bands") { "" } else { "bands: { green: 70, yellow: 40 }, " };
        let comma = if written.is_empty() { "" } else { ", " };
        let engine = engine(&format!(
            "traits: {{ score: number }}
scorecards:
  card: {{ {bands}groups: {{ g: {{ measures: {{ m: {{ metric: score, points: {{ 0: 0, 100: 100 }} }} }} }} }}{comma}{written} }}"
        ));
        let mut story = Story::default();
        let scores: Vec<&str> = input.split(' ').collect();
        for (hour, score) in scores.iter().enumerate() {
            story.set(hour, &Entity::Account("acme".into()), "score", score.parse::<f64>().map_or(Json::Null, Json::from));
        }
        let slot = engine.model().account.iter().position(|c| c.name == "health_band").unwrap() as u32;
        let mut found = Vec::new();
        story.run(&engine, scores.len(), |account| found.push(account.value(slot).as_text().unwrap_or("none").to_owned()));
        assert_eq!(found.join(" "), *expected, "{rule}");
    }
}

#[test]
fn changes_of_health() {
    let engine = engine(
        "traits: { big: bool, score: number, other: number }
segments: { large: { when: big } }
scorecards:
  a: { segment: large, groups: { g: { measures: { s: { metric: score, points: { 0: 0, 100: 100 } }, o: { metric: other, points: { 0: 0, 100: 100 } } } } } }
  b: { bands: { green: 60, yellow: 50 }, groups: { g: { measures: { s: { metric: score, points: { 0: 0, 100: 100 } } } } } }",
    );
    let mut story = Story::default();
    let acme = Entity::Account("acme".into());
    for (hour, field, value) in [
        (0, "big", json!(true)),
        (0, "score", json!(80)),
        (1, "other", json!(80)),  // more data, the same score
        (2, "big", json!(false)), // another card, the same band
        (3, "score", json!(70)),  // the same band
        (4, "big", json!(true)),  // another card, another score, another band
        (4, "other", json!(40)),
        (5, "other", json!(41)), // another score
        (6, "score", Json::Null),
        (6, "other", Json::Null),
    ] {
        story.set(hour, &acme, field, value);
    }
    let told = story.run(&engine, 7, |_| {}).into_iter().filter_map(|outcome| match outcome.what {
        Happened::Health { card, score, coverage, band, band_changed } => {
            let card = card.map_or("none", |c| engine.model().scorecards[c].name.as_str()).to_owned();
            let number = |x: Option<f64>| x.map_or("none".to_owned(), |x| x.to_string());
            let mark = if band_changed { " changed" } else { "" };
            Some(format!("{card} {} {} {}{mark}", number(score), number(coverage), band.as_deref().unwrap_or("none")))
        }
        _ => None,
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "a 80 0.5 green changed",
            "a 80 1 green",
            "b 80 1 green",
            "b 70 1 green",
            "a 55 1 yellow changed",
            "a 55.5 1 yellow",
            "a none 0 none changed",
        ]
    );
}
