//! Where inside a file a part of a SQL text stands, however YAML wrote it.

use tenure_model::file::{Files, Report};
use tenure_model::yaml::parse;

/// The value of `x`, and the text at the place of the word `here` inside it.
#[test]
fn a_word_inside_a_scalar() {
    for source in [
        "x: a > here + 1",
        "x: here",
        "é: ü\nx: 'ß = ''it''''s'' OR here'",
        "x: \"a \\\"quoted\\\" \\u00e9 \\t here\"",
        "x: \"line one\n  two here\"",
        "x: 'line one\n\n  two here'",
        "x: one\n  two\n  here three",
        "x: |\n  one\n    two here\n  three",
        "x: >-\n\n  one\n\n  two\n  here",
        "x: >2+\n    indented here\n",
        "x: |\r\n  one\r\n  here\r\n",
        "y: &a 'a here'\nx: *a",
        "x: &a !!str here",
        "x: &a |\n  one\n  here",
    ] {
        let files = Files::new([("m.yaml", source)]);
        let mut report = Report::new(&files);
        let root = parse(0, &mut report).unwrap_or_else(|| panic!("{source}"));
        let node = root.get("x").unwrap();
        let text = node.as_text().unwrap();
        let at = text.find("here").unwrap();
        let place = node.inside(source, at..at + 4);
        assert_eq!(&source[place.start..place.end], "here", "{source}");
        let end = node.inside(source, text.len()..text.len());
        assert!(end.start >= place.end || text.len() > at + 4, "{source}: what stands at the end is at the end");
        let (_, line, _) = files.position(place);
        assert_eq!(line, source[..source.find("here").unwrap()].matches('\n').count() + 1, "{source}");
    }
}
