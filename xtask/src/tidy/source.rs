//! Rules of source files: they say first what they are for, stay small, and hold nothing unfinished.

use super::Finding;
use super::tree::{Tree, extension};

/// Lines of a source file at most.
const LINES_MAX: usize = 700;
/// Lines from which a source file should be divided.
const LINES_WARN: usize = 400;

/// The first line of each module says its one responsibility.
pub fn first_sentence(tree: &Tree) -> Vec<Finding> {
    let modules = tree.with_extension("rs").filter(|(path, _)| path.starts_with("crates/") || path.starts_with("xtask/"));
    let silent = modules.filter(|(_, text)| {
        let sentence = text.lines().next().and_then(|line| line.strip_prefix("//! "));
        sentence.is_none_or(|s| s.split_whitespace().count() < 3)
    });
    silent.map(|(path, _)| Finding::error(path, 1, "begin with `//!` and a sentence that says what this module is for")).collect()
}

/// Source files stay small.
pub fn length(tree: &Tree) -> Vec<Finding> {
    let sources = tree.files.iter().filter(|(path, _)| matches!(extension(path), "rs" | "py" | "sh" | "ts" | "tsx"));
    let lines = sources.map(|(path, text)| (path, text.lines().count()));
    lines
        .filter_map(|(path, n)| match n {
            _ if n > LINES_MAX => Some(Finding::error(path, LINES_MAX + 1, format!("{n} lines: divide it; {LINES_MAX} at most"))),
            _ if n > LINES_WARN => Some(Finding::warning(path, LINES_WARN + 1, format!("{n} lines: consider dividing it"))),
            _ => None,
        })
        .collect()
}

/// Nothing unfinished, nothing left over from debugging.
pub fn unfinished(tree: &Tree) -> Vec<Finding> {
    const MACROS: [&str; 3] = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!(")];
    let mut findings = Vec::new();
    for (path, text) in tree.with_extension("rs") {
        for (index, line) in text.lines().enumerate() {
            if let Some(found) = MACROS.iter().find(|name| line.contains(*name)) {
                findings.push(Finding::error(path, index + 1, format!("{}) must not stay", found)));
            }
        }
    }
    findings
}

/// Spaces, not tabs.
pub fn tabs(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in &tree.files {
        if let Some(index) = text.lines().position(|line| line.contains('\t')) {
            findings.push(Finding::error(path, index + 1, "a tab: indent with spaces; write \\t in a string"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::*;

    #[test]
    fn a_module_begins_with_its_purpose() {
        for (text, allowed) in [
            ("//! Reads the files of a model.\nuse std::fmt;", true),
            ("use std::fmt;\n//! Reads the files of a model.", false),
            ("//!\n//! Reads the files.", false),
            ("//! Module.\n", false),
            ("", false),
        ] {
            assert_eq!(first_sentence(&tree([("crates/model/src/lib.rs", text)])).is_empty(), allowed, "{text}");
        }
    }

    #[test]
    fn long_files_warn_and_longer_ones_fail() {
        for (lines, expected) in [(400, None), (401, Some(true)), (700, Some(true)), (701, Some(false))] {
            let found = length(&tree([("crates/model/src/lib.rs", &"x\n".repeat(lines))]));
            assert_eq!(found.first().map(|f| f.warning), expected, "{lines} lines");
        }
        assert!(length(&tree([("docs/long.md", &"x\n".repeat(2000))])).is_empty());
    }

    #[test]
    fn unfinished_code_is_found() {
        for name in ["todo", "unimplemented", "dbg"] {
            let found = unfinished(&tree([("crates/a/src/lib.rs", &format!("fn f() {{\n    {name}!(1)\n}}"))]));
            assert_eq!(found.first().map(|f| f.line), Some(2), "{name}");
        }
        assert!(unfinished(&tree([("crates/a/src/lib.rs", "let todo = 1;")])).is_empty());
    }

    #[test]
    fn tabs_are_found() {
        assert_eq!(tabs(&tree([("a.yaml", "a:\n\tb: 1")])).first().map(|f| f.line), Some(2));
        assert!(tabs(&tree([("a.yaml", "a:\n  b: 1")])).is_empty());
    }
}
