//! What is refused, and why; the files stay as they are.

use super::{FILE, keys, refused, texts};
use crate::edit::{At, Error, insert, remove, replace, set, shift};

#[test]
fn what_would_change_something_else_is_refused() {
    let anchor = "m:\n  a: &x { y: 1 }\n  b: *x\n";
    let entangled = |line: usize, path: &str| format!("{FILE}:{line}: `{path}` cannot be edited without changing something else");
    assert_eq!(refused(anchor, |files| replace(files, &["m", "a"], "1")), entangled(2, "m.a"), "the alias needs the anchor");
    assert_eq!(refused(anchor, |files| remove(files, &["m", "a"])), entangled(2, "m.a"));
    assert_eq!(refused(anchor, |files| set(files, &["m", "a", "y"], "2")), entangled(2, "m.a.y"), "the alias would change too");
    assert_eq!(refused(anchor, |files| shift(files, &["m", "a"], At::Last)), entangled(2, "m.a"), "the anchor must come first");
    let alias = |line: usize, path: &str| format!("{FILE}:{line}: `{path}` is an alias of what stands elsewhere");
    assert_eq!(refused(anchor, |files| set(files, &["m", "b", "y"], "2")), alias(3, "m.b.y"));
    assert_eq!(refused(anchor, |files| insert(files, FILE, &["m", "b", "z"], "2", "", At::Last)), alias(3, "m.b.z"));
    assert_eq!(refused("a: &x 1\nb: *x\n", |files| set(files, &["b"], "2")), alias(2, "b"));
    assert_eq!(refused("? a\n: b: 1\n", |files| replace(files, &["a"], "{ b: 2 }")), entangled(1, "a"), "keys with a question mark");
}

#[test]
fn every_error_says_what_is_wrong_and_where() {
    let file = "m:\n  a: 1\n  b: [1]\n  c: { x: 1 }\n";
    let case = |path: &'static str, edit: fn(&mut crate::edit::Texts, &[&str]) -> Result<(), Error>| {
        refused(file, |files| edit(files, &keys(path)))
    };
    let replaced = |files: &mut crate::edit::Texts, path: &[&str]| replace(files, path, "1");
    assert_eq!(case("m.z", replaced), "no file defines `m.z`");
    assert_eq!(case("n", replaced), "no file defines `n`");
    assert_eq!(case("m.z", remove), "no file defines `m.z`");
    assert_eq!(case("m.z", |files, path| set(files, path, "1")), "no file defines `m.z`");
    assert_eq!(case("m.a", |files, path| shift(files, path, At::After("z"))), "no file defines `m.z`");
    assert_eq!(case("m.c", |files, path| set(files, path, "1")), "m.yaml:4: `m.c` is a map, not one value");
    assert_eq!(case("m.b", |files, path| set(files, path, "1")), "m.yaml:3: `m.b` is a list, not one value");
    assert_eq!(case("m.a.x", |files, path| insert(files, FILE, path, "1", "", At::Last)), "m.yaml:2: `m.a` is a number, not a map");
    assert_eq!(case("m.a", |files, path| insert(files, FILE, path, "1", "", At::Last)), "m.yaml:2: `m.a` is defined already");
    assert_eq!(case("m.a", |files, path| replace(files, path, "{ x: ")).split(": ").next(), Some("the value is not YAML"));
    assert_eq!(case("m.a", |files, path| replace(files, path, "*x")).split(": ").next(), Some("the value is not YAML"));
}

#[test]
fn files_that_cannot_be_read_are_not_edited() {
    assert!(refused("m: {\n", |files| remove(files, &["m"])).starts_with("m.yaml:"));
    assert!(refused("- m\n", |files| remove(files, &["m"])).starts_with("m.yaml:1:1: a model file must be a map of sections"));
    let mut files = texts("m:\n  a: 1\n");
    files.insert("n.yaml".into(), "m: { a: 2 }\n".into());
    let twice = Error::Twice { path: "m.a".into(), first: FILE.into(), second: "n.yaml".into() };
    assert_eq!(replace(&mut files, &["m", "a"], "3"), Err(twice));
}
