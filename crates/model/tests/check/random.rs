//! Nothing that stands in a file makes `check` panic, and what it refuses it refuses with a place in the file.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tenure_model::{check, scenario};

use crate::built::MODEL;

/// Pieces that mean something in YAML, SQL or a model.
const PIECES: &[&str] = &[
    "",
    " ",
    "\n",
    "\n  ",
    "\t",
    ":",
    ": ",
    "- ",
    "? ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "'",
    "\"",
    "\\",
    "|",
    ">-",
    "&a ",
    "*a",
    "#",
    "---\n",
    "!!str ",
    "~",
    "null",
    "é",
    "→",
    "\u{feff}",
    "\r\n",
    "0",
    "-1",
    "1e999",
    "99999999999d",
    "7d",
    "3mo",
    "any",
    "a.b",
    ".",
    "(",
    ")",
    "milestone('",
    "account.",
    "now",
    "CASE WHEN",
    "NOT ",
    "health_change_30d",
    "health_change_99999999999d",
    "true",
    "else",
    "default",
];

fn runner() -> TestRunner {
    let config = Config { cases: 400, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]))
}

/// A text with a few ranges replaced by pieces of its own or of `PIECES`.
fn mutated(text: &'static str) -> impl Strategy<Value = String> {
    let edit = (
        any::<prop::sample::Index>(),
        0..40usize,
        prop_oneof![prop::sample::select(PIECES).prop_map(Ok), (any::<prop::sample::Index>(), 0..60usize).prop_map(Err)],
    );
    prop::collection::vec(edit, 1..5).prop_map(move |edits| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, length, piece) in edits {
            let at = at.index(chars.len() + 1);
            let end = (at + length).min(chars.len());
            let piece: Vec<char> = match piece {
                Ok(piece) => piece.chars().collect(),
                Err((from, length)) => {
                    let from = from.index(chars.len() + 1);
                    chars[from..(from + length).min(chars.len())].to_vec()
                }
            };
            chars.splice(at..end, piece);
        }
        chars.into_iter().collect()
    })
}

#[test]
fn a_broken_model_is_refused_with_places() {
    runner()
        .run(&mutated(MODEL), |text| {
            if let Err(diagnostics) = check(&[("m.yaml".into(), text.clone())]) {
                prop_assert!(!diagnostics.is_empty());
                for d in diagnostics {
                    prop_assert!(d.line >= 1 && d.line <= text.split('\n').count() && d.column >= 1, "{d}");
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_broken_scenario_is_refused() {
    const STORY: &str = "scenario: x\naccount: a\nsteps:\n  - at: 2025-01-01\n    events: [ { event: x, times: 2, every: 1d } ]\n    expect: { stage: ?, health: '>= 5', alerts: [a] }\n";
    runner()
        .run(&mutated(STORY), |text| {
            // It comes back, whatever it says.
            let _ = scenario::parse("s.yaml", &text);
            Ok(())
        })
        .unwrap();
}
