//! Nothing that stands in a file makes `check` panic, and what it refuses it refuses with a place in the file.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tenure_model::edit::{self, At, Texts};
use tenure_model::pull::merge;
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
fn edits_of_a_broken_model_change_what_they_should_or_nothing() {
    const PATHS: &[&[&str]] = &[
        &["metrics", "logins_7d"],
        &["metrics", "paid", "window"],
        &["segments", "enterprise", "when"],
        &["lifecycle", "stages", "adoption"],
        &["scorecards", "everyone"],
        &["alerts", "falling", "when"],
        &["playbooks"],
        &["timezone"],
    ];
    type Edit = fn(&mut Texts, &[&str]) -> Result<(), edit::Error>;
    let edits: &[Edit] = &[
        |files, path| edit::replace(files, path, "a: 'x'\nb:\n  - 1\n"),
        |files, path| edit::set(files, path, "x = 'y' # z"),
        |files, path| edit::remove(files, path),
        |files, path| edit::shift(files, path, At::First),
        |files, path| edit::insert(files, "m.yaml", &[path, &["new"]].concat(), "{ a: 1 }", "# new", At::Last),
        |files, path| edit::insert(files, "m.yaml", &[&path[..path.len() - 1], &["new"]].concat(), "|\n  x\n", "", At::After("enterprise")),
    ];
    let whole = Texts::from([("m.yaml".to_owned(), MODEL.to_owned())]);
    let done = std::cell::Cell::new((0, 0));
    runner()
        .run(&mutated(MODEL), |text| {
            let before = Texts::from([("m.yaml".to_owned(), text)]);
            for (path, edit) in PATHS.iter().flat_map(|path| edits.iter().map(move |edit| (path, edit))) {
                let mut after = before.clone();
                let edited = edit(&mut after, path).is_ok();
                prop_assert!(edited || after == before, "what is refused changes nothing");
                let (ok, refused) = done.get();
                done.set(if edited { (ok + 1, refused) } else { (ok, refused + 1) });
            }
            if let Ok(merged) = merge(&whole, &before, &whole) {
                prop_assert_eq!(&merged.files, &before);
                // All that is mine stays, for it is not what it was.
                let other = merge(&before, &whole, &whole).unwrap();
                prop_assert_eq!(&other.files, &whole);
                let back = merge(&before, &before, &whole).unwrap();
                prop_assert!(merge(&whole, &back.files, &whole).is_ok(), "it can still be read");
                if back.conflicts.is_empty() {
                    prop_assert_eq!(merge(&whole, &whole, &back.files).unwrap().taken, vec![], "it says the same again");
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(done.get().0 > 1000 && done.get().1 > 1000, "both were tried: {:?}", done.get());
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
