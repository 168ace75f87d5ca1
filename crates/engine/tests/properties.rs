//! Properties of `advance`: batching, order of arrival and skipping change nothing; signals equal a scan of the events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use tenure_engine::{Account, Change, Engine, EventTable, Inputs, Life, Mode, Outcome, What};
use tenure_model::definition::{Aggregate, Events, Metric, MetricDef, Window};
use tenure_model::input::{Action, Decision, Entity, Membership, OverrideKind, Version};
use tenure_model::time::{DAY, Day, HOUR, Instant, MINUTE};
use tenure_model::{Calendar, Decimal, Model, Value};

/// Around a change to summer time and one back, in a zone that is not UTC.
const ZONES: [&str; 3] = ["Europe/Berlin", "America/New_York", "Pacific/Auckland"];
const STARTS: [&str; 3] = ["2025-03-20T00:00:00Z", "2025-10-15T00:00:00Z", "2025-09-20T00:00:00Z"];

const METRICS: &[&str] = &[
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

fn model(zone: usize, picks: &[usize], limits: &[u32]) -> Arc<Model> {
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
    text += &format!("  ratio: {{ sql: \"{} / NULLIF({}, 0)\" }}\n  before: {{ ago: {}, by: 2d }}\n  top: {{ peak: {} }}\n  top_ratio: {{ peak: ratio }}\n", number(0), number(1), number(0), number(0));
    text += &format!("  readers: {{ people_in: active }}\n  leads: {{ people_in: lead }}\nperson_metrics:\n  own: {{ count: a, window: 3d }}\n  quiet: {{ since: b }}\n  tones: {{ distinct: any.amount, window: 2d }}\n  best: {{ peak: own }}\n  most_tones: {{ peak: tones }}\n");
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
    match tenure_model::check(&[("model.yaml".to_owned(), text.clone())]) {
        Ok(model) => Arc::new(model),
        Err(diagnostics) => panic!("{text}\n{}", diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// The last of them does nothing.
const PEOPLE: [&str; 4] = ["ann", "bob", "cem", "dora"];

/// One event: minutes from the start, name, person, amount.
type Raw = (i64, u8, u8, Option<u8>);

#[derive(Clone, Debug)]
struct Story {
    zone: usize,
    picks: Vec<usize>,
    limits: Vec<u32>,
    events: Vec<Raw>,
    traits: Vec<(i64, u8)>,
    goals: Vec<(i64, i64)>,
    started: Option<i64>,
    subscription: Option<(i64, i64, i64)>,
    /// Person, from (or from the beginning), for how long (or on): they come, go and return.
    members: Vec<(u8, Option<i64>, Option<i64>)>,
    /// When a person becomes a lead, or no longer is one.
    roles: Vec<(i64, u8, bool)>,
    decisions: Vec<(i64, u8)>,
    cuts: Vec<i64>,
}

const SPAN_MINUTES: i64 = 25 * 24 * 60;

fn stories() -> impl Strategy<Value = Story> {
    let minute = 0..SPAN_MINUTES;
    // A quarter of the events lies on whole hours: midnights and edges of windows are hit.
    let time = prop_oneof![3 => minute.clone(), 1 => (0..SPAN_MINUTES / 60).prop_map(|h| h * 60)];
    (
        (0..3usize, prop::collection::vec(0..METRICS.len(), 4..12), prop::collection::vec(0..6u32, 4)),
        prop::collection::vec((time.clone(), 0..4u8, 0..4u8, prop::option::of(0..5u8)), 0..60),
        prop::collection::vec((time.clone(), 0..3u8), 0..4),
        prop::collection::vec((time.clone(), minute.clone()), 0..3),
        prop::option::of(minute.clone()),
        prop::option::of((0..SPAN_MINUTES / 2, 1..SPAN_MINUTES / 2, 1..SPAN_MINUTES / 4)),
        (
            prop::collection::vec((0..4u8, prop::option::weighted(0.9, time.clone()), prop::option::of(1..SPAN_MINUTES / 4)), 0..7),
            prop::collection::vec((time.clone(), 0..4u8, any::<bool>()), 0..4),
        ),
        prop::collection::vec((time, 0..6u8), 0..4),
        prop::collection::vec(minute, 0..8),
    )
        .prop_map(|((zone, picks, limits), events, traits, goals, started, subscription, (members, roles), decisions, cuts)| Story {
            zone,
            picks,
            limits,
            events,
            traits,
            goals,
            started,
            subscription,
            members,
            roles,
            decisions,
            cuts,
        })
}

struct Built {
    engine: Engine,
    table: EventTable,
    people: Vec<Arc<str>>,
    changes: Vec<Change>,
    start: Instant,
    end: Instant,
}

impl Story {
    fn at(&self, minutes: i64) -> Instant {
        Instant::parse(STARTS[self.zone]).unwrap().plus(minutes * MINUTE)
    }

    /// `reverse`: everything arrives in the other order.
    fn build(&self, reverse: bool) -> Built {
        let engine = Engine::new(model(self.zone, &self.picks, &self.limits));
        let mut table = EventTable::new(engine.model());
        let mut events = self.events.clone();
        events.sort();
        events.dedup();
        if reverse {
            events.reverse();
        }
        for (minutes, name, person, amount) in &events {
            let name = ["a", "b", "c", "d"][usize::from(*name)];
            let person = PEOPLE[..3].get(usize::from(*person)).copied();
            table.push(self.at(*minutes), name, person, &amount.map_or(json!({}), |a| json!({ "amount": f64::from(a) * 0.5 })));
        }
        table.sort();
        let account = Entity::Account("acme".into());
        let version = |field: &str, value: serde_json::Value, at: Instant| Version {
            entity: account.clone(),
            field: field.into(),
            value,
            valid_from: Some(at),
            known_from: None,
        };
        let mut versions: Vec<Version> = self.traits.iter().map(|(m, tier)| version("tier", json!(tier), self.at(*m))).collect();
        versions.extend(self.goals.iter().map(|(m, goal)| version("goal_at", json!(self.at(*goal).to_string()), self.at(*m))));
        if let Some(started) = self.started {
            versions.push(version("started_at", json!(self.at(started).to_string()), self.at(0)));
        }
        versions.extend(self.roles.iter().map(|(m, person, lead)| Version {
            entity: Entity::Person(PEOPLE[usize::from(*person)].into()),
            ..version("role", if *lead { json!("lead") } else { json!(null) }, self.at(*m))
        }));
        if let Some((start, length, gap)) = self.subscription {
            for (id, from) in [("s1", start), ("s2", start + length + gap)] {
                let entity = Entity::Subscription("acme".into(), id.into());
                for (field, value) in [
                    ("started_at", json!(self.at(from).to_string())),
                    ("ended_at", json!(self.at(from + length).to_string())),
                    ("arr", json!(1200)),
                ] {
                    versions.push(Version {
                        entity: entity.clone(),
                        field: field.into(),
                        value,
                        valid_from: Some(self.at(from)),
                        known_from: None,
                    });
                }
            }
        }
        let decide =
            |m: i64, action| Decision { account: "acme".into(), at: self.at(m), author: "carla".into(), reason: "because".into(), action };
        let decisions: Vec<Decision> = self
            .decisions
            .iter()
            .map(|(m, kind)| {
                let until = Some(self.at(m + 3000));
                decide(
                    *m,
                    match kind {
                        0 => Action::SetStage { stage: "third".into(), until },
                        1 => Action::ReleaseStage,
                        2 => Action::Override { target: "total".into(), how: OverrideKind::Cap, value: 45.0, until },
                        3 => Action::Override { target: "measure:one".into(), how: OverrideKind::Set, value: 90.0, until: None },
                        4 => Action::ClearOverride { target: "measure:one".into() },
                        _ => Action::Waive { milestone: "kick".into() },
                    },
                )
            })
            .collect();
        if reverse {
            versions.reverse();
        }
        let mut changes = engine.changes(table.people());
        changes.versions(&versions);
        let mut members: Vec<Membership> = self
            .members
            .iter()
            .map(|(person, from, length)| Membership {
                person: PEOPLE[usize::from(*person)].into(),
                account: "acme".into(),
                from: from.map(|m| self.at(m)),
                until: length.map(|l| self.at(from.unwrap_or(0) + l)),
            })
            .collect();
        if reverse {
            members.reverse();
        }
        changes.memberships(&members);
        changes.decisions(&decisions);
        let (people, changes, unreadable) = changes.finish();
        assert!(unreadable.is_empty());
        Built { engine, table, people, changes, start: self.at(0), end: self.at(SPAN_MINUTES + 3 * 24 * 60) }
    }
}

impl Built {
    fn inputs(&self) -> Inputs<'_> {
        Inputs { people: &self.people, events: self.table.events(), changes: &self.changes }
    }

    /// Every instant at which the account is evaluated.
    fn instants(&self) -> Vec<Instant> {
        let mut account = self.engine.account("acme");
        let mut found = Vec::new();
        loop {
            let after = |t: &Instant| *t > account.at();
            let event = self.table.events().time.iter().map(|t| Instant(*t)).find(after);
            let change = self.changes.iter().map(|c| c.at).find(after);
            let t = event.into_iter().chain(change).chain([account.next_timer()]).min().unwrap_or(Instant::NEVER);
            if t > self.end {
                return found;
            }
            self.step(&mut account, t);
            found.push(t);
        }
    }

    /// Advances to an instant with what lies before it.
    fn step(&self, account: &mut Account, to: Instant) {
        let from = account.at();
        let events = self.inputs().events.after(from).until(to);
        let changes: Vec<Change> = self.changes.iter().filter(|c| (c.at > from || from == Instant::MIN) && c.at <= to).cloned().collect();
        let inputs = Inputs { people: &self.people, events, changes: &changes };
        self.engine.advance(account, &inputs, to, Mode::Exact, &mut tenure_engine::Nothing).unwrap();
    }

    fn replay(&self, to: Instant, mode: Mode) -> (Account, Vec<Outcome>) {
        let mut account = self.engine.account("acme");
        let mut outcomes = Vec::new();
        self.engine.advance(&mut account, &self.inputs(), to, mode, &mut outcomes).unwrap();
        (account, outcomes)
    }
}

/// Everything that happened, as lines; health to nine decimals.
fn lines(outcomes: &[Outcome]) -> Vec<String> {
    outcomes.iter().map(|o| format!("{} {:?} {:?}", o.at, o.what, o.inputs)).collect()
}

fn same_state(a: &Account, b: &Account) {
    assert_eq!(a.row(), b.row());
    assert_eq!(a.milestones(), b.milestones());
    assert_eq!(a.stage(), b.stage());
    let people = |x: &Account| {
        let mut all: Vec<String> = x.people().map(|(id, member, row)| format!("{id} {member} {row:?}")).collect();
        all.sort();
        all
    };
    assert_eq!(people(a), people(b));
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20250601),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(300))]

    /// Advancing in many steps gives what advancing at once gives.
    #[test]
    fn batching_changes_nothing(story in stories()) {
        let built = story.build(false);
        let (whole, outcomes) = built.replay(built.end, Mode::Exact);
        let mut account = built.engine.account("acme");
        let mut stepped: Vec<Outcome> = Vec::new();
        let mut cuts: Vec<Instant> = story.cuts.iter().map(|m| story.at(*m)).chain([built.end]).collect();
        cuts.sort();
        let inputs = built.inputs();
        let mut from = Instant::MIN;
        for to in cuts {
            let events = inputs.events.after(from).until(to);
            let changes: Vec<Change> = built.changes.iter().filter(|c| (c.at > from || from == Instant::MIN) && c.at <= to).cloned().collect();
            built.engine.advance(&mut account, &Inputs { people: inputs.people, events, changes: &changes }, to, Mode::Exact, &mut stepped).unwrap();
            from = to;
        }
        prop_assert_eq!(lines(&outcomes), lines(&stepped));
        same_state(&whole, &account);
    }

    /// The order of arrival decides nothing.
    #[test]
    fn order_changes_nothing(story in stories()) {
        let (a, b) = (story.build(false), story.build(true));
        let ((one, first), (two, second)) = (a.replay(a.end, Mode::Exact), b.replay(b.end, Mode::Exact));
        let sorted = |x: &[Outcome]| { let mut l = lines(x); l.sort(); l };
        prop_assert_eq!(sorted(&first), sorted(&second));
        same_state(&one, &two);
    }

    /// What the engine skips changes nothing: evaluating everything at every instant, and at many more instants, gives the same.
    #[test]
    fn skipping_changes_nothing(story in stories(), ticks in prop::collection::vec(0..SPAN_MINUTES * 60, 0..60)) {
        let built = story.build(false);
        let (plain, outcomes) = built.replay(built.end, Mode::Exact);
        let mut changes = built.changes.clone();
        // Inputs that say nothing new: instants at which only the engine's thoroughness could make a difference. None comes before the account is born.
        let born = plain.born();
        for tick in ticks {
            let at = built.start.plus(tick * 1_000_000 + 17);
            if plain.tenure() == 1 && plain.stage().is_some() && at > born {
                changes.push(Change { at, what: What::Trait(u32::MAX, Value::Null) });
            }
        }
        tenure_engine::sort(&mut changes);
        let mut account = built.engine.account("acme");
        let mut thorough: Vec<Outcome> = Vec::new();
        let inputs = Inputs { changes: &changes, ..built.inputs() };
        built.engine.advance(&mut account, &inputs, built.end, Mode::Thorough, &mut thorough).unwrap();
        prop_assert_eq!(lines(&outcomes), lines(&thorough));
        same_state(&plain, &account);
    }

    /// Signals give what a scan over the events gives.
    #[test]
    fn signals_equal_a_scan(story in stories(), at in 0..SPAN_MINUTES) {
        let built = story.build(false);
        let to = story.at(at);
        let (account, _) = built.replay(to, Mode::Exact);
        prop_assume!(account.life() == Life::Live);
        let model = built.engine.model();
        for metric in &model.metrics {
            let MetricDef::Events { aggregate, events, window, filter } = &metric.def else { continue };
            if matches!(window, Window::From { anchor, .. } if model.account[*anchor as usize].name == "stage_entered_at") { continue }
            let filter = filter.is_some().then(|| METRICS[metric.name[1..].parse::<usize>().unwrap()]);
            let expected = scan(&story, &built, &account, *aggregate, events, *window, filter, to);
            prop_assert_eq!(account.value(metric.column), &expected, "{} at {}", metric.name, to);
        }
    }

    /// A peak is the greatest value that one sees who looks at every instant, tenure by tenure.
    #[test]
    fn peaks_are_running_maxima(story in stories()) {
        let built = story.build(false);
        let model = built.engine.model().clone();
        let peaks = |metrics: &[Metric]| -> Vec<(u32, u32)> {
            metrics.iter().filter_map(|m| if let MetricDef::Peak(of) = m.def { Some((of, m.column)) } else { None }).collect()
        };
        let (of_account, of_person) = (peaks(&model.metrics), peaks(&model.person_metrics));
        prop_assert_eq!((of_account.len(), of_person.len()), (2, 2));
        let mut account = built.engine.account("acme");
        let (mut seen, mut tenure) = (BTreeMap::<(String, u32), f64>::new(), 1);
        for t in built.instants() {
            built.step(&mut account, t);
            if account.life() != Life::Live { continue }
            if account.tenure() != tenure {
                (seen, tenure) = (BTreeMap::new(), account.tenure());
            }
            let mut look = |who: &str, row: &[Value], peaks: &[(u32, u32)]| {
                for (of, peak) in peaks {
                    let key = (who.to_owned(), *peak);
                    if let Some(now) = row[*of as usize].as_number() {
                        let most = seen.entry(key.clone()).or_insert(now);
                        *most = most.max(now);
                    }
                    let most = seen.get(&key).map_or(Value::Null, |x| Value::Number(*x));
                    assert_eq!(row[*peak as usize], most, "column {peak} of {who} at {t}");
                }
            };
            look("", account.row(), &of_account);
            account.people().filter(|p| p.1).for_each(|(id, _, row)| look(id, row, &of_person));
        }
    }

    /// Sampling once a date gives, at the end of each date, the metrics that every instant gives.
    #[test]
    fn sampling_agrees_on_metrics(story in stories(), at in 0..SPAN_MINUTES) {
        let built = story.build(false);
        let to = built.engine.model().calendar.last_instant(built.engine.model().calendar.day(story.at(at)));
        let ((exact, _), (daily, _)) = (built.replay(to, Mode::Exact), built.replay(to, Mode::Daily));
        prop_assume!(exact.life() == Life::Live && daily.life() == Life::Live && exact.tenure() == 1);
        for metric in &built.engine.model().metrics {
            if matches!(metric.def, MetricDef::Events { window: Window::From { .. }, .. }) || !matches!(metric.def, MetricDef::Events { .. } | MetricDef::PeopleIn(_)) { continue }
            prop_assert_eq!(exact.value(metric.column), daily.value(metric.column), "{}", &metric.name);
        }
    }
}

/// The slow and plain way to compute a metric: over the raw events, from the documentation.
#[allow(clippy::too_many_arguments)]
fn scan(
    story: &Story,
    built: &Built,
    account: &Account,
    aggregate: Aggregate,
    events: &Events,
    window: Window,
    filter: Option<&str>,
    t: Instant,
) -> Value {
    let model = built.engine.model();
    let calendar: &Calendar = &model.calendar;
    let today = calendar.day(t);
    let instant = |column: u32| account.value(column).as_instant(calendar);
    let (from, to) = match window {
        Window::Lifetime => (Instant::MIN, t.next()),
        Window::Days { days, offset } => {
            (calendar.midnight(Day(today.0 - offset - days + 1)), calendar.midnight(Day(today.0 - offset + 1)))
        }
        Window::Exact { micros, offset } => (t.plus(1 - offset - micros), t.plus(1 - offset)),
        Window::From { anchor, length } => match instant(anchor) {
            None => return Value::Null,
            Some(a) => (a, length.map_or(Instant::NEVER, |l| calendar.add(a, l, 1))),
        },
        Window::Before { anchor, length } => match instant(anchor) {
            None => return Value::Null,
            Some(a) => (calendar.add(a, length, -1), a),
        },
    };
    let mut raw = story.events.clone();
    raw.sort();
    raw.dedup();
    let names = ["a", "b", "c", "d"];
    let hits: Vec<(Instant, usize, usize, Option<f64>)> = raw
        .iter()
        .map(|(m, n, p, a)| (story.at(*m), usize::from(*n), usize::from(*p), a.map(|a| f64::from(a) * 0.5)))
        .filter(|(time, ..)| *time >= from && *time < to && *time <= t)
        .filter(|(_, name, ..)| match events {
            Events::Any => true,
            Events::Named(ids) => ids.iter().any(|i| model.event_names[usize::from(*i)] == names[*name]),
        })
        .filter(|(.., amount)| match filter {
            Some(f) if f.contains("> 2") => amount.is_some_and(|a| a > 2.0),
            Some(_) => amount.is_some_and(|a| a <= 1.0),
            None => true,
        })
        .collect();
    let amounts: Vec<f64> = hits.iter().filter_map(|h| h.3).collect();
    let number = |x: f64| Value::Number(x);
    let sum = || amounts.iter().fold(Decimal::ZERO, |s, x| s + Decimal::from_f64(*x)).to_f64();
    let distinct = |keys: Vec<i64>| number(keys.into_iter().collect::<BTreeSet<_>>().len() as f64);
    match aggregate {
        Aggregate::Count => number(hits.len() as f64),
        Aggregate::Sum(_) => number(sum()),
        Aggregate::Avg(_) if amounts.is_empty() => Value::Null,
        Aggregate::Avg(_) => number(sum() / amounts.len() as f64),
        Aggregate::Min(_) => amounts.iter().copied().reduce(f64::min).map_or(Value::Null, number),
        Aggregate::Max(_) => amounts.iter().copied().reduce(f64::max).map_or(Value::Null, number),
        Aggregate::Last(_) => {
            let last = hits.iter().filter(|h| h.3.is_some()).max_by(|a, b| a.0.cmp(&b.0).then(a.3.partial_cmp(&b.3).unwrap()));
            last.and_then(|h| h.3).map_or(Value::Null, number)
        }
        Aggregate::People => distinct(hits.iter().filter(|h| h.2 < 3).map(|h| h.2 as i64).collect()),
        Aggregate::Days => distinct(hits.iter().map(|h| i64::from(calendar.day(h.0).0)).collect()),
        Aggregate::Distinct(_) => distinct(amounts.iter().map(|a| (a * 2.0) as i64).collect()),
        Aggregate::Events => distinct(hits.iter().map(|h| h.1 as i64).collect()),
        Aggregate::Since => {
            let started = model.account.iter().position(|c| c.name == "started_at").unwrap() as u32;
            let from = hits.last().map(|h| h.0).or_else(|| instant(started));
            from.map_or(Value::Null, |f| number(f64::from(today.0 - calendar.day(f).0)))
        }
        Aggregate::FirstTime => hits.first().map_or(Value::Null, |h| Value::Time(h.0)),
        Aggregate::LastTime => hits.last().map_or(Value::Null, |h| Value::Time(h.0)),
        Aggregate::Ever => Value::Bool(!hits.is_empty()),
    }
}

#[test]
fn a_late_input_is_refused_and_changes_nothing() {
    let engine = Engine::new(model(0, &[0], &[1, 2, 3, 4]));
    let mut table = EventTable::new(engine.model());
    table.push(Instant(10 * DAY), "a", None, &json!({}));
    let mut account = engine.account("acme");
    let inputs = Inputs { people: &[], events: table.events(), changes: &[] };
    engine.advance(&mut account, &inputs, Instant(12 * DAY), Mode::Exact, &mut tenure_engine::Nothing).unwrap();
    let row = account.row().to_vec();
    let mut late = EventTable::new(engine.model());
    late.push(Instant(11 * DAY + HOUR), "a", None, &json!({}));
    let inputs = Inputs { people: &[], events: late.events(), changes: &[] };
    assert!(engine.advance(&mut account, &inputs, Instant(13 * DAY), Mode::Exact, &mut tenure_engine::Nothing).is_err());
    assert_eq!(account.row(), row);
}

#[test]
fn who_leaves_and_returns_at_one_instant_is_there() {
    let engine = Engine::new(model(0, &[0], &[1, 2, 3, 4]));
    let at = |day: i64| Some(Instant(day * DAY));
    let stay = |from, until| Membership { person: "ann".into(), account: "acme".into(), from: at(from), until };
    let mut changes = engine.changes(&[]);
    changes.memberships(&[stay(12, None), stay(10, at(12))]);
    let (people, changes, _) = changes.finish();
    let mut account = engine.account("acme");
    let inputs = Inputs { people: &people, changes: &changes, ..Inputs::default() };
    engine.advance(&mut account, &inputs, Instant(13 * DAY), Mode::Exact, &mut tenure_engine::Nothing).unwrap();
    assert!(account.people().all(|p| p.1));
}
