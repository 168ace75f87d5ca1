//! Maps that match the land: paths named in ARCHITECTURE.md and links in all documents lead to what exists.

use super::Finding;
use super::tree::{Tree, extension};

const MAP: &str = "ARCHITECTURE.md";

/// Endings by which text in backticks is known to be a path.
const ENDINGS: &[&str] = &["rs", "md", "toml", "yaml", "py", "sh", "lock"];

/// Every path in backticks in ARCHITECTURE.md exists.
pub fn paths_exist(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.files.get(MAP) else { return vec![Finding::error(MAP, 1, "there must be an ARCHITECTURE.md")] };
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for path in line.split('`').skip(1).step_by(2).filter(|code| is_path(code)) {
            if !tree.has(path) {
                findings.push(Finding::error(MAP, index + 1, format!("{path} does not exist")));
            }
        }
    }
    findings
}

/// `crates/model`, `README.md` and `docs/` are paths; `store/history`, `a / b`, `T: Sync` and URLs are not.
fn is_path(code: &str) -> bool {
    let plain = code.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let top = code.split('/').next().unwrap_or(code);
    let folders = ["crates", "xtask", "docs", "models", "scenarios", "benches", "tests", ".ci", ".cargo", "ui"];
    plain && ((code.contains('/') && folders.contains(&top)) || (ENDINGS.contains(&extension(code)) && !code.starts_with('.')))
}

/// Every relative link in a document leads to a file of the project.
pub fn links_lead_somewhere(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.with_extension("md") {
        let mut fenced = false;
        for (index, line) in text.lines().enumerate() {
            fenced ^= line.trim_start().starts_with("```");
            for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|_| !fenced) {
                let file = target.split('#').next().unwrap_or(target);
                let elsewhere = file.is_empty() || file.contains("://") || file.starts_with("mailto:");
                if !elsewhere && !tree.has(&resolve(path, file)) {
                    findings.push(Finding::error(path, index + 1, format!("the link to {target} leads nowhere")));
                }
            }
        }
    }
    findings
}

/// A link's target as a path of the project.
fn resolve(document: &str, link: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::*;

    #[test]
    fn paths_of_the_map_must_exist() {
        for (text, expected) in [
            ("the nouns are in `crates/model/src/lib.rs`", 0),
            ("see `crates/model` and `crates/model/`", 0),
            ("see `crates/gone`", 1),
            ("see `gone.md`", 1),
            ("`a / b`, `std::fs`, `https://x.y/z`, `Fn(u32)`, `axum/tokio`, `.rs`", 0),
        ] {
            let found = paths_exist(&tree([("crates/model/src/lib.rs", ""), (MAP, text)]));
            assert_eq!(found.len(), expected, "{text}: {found:?}");
        }
        assert_eq!(paths_exist(&tree([])).len(), 1);
    }

    #[test]
    fn links_must_lead_somewhere() {
        for (link, expected) in [
            ("[model](../reference/model.md)", 0),
            ("[model](../reference/model.md#metrics)", 0),
            ("[here](./first-day.md) and [above](#top) and [out](https://duckdb.org)", 0),
            ("[gone](gone.md)", 1),
            ("[a](first-day.md) [b](../gone.md)", 1),
            ("```\nx[0](y)\n```", 0),
        ] {
            let found = links_lead_somewhere(&tree([("docs/guide/first-day.md", link), ("docs/reference/model.md", "")]));
            assert_eq!(found.len(), expected, "{link}: {found:?}");
        }
    }
}
