//! Who may depend on whom, and what pure crates must not touch.

use super::Finding;
use super::manifest::{self, Table};
use super::tree::Tree;

/// A crate: the others of the workspace that it may depend on, and whether it is pure.
struct Layer {
    name: &'static str,
    may_use: &'static [&'static str],
    pure: bool,
}

/// Everything points to the model; the binary composes.
const LAYERS: &[Layer] = &[
    Layer { name: "tenure-model", may_use: &[], pure: true },
    Layer { name: "tenure-ingest", may_use: &["tenure-model"], pure: true },
    Layer { name: "tenure-engine", may_use: &["tenure-model"], pure: true },
    Layer { name: "tenure-simulate", may_use: &["tenure-model"], pure: true },
    Layer { name: "tenure-history", may_use: &["tenure-model", "tenure-ingest"], pure: false },
    Layer { name: "tenure-store", may_use: &["tenure-model"], pure: false },
    Layer { name: "tenure-live", may_use: &["tenure-model", "tenure-ingest", "tenure-engine"], pure: true },
    Layer { name: "tenure-replay", may_use: &["tenure-model", "tenure-engine", "tenure-history", "tenure-store"], pure: false },
    Layer { name: "tenure-backtest", may_use: &["tenure-model", "tenure-engine", "tenure-replay"], pure: true },
    Layer { name: "tenure-import", may_use: &["tenure-model", "tenure-ingest", "tenure-history", "tenure-store"], pure: false },
    Layer {
        name: "tenure-tables",
        may_use: &["tenure-model", "tenure-ingest", "tenure-engine", "tenure-history", "tenure-store", "tenure-replay"],
        pure: false,
    },
    Layer {
        name: "tenure-service",
        may_use: &[
            "tenure-live",
            "tenure-import",
            "tenure-model",
            "tenure-ingest",
            "tenure-engine",
            "tenure-history",
            "tenure-store",
            "tenure-replay",
        ],
        pure: false,
    },
    Layer {
        name: "tenure-api",
        may_use: &[
            "tenure-service",
            "tenure-backtest",
            "tenure-live",
            "tenure-import",
            "tenure-model",
            "tenure-ingest",
            "tenure-engine",
            "tenure-history",
            "tenure-store",
            "tenure-replay",
            "tenure-tables",
        ],
        pure: false,
    },
    Layer { name: "tenure-testing", may_use: &[], pure: false },
    Layer {
        name: "tenure",
        may_use: &[
            "tenure-api",
            "tenure-service",
            "tenure-live",
            "tenure-import",
            "tenure-model",
            "tenure-ingest",
            "tenure-engine",
            "tenure-simulate",
            "tenure-history",
            "tenure-store",
            "tenure-replay",
            "tenure-tables",
            "tenure-backtest",
        ],
        pure: false,
    },
    Layer { name: "xtask", may_use: &[], pure: false },
];

/// Crates that reach out of the process, or bring randomness: none of them in a pure crate.
const IMPURE: &[&str] = &["tokio", "sqlx", "reqwest", "axum", "rand", "getrandom", "tempfile", "object_store", "hyper", "lettre"];

/// What of std a pure crate must not name.
const OUTSIDE: &[&str] = &["std::fs", "std::time", "std::env", "std::net", "std::process", "SystemTime", "Timestamp::now", "Zoned::now"];

/// Dependencies inside the workspace follow the layers. Tests may use any crate.
pub fn directions(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, toml, name) in packages(tree) {
        let Some(layer) = layer(name) else {
            findings.push(Finding::error(
                path,
                1,
                format!("the crate {name} has no layer: say in xtask/src/tidy/layers.rs what it may use"),
            ));
            continue;
        };
        for dependency in manifest::dependencies(toml) {
            let ours = dependency.name.starts_with("tenure") || dependency.name == "xtask";
            if dependency.table != Table::Dev && ours && !layer.may_use.contains(&dependency.name) {
                let allowed = if layer.may_use.is_empty() { "none".to_string() } else { layer.may_use.join(", ") };
                let message = format!("{name} must not depend on {}; of our crates it may use: {allowed}", dependency.name);
                findings.push(Finding::error(path, dependency.line, message));
            }
        }
    }
    findings
}

/// Pure crates have no I/O, clock, environment or randomness. Their tests may.
pub fn purity(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, toml, name) in packages(tree) {
        if !layer(name).is_some_and(|layer| layer.pure) {
            continue;
        }
        for dependency in manifest::dependencies(toml) {
            if dependency.table != Table::Dev && IMPURE.contains(&dependency.name) {
                findings.push(Finding::error(path, dependency.line, format!("{name} is pure and must not use {}", dependency.name)));
            }
        }
        let sources = path.replace("Cargo.toml", "src/");
        for (file, text) in tree.with_extension("rs").filter(|(file, _)| file.starts_with(&sources)) {
            findings.extend(outside(file, text).map(|(line, what)| Finding::error(file, line, format!("{name} is pure: no {what} here"))));
        }
    }
    findings
}

/// The lines of a source file, without comments and its tests at the end, that name something outside the process.
fn outside<'a>(file: &str, text: &'a str) -> impl Iterator<Item = (usize, &'static str)> + use<'a> {
    let is_test = file.ends_with("/tests.rs") || file.contains("/tests/");
    let code = text.lines().take_while(move |line| !is_test && !line.starts_with("#[cfg(test)]"));
    code.enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")).filter_map(|(index, line)| {
        let named = OUTSIDE.iter().copied().find(|what| line.contains(what) || grouped(line, what));
        named.map(|what| (index + 1, what))
    })
}

/// Is `std::fs` named as `use std::{fs, …}`?
fn grouped(line: &str, what: &str) -> bool {
    let Some(module) = what.strip_prefix("std::") else { return false };
    let Some((_, group)) = line.split_once("std::{") else { return false };
    group.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == module)
}

fn packages(tree: &Tree) -> impl Iterator<Item = (&str, &str, &str)> {
    tree.with_extension("toml")
        .filter(|(path, _)| path.ends_with("/Cargo.toml"))
        .filter_map(|(path, toml)| manifest::package(toml).map(|name| (path, toml, name)))
}

fn layer(name: &str) -> Option<&'static Layer> {
    LAYERS.iter().find(|layer| layer.name == name)
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::*;

    const ENGINE: &str = "crates/engine/Cargo.toml";

    fn toml(name: &str, dependency: &str) -> String {
        format!("[package]\nname = \"{name}\"\n[dependencies]\n{dependency}.workspace = true\n")
    }

    #[test]
    fn dependencies_point_to_the_model_only() {
        for (name, dependency, allowed) in [
            ("tenure-engine", "tenure-model", true),
            ("tenure-engine", "tenure-store", false),
            ("tenure-engine", "tenure-history", false),
            ("tenure-model", "tenure-engine", false),
            ("tenure-store", "tenure-engine", false),
            ("tenure", "tenure-store", true),
            ("tenure-new", "tenure-model", false),
        ] {
            let findings = directions(&tree([(ENGINE, &toml(name, dependency))]));
            assert_eq!(findings.is_empty(), allowed, "{name} → {dependency}: {findings:?}");
        }
    }

    #[test]
    fn tests_may_use_any_crate() {
        let toml = "[package]\nname = \"tenure-engine\"\n[dev-dependencies]\ntenure-history.workspace = true\ntempfile.workspace = true\n";
        let tree = tree([(ENGINE, toml)]);
        assert!(directions(&tree).is_empty() && purity(&tree).is_empty());
    }

    #[test]
    fn pure_crates_use_no_runtime() {
        for (name, dependency, allowed) in
            [("tenure-engine", "tokio", false), ("tenure-model", "sqlx", false), ("tenure-engine", "jiff", true), ("tenure", "tokio", true)]
        {
            let findings = purity(&tree([(ENGINE, &toml(name, dependency))]));
            assert_eq!(findings.is_empty(), allowed, "{name} → {dependency}: {findings:?}");
        }
    }

    #[test]
    fn pure_crates_name_nothing_outside() {
        for (code, allowed) in [
            ("use std::fs;", false),
            ("use std::{fmt, fs};", false),
            ("let t = std::time::Instant::now();", false),
            ("let t = jiff::Timestamp::now();", false),
            ("let v = std::env::var(\"X\");", false),
            ("// unlike std::fs", true),
            ("use std::{fmt, ffi};", true),
            ("#[cfg(test)]\nmod tests { use std::fs; }", true),
        ] {
            let findings = purity(&tree([(ENGINE, &toml("tenure-engine", "jiff")), ("crates/engine/src/lib.rs", code)]));
            assert_eq!(findings.is_empty(), allowed, "{code}: {findings:?}");
        }
        let history = tree([("crates/history/Cargo.toml", &toml("tenure-history", "jiff")), ("crates/history/src/lib.rs", "use std::fs;")]);
        assert!(purity(&history).is_empty());
    }
}
