//! A new definition goes into its section, at its place.

use super::{FILE, edited, is, keys, texts};
use crate::edit::{At, Error, Texts, insert, shift};

#[test]
fn a_definition_is_added_and_the_rest_stays() {
    let b = "{ x: 1 }";
    for (what, before, path, value, above, at, after) in [
        ("last", "m:\n  a: 1 # c\n\nn:\n  c: 1\n", "m.b", b, "", At::Last, "m:\n  a: 1 # c\n  b: { x: 1 }\n\nn:\n  c: 1\n"),
        ("first", "m:\n  a: 1\n  c: 1\n", "m.b", b, "", At::First, "m:\n  b: { x: 1 }\n  a: 1\n  c: 1\n"),
        ("first, above a comment", "m: # m\n  # of a\n  a: 1\n", "m.b", b, "", At::First, "m: # m\n  b: { x: 1 }\n  # of a\n  a: 1\n"),
        ("after one", "m:\n  a: 1\n  c: 1\n", "m.b", b, "", At::After("a"), "m:\n  a: 1\n  b: { x: 1 }\n  c: 1\n"),
        (
            "after a block with a comment at its end",
            "m:\n  a:\n    x: 1\n    # end\n  # of c\n  c: 1\n",
            "m.b",
            b,
            "",
            At::After("a"),
            "m:\n  a:\n    x: 1\n    # end\n  b: { x: 1 }\n  # of c\n  c: 1\n",
        ),
        ("after one that is not there", "m:\n  a: 1\n", "m.b", b, "", At::After("z"), "m:\n  a: 1\n  b: { x: 1 }\n"),
        (
            "with a comment",
            "m:\n    a: 1\n",
            "m.b",
            "x: 1\ny: 2",
            "\n# one\n# two",
            At::Last,
            "m:\n    a: 1\n\n    # one\n    # two\n    b:\n        x: 1\n        y: 2\n",
        ),
        ("into flow", "m: { a: 1, c: 1 } # c\n", "m.b", b, "# lost", At::After("a"), "m: { a: 1, b: { x: 1 }, c: 1 } # c\n"),
        ("into flow, first", "m: { a: 1 }\n", "m.b", b, "", At::First, "m: { b: { x: 1 }, a: 1 }\n"),
        ("into flow, a block", "m: { a: 1 }\n", "m.b", "x: 1 # c\ny: 2\n", "", At::Last, "m: { a: 1, b: { x: 1, y: 2 } }\n"),
        ("into flow, after nothing", "m: { a, c: 1 }\n", "m.b", b, "", At::After("a"), "m: { a, b: { x: 1 }, c: 1 }\n"),
        ("into empty flow", "m: {} # c\nn: 1\n", "m.b", b, "# of b", At::Last, "m: # c\n  # of b\n  b: { x: 1 }\nn: 1\n"),
        ("into an empty section", "m: # c\n\nn:\n  c: 1\n", "m.b", b, "", At::Last, "m: # c\n  b: { x: 1 }\n\nn:\n  c: 1\n"),
        (
            "with its section",
            "n:\n    c: 1\n# end\n",
            "m.b",
            b,
            "# of b",
            At::First,
            "n:\n    c: 1\n\nm:\n    # of b\n    b: { x: 1 }\n# end\n",
        ),
        ("into a file of comments", "# only this\n", "m.b", b, "", At::Last, "# only this\n\nm:\n  b: { x: 1 }\n"),
        ("into an empty file", "", "m.b", b, "# of b", At::Last, "m:\n  # of b\n  b: { x: 1 }\n"),
        (
            "a stage",
            "lifecycle:\n  stages:\n    a: {}\n    c: {}\n  milestones:\n    d: 1\n",
            "lifecycle.stages.b",
            b,
            "",
            At::After("a"),
            "lifecycle:\n  stages:\n    a: {}\n    b: { x: 1 }\n    c: {}\n  milestones:\n    d: 1\n",
        ),
        (
            "the first milestone",
            "lifecycle:\n  stages:\n    a: {}\n\nn: 1\n",
            "lifecycle.milestones.b",
            "x: 1",
            "",
            At::Last,
            "lifecycle:\n  stages:\n    a: {}\n\n  milestones:\n    b:\n      x: 1\n\nn: 1\n",
        ),
        (
            "the first milestone in flow",
            "lifecycle: { stages: { a: {} } }\n",
            "lifecycle.milestones.b",
            "x: 1",
            "",
            At::Last,
            "lifecycle: { stages: { a: {} }, milestones: { b: { x: 1 } } }\n",
        ),
        ("the first stage", "n: 1\n", "lifecycle.stages.b", "", "", At::Last, "n: 1\n\nlifecycle:\n  stages:\n    b:\n"),
        ("a setting", "# c\nm:\n  a: 1\n", "timezone", "UTC", "", At::Last, "# c\nm:\n  a: 1\ntimezone: UTC\n"),
        ("a field", "m:\n  a:\n    x: 1\n    y: 2\n", "m.a.z", "3", "", At::After("x"), "m:\n  a:\n    x: 1\n    z: 3\n    y: 2\n"),
        ("no newline at the end", "m:\n  a: 1", "m.b", "x: 1", "", At::Last, "m:\n  a: 1\n  b:\n    x: 1"),
        ("no newline at the end of an empty section", "m:", "m.b", b, "", At::Last, "m:\n  b: { x: 1 }"),
        ("CRLF", "m:\r\n  a: 1\r\n", "m.b", "x: 1", "# c", At::Last, "m:\r\n  a: 1\r\n  # c\r\n  b:\r\n    x: 1\r\n"),
        ("beyond ASCII", "é:\n  ä: \"→\" # ö\n", "é.ß", "\"←\"", "# ü", At::Last, "é:\n  ä: \"→\" # ö\n  # ü\n  ß: \"←\"\n"),
        (
            "after a block scalar",
            "m:\n  a: |\n    x\n    # y\n\nn: 1\n",
            "m.b",
            "1",
            "",
            At::Last,
            "m:\n  a: |\n    x\n    # y\n  b: 1\n\nn: 1\n",
        ),
        ("before the document's end", "---\nm:\n  a: 1\n...\n", "n.b", "1", "", At::Last, "---\nm:\n  a: 1\n\nn:\n  b: 1\n...\n"),
        ("a name that needs quotes", "m:\n  a: 1\n", "m.< 1: x", "1", "", At::Last, "m:\n  a: 1\n  \"< 1: x\": 1\n"),
        (
            "flow on its own line",
            "m:\n  a: 1\n",
            "m.b",
            "\n{ x: 1,\n  y: 2 }",
            "",
            At::Last,
            "m:\n  a: 1\n  b:\n    { x: 1,\n      y: 2 }\n",
        ),
    ] {
        is(what, &edited(before, |files| insert(files, FILE, &keys(path), value, above, at)), after);
    }
}

#[test]
fn a_file_comes_into_being() {
    let mut files = texts("m:\n  a: 1\n");
    insert(&mut files, "new.yaml", &["m", "b"], "{ x: 1 }", "\n# of b", At::First).unwrap();
    let expected = [(FILE, "m:\n  a: 1\n"), ("new.yaml", "m:\n  # of b\n  b: { x: 1 }\n")];
    assert_eq!(files, Texts::from(expected.map(|(file, text)| (file.to_owned(), text.to_owned()))));
}

#[test]
fn what_is_there_is_not_added() {
    let mut files = texts("m:\n  a: 1\n  b: 2\n");
    let error = insert(&mut files, FILE, &["m", "b"], "3", "", At::Last).unwrap_err();
    assert_eq!(error, Error::Exists { file: FILE.into(), line: 3, path: "m.b".into() });
    assert_eq!(files, texts("m:\n  a: 1\n  b: 2\n"));
}

#[test]
fn a_definition_is_put_elsewhere() {
    for (what, before, name, at, after) in [
        ("down", "m:\n  a: 1 # a\n  # of b\n  b: 2\n\n  c: 3\n", "a", At::After("b"), "m:\n  # of b\n  b: 2\n  a: 1 # a\n\n  c: 3\n"),
        ("up, with its comment", "m:\n  a: 1\n\n  # of c\n  c:\n    x: 1\n", "c", At::First, "m:\n  # of c\n  c:\n    x: 1\n  a: 1\n"),
        ("to the end of a file without a newline", "m:\n  a: 1\n  b: 2", "a", At::After("b"), "m:\n  b: 2\n  a: 1"),
        ("from the end of a file without a newline", "m:\n  a: 1\n  b: 2", "b", At::First, "m:\n  b: 2\n  a: 1"),
        ("CRLF", "m:\r\n  a: 1\r\n  b: 2", "a", At::Last, "m:\r\n  b: 2\r\n  a: 1"),
        ("where it stands", "m:\n  a: 1\n  b: 2\n", "b", At::After("a"), "m:\n  a: 1\n  b: 2\n"),
        ("where it stands, last", "m:\n  a: 1\n  b: 2\n", "b", At::Last, "m:\n  a: 1\n  b: 2\n"),
    ] {
        is(what, &edited(before, |files| shift(files, &["m", name], at)), after);
    }
}
