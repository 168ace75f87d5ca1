//! From which revision a folder of definitions was made: so that nobody's changes are undone unknowingly.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tenure_store::Store;

use crate::failure::failure;
use crate::model::{Loaded, short};

/// A file in the model's folder that names the revision that was applied from it, or pulled into it, last. It belongs into version control.
const FILE: &str = ".tenure-revision";

/// What is applied where the folder is to go.
pub struct Base {
    /// The revision that decides there now; None: none does.
    pub present: Option<String>,
    /// All that were applied.
    pub known: Vec<String>,
}

/// What is applied in a store.
pub async fn base_of(store: &Store) -> Result<Base> {
    let known: Vec<String> = store.models().await?.into_iter().map(|model| model.revision.0).collect();
    Ok(Base { present: known.last().cloned(), known })
}

impl Base {
    /// The revision that the definitions were made from: the one noted in their folder, else they themselves, if they were applied as they are.
    pub fn of(&self, path: &Path, loaded: &Loaded) -> Option<String> {
        let own = Some(loaded.model.revision.0.clone());
        noted_in(path).filter(|noted| self.known.contains(noted)).or(own.filter(|own| self.known.contains(own)))
    }

    /// Refuses definitions that were made from another revision than the one that decides now.
    ///
    /// # Errors
    /// Where they were.
    pub fn refuse_stale(&self, path: &Path, loaded: &Loaded) -> Result<()> {
        let (Some(present), Some(base)) = (&self.present, self.of(path, loaded)) else { return Ok(()) };
        if base == *present || loaded.model.revision.0 == *present {
            return Ok(());
        }
        Err(failure(
            format!("somebody changed the model since: the folder was made from {}, and {} decides now", short(&base), short(present)),
            "tenure pull brings their changes into the folder; --over undoes them",
        ))
    }
}

fn file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(FILE) } else { path.with_file_name(FILE) }
}

/// The revision that a folder says it was made from.
pub fn noted_in(path: &Path) -> Option<String> {
    std::fs::read_to_string(file(path)).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Notes the revision that the definitions in a folder are, or were made from.
///
/// # Errors
/// Where the file cannot be written.
pub fn note(path: &Path, revision: &str) -> Result<()> {
    let file = file(path);
    std::fs::write(&file, format!("{revision}\n")).with_context(|| format!("cannot write {}", file.display()))
}
