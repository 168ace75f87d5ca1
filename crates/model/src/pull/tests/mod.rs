//! Three models in, one out: each rule of a merge as a table.

mod order;
mod random;

use super::{Conflict, Merged, Taken, What, Which, Why, merge};
use crate::edit::Texts;

const FILE: &str = "m.yaml";

fn texts<const N: usize>(files: [(&str, &str); N]) -> Texts {
    Texts::from(files.map(|(file, text)| (file.to_owned(), text.to_owned())))
}

fn of(base: &str, mine: &str, theirs: &str) -> Merged {
    merge(&texts([(FILE, base)]), &texts([(FILE, mine)]), &texts([(FILE, theirs)])).unwrap_or_else(|broken| panic!("{broken}"))
}

fn told(merged: &Merged) -> (Vec<(&str, &str, What)>, Vec<(&str, &str, &Why)>) {
    let taken = merged.taken.iter().map(|taken| (taken.section.as_str(), taken.name.as_str(), taken.what));
    let conflicts = merged.conflicts.iter().map(|found| (found.section.as_str(), found.name.as_str(), &found.why));
    (taken.collect(), conflicts.collect())
}

/// Nothing but one file came out, with this text, and this was taken.
#[track_caller]
fn takes(what: &str, [base, mine, theirs]: [&str; 3], text: &str, taken: &[(&str, &str, What)]) {
    let merged = of(base, mine, theirs);
    assert_eq!(merged.files, texts([(FILE, text)]), "{what}:\n{}", merged.files.values().cloned().collect::<String>());
    assert_eq!(told(&merged), (taken.to_vec(), vec![]), "{what}");
}

#[test]
fn what_only_one_changed_is_as_that_one_has_it() {
    let base = "m:\n  a: { x: 1 }\n  b: { x: 1 }\n";
    let mine = "# mine\nm:\n  a:   { x: 1 }   # as it was\n\n  b: { x: 2 }\n";
    takes("only mine", [base, mine, base], mine, &[]);
    takes("both the same", [base, mine, "m: { a: { x: 1 }, b: { 'x': 2 } }\n"], mine, &[]);
    takes("only the text", [base, mine, "# theirs\nm:\n  b:\n    x: 1 # c\n  a: { x: 1.0 }\n"], mine, &[]);
    takes(
        "theirs",
        [base, mine, "m:\n  a: { x: 3 } # theirs\n  b: { x: 1 }\n"],
        "# mine\nm:\n  a:   { x: 3 }   # as it was\n\n  b: { x: 2 }\n",
        &[("m", "a", What::Changed)],
    );
    takes(
        "new in theirs, after what precedes it there, with its comment",
        [base, mine, "m:\n  a: { x: 1 }\n\n  # of c\n  c:\n    x: 4 # four\n\n  b: { x: 1 }\n"],
        "# mine\nm:\n  a:   { x: 1 }   # as it was\n\n  # of c\n  c:\n    x: 4 # four\n\n  b: { x: 2 }\n",
        &[("m", "c", What::Added)],
    );
    takes("gone from theirs", [base, mine, "m:\n  b: { x: 1 }\n"], "# mine\nm:\n  b: { x: 2 }\n", &[("m", "a", What::Removed)]);
    takes("gone from both", [base, "m:\n  b: { x: 1 }\n", "m:\n  b: { x: 1 }\n"], "m:\n  b: { x: 1 }\n", &[]);
    takes("gone from mine", [base, "m:\n  b: { x: 1 }\n", base], "m:\n  b: { x: 1 }\n", &[]);
    takes("new in mine", ["", "m:\n  a: 1\n", ""], "m:\n  a: 1\n", &[]);
    takes("new in both, the same", ["", "m:\n  a: 1 # one\n", "m: { a: 1 }\n"], "m:\n  a: 1 # one\n", &[]);
    takes("the first model", ["", "", "m: { a: 1 }\n"], "m:\n  a: 1\n", &[("m", "a", What::Added)]);
}

#[test]
fn settings_are_merged_alike() {
    let base = "timezone: UTC\nm:\n  a: 1\n";
    takes("mine", [base, "timezone: Asia/Tokyo # t\nm: { a: 1 }\n", base], "timezone: Asia/Tokyo # t\nm: { a: 1 }\n", &[]);
    let changed = [("timezone", "", What::Changed)];
    takes(
        "theirs",
        [base, "m: { a: 1 }\ntimezone: 'UTC' # t\n", "timezone: Asia/Tokyo\nm: { a: 1 }\n"],
        "m: { a: 1 }\ntimezone: Asia/Tokyo # t\n",
        &changed,
    );
    takes("gone", [base, "m: { a: 1 }\ntimezone: UTC # t\n", "m: { a: 1 }\n"], "m: { a: 1 }\n", &[("timezone", "", What::Removed)]);
    let added = [("timezone", "", What::Added)];
    takes("new", ["m: { a: 1 }\n", "# m\nm: { a: 1 }\n", "timezone: UTC\nm: { a: 1 }\n"], "# m\nm: { a: 1 }\ntimezone: UTC\n", &added);
    takes("where it is empty", ["", "timezone: # t\n", "timezone: UTC\n"], "timezone: UTC # t\n", &added);
    let grace = [("subscriptions", "grace", What::Changed)];
    takes(
        "a field of a setting",
        ["subscriptions: { grace: 1d }", "subscriptions:\n  grace: 1d\n", "subscriptions: { grace: 2d }"],
        "subscriptions:\n  grace: 2d\n",
        &grace,
    );
}

#[test]
fn comments_and_formatting_of_mine_stay_where_fields_change() {
    takes(
        "fields of a block",
        [
            "m:\n  a:\n    x: 1\n    y: { z: 1, w: 2 }\n    v: 5\n",
            "m:\n  a:   # mine\n    # about x\n    x: 1   # one\n    y: { z: 1, w: 2 } # why\n    v: 5\n",
            "m:\n  a: { x: 2, u: \"new\", y: { z: 1, w: 3 } }\n",
        ],
        "m:\n  a:   # mine\n    # about x\n    x: 2   # one\n    u: \"new\"\n    y: { z: 1, w: 3 } # why\n",
        &[("m", "a", What::Changed)],
    );
    takes(
        "a condition",
        [
            "m:\n  a: { when: \"x > 1\", for: 3d }\n",
            "m:\n  a:\n    for: 3d # days\n    when: x > 1\n",
            "m:\n  a: { when: \"x > 2\", for: 3d }\n",
        ],
        "m:\n  a:\n    for: 3d # days\n    when: \"x > 2\"\n",
        &[("m", "a", What::Changed)],
    );
    takes(
        "steps in another order mean something else: theirs as a whole",
        [
            "scorecards:\n  a: { groups: { g: { measures: { m: { steps: { 1: 1, 2: 2 } } } } } }\n",
            "scorecards:\n  a: { groups: { g: { measures: { m: { steps: { 1: 1,  2: 2 } } } } } } # c\n",
            "scorecards:\n  a: { groups: { g: { measures: { m: { steps: { 2: 2, 1: 1 } } } } } }\n",
        ],
        "scorecards:\n  a: { groups: { g: { measures: { m: { steps: { 2: 2, 1: 1 } } } } } } # c\n",
        &[("scorecards", "a", What::Changed)],
    );
}

#[test]
fn what_both_changed_is_a_conflict_and_mine_stays() {
    let (one, two, three) = ("m:\n  a: { x: 1 }\n", "# c\nm:\n  a: { x: 2 }\n", "m:\n  a: { x: 3 }\n");
    let (some, none) = (|text: &str| Some(text.to_owned()), None::<String>);
    for (what, [base, mine, theirs], expected, line) in [
        ("changed twice", [one, two, three], [some("{ x: 1 }"), some("{ x: 2 }"), some("{ x: 3 }")], 3),
        ("new twice", ["", two, three], [none.clone(), some("{ x: 2 }"), some("{ x: 3 }")], 3),
        ("changed here, gone there", [one, two, ""], [some("{ x: 1 }"), some("{ x: 2 }"), none.clone()], 3),
        ("gone here, changed there", [one, "", three], [some("{ x: 1 }"), none.clone(), some("{ x: 3 }")], 2),
    ] {
        let merged = of(base, mine, theirs);
        assert_eq!(merged.files, texts([(FILE, mine)]), "{what}");
        assert_eq!(merged.taken, [], "{what}");
        let [base, mine, theirs] = expected;
        let conflict =
            Conflict { section: "m".into(), name: "a".into(), base, mine, theirs, file: FILE.into(), line, why: Why::BothChanged };
        assert_eq!(merged.conflicts, [conflict], "{what}");
    }
    let setting = of("timezone: UTC\n", "timezone: Asia/Tokyo\n", "timezone: Europe/Berlin\n");
    assert_eq!(told(&setting), (vec![], vec![("timezone", "", &Why::BothChanged)]));
}

#[test]
fn a_conflict_does_not_hold_up_the_rest() {
    let merged = of("m: { a: 1, b: 1 }\n", "m: { a: 2, b: 1 }\n", "m: { a: 3, b: 3, c: 3 }\n");
    assert_eq!(merged.files, texts([(FILE, "m: { a: 2, b: 3, c: 3 }\n")]));
    assert_eq!(told(&merged), (vec![("m", "b", What::Changed), ("m", "c", What::Added)], vec![("m", "a", &Why::BothChanged)]));
}

#[test]
fn anchors_and_aliases_of_both_stay() {
    let base = "m:\n  a: { of: &x [p, q] }\n  b: { of: *x, for: 1 }\n  c: { of: *x }\n";
    let mine = "m:\n  # mine\n  a: { of: &x [p, q] }\n  b: { of: *x, for: 1 } # b\n  c: { of: *x }\n";
    let changed = |names: [&'static str; 3]| names.map(|name| ("m", name, What::Changed));
    takes(
        "an alias comes as an alias",
        [base, mine, "m:\n  a: { of: &x [p, q] }\n  b: { of: *x, for: 2 }\n  c: { of: *x }\n"],
        "m:\n  # mine\n  a: { of: &x [p, q] }\n  b: { of: *x, for: 2 } # b\n  c: { of: *x }\n",
        &changed(["b"; 3])[..1],
    );
    takes(
        "an anchor that theirs changed for all",
        [base, mine, "m:\n  a: { of: &x [p, q, r] }\n  b: { of: *x, for: 1 }\n  c: { of: *x }\n"],
        "m:\n  # mine\n  a: { of: &x [p, q, r] }\n  b: { of: *x, for: 1 } # b\n  c: { of: *x }\n",
        &changed(["a", "b", "c"]),
    );
    takes(
        "all of them go, the anchor first",
        [&format!("{base}n: {{ d: 1 }}\n"), &format!("{mine}n: {{ d: 1 }}\n"), "n: { d: 1 }\n"],
        "n: { d: 1 }\n",
        &["b", "c", "a"].map(|name| ("m", name, What::Removed)),
    );
    let new = [("m", "d", What::Added), ("m", "e", What::Added)];
    takes("new ones", [base, mine, &format!("{base}  d: &y {{ z: 1 }}\n  e: *y\n")], &format!("{mine}  d: &y {{ z: 1 }}\n  e: *y\n"), &new);
    takes(
        "new ones without the anchor",
        ["k: { a: &x [p] }\n", "k: { a: [p] }\n", "k: { a: &x [p] }\nm: { b: *x }\n"],
        "k: { a: [p] }\n\nm:\n  b: [p]\n",
        &[("m", "b", What::Added)],
    );
    // Mine says something else in one of them: the others would change with it.
    let own = "m:\n  a: { of: &x [p, q] }\n  b: { of: *x, for: 9 }\n  c: { of: *x }\n";
    let merged = of(base, own, "m:\n  a: { of: &x [p, q, r] }\n  b: { of: *x, for: 1 }\n  c: { of: *x }\n");
    assert_eq!(merged.files, texts([(FILE, &own.replace("c: { of: *x }", "c: { of: [p, q, r] }"))]));
    let (taken, conflicts) = told(&merged);
    assert_eq!(taken, [("m", "c", What::Changed)]);
    assert!(matches!(conflicts.as_slice(), [("m", "b", Why::BothChanged), ("m", "a", Why::NotWritable(_))]), "{conflicts:?}");
}

#[test]
fn what_cannot_be_written_is_a_conflict() {
    for (what, [base, mine, theirs]) in [
        ("an anchor that others need", ["m: { a: 1, b: 1 }\n", "m: { a: &x 1, b: *x }\n", "m: { a: 2, b: 1 }\n"]),
        ("a section that is none", ["m: { b: 1 }\n", "m: 5\n", "m: { a: 1, b: 1 }\n"]),
        ("a setting that is a section", ["", "m: { b: 1 }\n", "m: 5\n"]),
        ("an alias for a section", ["k: { b: 1 }\nm: { b: 1 }\n", "k: &x { b: 1 }\nm: *x\n", "k: { b: 1 }\nm: { b: 2 }\n"]),
    ] {
        let merged = of(base, mine, theirs);
        assert_eq!(merged.files, texts([(FILE, mine)]), "{what}");
        assert!(matches!(merged.conflicts.as_slice(), [Conflict { why: Why::NotWritable(_), .. }]), "{what}: {:?}", merged.conflicts);
    }
    let merged = of("m: { b: 1 }\n", "m: { b: 1 }\n", "k: &x { b: 1 }\nm: *x\n");
    assert_eq!(merged.files, texts([(FILE, "m: { b: 1 }\n\nk:\n  b: 1\n")]), "theirs may use aliases");
}

#[test]
fn what_is_defined_twice_is_left_alone() {
    let (base, theirs) = (texts([("a.yaml", "m: { a: 1 }\n")]), texts([("a.yaml", "m: { a: 2 }\n")]));
    let mine = texts([("a.yaml", "m: { a: 1 }\n"), ("b.yaml", "m: { a: 1 }\n")]);
    let merged = merge(&base, &mine, &theirs).unwrap();
    assert_eq!(merged.files, mine);
    assert_eq!(told(&merged), (vec![], vec![("m", "a", &Why::DefinedTwice)]));
    assert_eq!(told(&merge(&base, &mine, &base).unwrap()), (vec![], vec![]));
}

#[test]
fn files_need_not_be_the_same() {
    let base = texts([("m.yaml", "m:\n  a: 1\n  b: 1\n"), ("n.yaml", "n: { a: 1 }\n")]);
    // Mine has all in one file of another name, and something of its own.
    let mine = texts([("all.yaml", "n: { a: 1 }\nm:\n  b: 1 # b\n  # of a\n  a: 1 # a\n  own: 1\n")]);
    let theirs = texts([("m.yaml", "m:\n  a: 2\n  b: 1\n  c: 1\n"), ("n.yaml", "n: {}\n"), ("new.yaml", "m: { d: 1 }\n")]);
    let merged = merge(&base, &mine, &theirs).unwrap();
    let all = "m:\n  b: 1 # b\n  c: 1\n  # of a\n  a: 2 # a\n  own: 1\n";
    assert_eq!(merged.files, texts([("all.yaml", all), ("new.yaml", "m:\n  d: 1\n")]));
    let taken = |section: &str, name: &str, file: &str, what| Taken { section: section.into(), name: name.into(), file: file.into(), what };
    let expected = [
        taken("n", "a", "all.yaml", What::Removed),
        taken("m", "a", "all.yaml", What::Changed),
        taken("m", "c", "all.yaml", What::Added),
        taken("m", "d", "new.yaml", What::Added),
    ];
    assert_eq!((merged.taken, merged.conflicts), (expected.to_vec(), vec![]));
}

#[test]
fn subscriptions_stand_in_one_file() {
    let mine = texts([("a.yaml", "m: { a: 1 }\n"), ("b.yaml", "subscriptions:\n  other: 1\n")]);
    let theirs = texts([("a.yaml", "m: { a: 1 }\nsubscriptions: { grace: 3d }\n")]);
    let merged = merge(&texts([("a.yaml", "m: { a: 1 }\n")]), &mine, &theirs).unwrap();
    assert_eq!(merged.files["b.yaml"], "subscriptions:\n  grace: 3d\n  other: 1\n");
    assert_eq!(merged.files["a.yaml"], mine["a.yaml"]);
}

#[test]
fn a_model_that_cannot_be_read_is_not_merged() {
    let (fine, broken, list) = (texts([(FILE, "m: 1\n")]), texts([(FILE, "m: {\n")]), texts([(FILE, "- 1\n")]));
    for (which, sides) in
        [(Which::Base, [&broken, &fine, &fine]), (Which::Mine, [&fine, &list, &fine]), (Which::Theirs, [&fine, &fine, &broken])]
    {
        let error = merge(sides[0], sides[1], sides[2]).unwrap_err();
        assert_eq!(error.which, which);
        assert_eq!(error.found.iter().map(|found| found.file.as_str()).collect::<Vec<_>>(), [FILE]);
    }
    let nameless = texts([(FILE, "m: { '': 1 }\n")]);
    assert_eq!(merge(&fine, &fine, &nameless).unwrap_err().found[0].message, "`m` has a definition without a name");
}
