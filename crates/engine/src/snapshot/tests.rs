//! Parts that were damaged where no checksum shows it are refused or read as some other state: never a panic.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use tenure_model::time::{DAY, HOUR, Instant};

use crate::{Engine, EventTable, Inputs, Mode, Nothing};

const MODEL: &str = "
traits: { tier: text }
events: { a: { amount: number, color: text } }
metrics:
  count: { count: a, window: 7d }
  sum: { sum: a.amount, window: 7d }
  most: { max: a.amount }
  people: { people: any, window: 7d }
  names: { events: [a, b] }
  colors: { distinct: a.color, window: 7d }
  recent: { avg: a.amount, window: 36h }
person_metrics: { own: { count: a, window: 3d } }
segments: { busy: { when: \"count > 2\" }, keen: { of: person, when: \"own > 1\" } }
lifecycle: { stages: { first: { first: true }, second: { when: busy } } }
scorecards: { whole: { bands: { green: 70 }, groups: { use: { measures: { one: { metric: count, points: { 0: 0, 9: 100 } } } } } } }
alerts: { idle: { when: \"count = 0\", for: 2d } }
";

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_parts_never_panic(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut in any::<prop::sample::Index>()) {
        let model = tenure_model::check(&[("model.yaml".to_owned(), MODEL.to_owned())]).unwrap_or_else(|e| panic!("{e:?}"));
        let engine = Engine::new(Arc::new(model));
        let mut table = EventTable::new(engine.model());
        for i in 0..40i64 {
            let (name, person) = (["a", "b"][(i % 2) as usize], ["ann", "bob", "cem"][(i % 3) as usize]);
            table.push(Instant(20_000 * DAY + i * 7 * HOUR), name, Some(person), &json!({ "amount": i as f64 / 4.0, "color": format!("c{}", i % 5) }));
        }
        table.sort();
        let mut account = engine.account("acme");
        let inputs = Inputs { people: table.people(), events: table.events(), changes: &[] };
        prop_assert!(engine.advance(&mut account, &inputs, Instant(20_020 * DAY), Mode::Exact, &mut Nothing).is_ok());
        let mut bytes = Vec::new();
        engine.save(&account, &mut bytes);
        let mut parts = bytes[4..bytes.len() - 8].to_vec();
        prop_assert!(engine.restore_parts(&parts).is_ok());
        for (place, byte) in damage {
            let place = place.index(parts.len());
            parts[place] = byte;
        }
        let _ = engine.restore_parts(&parts);
        parts.truncate(cut.index(parts.len()));
        prop_assert!(engine.restore_parts(&parts).is_err());
    }
}
