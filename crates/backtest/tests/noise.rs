//! A rule that says nothing, run through the engine: over many seeds its lift is 1, and 1 lies inside of the interval as often as the interval says.

use std::sync::Arc;

use tenure_backtest::{Answer, Asked, Backtest, Outcome, Question};
use tenure_engine::{Engine, EventTable, Inputs, Mode};
use tenure_model::time::{DAY, Day, HOUR, Instant};
use tenure_model::{Model, check};

const SEEDS: u64 = 200;
const ACCOUNTS: u64 = 200;
const DAYS: i32 = 365;

const MODEL: &str = r#"
metrics:
  pings_3d: { count: ping, window: 3d }
alerts:
  noise: { when: "pings_3d >= 1" }
"#;

/// A stream of numbers between 0 and 1, by seed (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The events of an account: pings, and, as often as chance will have it, that it goes. Some are ten times as likely to go as others; some ping ten
/// times as often.
fn events(model: &Model, random: &mut Random) -> EventTable {
    let mut events = EventTable::new(model);
    let (hazard, often) = (0.000_2 + 0.002 * random.next(), 0.001 + 0.01 * random.next());
    let mut push =
        |day: i32, hour: i64, name: &str| events.push(Instant(i64::from(day) * DAY + hour * HOUR), name, None, &serde_json::Value::Null);
    push(0, 0, "begins");
    for day in 0..DAYS {
        if random.next() < often {
            push(day, 9, "ping");
        }
        if random.next() < hazard {
            push(day, 12, "gone");
        }
    }
    events.sort();
    events
}

#[test]
fn the_interval_of_noise_holds_one() {
    let files = [("model.yaml".to_owned(), MODEL.to_owned())];
    let model = check(&files).unwrap_or_else(|found| panic!("{found:?}"));
    let question = Question {
        about: Asked::Named(None, "noise".to_owned()),
        outcome: Outcome::Event("gone".to_owned()),
        sweep: None,
        sweep_in: None,
        leads: vec![0],
    };
    let backtest = Backtest {
        question,
        within: 60,
        from: Some(Day(0)),
        to: Some(Day(DAYS - 1)),
        known: None,
        segments: vec![],
        assume_constant: false,
        exact: false,
    };
    let ready = backtest.ready(&model, &files, Some(Instant(i64::from(DAYS) * DAY - 1))).unwrap_or_else(|error| panic!("{error}"));
    let engine: Arc<Engine> = ready.prepared.engine.clone();
    let mut inside = 0;
    let mut sum = 0.0;
    for seed in 0..SEEDS {
        let mut random = Random(seed.wrapping_mul(0xA076_1D64_78BD_642F) + 1);
        let replay = |prepared: &tenure_backtest::Prepared, until: Instant, mode: Mode| {
            let one = |n: u64| {
                let table = events(engine.model(), &mut random);
                let inputs = Inputs { people: &[], events: table.events(), changes: &[] };
                prepared.watch.one(&engine, &format!("a{n}"), &inputs, until, mode)
            };
            (0..ACCOUNTS).map(one).collect::<Result<Vec<_>, _>>()
        };
        let (_, findings) = ready.run(1, replay).unwrap_or_else(|error| panic!("{error}"));
        let Answer::Sign(found) = &findings.answer else { panic!("{findings:?}") };
        let lift = found.quality.lift;
        let (Some(value), Some(low), Some(high)) = (lift.value, lift.low, lift.high) else { panic!("{lift:?}") };
        sum += value;
        inside += u32::from(low <= 1.0 && 1.0 <= high);
    }
    let mean = sum / SEEDS as f64;
    assert!((mean - 1.0).abs() < 0.05, "{mean}");
    // 95 % of 200, give or take three standard deviations of a count.
    assert!((181..=199).contains(&inside), "{inside} of {SEEDS}");
}
