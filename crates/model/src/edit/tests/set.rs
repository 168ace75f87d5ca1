//! One scalar of a definition.

use super::{edited, is, keys};
use crate::edit::set;

#[test]
fn a_scalar_keeps_its_style() {
    let long = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa = 1 OR bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb = 2 OR \
                cccccccccccccccccccccccccccccc = 3 OR ddddddddddd = 4";
    let folded = "m:\n  when: >-\n    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa = 1 OR bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb = 2 OR\n    \
                  cccccccccccccccccccccccccccccc = 3 OR ddddddddddd = 4\n  b: 1\n";
    for (what, before, path, text, after) in [
        (
            "in double quotes",
            "m:\n  when: \"a > 1\" # c\n",
            "m.when",
            "b = 'x' OR c = \"d\\e\"",
            "m:\n  when: \"b = 'x' OR c = \\\"d\\\\e\\\"\" # c\n",
        ),
        ("in single quotes", "m:\n  when: 'a > 1' # c\n", "m.when", "b = 'x'", "m:\n  when: 'b = ''x''' # c\n"),
        ("in single quotes, lines", "m:\n  when: 'a'\n", "m.when", "a\nb", "m:\n  when: \"a\\nb\"\n"),
        ("without quotes", "m:\n  when: a > 1 # c\n", "m.when", "b = 'x'", "m:\n  when: b = 'x' # c\n"),
        ("without quotes, where it needs them", "m:\n  when: a > 1\n", "m.when", "b: 'x' # y", "m:\n  when: \"b: 'x' # y\"\n"),
        ("without quotes, with double ones", "m:\n  when: a\n", "m.when", "\"b\" > 1", "m:\n  when: '\"b\" > 1'\n"),
        ("without quotes, blanks at its ends", "m:\n  label: a\n", "m.label", " a ", "m:\n  label: \" a \"\n"),
        ("without quotes, in flow", "m: { when: a > 1, b: 1 }\n", "m.when", "a IN (1, 2)", "m: { when: \"a IN (1, 2)\", b: 1 }\n"),
        ("without quotes, in flow, harmless", "m: { when: a > 1, b: 1 }\n", "m.when", "a < 2", "m: { when: a < 2, b: 1 }\n"),
        ("in quotes, in flow", "m: { when: \"a > 1\", b: 1 }\n", "m.when", "a IN ('x', 'y')", "m: { when: \"a IN ('x', 'y')\", b: 1 }\n"),
        ("a number stays one", "m:\n  at: 49\n", "m.at", "50.5", "m:\n  at: 50.5\n"),
        ("a number in quotes stays text", "m:\n  at: '49'\n", "m.at", "50", "m:\n  at: '50'\n"),
        ("nothing", "m:\n  when: # c\n  b: 1\n", "m.when", "a > 1", "m:\n  when: a > 1 # c\n  b: 1\n"),
        ("by nothing", "m:\n  when: a\n", "m.when", "", "m:\n  when: \"\"\n"),
        ("what reads as nothing", "m:\n  when: a\n", "m.when", "null", "m:\n  when: \"null\"\n"),
        ("folded", "m:\n  when: >-\n    a\n    OR b\n\n  b: 1\n", "m.when", "c = 'x'", "m:\n  when: >-\n    c = 'x'\n\n  b: 1\n"),
        ("folded, long", "m:\n  when: >-\n    a\n  b: 1\n", "m.when", long, folded),
        ("folded, lines", "m:\n  when: >-\n    a\n  b: 1\n", "m.when", "a\nb", "m:\n  when: >-\n    a\n\n    b\n  b: 1\n"),
        ("folded, with a line break at its end", "m:\n  when: >\n    a\n  b: 1\n", "m.when", "c", "m:\n  when: >\n    c\n  b: 1\n"),
        ("folded, blanks at its head", "m:\n  when: >-\n    a\n", "m.when", "  c", "m:\n  when: \"  c\"\n"),
        (
            "literal",
            "m:\n  when: |  # c\n      a\n      b\n  b: 1\n",
            "m.when",
            "c: 'x'\n# d\ne",
            "m:\n  when: |  # c\n      c: 'x'\n      # d\n      e\n  b: 1\n",
        ),
        ("literal, at the end of the file", "m:\n  when: |-\n    a", "m.when", "b\nc", "m:\n  when: |-\n    b\n    c"),
        ("several lines in quotes", "m:\n  when: \"a\n    OR b\" # c\n", "m.when", "c", "m:\n  when: \"c\" # c\n"),
        ("several lines without quotes", "m:\n  when: a\n    OR b\n  b: 1\n", "m.when", "c", "m:\n  when: c\n  b: 1\n"),
        ("CRLF", "m:\r\n  when: |\r\n    a\r\n    b\r\n  b: 1\r\n", "m.when", "c\nd", "m:\r\n  when: |\r\n    c\r\n    d\r\n  b: 1\r\n"),
        ("beyond ASCII", "é: { ö: \"→\", ü: 'x' } # ß\n", "é.ö", "← \u{2028} é", "é: { ö: \"← \\u2028 é\", ü: 'x' } # ß\n"),
        ("a setting", "timezone: UTC # c", "timezone", "Europe/Berlin", "timezone: Europe/Berlin # c"),
        ("the deepest", "a:\n  b:\n    c: { d: { e: 1 } }\n", "a.b.c.d.e", "2", "a:\n  b:\n    c: { d: { e: 2 } }\n"),
    ] {
        is(what, &edited(before, |files| set(files, &keys(path), text)), after);
    }
}
