//! Definitions that go.

use super::{edited, is, keys};
use crate::edit::remove;

#[test]
fn a_definition_is_removed_and_the_rest_stays() {
    for (what, before, path, after) in [
        ("one line", "m:\n  a: 1 # a\n  b: 2 # b\n  c: 3\n", "m.b", "m:\n  a: 1 # a\n  c: 3\n"),
        ("the first", "m: # m\n  a: 1\n  b: 2\n", "m.a", "m: # m\n  b: 2\n"),
        ("the last", "m:\n  a: 1\n  b:\n    x: 1\n    # end\n\nn: 1\n", "m.b", "m:\n  a: 1\n\nn: 1\n"),
        ("its comment goes too", "m:\n  a: 1\n  # of b\n  b: 2\n  # of c\n  c: 3\n", "m.b", "m:\n  a: 1\n  # of c\n  c: 3\n"),
        ("a comment that heads a group stays", "m:\n  # both\n  a: 1\n  b: 2\n", "m.a", "m:\n  # both\n  b: 2\n"),
        ("a comment after a blank line stays", "m:\n  # all\n\n  a: 1\n\n  b: 2\n", "m.a", "m:\n  # all\n\n  b: 2\n"),
        ("a comment further left stays", "m:\n  a: 1\n# left\n  b: 2\n", "m.b", "m:\n  a: 1\n# left\n"),
        ("the head of the file stays", "# file\na: 1\n\nb: 2\n", "a", "# file\n\nb: 2\n"),
        ("no two blank lines are left", "m:\n  a: 1\n\n  b: 2\n\n  c: 3\n", "m.b", "m:\n  a: 1\n\n  c: 3\n"),
        ("no blank line is left at the head", "m:\n  a: 1\n\n  b: 2\n", "m.a", "m:\n  b: 2\n"),
        ("no blank line is left at the end", "m:\n  a: 1\n\n  # of b\n  b: 2\n", "m.b", "m:\n  a: 1\n"),
        ("no newline at the end", "m:\n  a: 1\n  b: 2", "m.b", "m:\n  a: 1"),
        ("CRLF", "m:\r\n  a: 1\r\n\r\n  b: 2\r\n\r\n  c: 3", "m.b", "m:\r\n  a: 1\r\n\r\n  c: 3"),
        ("CRLF, no newline at the end", "m:\r\n  a: 1\r\n\r\n  b: 2", "m.b", "m:\r\n  a: 1"),
        ("in flow", "m: { a: 1, b: { x: 1 }, c: 3 } # c\n", "m.b", "m: { a: 1, c: 3 } # c\n"),
        ("the first in flow", "m: { a: 1, b: 2 }\n", "m.a", "m: { b: 2 }\n"),
        ("the last in flow", "m: { a: 1, b: 2 }\n", "m.b", "m: { a: 1 }\n"),
        ("nothing in flow", "m: { a, b, c }\n", "m.b", "m: { a, c }\n"),
        ("in flow of several lines", "m: { a: 1,\n     b: 2,\n     c: 3 }\n", "m.b", "m: { a: 1,\n     c: 3 }\n"),
        ("the only one of a section", "m:\n  a: 1\n\nn:\n  b: 2\n", "m.a", "n:\n  b: 2\n"),
        ("the only one of a flow section", "m: { a: 1 } # c\nn: 1\n", "m.a", "m: {} # c\nn: 1\n"),
        ("the only one of a flow section without a comment", "m: { a: 1 }\nn: 1\n", "m.a", "n: 1\n"),
        ("the only one, and comments that stay", "m: # m\n  # all\n\n  a: 1\n", "m.a", "m: {} # m\n  # all\n"),
        (
            "the only stage",
            "lifecycle:\n  stages:\n    a: {}\n  milestones:\n    b: 1\n",
            "lifecycle.stages.a",
            "lifecycle:\n  milestones:\n    b: 1\n",
        ),
        ("the only one of a lifecycle", "n: 1\nlifecycle:\n  stages:\n    a: {}\n", "lifecycle.stages.a", "n: 1\n"),
        ("the only one of a file", "m:\n  a: 1\n", "m.a", ""),
        ("a setting", "m: 1\ntimezone: UTC # c\nn: 1\n", "timezone", "m: 1\nn: 1\n"),
        ("a field", "m:\n  a: { x: 1, y: 2 }\n", "m.a.y", "m:\n  a: { x: 1 }\n"),
        ("the only field", "m:\n  a: { x: 1 }\n  b: 1\n", "m.a.x", "m:\n  a: {}\n  b: 1\n"),
        ("the only field of a block", "m:\n  a: # c\n    x: 1\n  b: 1\n", "m.a.x", "m:\n  a: {} # c\n  b: 1\n"),
        ("a block scalar", "m:\n  a: |\n    x\n    # y\n\n  b: 1\n", "m.a", "m:\n  b: 1\n"),
        ("beyond ASCII", "é:\n  ä: \"→\"\n  # ü\n  ö: 1 # ß\n", "é.ö", "é:\n  ä: \"→\"\n"),
        ("an alias", "m:\n  a: &x { y: 1 }\n  b: *x\n", "m.b", "m:\n  a: &x { y: 1 }\n"),
        ("an anchor that nobody uses", "m:\n  a: &x { y: 1 }\n  b: 1\n", "m.a", "m:\n  b: 1\n"),
    ] {
        is(what, &edited(before, |files| remove(files, &keys(path))), after);
    }
}

#[test]
fn an_empty_section_is_a_section() {
    for text in ["segments: {}\n", "segments:\n", "lifecycle:\n  stages: {}\n", "lifecycle: {}\n", ""] {
        let files = [("m.yaml".to_owned(), text.to_owned())];
        assert!(crate::check(&files).is_ok(), "{text}");
    }
}
