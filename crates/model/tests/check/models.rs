//! The models that come with Tenure and in its documents check, and their scenarios are read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tenure_model::{Diagnostic, check, scenario};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn yaml(folder: &Path) -> Vec<(String, String)> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "yaml")).collect();
    files.sort();
    files.iter().map(|p| (p.file_name().unwrap().to_string_lossy().into(), fs::read_to_string(p).unwrap())).collect()
}

fn list(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|d| format!("{d}\n")).collect()
}

/// The folders of ready-made models.
fn models() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root().join("models")).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    assert!(folders.len() >= 5);
    folders
}

/// All files of ready-made models.
pub fn files() -> Vec<(String, String)> {
    models().iter().flat_map(|folder| yaml(folder)).collect()
}

/// The ready-made models, each with its files.
pub fn each() -> Vec<BTreeMap<String, String>> {
    models().iter().map(|folder| yaml(folder).into_iter().collect()).collect()
}

#[test]
fn ready_made_models_check() {
    let mut wrong = String::new();
    for folder in models() {
        if let Err(diagnostics) = check(&yaml(&folder)) {
            wrong += &format!("{}\n{}\n", folder.display(), list(&diagnostics));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn their_scenarios_are_read() {
    let mut wrong = String::new();
    for folder in models() {
        for (path, text) in yaml(&folder.join("scenarios")) {
            if let Err(diagnostics) = scenario::parse(&path, &text) {
                wrong += &format!("{}\n{}\n", folder.display(), list(&diagnostics));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
