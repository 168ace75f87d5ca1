//! Snapshots: an account that was saved and restored goes on as if it had never been; damaged bytes are refused.

use proptest::prelude::*;
use tenure_engine::snapshot::{FORMAT, SnapshotError};
use tenure_engine::{Account, Engine, Mode, Outcome};
use tenure_model::time::Instant;

use super::model::model;
use super::{SPAN_MINUTES, config, lines, same_state, stories};

/// Everything that an account answers.
fn told(account: &Account) -> String {
    let alerts: Vec<_> = (0..6).map(|rule| account.alert(rule)).collect();
    let person_alerts: Vec<_> =
        (0..4).flat_map(|person| (0..6).map(move |rule| (person, rule))).map(|(p, r)| account.person_alert(p, r)).collect();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {alerts:?} {person_alerts:?}",
        account.id(),
        account.life(),
        account.at(),
        account.evaluated(),
        account.born(),
        account.tenure(),
        account.overrides(),
        account.next_timer(),
    )
}

proptest! {
    #![proptest_config(config(600))]

    #[test]
    fn saving_changes_nothing(story in stories(), people in any::<bool>(), at in 0..SPAN_MINUTES) {
        let built = story.build_with(Engine::new(model(story.zone, &story.picks, &story.limits, people)), false);
        let engine = &built.engine;
        let mut bytes = Vec::new();
        engine.save_header(&mut bytes);
        let [first, second] = built.cut(story.at(at));
        let (mut kept, mut outcomes) = (engine.account("acme"), Vec::<Outcome>::new());
        engine.advance(&mut kept, &first, story.at(at), Mode::Exact, &mut outcomes).unwrap();
        engine.save(&kept, &mut bytes);
        engine.save(&engine.account("other"), &mut bytes);
        let mut rest = bytes.as_slice();
        engine.restore_header(&mut rest).unwrap();
        let mut restored = engine.restore(&mut rest).unwrap();
        prop_assert_eq!(told(&engine.restore(&mut rest).unwrap()), told(&engine.account("other")));
        prop_assert!(rest.is_empty());
        prop_assert_eq!(told(&kept), told(&restored));
        same_state(&kept, &restored);
        let (mut one, mut two) = (Vec::<Outcome>::new(), Vec::<Outcome>::new());
        engine.advance(&mut kept, &second, built.end, Mode::Exact, &mut one).unwrap();
        engine.advance(&mut restored, &second, built.end, Mode::Exact, &mut two).unwrap();
        prop_assert_eq!(lines(&one), lines(&two));
        prop_assert_eq!(told(&kept), told(&restored));
        same_state(&kept, &restored);
    }

    #[test]
    fn damaged_bytes_are_refused(story in stories(), flips in prop::collection::vec(any::<prop::sample::Index>(), 1..4), cut in any::<prop::sample::Index>()) {
        let built = story.build(false);
        let (account, _) = built.replay(built.end, Mode::Exact);
        let mut bytes = Vec::new();
        built.engine.save(&account, &mut bytes);
        let short = &mut &bytes[..cut.index(bytes.len())];
        prop_assert!(matches!(built.engine.restore(short), Err(SnapshotError::Damaged(_))));
        // Two bits at once, wherever they lie, are also seen.
        for apart in 1..200 {
            let (first, mut flipped) = (flips[0].index(bytes.len() * 8 - apart), bytes.clone());
            [first, first + apart].iter().for_each(|bit| flipped[bit / 8] ^= 1 << (bit % 8));
            prop_assert!(built.engine.restore(&mut flipped.as_slice()).is_err(), "{} and {} bits on", first, apart);
        }
        let mut flipped = bytes.clone();
        flips.iter().for_each(|flip| { let bit = flip.index(bytes.len() * 8); flipped[bit / 8] ^= 1 << (bit % 8); });
        if flipped != bytes {
            prop_assert!(matches!(built.engine.restore(&mut flipped.as_slice()), Err(SnapshotError::Damaged(_))));
        }
    }
}

#[test]
fn other_formats_and_models_are_refused() {
    let [one, other] = [1, 2].map(|limit| Engine::new(model(0, &[0], &[limit, 2, 3, 4], true)));
    let mut bytes = Vec::new();
    one.save_header(&mut bytes);
    let header = |engine: &Engine, bytes: &[u8]| engine.restore_header(&mut &*bytes).map_err(|e| e.to_string());
    assert_eq!(header(&one, &bytes), Ok(()));
    assert!(header(&other, &bytes).unwrap_err().starts_with("the snapshot is of revision"));
    assert!(header(&one, b"PAR1").unwrap_err().starts_with("the snapshot is in format 0"));
    assert!(header(&one, &bytes[..20]).is_err());
    bytes[8] += 1;
    assert_eq!(one.restore_header(&mut bytes.as_slice()), Err(SnapshotError::Format { found: FORMAT + 1 }));
    assert_eq!(one.account("acme").at(), Instant::MIN);
}
