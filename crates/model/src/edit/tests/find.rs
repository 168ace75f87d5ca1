//! Where definitions stand.

use super::{FILE, keys, texts};
use crate::edit::{find, path};

#[test]
fn sections_and_settings_are_paths() {
    assert_eq!(path("metrics", "a"), ["metrics", "a"]);
    assert_eq!(path("lifecycle.stages", "a"), ["lifecycle", "stages", "a"]);
    assert_eq!(path("timezone", ""), ["timezone"]);
    assert_eq!(path("events", "invoice.paid"), ["events", "invoice.paid"]);
}

#[test]
fn a_definition_has_a_text_of_its_own() {
    for (what, file, at, above, text) in [
        ("a setting", "timezone: UTC # here\n", "timezone", "", "UTC"),
        ("quotes stay", "timezone: 'UTC'\n", "timezone", "", "'UTC'"),
        ("flow", "metrics:\n  a: { count: x }  # why\n", "metrics.a", "", "{ count: x }"),
        ("flow in flow", "metrics: { a: { count: x }, b: { count: y } }\n", "metrics.b", "", "{ count: y }"),
        ("flow on lines of its own", "m:\n  a:\n    { x: 1,\n      y: 2 }\n  b: 1\n", "m.a", "", "\n{ x: 1,\n  y: 2 }"),
        ("flow that begins beside", "m:\n  a: { x: 1,\n       y: 2 }\n", "m.a", "", "{ x: 1,\n     y: 2 }"),
        ("a block", "m:\n    a:\n        x: 1 # one\n        y: 2\n    b: 1\n", "m.a", "", "x: 1 # one\ny: 2"),
        ("comments inside", "m:\n  a: # a\n    # x\n    x: 1\n    # end\n\n  # b\n  b: 1\n", "m.a", "", "# x\nx: 1\n# end"),
        ("a list", "m:\n  a:\n  - 1\n  - 2\n", "m.a", "", "- 1\n- 2"),
        ("nested", "m:\n  a:\n    x:\n      y: [1, 2]\n  b: 2\n", "m.a.x", "", "y: [1, 2]"),
        ("a block scalar", "m:\n  when: >-\n    a\n    b\n\n  c: 1\n", "m.when", "", ">-\n  a\n  b"),
        ("a comment in a block scalar is text", "m:\n  a: |\n    x\n    # y\n  b: 1\n", "m.a", "", "|\n  x\n  # y"),
        ("nothing", "m:\n  a:\n  b: 1\n", "m.a", "", ""),
        ("nothing in flow", "m: { a, b: 1 }\n", "m.a", "", ""),
        ("CRLF", "m:\r\n  a:\r\n    x: 1\r\n    y: 2\r\n", "m.a", "", "x: 1\ny: 2"),
        ("no newline at the end", "m:\n  a:\n    x: 1", "m.a", "", "x: 1"),
        ("beyond ASCII", "m:\n  # ä\n  é: { t: \"→\" } # ö\n", "m.é", "# ä", "{ t: \"→\" }"),
        ("a byte order mark", "\u{feff}m:\n  a: 1\n", "m.a", "", "1"),
        ("a comment above", "m:\n  b: 1\n  # one\n  # two\n  a: 1\n", "m.a", "# one\n# two", "1"),
        ("a comment and a blank line above", "m:\n  b: 1\n\n  # one\n  a: 1\n", "m.a", "\n# one", "1"),
        ("a comment above several", "m:\n  b: 1\n\n  # all\n  a: 1\n  c: 1\n", "m.a", "", "1"),
        ("a comment at the head of the file", "# file\na: 1\n\nb: 1\n", "a", "", "1"),
        ("an anchor stays with its value", "m:\n  a: &x { y: 1 }\n", "m.a", "", "&x { y: 1 }"),
        ("what an alias names is written out", "m:\n  b: &x\n    y: 1\n  a: *x\n", "m.a", "", "{ y: 1 }"),
        ("an alias inside", "m:\n  b: &x { y: a b }\n  a:\n    z: *x\n", "m.a", "", "{ z: { y: a b } }"),
    ] {
        let files = texts(file);
        let found = find(&files, &keys(at)).unwrap_or_else(|error| panic!("{what}: {error}"));
        let found = found.unwrap_or_else(|| panic!("{what}: not found"));
        assert_eq!((found.above.as_str(), found.text.as_str()), (above, text), "{what}");
    }
}

#[test]
fn a_definition_has_a_place() {
    let file = "m:\n  b: 1\n  # of a\n  a:  # so\n    x: 1\n    # end\n  c: { z: 1 }  # c\n";
    let files = texts(file);
    let part = |range: std::ops::Range<usize>| &file[range];
    let found = find(&files, &["m", "a"]).unwrap().unwrap();
    assert_eq!((found.file, found.line), (FILE, 4));
    assert_eq!(part(found.key), "a");
    assert_eq!(part(found.value), "    x: 1\n    # end");
    assert_eq!(part(found.entry), "a:  # so\n    x: 1\n    # end\n");
    let found = find(&files, &["m", "c"]).unwrap().unwrap();
    assert_eq!((part(found.value), part(found.entry)), ("{ z: 1 }", "c: { z: 1 }  # c\n"));
    let found = find(&files, &["m", "c", "z"]).unwrap().unwrap();
    assert_eq!((part(found.value), part(found.entry)), ("1", "z: 1"));
    assert_eq!(find(&files, &["m", "d"]), Ok(None));
    assert_eq!(find(&files, &["m", "b", "x"]), Ok(None));
    assert_eq!(find(&files, &[]), Ok(None));
}
