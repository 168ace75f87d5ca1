//! No leakage: what comes in after an instant changes nothing of what is known as of it. Events, also such that happened before it and arrive later,
//! traits, roles, subscriptions and their ends, memberships, merges and decisions: two futures, or none, after the same past.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, RecordBatch, TimestampMicrosecondArray, new_null_array};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tenure_engine::{Account, Engine, Inputs, Mode, Outcome, Sink};
use tenure_history::{Archive, Resolver};
use tenure_ingest::batch::{self, Builder, Row};
use tenure_model::input::{Action, Decision, Entity, Membership, Merge, Version};
use tenure_model::time::{Day, HOUR, Instant};
use tenure_replay::replay::{Visitor, replay};
use tenure_replay::{Result, Scope, World};
use tenure_store::{Database, ImportKey, Store};
use tokio::runtime::Runtime;

const MODEL: &str = r#"
traits: { tier: text }
person_traits: { role: text }
metrics:
  logins_7d: { count: login, window: 7d }
  people_7d: { people: any, window: 7d }
  errors:    { count: error }
  admins_in: { people_in: admins }
segments:
  admins: { of: person, when: "role = 'admin'" }
  paying: { when: "arr > 0" }
  large:  { when: "tier = 'large'" }
lifecycle:
  stages:
    new:    { first: true }
    active: { when: "logins_7d >= 2" }
scorecards:
  main:
    groups:
      use: { measures: { logins: { metric: logins_7d, points: { 0: 0, 5: 100 } }, people: { metric: people_7d, points: { 0: 0, 3: 100 } } } }
alerts:
  errors: { when: "errors >= 2", for: 1d }
  quiet:  { segment: paying, when: "logins_7d = 0" }
  ends:   { when: "subscriptions = 0" }
  admins: { when: "admins_in >= 1" }
"#;

const NAMES: [&str; 3] = ["login", "error", "other"];
/// Hours of a story.
const HOURS: i64 = 24 * 30;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

fn at(hour: i64) -> Instant {
    Instant::parse("2025-03-01T00:00:00Z").unwrap().plus(hour * HOUR)
}

/// Something that comes in.
#[derive(Clone, Debug)]
enum Fact {
    /// What, of which account or person, when; hours until it arrives, None: in a file.
    Event { name: usize, account: Option<usize>, person: usize, hour: i64, delay: Option<i64> },
    /// Of an account or a person: a value from an hour on, None: since ever; hours until it is told.
    Said { person: bool, of: usize, value: bool, from: Option<i64>, told: Option<i64> },
    /// Of an account, from an hour on; how long, and how many hours before its end it is cancelled.
    Subscribed { account: usize, from: i64, length: Option<(i64, i64)> },
    /// Belongs to an account, from when, how long.
    Member { person: usize, account: usize, from: Option<i64>, length: Option<i64> },
    /// The first of two is merged into the second.
    Merged { accounts: bool, from: usize, into: usize, hour: i64 },
    /// By hand.
    Decided { account: usize, hour: i64, released: bool },
}

/// What is known of a fact at an hour; None: nothing.
fn known(fact: &Fact, hour: i64) -> Option<Fact> {
    let is_known = match fact {
        Fact::Event { hour: time, delay, .. } => time + delay.unwrap_or(0) <= hour,
        Fact::Said { from, told, .. } => from.is_none_or(|from| from + told.unwrap_or(0) <= hour),
        Fact::Subscribed { account, from, length } => {
            let length = length.filter(|(length, notice)| from + length - notice <= hour);
            return (*from <= hour).then_some(Fact::Subscribed { account: *account, from: *from, length });
        }
        Fact::Member { person, account, from, length } => {
            let length = length.filter(|length| from.unwrap_or(0) + length <= hour);
            let known = Fact::Member { person: *person, account: *account, from: *from, length };
            return from.is_none_or(|from| from <= hour).then_some(known);
        }
        Fact::Merged { hour: time, .. } | Fact::Decided { hour: time, .. } => *time <= hour,
    };
    is_known.then(|| fact.clone())
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let hour = || 0..HOURS;
    let event = (0..3usize, prop::option::weighted(0.6, 0..4usize), 0..4usize, hour(), prop::option::weighted(0.6, 0..200i64));
    let said = (any::<bool>(), 0..4usize, any::<bool>(), prop::option::weighted(0.8, hour()), prop::option::of(0..200i64));
    let subscribed = (0..4usize, hour(), prop::option::of((1..HOURS, 0..200i64)));
    let member = (0..4usize, 0..4usize, prop::option::weighted(0.8, hour()), prop::option::of(1..HOURS));
    let merged = (any::<bool>(), 0..4usize, 0..4usize, hour());
    let fact = prop_oneof![
        8 => event.prop_map(|(name, account, person, hour, delay)| Fact::Event { name, account, person, hour, delay }),
        2 => said.prop_map(|(person, of, value, from, told)| Fact::Said { person, of, value, from, told: told.filter(|_| from.is_some()) }),
        2 => subscribed.prop_map(|(account, from, length)| {
            Fact::Subscribed { account, from, length: length.map(|(length, notice)| (length, notice.min(length))) }
        }),
        3 => member.prop_map(|(person, account, from, length)| Fact::Member { person, account, from, length }),
        1 => merged.prop_map(|(accounts, from, into, hour)| Fact::Merged { accounts, from, into, hour }),
        1 => (0..4usize, hour(), any::<bool>()).prop_map(|(account, hour, released)| Fact::Decided { account, hour, released }),
    ];
    prop::collection::vec(fact, 5..60)
}

fn account(n: usize) -> String {
    format!("account-{n}")
}

fn person(n: usize) -> String {
    format!("person-{n}")
}

/// The versions that a fact tells of; `n` tells subscriptions apart.
fn versions(fact: &Fact, n: usize) -> Vec<Version> {
    let version = |entity: &Entity, field: &str, value: Json, valid_from: Option<Instant>, known_from: Option<Instant>| Version {
        entity: entity.clone(),
        field: field.to_owned(),
        value,
        valid_from,
        known_from,
    };
    match fact {
        Fact::Said { person: of_person, of, value, from, told } => {
            let (from, told) = (from.map(at), from.zip(*told).map(|(from, told)| at(from + told)));
            let (entity, field, values) = match of_person {
                true => (Entity::Person(person(*of)), "role", ["admin", "user"]),
                false => (Entity::Account(account(*of)), "tier", ["large", "small"]),
            };
            vec![version(&entity, field, json!(values[usize::from(*value)]), from, told)]
        }
        Fact::Subscribed { account: of, from, length } => {
            let entity = Entity::Subscription(account(*of), format!("s{n}"));
            let field = |name: &str, value: Json| version(&entity, name, value, Some(at(*from)), None);
            let begin = [field("started_at", json!(at(*from).to_string())), field("arr", json!(100 * (n + 1)))];
            let end = length.iter().flat_map(|(length, notice)| {
                let [end, cancelled] = [*length, length - notice].map(|hours| json!(at(from + hours).to_string()));
                [field("ended_at", end), field("cancelled_at", cancelled)]
            });
            begin.into_iter().chain(end).collect()
        }
        _ => vec![],
    }
}

/// Events as an export has them, each with its arrival.
fn arrived(events: &RecordBatch, received: Vec<i64>) -> RecordBatch {
    let schema = batch::exported_schema();
    let empty = |name: &str| new_null_array(schema.field_with_name(name).unwrap().data_type(), events.num_rows());
    let received: ArrayRef = Arc::new(TimestampMicrosecondArray::from(received).with_timezone("UTC"));
    let more = [empty("source"), received, empty("sent_at"), empty("original_time")];
    RecordBatch::try_new(schema.clone(), events.columns().iter().cloned().chain(more).collect()).unwrap()
}

/// Writes facts, each with its number, into a new data folder.
async fn write(data: &Path, facts: &[(usize, Fact)]) -> Store {
    let store = Store::open(&Database::Sqlite(data.join("tenure.db"))).await.unwrap();
    let mut write = store.write().await.unwrap();
    let (kind, source) = ("accounts".to_owned(), "file".to_owned());
    let key = ImportKey { kind, content_hash: String::new(), mapping_hash: String::new(), source, dated: None };
    let import = write.begin_import(&key, "file", at(0)).await.unwrap();
    let all: Vec<Version> = facts.iter().flat_map(|(n, fact)| versions(fact, *n)).collect();
    write.add_versions(import, &all).await.unwrap();
    let (mut memberships, mut merges) = (Vec::new(), Vec::new());
    for (_, fact) in facts {
        match fact {
            Fact::Member { person: p, account: a, from, length } => {
                let until = length.map(|length| at(from.unwrap_or(0) + length));
                memberships.push(Membership { person: person(*p), account: account(*a), from: from.map(at), until });
            }
            Fact::Merged { accounts, from, into, hour } => {
                let id = if *accounts { account } else { person };
                merges.push(Merge { account: *accounts, from: id(*from), into: id(*into), at: at(*hour) });
            }
            Fact::Decided { account: of, hour, released } => {
                let action = if *released { Action::ReleaseStage } else { Action::SetStage { stage: "active".into(), until: None } };
                let decision = Decision { account: account(*of), at: at(*hour), author: "ann".into(), reason: String::new(), action };
                write.add_decision(&decision).await.unwrap();
            }
            _ => {}
        }
    }
    write.add_memberships(import, &memberships).await.unwrap();
    merges.sort_by_key(|merge| (merge.at, merge.from.clone(), merge.into.clone()));
    for merge in merges {
        // Some would run in a circle, or merge again: nobody decides that.
        let _ = write.add_merge(&merge, "ann").await;
    }
    write.commit().await.unwrap();

    let resolver = Resolver::new(&store.memberships().await.unwrap(), &store.merge_list().await.unwrap());
    let mut archive = Archive::open(data).unwrap();
    for of_file in [true, false] {
        let (mut builder, mut received) = (Builder::default(), Vec::new());
        for (n, fact) in facts {
            let Fact::Event { name, account: of, person: by, hour, delay } = fact else { continue };
            if delay.is_none() == of_file {
                let (of, by, id) = (of.map(account), person(*by), format!("m{n}"));
                let (account, person, message_id) = (of.as_deref(), Some(&*by), Some(&*id));
                builder.push(Row { account, person, name: NAMES[*name], time: at(*hour), message_id, properties: None });
                received.push(at(hour + delay.unwrap_or(0)).0);
            }
        }
        // Everything is imported long afterwards.
        let mut import = archive.import("events", at(10 * HOURS), 0).unwrap();
        let events = builder.finish();
        import.append(&if of_file { events } else { arrived(&events, received) }).unwrap();
        import.finish(&resolver, &mut |_, _| {}).unwrap();
    }
    store
}

/// What is told of each account, and how it stands.
#[derive(Default)]
struct Told(BTreeMap<String, (Vec<String>, String)>);

impl Sink for Told {
    fn outcome(&mut self, account: &Account, outcome: Outcome) {
        self.0.entry(account.id().to_string()).or_default().0.push(format!("{} {:?}", outcome.at, outcome.what));
    }
}

impl Visitor for Told {
    fn account(&mut self, account: Account, _: &Inputs<'_>) -> Result<()> {
        let mut row: Vec<String> = account.row().iter().map(ToString::to_string).collect();
        row.push(format!("{:?} {:?}", account.life(), account.stage()));
        self.0.entry(account.id().to_string()).or_default().1 = row.join(" ");
        Ok(())
    }
}

fn seen(world: &World, until: Instant, mode: Mode) -> BTreeMap<String, (Vec<String>, String)> {
    let visitors = replay(world, until, mode, 2, |_| Ok(Told::default()), &|_, _| {}).unwrap();
    let mut all: BTreeMap<_, _> = visitors.into_iter().flat_map(|visitor| visitor.0).collect();
    // Of accounts that are not there nothing stands.
    all.retain(|_, (_, row)| !row.is_empty());
    all.values_mut().for_each(|(lines, _)| lines.sort());
    all
}

fn engine(model: &str) -> Arc<Engine> {
    let model = tenure_model::check(&[("model.yaml".to_owned(), model.to_owned())]).unwrap_or_else(|found| panic!("{found:?}"));
    Arc::new(Engine::new(Arc::new(model)))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        rng_seed: proptest::test_runner::RngSeed::Fixed(7),
        failure_persistence: None,
        max_shrink_iters: 300,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_comes_in_later_changes_nothing(story in facts(), other in facts(), hour in HOURS / 4..HOURS) {
        let past: Vec<(usize, Fact)> = story.iter().enumerate().filter_map(|(n, fact)| Some((n, known(fact, hour)?))).collect();
        let whole: Vec<(usize, Fact)> = story.iter().cloned().enumerate().collect();
        let later = other.iter().enumerate().filter(|(_, fact)| known(fact, hour).is_none()).map(|(n, fact)| (1_000 + n, fact.clone()));
        let turned: Vec<(usize, Fact)> = past.iter().cloned().chain(later).collect();
        let until = at(hour + 1).plus(-1);
        // Without rules that look at persons, dates are computed in columns.
        let plain: String = MODEL.lines().filter(|line| !line.contains("admins")).fold(String::new(), |all, line| all + line + "\n");
        let engines = [MODEL, &plain].map(engine);
        RUNTIME.block_on(async {
            let mut expected = Vec::new();
            for facts in [past, whole, turned] {
                let folder = tempfile::tempdir().unwrap();
                let store = write(folder.path(), &facts).await;
                let mut told = Vec::new();
                for engine in &engines {
                    let scope = Scope { columns: engine.everything(), known: Some(until) };
                    let archive = Archive::open(folder.path()).unwrap();
                    let world = World::load_scope(&scope, engine.clone(), archive, &store, 2).await.unwrap();
                    told.extend([Mode::Exact, Mode::Daily { from: Day(i32::MIN) }].map(|mode| seen(&world, until, mode)));
                }
                store.close().await;
                expected.push(told);
            }
            prop_assert_eq!(&expected[1], &expected[0]);
            prop_assert_eq!(&expected[2], &expected[0]);
            Ok(())
        })?;
    }

    #[test]
    fn what_no_definition_reads_decides_nothing(story in facts()) {
        let engine = engine(&MODEL.replace("arr > 0", "id = 'account-1'").replace("tier = 'large'", "id = 'account-2'"));
        let scope = Scope { columns: engine.everything(), known: None };
        RUNTIME.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let facts: Vec<(usize, Fact)> = story.into_iter().enumerate().collect();
            let store = write(folder.path(), &facts).await;
            let archive = || Archive::open(folder.path()).unwrap();
            let lean = World::load_scope(&scope, engine.clone(), archive(), &store, 2).await.unwrap();
            let full = World::load(engine, archive(), &store, 2);
            let lines = |world: &World| -> Vec<(String, Vec<String>)> {
                seen(world, at(2 * HOURS), Mode::Exact).into_iter().map(|(id, (lines, _))| (id, lines)).collect()
            };
            prop_assert_eq!(lines(&lean), lines(&full));
            store.close().await;
            Ok(())
        })?;
    }
}
