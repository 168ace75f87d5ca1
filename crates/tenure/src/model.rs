//! Finding and loading the model: a folder or file of YAML, or the one that was applied last.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tenure_model::{Diagnostic, Model};
use tenure_store::{AppliedModel, Store};

use crate::clock;
use crate::failure::failure;

/// Folders inside of a model's that hold other things than definitions.
const NOT_DEFINITIONS: &[&str] = &["scenarios", "import"];

/// The text of a model's files by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it comes from, for people.
    pub origin: String,
    /// (path relative to the model's folder, text), by path.
    pub files: Vec<(String, String)>,
}

/// A model and its source.
pub struct Loaded {
    /// The checked model.
    pub model: Model,
    /// Its files.
    pub source: Source,
}

impl Source {
    /// Reads all YAML files of a folder (or the one file).
    pub fn read(path: &Path) -> Result<Source> {
        let mut files = Vec::new();
        if path.is_file() {
            let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
            files.push((name, text(path)?));
        } else if path.is_dir() {
            collect(path, path, &mut files)?;
        } else {
            return Err(failure(format!("there is no model at {}", path.display()), "say where its folder is: --model DIR"));
        }
        if files.is_empty() {
            return Err(failure(
                format!("there are no .yaml files in {}", path.display()),
                "docs/reference/model.md says what they hold; models/ has some to start from",
            ));
        }
        files.sort();
        Ok(Source { origin: path.display().to_string(), files })
    }

    /// Checks it.
    pub fn check(self) -> Result<Loaded, (Source, Vec<Diagnostic>)> {
        match tenure_model::check(&self.files) {
            Ok(model) => Ok(Loaded { model, source: self }),
            Err(diagnostics) => Err((self, diagnostics)),
        }
    }

    /// Checks it; what is wrong becomes one error.
    pub fn load(self) -> Result<Loaded> {
        self.check().map_err(|(source, diagnostics)| {
            let first = diagnostics.first().map(|d| format!(": {}:{}:{}: {}", d.file, d.line, d.column, d.message)).unwrap_or_default();
            failure(
                format!("the model {} has {}{first}", source.origin, crate::render::counted(diagnostics.len() as u64, "error")),
                format!("tenure check {} lists them all", source.origin),
            )
        })
    }
}

impl Loaded {
    /// As it is written down when it is applied now.
    pub fn applied(&self, author: &str, reason: &str) -> AppliedModel {
        AppliedModel {
            revision: self.model.revision.clone(),
            applied_at: clock::now(),
            author: author.to_owned(),
            reason: reason.to_owned(),
            files: self.source.files.iter().cloned().collect(),
        }
    }
}

/// The model that was asked for, else the one applied last, else the one in ./model.
pub async fn find(asked: Option<&Path>, store: Option<&Store>) -> Result<Source> {
    if let Some(path) = asked {
        return Source::read(path);
    }
    if let Some(store) = store
        && let Some(last) = store.last_model().await?
    {
        return Ok(applied_before(&last));
    }
    let here = PathBuf::from("model");
    if here.exists() {
        return Source::read(&here);
    }
    Err(failure("there is no model", "say where its folder is: --model DIR (none was evaluated before, and there is no ./model)"))
}

/// The definitions of a model that was applied.
pub fn applied_before(model: &AppliedModel) -> Source {
    Source { origin: format!("applied before ({})", short(&model.revision.0)), files: model.files.clone().into_iter().collect() }
}

/// The model of who has none: a good default for a SaaS company.
pub fn default() -> Source {
    let files = [
        ("alerts.yaml", include_str!("../../../models/saas/alerts.yaml")),
        ("lifecycle.yaml", include_str!("../../../models/saas/lifecycle.yaml")),
        ("metrics.yaml", include_str!("../../../models/saas/metrics.yaml")),
        ("playbooks.yaml", include_str!("../../../models/saas/playbooks.yaml")),
        ("scorecards.yaml", include_str!("../../../models/saas/scorecards.yaml")),
        ("segments.yaml", include_str!("../../../models/saas/segments.yaml")),
    ];
    Source { origin: "models/saas".to_owned(), files: files.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec() }
}

/// As much of a revision as people need.
pub fn short(revision: &str) -> &str {
    revision.get(..12).unwrap_or(revision)
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || NOT_DEFINITIONS.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if matches!(path.extension().and_then(|e| e.to_str()), Some("yaml" | "yml")) {
            let relative = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .components()
                .map(|c| c.as_os_str().to_string_lossy())
                .collect::<Vec<_>>()
                .join("/");
            files.push((relative, text(&path)?));
        }
    }
    Ok(())
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
