//! Another value in the place of one.

use super::{edited, is, keys};
use crate::edit::replace;

#[test]
fn a_value_is_replaced_and_the_rest_stays() {
    for (what, before, path, value, after) in [
        ("one line by one line", "m:\n  a:   { x: 1 }  # why\n  b: 1\n", "m.a", "{ x: 2 }", "m:\n  a:   { x: 2 }  # why\n  b: 1\n"),
        ("in flow", "m: { a: { x: 1 }, b: 1 } # c\n", "m.a", "{ x: 2, y: [1] }", "m: { a: { x: 2, y: [1] }, b: 1 } # c\n"),
        ("flow by a block", "m:\n  a: { x: 1 }  # why\n\n  b: 1\n", "m.a", "x: 2\ny: 3", "m:\n  a:  # why\n    x: 2\n    y: 3\n\n  b: 1\n"),
        ("a block by flow", "m:\n  a: # why\n    x: 1\n    y: 2\n\n  b: 1\n", "m.a", "{ x: 2 }", "m:\n  a: { x: 2 }  # why\n\n  b: 1\n"),
        (
            "a block by a block",
            "m:\n    a:\n        x: 1\n    b: 1\n",
            "m.a",
            "x:\n  z: 2\ny: 3",
            "m:\n    a:\n        x:\n          z: 2\n        y: 3\n    b: 1\n",
        ),
        (
            "however it is indented",
            "m:\n  a: 1\n",
            "m.a",
            "      x: 2\n      y:\n        z: 3\n",
            "m:\n  a:\n    x: 2\n    y:\n      z: 3\n",
        ),
        (
            "a block in flow comes in one line",
            "m: { a: 1, b: 2 }\n",
            "m.a",
            "x: 2 # two\ny: 'it''s'",
            "m: { a: { x: 2, y: 'it''s' }, b: 2 }\n",
        ),
        ("what flow must quote", "m: { a: 1 }\n", "m.a", "x: one, two\nz: 3 }", "m: { a: { x: \"one, two\", z: \"3 }\" } }\n"),
        ("plain text with a comma into flow", "m: { a: 1 }\n", "m.a", "one, two", "m: { a: \"one, two\" }\n"),
        (
            "comments come along",
            "m:\n  a:\n    # old\n    x: 1 # old\n    # old end\n  b: 1\n",
            "m.a",
            "# new\nx: 2 # new",
            "m:\n  a:\n    # new\n    x: 2 # new\n  b: 1\n",
        ),
        (
            "flow on its own line stays there",
            "m:\n  a:\n    { x: 1 }  # c\n  b: 1\n",
            "m.a",
            "{ x: 2,\n  y: 3 }",
            "m:\n  a:\n    { x: 2,\n      y: 3 }  # c\n  b: 1\n",
        ),
        ("flow that was on its own line", "m:\n  a:\n    x: 1\n", "m.a", "\n{ x: 2 }", "m:\n  a:\n    { x: 2 }\n"),
        ("own line by a block", "m:\n  a: # k\n    { x: 1 }  # c\n  b: 1\n", "m.a", "x: 2", "m:\n  a: # k  # c\n    x: 2\n  b: 1\n"),
        (
            "several lines of flow by one",
            "m:\n  a: { x: 1,\n       y: 2 } # c\n  b: 1\n",
            "m.a",
            "{ z: 1 }",
            "m:\n  a: { z: 1 } # c\n  b: 1\n",
        ),
        ("nothing by something", "m:\n  a:  # c\n  b: 1\n", "m.a", "{ x: 1 }", "m:\n  a: { x: 1 }  # c\n  b: 1\n"),
        ("nothing by a block", "m:\n  a:  # c\n  b: 1\n", "m.a", "x: 1", "m:\n  a:  # c\n    x: 1\n  b: 1\n"),
        ("nothing in flow", "m: { a, b: , c: 1 }\n", "m.a", "1", "m: { a: 1, b: , c: 1 }\n"),
        ("nothing after a colon in flow", "m: { a, b: , c: 1 }\n", "m.b", "2", "m: { a, b: 2 , c: 1 }\n"),
        ("something by nothing", "m:\n  a:\n    x: 1\n  b: 1\n", "m.a", "", "m:\n  a:\n  b: 1\n"),
        ("a list at the key's column", "m:\n  a:\n  - 1\n  - 2\n  b: 1\n", "m.a", "x: 1", "m:\n  a:\n    x: 1\n  b: 1\n"),
        ("a map by a list", "m:\n  a:\n    x: 1\n", "m.a", "- 1\n- 2", "m:\n  a:\n    - 1\n    - 2\n"),
        ("a block scalar by flow", "m:\n  a: |\n    x\n    y\n\n  b: 1\n", "m.a", "{ x: 1 }", "m:\n  a: { x: 1 }\n\n  b: 1\n"),
        ("flow by a block scalar", "m:\n  a: { x: 1 }\n  b: 1\n", "m.a", ">-\n  one\n  two", "m:\n  a: >-\n    one\n    two\n  b: 1\n"),
        ("a block scalar before a comment", "m:\n  a: 1  # c\n", "m.a", "|-\n  one\n  two", "m:\n  a: \"one\\ntwo\"  # c\n"),
        ("a block scalar into flow", "m: { a: 1 }\n", "m.a", "|-\n  one\n  two", "m: { a: \"one\\ntwo\" }\n"),
        (
            "a block with a block scalar",
            "m:\n  a: 1\n",
            "m.a",
            "when: >-\n  a OR\n  b\nx: 1",
            "m:\n  a:\n    when: >-\n      a OR\n      b\n    x: 1\n",
        ),
        ("CRLF", "m:\r\n  a: 1\r\n  b: 2\r\n", "m.a", "x: 1\ny: 2", "m:\r\n  a:\r\n    x: 1\r\n    y: 2\r\n  b: 2\r\n"),
        ("LF, from a CRLF file", "m:\n  a: 1\n", "m.a", "x: 1\r\ny: 2\r\n", "m:\n  a:\n    x: 1\n    y: 2\n"),
        ("no newline at the end", "m:\n  a: 1", "m.a", "x: 1\ny: 2", "m:\n  a:\n    x: 1\n    y: 2"),
        ("beyond ASCII", "é: { ö: \"→→\" } # ä\nü: 1\n", "é.ö", "\"←\"", "é: { ö: \"←\" } # ä\nü: 1\n"),
        (
            "deep inside",
            "m:\n  a:\n    x: { y: { z: 1 } }\n    w: 1\n",
            "m.a.x.y",
            "{ z: 2 }",
            "m:\n  a:\n    x: { y: { z: 2 } }\n    w: 1\n",
        ),
        ("a setting", "# file\ntimezone: UTC  # c\nm: {}\n", "timezone", "Europe/Berlin", "# file\ntimezone: Europe/Berlin  # c\nm: {}\n"),
        ("an anchor that nobody uses goes", "m:\n  a: &x { y: 1 }\n", "m.a", "{ y: 2 }", "m:\n  a: { y: 2 }\n"),
        ("an alias", "m:\n  b: &x { y: 1 }\n  a: *x # c\n", "m.a", "{ y: 2 }", "m:\n  b: &x { y: 1 }\n  a: { y: 2 } # c\n"),
        ("a quoted key", "m:\n  \"a b\": 1\n  'c': 2\n", "m.a b", "{ x: 1 }", "m:\n  \"a b\": { x: 1 }\n  'c': 2\n"),
    ] {
        is(what, &edited(before, |files| replace(files, &keys(path), value)), after);
    }
}

#[test]
fn by_its_own_text_nothing_changes() {
    for file in [
        "m:\n  a: # k\n    # c\n    x: { y: 1 } # d\n    # e\n\n  # f\n  b: >-\n    x\n\n    y\n  c:\n    { x: 1,\n      y: 2 } # g\n  d: 'it''s'\n",
        "m: { a: { x: 1 }, b: [1, 2], c: , d: \"é\" }",
        "m:\r\n  a:\r\n    x: 1\r\n  b: |\r\n    one\r\n    two\r\n  c: 1\r\n  d: 1",
    ] {
        for name in ["a", "b", "c", "d"] {
            let files = super::texts(file);
            let text = crate::edit::find(&files, &["m", name]).unwrap().unwrap().text;
            is(name, &edited(file, |files| replace(files, &["m", name], &text)), file);
        }
    }
}
