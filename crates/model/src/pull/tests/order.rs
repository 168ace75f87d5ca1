//! Sections in which order has meaning.

use super::{FILE, of, takes, texts, told};
use crate::pull::{What, Why, merge};

const SECTION: &str = "scorecards";

/// A section of these, each on a line with a comment.
fn cards(names: &str) -> String {
    let lines: String = names.chars().map(|name| format!("  {name}: {{ of: {name} }} # {name}\n")).collect();
    format!("{SECTION}:\n{lines}")
}

#[test]
fn theirs_come_in_their_order() {
    for (what, base, mine, theirs, is) in [
        ("a new one, between", "ac", "ac", "abc", "abc"),
        ("a new one, first", "ac", "ac", "bac", "bac"),
        ("new ones, last", "a", "a", "abcd", "abcd"),
        ("after mine were added", "ac", "axcy", "abcd", "abxcdy"),
        ("after the one before, where the nearest is gone from mine", "abc", "ac", "abxc", "axc"),
        ("first, where all before are gone from mine", "abc", "c", "axbc", "xc"),
    ] {
        let added: Vec<_> =
            theirs.chars().filter(|name| !base.contains(*name)).map(|name| (SECTION, name.to_string(), What::Added)).collect();
        let added: Vec<_> = added.iter().map(|(section, name, what)| (*section, name.as_str(), *what)).collect();
        takes(what, [&cards(base), &cards(mine), &cards(theirs)], &cards(is), &added);
    }
}

#[test]
fn another_order_is_taken_where_mine_is_that_of_the_base() {
    for (what, base, mine, theirs, is, moved) in [
        ("the first to the end", "abcd", "abcd", "bcda", "bcda", "a"),
        ("the last to the head", "abcd", "abcd", "dabc", "dabc", "d"),
        ("turned round", "abc", "abc", "cba", "cba", "cb"),
        ("mine has its own", "abc", "axbyc", "cab", "caxby", "c"),
        ("mine lacks one", "abcd", "acd", "dcba", "dca", "dc"),
    ] {
        let moved: Vec<String> = moved.chars().map(String::from).collect();
        let taken: Vec<_> = moved.iter().map(|name| (SECTION, name.as_str(), What::Moved)).collect();
        let merged = of(&cards(base), &cards(mine), &cards(theirs));
        assert_eq!(merged.files, texts([(FILE, cards(is).as_str())]), "{what}");
        assert_eq!(told(&merged), (taken, vec![]), "{what}");
    }
}

#[test]
fn another_order_is_a_conflict_where_mine_is_another_too() {
    let merged = of(&cards("abc"), &cards("bac"), &cards("acb"));
    assert_eq!(merged.files, texts([(FILE, cards("bac").as_str())]));
    assert_eq!(told(&merged), (vec![], vec![(SECTION, "", &Why::BothChanged)]));
    let conflict = &merged.conflicts[0];
    let names = [&conflict.base, &conflict.mine, &conflict.theirs].map(|names| names.as_deref().unwrap_or(""));
    assert_eq!((names, conflict.file.as_str(), conflict.line), (["a, b, c", "b, a, c", "a, c, b"], FILE, 2));
    assert_eq!(told(&of(&cards("abc"), &cards("bac"), &cards("bac"))), (vec![], vec![]), "the same new order");
    assert_eq!(told(&of(&cards("abc"), &cards("bac"), &cards("abc"))), (vec![], vec![]), "only mine");
}

#[test]
fn another_order_is_a_conflict_where_it_cannot_be_written() {
    let mine = texts([("a.yaml", "scorecards: { a: 1, b: 2 }\n"), ("b.yaml", "scorecards: { c: 3 }\n")]);
    let base = texts([(FILE, "scorecards: { a: 1, b: 2, c: 3 }\n")]);
    let theirs = texts([(FILE, "scorecards: { c: 3, a: 1, b: 2 }\n")]);
    let merged = merge(&base, &mine, &theirs).unwrap();
    assert_eq!(merged.files, mine);
    assert!(matches!(merged.conflicts.as_slice(), [found] if matches!(found.why, Why::NotWritable(_))), "{:?}", merged.conflicts);
}

#[test]
fn order_means_nothing_elsewhere() {
    let merged = of("m: { a: 1, b: 2 }\n", "m: { a: 1, b: 2 }\n", "m: { b: 2, a: 1 }\n");
    assert_eq!(told(&merged), (vec![], vec![]));
    assert_eq!(merged.files, texts([(FILE, "m: { a: 1, b: 2 }\n")]));
}

#[test]
fn stages_are_ordered_too() {
    let stages = |names: &str| format!("lifecycle:\n  stages:\n{}", names.chars().map(|n| format!("    {n}: {{}}\n")).collect::<String>());
    let merged = of(&stages("abc"), &stages("abc"), &stages("cdab"));
    assert_eq!(merged.files, texts([(FILE, stages("cdab").as_str())]));
    assert_eq!(told(&merged).0, [("lifecycle.stages", "c", What::Moved), ("lifecycle.stages", "d", What::Added)]);
}
