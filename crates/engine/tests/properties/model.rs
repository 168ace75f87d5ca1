//! Random models: some of many metrics, and conditions, stages, milestones, scores and alerts that read them.

use std::collections::BTreeSet;
use std::sync::Arc;

use tenure_model::Model;

/// Around a change to summer time and one back, in a zone that is not UTC.
const ZONES: [&str; 3] = ["Europe/Berlin", "America/New_York", "Pacific/Auckland"];
pub const STARTS: [&str; 3] = ["2025-03-20T00:00:00Z", "2025-10-15T00:00:00Z", "2025-09-20T00:00:00Z"];

pub const METRICS: &[&str] = &[
    "{ count: a, window: 7d }",
    "{ count: a, window: 3d, offset: 3d }",
    "{ count: any, window: 24h }",
    "{ count: b, window: 90min, offset: 30min }",
    "{ count: [a, b] }",
    "{ count: a, window: 7d, from: started_at }",
    "{ count: any, from: stage_entered_at }",
    "{ count: b, window: 5d, before: goal_at }",
    "{ sum: a.amount, window: 4d }",
    "{ avg: a.amount, window: 6d, offset: 2d }",
    "{ min: b.amount, window: 5d }",
    "{ max: any.amount }",
    "{ last: a.amount, window: 36h }",
    "{ people: any, window: 4d }",
    "{ people: a, window: 4d, offset: 4d }",
    "{ people: [a, b] }",
    "{ days: any, window: 8d }",
    "{ days: b }",
    "{ events: [a, b, c], window: 5d }",
    "{ events: [a, c] }",
    "{ since: a }",
    "{ first_time: b }",
    "{ last_time: c }",
    "{ ever: c }",
    "{ count: a, where: \"amount > 2\", window: 7d }",
    "{ count: any, where: \"amount <= 1\", window: 12h }",
    "{ days: any, from: started_at }",
    "{ people: any, from: started_at }",
    "{ sum: a.amount, from: started_at }",
    "{ events: [a, b], window: 30h }",
    "{ avg: a.amount, window: 30h }",
    "{ people: any, window: 2d, from: started_at }",
    "{ days: a, window: 40h, offset: 5h }",
    "{ distinct: a.amount }",
    "{ distinct: any.amount, window: 4d }",
    "{ distinct: b.amount, window: 3d, offset: 2d }",
    "{ distinct: any.amount, window: 30h }",
    "{ distinct: a.amount, from: started_at }",
    "{ distinct: any.amount, where: \"amount > 2\", window: 7d }",
];

/// `people`: with definitions of persons.
pub fn model(zone: usize, picks: &[usize], limits: &[u32], people: bool) -> Arc<Model> {
    checked(&text(zone, picks, limits, people))
}

/// Without persons, and without anything that every date makes due: scores often change alone. Alerts read them in all ways.
pub fn still(zone: usize, picks: &[usize], limits: &[u32]) -> Arc<Model> {
    let mut text = text(zone, picks, limits, false).replace(", missing: keep 2d", ", missing: zero").replace(", min_age: 2d", "");
    let ago = between(&text, "  before: { ago:", "\n").to_owned();
    let idle = between(&text, "  idle:", "segment: busy }").to_owned() + "segment: busy }";
    text = text.replace(&ago, "  before: { sql: \"age_days / 2\" }").replace(&idle, "");
    if limits[1].is_multiple_of(2) {
        text = text.replace("health > 55 OR ratio > 1", "ratio > 1");
    }
    text += &format!(
        "\n  low: {{ when: \"health < {}\" }}\n  few: {{ when: \"health < 60 AND health_coverage > 0.5 AND age_days > 3\", for: 30h, segment: busy }}\n  red: {{ when: \"health_band = 'red' OR health > 90\", stages: [second, third] }}\n",
        limits[2] * 15
    );
    if limits[3].is_multiple_of(2) {
        text += "  both: { when: \"days_in_stage > 2 AND health < 60\" }\n";
    }
    checked(&text)
}

fn text(zone: usize, picks: &[usize], limits: &[u32], people: bool) -> String {
    let picks: Vec<usize> = picks.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let metric = |i: usize| format!("m{i}");
    let limit = |i: usize| limits[i % limits.len()];
    // Conditions need numbers: counts of the picked ones that are numbers, else age.
    let numeric: Vec<String> = picks.iter().filter(|i| ![21, 22, 23].contains(*i)).map(|i| metric(*i)).collect();
    let number = |i: usize| numeric.get(i % numeric.len().max(1)).cloned().unwrap_or_else(|| "age_days".into());
    let mut text = format!(
        "timezone: {}\ntraits: {{ tier: number, goal_at: time, started_at: time }}\nperson_traits: {{ role: text }}\nevents:\n  a: {{ amount: number }}\n  b: {{ amount: number }}\nmetrics:\n",
        ZONES[zone]
    );
    for i in &picks {
        text += &format!("  {}: {}\n", metric(*i), METRICS[*i]);
    }
    text += &format!(
        "  ratio: {{ sql: \"{} / NULLIF({}, 0)\" }}\n  before: {{ ago: {}, by: 2d }}\n  top: {{ peak: {} }}\n  top_ratio: {{ peak: ratio }}\n",
        number(0),
        number(1),
        number(0),
        number(0)
    );
    text += "  readers: { people_in: active }\n  leads: { people_in: lead }\nperson_metrics:\n  own: { count: a, window: 3d }\n  quiet: { since: b }\n  tones: { distinct: any.amount, window: 2d }\n  best: { peak: own }\n  most_tones: { peak: tones }\n";
    text += &format!(
        "segments:\n  big: {{ when: \"tier = 1\" }}\n  busy: {{ when: \"{} > {} AND big\" }}\n  soon: {{ when: \"goal_at - now BETWEEN INTERVAL '0 days' AND INTERVAL '36 hours'\" }}\n",
        number(2),
        limit(0)
    );
    text += "  active: { of: person, when: \"own > 1\" }\n  lead: { of: person, when: \"role = 'lead' AND own > 0\" }\n  star: { of: person, when: \"best > 2\" }\n  stuck: { of: person, when: \"account.stage = 'first' AND quiet > 1\" }\n";
    text += &format!(
        "lifecycle:\n  stages:\n    first: {{ first: true, expected: {{ big: 5d, default: 3d }} }}\n    second: {{ when: \"{} >= {}\" }}\n    third: {{ when: \"health > 55 OR ratio > 1\", back_to: second }}\n",
        number(3),
        limit(1)
    );
    text += &format!(
        "  milestones:\n    kick: {{ reached: \"{} > {}\", due: 4d after started_at, alert: missed }}\n    goal: {{ stage: second, reached: \"busy\", due: 1d before goal_at }}\n",
        number(4),
        limit(2)
    );
    text += &format!(
        "scorecards:\n  everyone:\n    bands: {{ green: 70, yellow: 40 }}\n    hysteresis: 3\n    groups:\n      use:\n        weight: 60\n        measures:\n          one: {{ metric: {}, points: {{ 0: 0, {}: 100 }}, missing: keep 2d }}\n          two: {{ metric: readers, steps: {{ \"<= 0\": 20, else: 80 }}, min_age: 2d }}\n      mood:\n        weight: 40\n        measures:\n          three: {{ metric: {}, points: {{ 0: 100, 9: 0 }} }}\n    caps: [ {{ when: \"soon\", at: 60 }} ]\n",
        number(5),
        limit(3) + 1,
        number(6)
    );
    text += &format!(
        "alerts:\n  missed: {{ severity: high }}\n  drop: {{ when: \"{} < {}\", for: 30h, cooldown: 3d }}\n  late: {{ when: \"stage_late AND milestone('kick') <> 'reached'\", keep_firing_for: 10h }}\n  due: {{ when: \"goal_at < now + INTERVAL '20 hours'\", stages: [second, third] }}\n  idle: {{ of: person, when: \"quiet > 1 AND account.health < 60\" }}\n",
        number(7),
        limit(0)
    );
    if !people {
        for (part, instead) in [
            (&*between(&text, "  readers:", "segments:"), "  readers: { sql: \"age_days / 3\" }\n"),
            (&*between(&text, "  active: { of: person", "lifecycle:"), ""),
            (&*between(&text, "  idle:", "\n"), "  idle: { when: \"days_in_stage > 2 AND health < 60\", segment: busy }"),
        ] {
            text = text.replace(part, instead);
        }
        if limits[0].is_multiple_of(2) {
            let card = format!(
                "  bigger:\n    segment: [big, soon]\n    bands: {{ green: 70, yellow: 40 }}\n    groups:\n      total:\n        measures:\n          one: {{ metric: {}, steps: {{ 4: 100, 2: 60, else: 10 }}, when: \"{} > 1\" }}\n          two: {{ metric: ratio, points: {{ 0: 0, 1: 50, 3: 100 }}, weight: 2, missing: neutral }}\n    floors: [ {{ when: \"{} > 3 AND busy\", at: 30 }} ]\n  everyone:\n",
                number(5),
                number(1),
                number(2)
            );
            text = text.replace("  everyone:\n", &card).replace(", missing: keep 2d", ", missing: zero").replace(", min_age: 2d", "");
        }
    }
    text
}

fn checked(text: &str) -> Arc<Model> {
    match tenure_model::check(&[("model.yaml".to_owned(), text.to_owned())]) {
        Ok(model) => Arc::new(model),
        Err(diagnostics) => panic!("{text}\n{}", diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// The part of a text from one word up to another.
fn between(text: &str, from: &str, to: &str) -> String {
    let start = text.find(from).unwrap_or_else(|| panic!("{from} in {text}"));
    let length = text[start..].find(to).unwrap_or_else(|| panic!("{to} in {text}"));
    text[start..start + length].to_owned()
}
