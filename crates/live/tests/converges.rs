//! What an account is after its inputs depends neither on the order in which they come, nor on how they are divided, nor on duplicates, nor on
//! restarts from nothing: it is what a replay of its whole history gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use tenure_engine::{Account, Engine, EventTable, Happened, Inputs, Mode, Outcome};
use tenure_ingest::Resolver;
use tenure_live::{Keys, Live, Page, Pages, Part, Past, PastSaid, Recent, Said, Step, Through};
use tenure_model::Instant;
use tenure_model::input::{Entity, Membership, Version};
use tenure_model::time::{HOUR, MINUTE};

const MODEL: &str = r#"
timezone: Europe/Berlin
traits: { tier: number, parent: text }
events: { upgraded: { plan: text } }
metrics:
  logins_7d:    { count: login, window: 7d }
  logins_2h:    { count: login, window: 2h }
  people_3d:    { people: any, window: 3d }
  quiet_days:   { since: login }
  last_plan:    { last: upgraded.plan }
  family:       { children: logins_7d, how: sum }
segments:
  large: { when: "tier = 1" }
  busy:  { when: "logins_2h >= 2" }
lifecycle:
  stages:
    onboarding: { first: true, expected: { default: 2d } }
    adoption:   { when: "logins_7d >= 3", back_to: onboarding }
  milestones:
    two: { reached: "logins_7d >= 2", due: 1d after started_at, alert: slow }
scorecards:
  score: { groups: { use: { measures: { logins: { metric: logins_7d, points: { 0: 0, 5: 100 } } } } } }
alerts:
  slow:  { severity: high }
  quiet: { when: "quiet_days >= 1", for: 3h, cooldown: 1d }
  crowd: { segment: busy, when: "people_3d >= 2" }
"#;

fn engine() -> Arc<Engine> {
    engine_of(MODEL)
}

fn engine_of(model: &str) -> Arc<Engine> {
    let model = tenure_model::check(&[("model.yaml".to_owned(), model.to_owned())]).unwrap_or_else(|errors| panic!("{errors:#?}"));
    Arc::new(Engine::new(Arc::new(model)))
}

fn start() -> Instant {
    Instant::parse("2025-03-28T20:00:00Z").unwrap()
}

#[derive(Clone, Debug, PartialEq)]
enum Input {
    Event { account: usize, person: usize, minute: i64, name: &'static str, id: usize },
    Tier { account: usize, minute: i64, tier: i64 },
    Parent { account: usize, minute: i64 },
}

const ACCOUNTS: [&str; 3] = ["acme", "north", "group"];

impl Input {
    fn minute(&self) -> i64 {
        match self {
            Input::Event { minute, .. } | Input::Tier { minute, .. } | Input::Parent { minute, .. } => *minute,
        }
    }

    fn at(&self) -> Instant {
        start().plus(self.minute() * MINUTE)
    }

    fn version(&self) -> Option<Version> {
        let (account, field, value) = match self {
            Input::Tier { account, tier, .. } => (*account, "tier", serde_json::json!(tier)),
            Input::Parent { account, .. } => (*account, "parent", serde_json::json!("group")),
            Input::Event { .. } => return None,
        };
        let entity = Entity::Account(ACCOUNTS[account].into());
        Some(Version { entity, field: field.into(), value, valid_from: Some(self.at()), known_from: None })
    }

    fn recent(&self) -> Option<(usize, Recent)> {
        let Input::Event { account, person, name, id, .. } = self else { return None };
        let person: Arc<str> = format!("p{person}").into();
        Some((
            *account,
            Recent {
                time: self.at(),
                position: Recent::ARCHIVED,
                name: (*name).into(),
                person: Some(person.clone()),
                given_account: Some(ACCOUNTS[*account].into()),
                given_person: Some(person),
                source: "web".into(),
                properties: (*name == "upgraded").then(|| format!("{{\"plan\":\"p{id}\"}}").into()),
                message_id: Some(format!("m{id}").into()),
                arrived: Instant::MIN,
            },
        ))
    }
}

fn inputs() -> impl Strategy<Value = Vec<Input>> {
    let minute = 0i64..(4 * 24 * 60);
    let event = (0usize..2, 0usize..3, minute.clone(), prop::sample::select(vec!["login", "upgraded", "other"]));
    let one = prop_oneof![
        8 => event.prop_map(|(account, person, minute, name)| Input::Event { account, person, minute, name, id: 0 }),
        1 => (0usize..2, minute.clone(), 1i64..3).prop_map(|(account, minute, tier)| Input::Tier { account, minute, tier }),
        1 => (0usize..2, minute).prop_map(|(account, minute)| Input::Parent { account, minute }),
    ];
    prop::collection::vec(one, 1..60).prop_map(|mut all| {
        for (n, input) in all.iter_mut().enumerate() {
            if let Input::Event { id, .. } = input {
                *id = n;
            }
        }
        all
    })
}

/// Everything that was ever said of an account, and what its children reported up to now.
fn past(engine: &Engine, all: &[Input], account: usize, now: Instant) -> Past {
    let events = all.iter().filter_map(Input::recent).filter(|(of, _)| *of == account).map(|(_, r)| r).collect();
    let of = |v: &Version| v.entity == Entity::Account(ACCOUNTS[account].into());
    let versions = all.iter().filter_map(Input::version).filter(of).collect();
    let mut children = Vec::new();
    if ACCOUNTS[account] == "group" {
        for (child, name) in ACCOUNTS.iter().enumerate().take(2) {
            let (_, outcomes) = replay(engine, past(engine, all, child, now), name, now);
            for outcome in outcomes {
                if let Happened::Export { value, .. } = outcome.what {
                    children.push(tenure_engine::Change { at: outcome.at, what: tenure_engine::What::Child((*name).into(), value) });
                }
            }
        }
    }
    Past { events, said: PastSaid { versions, memberships: vec![], decisions: vec![] }, children, through: Through::default() }
}

fn replay(engine: &Engine, past: Past, id: &str, to: Instant) -> (Account, Vec<Outcome>) {
    let mut events = past.events;
    events.sort_by(|a, b| a.order(b));
    let mut table = EventTable::new(engine.model());
    events.iter().for_each(|e| e.push(&mut table));
    let mut changes = engine.changes(table.people());
    changes.versions(&past.said.versions);
    changes.children(past.children.into_iter().filter(|c| c.at <= to));
    let (people, changes, _) = changes.finish();
    let mut account = engine.account(id);
    let mut outcomes = Vec::new();
    let inputs = Inputs { people: &people, events: table.events(), changes: &changes };
    engine.advance(&mut account, &inputs, to, Mode::Exact, &mut outcomes).unwrap();
    (account, outcomes)
}

/// Pages in memory. What was left is overwritten, to be found out where it is still read.
#[derive(Default)]
struct Memory(Vec<Vec<u8>>);

impl Pages for Memory {
    fn put(&mut self, bytes: &[u8]) -> Option<Page> {
        self.0.push(bytes.to_vec());
        Some(Page { place: self.0.len() as u64 - 1, length: bytes.len() as u32 })
    }

    fn get(&self, page: Page, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0[page.place as usize]);
    }

    fn free(&mut self, page: Page) {
        self.0[page.place as usize].fill(0xff);
    }
}

/// What is told of each account, restatements applied.
#[derive(Default)]
struct Told(BTreeMap<Arc<str>, Vec<Outcome>>);

impl Told {
    fn hear(&mut self, step: Step) {
        for change in step.changes {
            let told = self.0.entry(change.account).or_default();
            if let Some(after) = change.restated {
                told.retain(|o| o.at <= after);
            }
            // Whoever writes it down writes it in the place of everything from its first instant on.
            if let (Some(last), Some(first)) = (told.last(), change.outcomes.first()) {
                assert!(last.at < first.at, "{first:?} is told after {last:?}");
            }
            told.extend(change.outcomes);
        }
    }
}

fn settle(live: &mut Live, sent: &[Input], now: Instant, told: &mut Told) {
    for _ in 0..1_000 {
        let wanting = live.wanting();
        let mut step = Step::default();
        for id in &wanting {
            let account = ACCOUNTS.iter().position(|a| **a == **id).unwrap();
            let past = past(&live.engine().clone(), sent, account, now);
            live.give(id, past, now, &mut step);
        }
        told.hear(step);
        let step = live.advance(now, 10);
        let more = step.more || step.evaluated > 0;
        told.hear(step);
        if !more && live.wanting().is_empty() {
            return;
        }
    }
    panic!("it does not settle");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, rng_seed: proptest::test_runner::RngSeed::Fixed(7), max_shrink_iters: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn live_is_what_a_replay_gives(all in inputs(), order in prop::collection::vec(any::<prop::sample::Index>(), 60), delays in prop::collection::vec(0i64..2_000, 60), cut in 1usize..7, packs in prop::collection::vec(0usize..4, 60)) {
        let engine = engine();
        let end = start().plus(5 * 24 * HOUR);
        // Most arrive soon after they happen, some much later, some twice.
        let mut arrivals: Vec<(i64, Input)> = all.iter().zip(&delays).map(|(i, d)| (i.minute() + if d % 3 == 0 { *d } else { d % 15 }, i.clone())).collect();
        arrivals.extend(order.iter().take(3).map(|i| { let input = i.get(&all).clone(); (input.minute() + 3_000, input) }));
        arrivals.sort_by_key(|a| a.0);
        let mut live = Live::new(engine.clone(), Resolver::default(), Keys::default());
        let mut told = Told::default();
        let mut sent: Vec<Input> = Vec::new();
        live.set_pages(Box::<Memory>::default());
        for (batch, pack) in arrivals.chunks(cut).zip(packs.iter().cycle()) {
            let now = start().plus(batch.last().map_or(0, |a| a.0) * MINUTE);
            for (_, input) in batch {
                if let Some(version) = input.version() {
                    sent.push(input.clone());
                    live.version(&version);
                }
                if let Some((_, r)) = input.recent() {
                    let said = Said { position: 1, arrived: now, source: &r.source, account: r.given_account.as_deref(), person: r.given_person.as_deref(), name: &r.name, time: r.time, message_id: r.message_id.as_deref(), properties: r.properties.as_deref() };
                    // A copy that comes after its key was forgotten is told apart by the history.
                    if live.event(said) && !sent.contains(input) {
                        sent.push(input.clone());
                    }
                }
            }
            settle(&mut live, &sent, now, &mut told);
            if *pack == 3 {
                // What waits for the archive stays at hand.
                live.archived(1);
            }
            live.pack(if *pack == 3 { usize::MAX } else { *pack });
            prop_assert!(*pack != 3 || live.at_hand() == 0, "{} stay", live.at_hand());
        }
        settle(&mut live, &sent, end, &mut told);
        for (i, id) in ACCOUNTS.iter().enumerate() {
            let Some(head) = live.account(id) else { continue };
            if head.at() == Instant::MIN { continue; }
            let to = head.at();
            let (account, outcomes) = replay(&engine, past(&engine, &all, i, end), id, to);
            prop_assert!(account.next_timer() > end || account.life() != tenure_engine::Life::Live);
            for (slot, (a, b)) in account.row().iter().zip(head.row()).enumerate() {
                prop_assert!(a.same(b), "{id}: {} is {b:?}, a replay to {to} gives {a:?}", engine.model().account[slot].name);
            }
            let facts = |all: Vec<Outcome>| all.into_iter().filter(|o| !matches!(o.what, Happened::Export { .. })).map(|o| (o.at, format!("{:?}", o.what))).collect::<Vec<_>>();
            let ours = told.0.remove(*id).unwrap_or_default();
            prop_assert_eq!(facts(ours), facts(outcomes), "{}", id);
        }
    }
}

/// Takes a batch of arrivals, each with its minute.
fn arrive(live: &mut Live, batch: &[(i64, Input)], sent: &mut Vec<Input>, told: &mut Told) {
    let now = start().plus(batch.last().map_or(0, |a| a.0) * MINUTE);
    for (_, input) in batch {
        if let Some(version) = input.version() {
            sent.push(input.clone());
            live.version(&version);
        }
        if let Some((_, r)) = input.recent() {
            let said = Said {
                position: 1,
                arrived: now,
                source: &r.source,
                account: r.given_account.as_deref(),
                person: r.given_person.as_deref(),
                name: &r.name,
                time: r.time,
                message_id: r.message_id.as_deref(),
                properties: r.properties.as_deref(),
            };
            if live.event(said) && !sent.contains(input) {
                sent.push(input.clone());
            }
        }
    }
    settle(live, sent, now, told);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, rng_seed: proptest::test_runner::RngSeed::Fixed(11), failure_persistence: None, ..ProptestConfig::default() })]

    /// A snapshot that is taken part by part while inputs come, and those inputs again, give what there is without it.
    #[test]
    fn a_snapshot_is_of_one_instant(all in inputs(), delays in prop::collection::vec(0i64..500, 60), cut in 1usize..7, begins in 0usize..10, bytes in 1usize..2_000) {
        let engine = engine();
        let mut arrivals: Vec<(i64, Input)> = all.iter().zip(&delays).map(|(i, d)| (i.minute() + d % 90, i.clone())).collect();
        arrivals.sort_by_key(|a| a.0);
        let batches: Vec<&[(i64, Input)]> = arrivals.chunks(cut).collect();
        let begins = begins.min(batches.len());
        let mut live = Live::new(engine.clone(), Resolver::default(), Keys::default());
        let (mut sent, mut parts, mut told) = (Vec::new(), Vec::new(), Told::default());
        live.set_pages(Box::<Memory>::default());
        for batch in &batches[..begins] {
            arrive(&mut live, batch, &mut sent, &mut told);
            live.pack(1);
        }
        live.begin_saving();
        let mut sent_then = sent.clone();
        for batch in &batches[begins..] {
            arrive(&mut live, batch, &mut sent, &mut told);
            live.pack(1);
            parts.extend(live.save_some(bytes));
        }
        while let Some(part) = live.save_some(bytes) {
            parts.push(part);
        }
        let parts = parts.iter().map(|part| Part::read(&engine, part).unwrap()).collect();
        let (mut restored, mut told) = (Live::restore(engine.clone(), parts), Told::default());
        for batch in &batches[begins..] {
            arrive(&mut restored, batch, &mut sent_then, &mut told);
        }
        prop_assert_eq!(live.len(), restored.len());
        for account in live.accounts() {
            let again = restored.account(account.id()).unwrap();
            prop_assert_eq!((account.at(), account.next_timer()), (again.at(), again.next_timer()));
            prop_assert!(account.row().iter().zip(again.row()).all(|(a, b)| a.same(b)), "{}", account.id());
        }
    }
}

#[test]
fn a_person_s_events_wait_for_their_account() {
    let mut live = Live::new(engine(), Resolver::default(), Keys::default());
    let said = |n: usize, minute: i64| Said {
        position: 1,
        arrived: start(),
        source: "web",
        account: None,
        person: Some("ann"),
        name: "login",
        time: start().plus(minute * MINUTE),
        message_id: Some(["a", "b"][n]),
        properties: None,
    };
    assert!(live.event(said(0, 1)));
    assert!(!live.event(said(0, 1)));
    assert_eq!((live.homeless(), live.duplicates()), (1, 1));
    live.membership(&Membership { person: "ann".into(), account: "acme".into(), from: None, until: None });
    assert!(live.event(said(1, 2)));
    live.advance(start().plus(HOUR), 10);
    let slot = live.engine().model().account.iter().position(|c| c.name == "logins_7d").unwrap();
    assert_eq!(live.account("acme").unwrap().row()[slot].as_number(), Some(2.0));
    assert_eq!(live.homeless(), 0);
}

#[test]
fn what_happens_at_one_instant_is_told_as_a_whole() {
    let engine = engine_of(
        "traits: { tier: number }\nsegments: { large: { when: \"tier = 1\" } }\nlifecycle: { stages: { onboarding: { first: true } } }",
    );
    let (mut live, mut told) = (Live::new(engine.clone(), Resolver::default(), Keys::default()), Told::default());
    let sent = [Input::Tier { account: 0, minute: 1, tier: 0 }, Input::Tier { account: 0, minute: 1, tier: 1 }];
    for n in 0..2 {
        live.version(&sent[n].version().unwrap());
        settle(&mut live, &sent[..=n], start().plus(2 * MINUTE), &mut told);
    }
    let (_, outcomes) = replay(&engine, past(&engine, &sent, 0, start().plus(2 * MINUTE)), "acme", start().plus(HOUR));
    assert_eq!(format!("{:?}", told.0["acme"]), format!("{outcomes:?}"));
    assert!(outcomes.len() > 2 && outcomes.iter().all(|o| o.at == sent[0].at()), "{outcomes:?}");
}
