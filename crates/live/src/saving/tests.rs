//! Parts that were damaged where no hash shows it are refused or read as some other state: never a panic, nor a wait without end.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;
use tenure_engine::Engine;
use tenure_ingest::Resolver;
use tenure_model::Instant;
use tenure_model::input::{Entity, Membership, Version};
use tenure_model::time::{DAY, HOUR, MINUTE};

use crate::{Keys, Live, Part, Said, Step};

const MODEL: &str = "
traits: { tier: number }
person_traits: { role: text }
metrics: { logins_7d: { count: login, window: 7d }, people_3d: { people: any, window: 3d }, quiet: { since: login } }
person_metrics: { own: { count: login, window: 3d } }
segments: { keen: { of: person, when: \"own > 1\" }, busy: { when: \"logins_7d > 2\" } }
lifecycle: { stages: { first: { first: true }, second: { when: busy } } }
alerts: { idle: { when: \"quiet >= 1\", for: 2h } }
";

/// An engine, and the parts of a snapshot of some accounts.
static SAVED: LazyLock<(Arc<Engine>, Vec<Vec<u8>>)> = LazyLock::new(|| {
    let model = tenure_model::check(&[("model.yaml".to_owned(), MODEL.to_owned())]).unwrap_or_else(|e| panic!("{e:?}"));
    let engine = Arc::new(Engine::new(Arc::new(model)));
    let mut live = Live::new(engine.clone(), Resolver::default(), Keys::default());
    let start = Instant(20_000 * DAY);
    for hour in 0..60i64 {
        let now = start.plus(hour * HOUR);
        live.heard("web", now);
        let (person, account) = (["ann", "bob", "cem"][hour as usize % 3], ["acme", "north"][hour as usize % 2]);
        live.membership(&Membership { person: person.into(), account: account.into(), from: None, until: None });
        let of = if hour % 2 == 0 { Entity::Account(account.into()) } else { Entity::Person(person.into()) };
        let (field, value) = if hour % 2 == 0 { ("tier", json!(hour)) } else { ("role", json!("admin")) };
        live.version(&Version {
            entity: of,
            field: field.into(),
            value,
            valid_from: Some(now.plus((hour - 50) * MINUTE)),
            known_from: None,
        });
        live.event(Said {
            position: hour,
            arrived: now,
            source: "web",
            account: (hour % 5 != 0).then_some(account),
            person: Some(if hour % 7 == 0 { "nobody" } else { person }),
            name: "login",
            time: now.plus(-hour * MINUTE),
            message_id: Some(&format!("m{hour}")),
            properties: Some("{\"a\":1}"),
        });
        for account in live.wanting() {
            live.give(&account, crate::Past::default(), now, &mut Step::default());
        }
        live.advance(now, 10);
    }
    live.begin_saving();
    (engine, std::iter::from_fn(|| live.save_some(1_000)).collect())
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, rng_seed: prop::test_runner::RngSeed::Fixed(5), ..ProptestConfig::default() })]

    #[test]
    fn damaged_parts_never_panic(which in any::<Index>(), damage in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4), cut in prop::option::weighted(0.2, any::<Index>())) {
        let (engine, parts) = &*SAVED;
        let mut part = parts[which.index(parts.len())].clone();
        damage.iter().for_each(|(at, byte)| { let at = at.index(part.len()); part[at] = *byte; });
        if let Some(cut) = cut {
            part.truncate(cut.index(part.len()));
        }
        match Part::read(engine, &part) {
            Ok(part) => _ = Live::restore(engine.clone(), vec![part]),
            Err(_) => prop_assert!(!damage.is_empty() || cut.is_some()),
        }
    }

    #[test]
    fn any_bytes(kind in 0u8..5, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (engine, _) = &*SAVED;
        if let Ok(part) = Part::read(engine, &[&[kind], bytes.as_slice()].concat()) {
            Live::restore(engine.clone(), vec![part]);
        }
    }
}
