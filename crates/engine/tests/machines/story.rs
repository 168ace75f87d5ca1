//! What comes in about one account, hour by hour.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tenure_engine::{Account, Change, Engine, Inputs, Mode, Outcome};
use tenure_model::input::{Action, Decision, Entity, Membership, Version};
use tenure_model::time::{HOUR, Instant};

pub fn engine(model: &str) -> Engine {
    match tenure_model::check(&[("model.yaml".to_owned(), model.to_owned())]) {
        Ok(model) => Engine::new(Arc::new(model)),
        Err(said) => panic!("{model}\n{}", said.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

pub fn at(hour: usize) -> Instant {
    Instant::parse("2025-01-06T00:00:00Z").unwrap().plus(hour as i64 * HOUR)
}

/// What comes in about the account `acme` and its one person `ann`, from the first hour on.
#[derive(Default)]
pub struct Story {
    versions: Vec<Version>,
    decisions: Vec<Decision>,
    /// How many subscriptions there have been.
    subscriptions: usize,
}

impl Story {
    pub fn set(&mut self, hour: usize, entity: &Entity, field: &str, value: Json) {
        self.versions.push(Version { entity: entity.clone(), field: field.into(), value, valid_from: Some(at(hour)), known_from: None });
    }

    /// The first hour begins a subscription, `|` ends it, `+` begins another. Was that all?
    pub fn subscription(&mut self, hour: usize, c: char) -> bool {
        let entity = |n: usize| Entity::Subscription("acme".into(), format!("s{n}"));
        if hour == 0 || c == '+' {
            self.subscriptions += 1;
            self.set(hour, &entity(self.subscriptions), "started_at", json!(at(hour).to_string()));
        }
        if c == '|' {
            self.set(hour, &entity(self.subscriptions), "ended_at", json!(at(hour).to_string()));
        }
        "|+".contains(c)
    }

    pub fn decide(&mut self, hour: usize, action: Action) {
        self.decisions.push(Decision { account: "acme".into(), at: at(hour), author: "carla".into(), reason: "because".into(), action });
    }

    /// Looks at the account as of each hour. Gives what happened to it.
    pub fn run(&self, engine: &Engine, hours: usize, mut look: impl FnMut(&Account)) -> Vec<Outcome> {
        let mut happened = Vec::new();
        let mut changes = engine.changes(&[]);
        changes.versions(&self.versions);
        changes.memberships(&[Membership { person: "ann".into(), account: "acme".into(), from: Some(at(0)), until: None }]);
        changes.decisions(&self.decisions);
        let (people, changes, unreadable) = changes.finish();
        assert!(unreadable.is_empty());
        let mut account = engine.account("acme");
        for hour in 0..hours {
            let now: Vec<Change> = changes.iter().filter(|c| c.at == at(hour)).cloned().collect();
            let inputs = Inputs { people: &people, changes: &now, ..Inputs::default() };
            engine.advance(&mut account, &inputs, at(hour), Mode::Exact, &mut happened).unwrap();
            look(&account);
        }
        happened
    }
}
