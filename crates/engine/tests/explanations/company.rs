//! A simulated company with the saas model, its inputs by account, and some decisions of its teammates.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tenure_engine::explain::Evidence;
use tenure_engine::{Account, Change, Engine, EventTable, Inputs, Mode, Nothing};
use tenure_model::Instant;
use tenure_model::input::{Action, Decision, Entity, Membership, OverrideKind, Version};
use tenure_simulate::{Config, NOBODY, Order, Property, Simulation, person_id};

pub struct Company {
    pub engine: Engine,
    pub histories: Vec<History>,
}

/// Everything about one account.
pub struct History {
    pub id: Arc<str>,
    pub events: Vec<Json>,
    pub versions: Vec<Version>,
    table: EventTable,
    people: Vec<Arc<str>>,
    changes: Vec<Change>,
}

/// The part of a history up to an instant.
pub struct Until<'a>(Inputs<'a>);

impl Until<'_> {
    pub fn inputs(&self) -> Inputs<'_> {
        self.0
    }
}

/// What explanations show of a history.
pub struct Told<'a>(pub &'a History);

impl Evidence for Told<'_> {
    fn event(&self, index: usize) -> Json {
        self.0.events[index].clone()
    }

    fn versions(&self, field: &str) -> Vec<Version> {
        self.0.versions.iter().filter(|v| v.field == field && matches!(v.entity, Entity::Account(_))).cloned().collect()
    }

    fn events_max(&self) -> usize {
        1_000
    }
}

impl History {
    pub fn until(&self, at: Instant) -> Until<'_> {
        let changes = &self.changes[..self.changes.partition_point(|c| c.at <= at)];
        Until(Inputs { people: &self.people, events: self.table.events().until(at), changes })
    }
}

impl Company {
    pub fn simulated(accounts: u32) -> Company {
        let engine = Engine::new(Arc::new(model()));
        let simulation = Simulation::new(Config { seed: 11, accounts, events: u64::from(accounts) * 400, ..Config::default() });
        let mut tables: Vec<(Vec<Json>, EventTable)> = (0..accounts).map(|_| (vec![], EventTable::new(engine.model()))).collect();
        for chunk in simulation.events(Order::Time) {
            for i in 0..chunk.len() {
                let (events, table) = &mut tables[chunk.account[i] as usize];
                let person = (chunk.person[i] != NOBODY).then(|| person_id(chunk.account[i], chunk.person[i]));
                let (time, properties) = (Instant(chunk.time[i]), properties(chunk.property[i]));
                table.push(time, chunk.name[i].as_str(), person.as_deref(), &properties);
                events.push(
                    json!({ "time": time.to_string(), "name": chunk.name[i].as_str(), "person_id": person, "properties": properties }),
                );
            }
        }
        let histories = simulation.accounts().zip(tables).map(|(account, (events, table))| {
            let id: Arc<str> = account.id().into();
            let mut versions = said_of(account);
            for (_, s) in simulation.subscriptions().filter(|(of, _)| of.index == account.index) {
                versions.extend(said_of_subscription(&id, s));
            }
            let people: Vec<_> = simulation.people().filter(|p| p.account == account.index).collect();
            versions.extend(people.iter().map(|p| Version {
                entity: Entity::Person(p.id()),
                field: "role".into(),
                value: p.role.as_str().into(),
                valid_from: Some(Instant(p.joined_at)),
                known_from: None,
            }));
            let member = |p: &tenure_simulate::Person| Membership {
                person: p.id(),
                account: id.to_string(),
                from: Some(Instant(p.joined_at)),
                until: None,
            };
            History::new(&engine, id.clone(), events, table, versions, people.iter().map(member).collect(), decisions(account.index, &id))
        });
        let histories = histories.collect();
        Company { engine, histories }
    }

    /// The account as of an instant.
    pub fn account(&self, history: &History, at: Instant) -> Account {
        let mut account = self.engine.account(history.id.clone());
        self.engine.advance(&mut account, &history.until(at).inputs(), at, Mode::Exact, &mut Nothing).unwrap();
        account
    }
}

impl History {
    fn new(
        engine: &Engine,
        id: Arc<str>,
        events: Vec<Json>,
        mut table: EventTable,
        versions: Vec<Version>,
        memberships: Vec<Membership>,
        decisions: Vec<Decision>,
    ) -> History {
        let order = table.sort();
        let events = order.into_iter().map(|i| events[i].clone()).collect();
        let mut changes = engine.changes(table.people());
        changes.versions(&versions);
        changes.memberships(&memberships);
        changes.decisions(&decisions);
        let (people, changes, _) = changes.finish();
        History { id, events, versions, table, people, changes }
    }
}

/// The ready-made model for SaaS.
fn model() -> tenure_model::Model {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/saas");
    let mut files: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap()))
        .collect();
    files.sort();
    tenure_model::check(&files).unwrap()
}

fn said_of(account: &tenure_simulate::Account) -> Vec<Version> {
    let said = |field: &str, value: Json| Version {
        entity: Entity::Account(account.id()),
        field: field.into(),
        value,
        valid_from: (field == "owner").then_some(Instant(account.started_at)),
        known_from: None,
    };
    vec![
        said("started_at", Instant(account.started_at).to_string().into()),
        said("owner", account.owner.into()),
        said("tier", account.segment.tier().into()),
        said("industry", account.industry.into()),
    ]
}

fn said_of_subscription(account: &str, s: &tenure_simulate::Subscription) -> Vec<Version> {
    let time = |t: Option<i64>| t.map_or(Json::Null, |t| Instant(t).to_string().into());
    let fields = [
        ("plan", s.plan.into()),
        ("seats", s.seats.into()),
        ("arr", s.arr.into()),
        ("started_at", time(Some(s.started_at))),
        ("trial_ends_at", time(s.trial_ends_at)),
        ("renewal_at", time(s.renewal_at)),
        ("ended_at", time(s.ended_at)),
        ("cancelled_at", time(s.cancelled_at)),
        ("card_expires_at", time(s.card_expires_at)),
    ];
    let version = |(field, value): (&str, Json)| Version {
        entity: Entity::Subscription(account.to_owned(), s.number.to_string()),
        field: field.into(),
        value,
        valid_from: Some(Instant(s.started_at)),
        known_from: None,
    };
    fields.into_iter().filter(|(_, value)| !value.is_null()).map(version).collect()
}

/// Every third account has a teammate who overrides its scores; some have a stage set by hand, or a milestone waived.
fn decisions(index: u32, account: &str) -> Vec<Decision> {
    let decided = |at: &str, action: Action| Decision {
        account: account.to_owned(),
        at: Instant::parse(at).unwrap(),
        author: "carla".into(),
        reason: "she knows".into(),
        action,
    };
    let score = |target: &str, how: OverrideKind, value: f64, until: Option<&str>| Action::Override {
        target: target.into(),
        how,
        value,
        until: until.and_then(Instant::parse),
    };
    match index % 3 {
        0 => vec![
            decided("2025-03-01T09:00:00Z", score("measure:recency", OverrideKind::Set, 33.0, None)),
            decided("2025-05-01T09:00:00Z", score("group:support", OverrideKind::Floor, 91.0, Some("2025-09-01T00:00:00Z"))),
            decided("2025-08-01T09:00:00Z", score("total", OverrideKind::Cap, 58.5, Some("2025-08-25T00:00:00Z"))),
        ],
        1 => vec![
            decided("2025-04-02T09:00:00Z", Action::Waive { milestone: "first_use".into() }),
            decided("2025-05-20T09:00:00Z", Action::SetStage { stage: "expansion".into(), until: Instant::parse("2025-07-01T00:00:00Z") }),
        ],
        _ => vec![],
    }
}

fn properties(property: Property) -> Json {
    match property {
        Property::None => Json::Null,
        Property::Path(path) => json!({ "path": path }),
        Property::Priority(priority) => json!({ "priority": priority }),
        Property::Answer { survey, score } => json!({ "survey": survey, "score": score }),
        Property::Role(role) => json!({ "role": role }),
        Property::Amount(amount) => json!({ "amount": amount }),
        Property::Integration(name) => json!({ "integration": name }),
    }
}
