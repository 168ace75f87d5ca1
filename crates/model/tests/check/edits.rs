//! Every definition of the ready-made models can be cut out, put back and pulled, and nothing else changes.

use tenure_model::edit::{self, Texts};
use tenure_model::pull::{What, merge};
use tenure_model::{Model, check};

use crate::models;

fn checked(files: &Texts) -> Model {
    let files: Vec<(String, String)> = files.iter().map(|(file, text)| (file.clone(), text.clone())).collect();
    check(&files).unwrap_or_else(|found| panic!("{found:?}"))
}

/// Section and name of all definitions and settings.
fn definitions(model: &Model) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (section, value) in model.definitions.as_object().into_iter().flatten() {
        let names: Vec<String> = match value {
            serde_json::Value::Object(entries) => entries.keys().cloned().collect(),
            serde_json::Value::Array(pairs) => pairs.iter().map(|pair| pair[0].as_str().unwrap_or_default().to_owned()).collect(),
            _ => vec![String::new()],
        };
        all.extend(names.into_iter().map(|name| (section.clone(), name)));
    }
    all
}

#[test]
fn a_definition_replaced_by_itself_is_the_same_text() {
    for files in models::each() {
        for (section, name) in definitions(&checked(&files)) {
            let path = edit::path(&section, &name);
            let mut edited = files.clone();
            let found = edit::find(&files, &path).unwrap().unwrap();
            let text = found.text.clone();
            if files[found.file][found.value].contains(" *") {
                continue; // What an alias names is written out.
            }
            edit::replace(&mut edited, &path, &text).unwrap();
            assert_eq!(edited, files, "{path:?}");
        }
    }
}

#[test]
fn a_definition_taken_out_comes_back_by_a_pull() {
    for theirs in models::each() {
        let whole = checked(&theirs);
        for (section, name) in definitions(&whole) {
            let path = edit::path(&section, &name);
            let mut without = theirs.clone();
            if let Err(error) = edit::remove(&mut without, &path) {
                let found = edit::find(&theirs, &path).unwrap().unwrap();
                assert!(found.text.contains('&'), "{error}: only an anchor is needed elsewhere");
                continue;
            }
            for (file, text) in &without {
                let mut lines = theirs[file].lines();
                assert!(text.lines().all(|line| lines.any(|was| was == line)), "{path:?} took more with it:\n{text}");
            }
            assert_eq!(edit::find(&without, &path), Ok(None));
            let merged = merge(&without, &without, &theirs).unwrap();
            let taken: Vec<_> = merged.taken.iter().map(|taken| (taken.section.as_str(), taken.name.as_str(), taken.what)).collect();
            assert_eq!((taken, merged.conflicts), (vec![(section.as_str(), name.as_str(), What::Added)], vec![]));
            assert_eq!(checked(&merged.files).revision, whole.revision, "{path:?}");
        }
    }
}

#[test]
fn a_whole_model_can_be_pulled() {
    let empty = Texts::new();
    for theirs in models::each() {
        let merged = merge(&empty, &empty, &theirs).unwrap();
        assert_eq!(merged.conflicts, []);
        assert_eq!(checked(&merged.files).revision, checked(&theirs).revision);
        assert_eq!(merged.files.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
        let back = merge(&theirs, &merged.files, &theirs).unwrap();
        assert_eq!((back.files, back.taken, back.conflicts), (merged.files, vec![], vec![]), "there is nothing to pull then");
    }
}
