//! Models of many shapes, each named by a number whose bits choose what is in it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tenure_engine::Engine;
use tenure_model::Instant;
use tenure_store::AppliedModel;

use crate::rng::Rng;

/// Which model.
pub type Shape = u32;

const PEOPLE: u32 = 1;
const FAMILY: u32 = 2;
const MILESTONES: u32 = 4;
const SCORES: u32 = 8;
const BACK: u32 = 16;
const PATIENT: u32 = 32;
const MEMORY: u32 = 64;
const CONTRACTS: u32 = 128;
const STRICT: u32 = 256;
const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];

/// One of the shapes.
pub fn any(rng: &mut Rng) -> Shape {
    rng.below(1 << 11) as Shape
}

/// Do both say the same?
pub fn same(a: Shape, b: Shape) -> bool {
    model(a, Instant(0)).1.revision == model(b, Instant(0)).1.revision
}

/// Another one in the same time zone: most of it stays.
pub fn changed(rng: &mut Rng, shape: Shape) -> Shape {
    shape ^ (1 << rng.below(9)) ^ (if rng.percent(50) { STRICT } else { 0 })
}

/// The model, compiled, and as it is written down.
pub fn model(shape: Shape, applied_at: Instant) -> (Arc<Engine>, AppliedModel) {
    static MODELS: Mutex<BTreeMap<Shape, (Arc<Engine>, String)>> = Mutex::new(BTreeMap::new());
    let mut models = MODELS.lock().unwrap_or_else(|e| e.into_inner());
    let (engine, text) = models.entry(shape).or_insert_with(|| {
        let text = text(shape);
        let model = tenure_model::check(&[("model.yaml".to_owned(), text.clone())]).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}"));
        (Arc::new(Engine::new(Arc::new(model))), text)
    });
    let files = [("model.yaml".to_owned(), text.clone())].into();
    let applied =
        AppliedModel { revision: engine.model().revision.clone(), applied_at, author: "test".to_owned(), reason: String::new(), files };
    (engine.clone(), applied)
}

fn text(shape: Shape) -> String {
    let has = |bit| shape & bit != 0;
    let busy = if has(STRICT) { 3 } else { 2 };
    let mut metrics =
        vec!["logins_7d: { count: login, window: 7d }", "logins_2h: { count: login, window: 2h }", "quiet_days: { since: login }"];
    let mut person_metrics = vec![];
    let busy_when = format!("busy: {{ when: \"logins_2h >= {busy}\" }}");
    let mut segments = vec!["large: { when: \"tier = 1\" }", &busy_when];
    let mut milestones = vec![];
    let existing = if has(BACK) { "silent" } else { "ignore" };
    let quiet = format!("quiet: {{ when: \"quiet_days >= {busy}\", severity: high, owner: account.owner, on_existing: {existing} }}");
    let mut alerts = vec![quiet.as_str()];
    if has(PEOPLE) {
        metrics.extend(["people_3d: { people: any, window: 3d }", "admins_in: { people_in: admins }"]);
        person_metrics.extend(["own_logins: { count: login, window: 7d }", "ever_up: { ever: upgraded }"]);
        segments.extend(["admins: { of: person, when: \"role = 'admin'\" }", "keen: { of: person, when: \"own_logins >= 2\" }"]);
        alerts.extend([
            "crowd: { when: \"people_3d >= 2\" }",
            "lost_admin: { of: person, segment: admins, when: \"own_logins = 0\", for: 6h }",
        ]);
    }
    if has(FAMILY) {
        metrics.extend(["family: { children: logins_7d, how: sum }", "kin: { children: quiet_days, how: max }"]);
        alerts.push("loud_family: { when: \"family >= 4\", cooldown: 1d }");
    }
    if has(MILESTONES) {
        milestones.extend([
            "two: { reached: \"logins_7d >= 2\", due: 1d after started_at, alert: slow }",
            "plan: { stage: onboarding, reached: \"logins_2h >= 3\", due: 2 business days after started_at, alert: slow_plan }",
        ]);
        alerts.extend(["slow: { severity: high }", "slow_plan: { severity: low }"]);
    }
    let scores = if has(SCORES) {
        alerts.push("ill: { when: \"health < 40\", keep_firing_for: 3h, severity: critical, on_existing: fire }");
        concat!(
            "scorecards:\n  large: { segment: large, bands: { green: 80, yellow: 30 }, hysteresis: 5, groups: { use: { measures: { recent: { metric: logins_2h, points: { 0: 0, 4: 100 }, missing: keep 2d } } } } }\n",
            "  alt:\n    groups:\n      use: { weight: 60, measures: { logins: { metric: logins_7d, points: { 0: 0, 5: 100 } }, quiet: { metric: quiet_days, steps: { \"<= 1\": 100, else: 20 }, weight: 2 } } }\n",
            "      size: { weight: 40, measures: { tier: { metric: tier, points: { 0: 0, 3: 100 }, min_age: 1d } } }\n    caps: [ { when: \"busy\", at: 60 } ]\n",
        )
    } else {
        ""
    };
    if has(PATIENT) {
        alerts.extend([
            "patient: { when: \"quiet_days >= 1\", for: 3h, cooldown: 1d }",
            "twice: { segment: busy, when: \"logins_7d >= 3\", for: 30min, keep_firing_for: 1h, cooldown: 5h }",
        ]);
    }
    if has(MEMORY) {
        metrics.extend([
            "last_plan: { last: upgraded.plan }",
            "plans: { distinct: upgraded.plan, window: 3d }",
            "best: { peak: logins_7d }",
            "logins_then: { ago: logins_7d, by: 2d }",
            "since_stage: { count: any, from: stage_entered_at }",
        ]);
        alerts.push("worse: { when: \"logins_7d < logins_then\", severity: low }");
    }
    if has(CONTRACTS) {
        alerts.extend(["renew: { when: \"days_to_renewal BETWEEN 0 AND 20\" }", "crowded: { when: \"logins_7d > seats\" }"]);
    }
    let back = if has(BACK) { ", back_to: onboarding" } else { "" };
    let stages = format!(
        "    onboarding: {{ first: true, expected: {{ large: 1d, default: 2d }} }}\n    adoption: {{ when: \"logins_7d >= {busy}\"{back} }}\n    champion: {{ when: \"logins_7d >= 6 AND NOT alert('quiet')\", back_to: adoption }}\n    leaving: {{ manual: true }}\n"
    );
    let list = |name: &str, indent: &str, entries: &[&str]| {
        if entries.is_empty() {
            String::new()
        } else {
            format!("{name}:\n{}", entries.iter().map(|e| format!("{indent}{e}\n")).collect::<String>())
        }
    };
    [
        format!("timezone: {}\n", ZONES[(shape >> 9) as usize & 3]),
        "traits: { tier: number, owner: text, parent: text }\nperson_traits: { role: text }\nevents: { upgraded: { plan: text } }\n"
            .to_owned(),
        list("metrics", "  ", &metrics),
        list("person_metrics", "  ", &person_metrics),
        list("segments", "  ", &segments),
        format!("lifecycle:\n  stages:\n{stages}"),
        list("  milestones", "    ", &milestones),
        scores.to_owned(),
        list("alerts", "  ", &alerts),
    ]
    .concat()
}
