//! House rules that no compiler checks: who may depend on whom, maps that match the land, small files, no unfinished code.
//!
//! Each rule is a function from the tree of files to findings, with its own tests on trees that break it.

mod layers;
mod links;
mod manifest;
mod source;
mod tree;

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use tree::Tree;

/// A place that breaks a rule.
#[derive(Debug, PartialEq)]
struct Finding {
    /// File, relative to the workspace.
    path: String,
    /// Line, from 1.
    line: usize,
    /// What is wrong and what to do.
    message: String,
    /// A warning does not fail the run.
    warning: bool,
}

impl Finding {
    fn error(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: path.into(), line, message: message.into(), warning: false }
    }

    fn warning(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding { warning: true, ..Finding::error(path, line, message) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.warning { "warning: " } else { "" };
        write!(f, "{}:{}: {severity}{}", self.path, self.line, self.message)
    }
}

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    layers::directions,
    layers::purity,
    source::first_sentence,
    source::length,
    source::unfinished,
    source::tabs,
    links::paths_exist,
    links::links_lead_somewhere,
];

/// Checks the workspace in `root` and prints what it finds.
pub fn run(root: &Path) -> ExitCode {
    let tree = match Tree::read(root) {
        Ok(tree) => tree,
        Err(error) => {
            eprintln!("tidy: {}: {error}", root.display());
            return ExitCode::FAILURE;
        }
    };
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.sort_by(|a, b| (b.warning, &a.path, a.line).cmp(&(a.warning, &b.path, b.line)));
    for finding in &findings {
        println!("{finding}");
    }
    let errors = findings.iter().filter(|f| !f.warning).count();
    println!("tidy: {} files, {errors} errors, {} warnings", tree.files.len(), findings.len() - errors);
    if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
